"""Readers of untrusted source text.

They run in a child process of their own (`python -I source CHECK`), because a parser given hostile
text may exhaust the stack, the memory or the clock. Standard library only, any Python
from 3.11; `credentials` takes detect-secrets besides.
"""

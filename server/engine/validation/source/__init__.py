"""Readers of untrusted source text.

They run in a child process of their own (`python -I source`), because a parser given hostile text may
exhaust the stack, the memory or the clock. Any Python from 3.11; what is not in the standard library is
imported by the reader that needs it.
"""

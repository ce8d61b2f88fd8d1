"""What runs inside the sandbox: the harness, and the two programs it starts for the project's code.

Their texts are handed to the sandbox's own Python: standard library (and pytest) only, nothing of ours.
"""

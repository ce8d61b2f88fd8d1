"""What runs inside the sandbox: a harness for each language, and what it starts for the project's code.

Their texts are handed to the sandbox's own programs: standard library (and pytest) only, nothing of ours.
"""

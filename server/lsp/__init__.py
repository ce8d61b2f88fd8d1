"""The language server: the protocol and nothing else. `launch.py` is where it starts."""

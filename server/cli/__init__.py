"""The `quantumlayer` command: one file per verb, each a thin client of the engine's facade.

What a verb needs beyond Typer is imported when it runs, so that `--help` and completion stay quick.
"""

import gc

_YOUNG = 50_000
"""Objects that are made between two looks for garbage, where Python's own number is 700."""


def main() -> int:
    """Runs the command that `sys.argv` asks for; returns the exit status."""
    # Nearly all that a command makes stays until it ends: to look through it again and again frees nothing.
    gc.set_threshold(_YOUNG)
    from .app import run

    status = run()
    gc.freeze()  # nor is there anything to be found when the process ends
    return status

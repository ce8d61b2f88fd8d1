"""The `quantumlayer` command: one file per verb, each a thin client of the engine's facade.

What a verb needs beyond Typer is imported when it runs, so that `--help` and completion stay quick.
"""


def main() -> int:
    """Runs the command that `sys.argv` asks for; returns the exit status."""
    from .app import run

    return run()

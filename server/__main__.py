"""The entry point of the `quantumlayer` command.

`quantumlayer lsp` goes straight to the language server and everything else to the command line, so
that neither waits for the other's imports.
"""

import sys


def main() -> int | None:
    """Runs what the arguments ask for; returns the exit status."""
    if sys.argv[1:2] == ["lsp"]:
        from .lsp.launch import main as serve

        serve(sys.argv[2:])
    from .cli import main as run_command

    return run_command()


if __name__ == "__main__":
    sys.exit(main())

"""`quantumlayer lsp`: listed with the other verbs; the server itself starts from the entry point."""

import os
import subprocess
import sys
from typing import Annotated

import typer

CONTEXT = {"ignore_unknown_options": True, "allow_extra_args": True}


def lsp(
    context: typer.Context,
    tcp: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Listen on a port instead of standard input.")
    ] = "",
) -> None:
    """Run the language server, which editors start.

    It speaks the Language Server Protocol on standard input and output; any client works.

    [bold]Examples[/bold]

      quantumlayer lsp

      quantumlayer lsp --tcp 127.0.0.1:7777
    """
    # `quantumlayer lsp` itself never comes here: the entry point sends it straight to the server. This is
    # for `quantumlayer --some-option lsp`, and hands over in the same way, by the same door.
    options = ["--tcp", tcp] if tcp else []
    arguments = [sys.executable, "-P", "-m", "quantumlayer", "lsp", *options, *context.args]
    if os.name == "posix":
        os.execv(sys.executable, arguments)  # noqa: S606
    raise typer.Exit(subprocess.call(arguments))

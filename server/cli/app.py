"""The command's root: which verbs there are, `--version`, and how every error ends."""

import os
import signal
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .. import __version__
from ..engine.errors import QuantumLayerError
from . import capsule, clean, config, doctor, endings, generate, lsp, models, patterns, sandbox, validate

_HELP = """
From a brief to a verified capsule: a small project whose files were generated, checked by five kinds
of validators, run in a sandbox, and packed with the evidence.

[bold]Begin here[/bold]

  quantumlayer doctor            what is here, and what is missing

  quantumlayer models pull       fetch the embedded model; no key needed

  quantumlayer generate "A module roman.py: to_roman(n: int) -> str"

Every verb explains itself: quantumlayer VERB --help
"""
_EPILOG = "Exit status: 0 done or verified, 1 failed, 2 wrong usage, 3 not verified, 130 cancelled."


class Root(TyperGroup):
    """Ends every verb the same way: errors the engine knows are told, without a traceback."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except QuantumLayerError as error:
            raise typer.Exit(endings.tell(error)) from error


app = typer.Typer(
    name="quantumlayer",
    cls=Root,
    help=_HELP,
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(generate.generate)
app.command()(validate.validate)
app.add_typer(capsule.app, name="capsule")
app.add_typer(patterns.app, name="patterns")
app.add_typer(models.app, name="models")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(config.app, name="config")
app.command()(clean.clean)
app.command()(doctor.doctor)
app.command(add_help_option=False, context_settings=lsp.CONTEXT)(lsp.lsp)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"quantumlayer {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """See `_HELP`: Typer shows that one."""


def _open_closed_streams() -> None:
    """Where a script closed them (`>&-`), so that neither errors nor a file of ours take their place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def run() -> int:
    """Runs the command line and returns its exit status."""
    _open_closed_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.excepthook = endings.tell_unexpected
    try:
        # Not `app()`, which would put Typer's own hook in place of ours.
        typer.main.get_command(app)(prog_name="quantumlayer")
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0
    return 0

"""`quantumlayer doctor`: what is here, what is missing, what to do."""

from typing import Annotated

import typer


def doctor(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check every tool, model, key, sandbox and folder; say what to do about what is missing.

    Of provider keys only the names are shown.

    [bold]Examples[/bold]

      quantumlayer doctor

      quantumlayer doctor --json > report.json

    [bold]Exit status[/bold]: 0 nothing needed is missing, 1 something is.
    """
    from . import doctor_report

    raise typer.Exit(doctor_report.run(json=json))

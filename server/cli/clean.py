"""`quantumlayer clean`: room on the disk that nobody needs any more."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from .endings import Ending


def clean(
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, help="Remove what was not used for so long (storage.journal_days)."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Remove what the journal holds and nobody used for long, and files that belong to no capsule.

    Capsules stay, and so does what was used within the last day. What is removed is made, and paid for,
    again when it is needed again. Other quantumlayer commands may be running meanwhile.

    [bold]Examples[/bold]

      quantumlayer clean

      quantumlayer clean --days 7
    """

    async def work(engine: "Engine") -> "Ending":
        from .clean_report import tell_cleaned

        return tell_cleaned(await engine.clean(days), json=json)

    from .supervise import run_with_engine

    raise typer.Exit(run_with_engine(work))

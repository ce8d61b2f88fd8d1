"""`quantumlayer sandbox`: whether generated programs can be run safely here, and making the image."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from .endings import Ending

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Check and prepare the sandbox that generated programs run in.",
)
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def check(json: _Json = False) -> None:
    """Try each sandbox engine, and show what it really isolates.

    [bold]Example[/bold]

      quantumlayer sandbox check

    [bold]Exit status[/bold]: 0 at least one engine works, 1 none does.
    """

    async def work(engine: "Engine") -> "Ending":
        from .sandbox_report import show_checks

        return show_checks(await engine.check_sandbox(), json=json)

    from .supervise import run_with_engine

    raise typer.Exit(run_with_engine(work))


class Language(StrEnum):
    """What an image can be made for."""

    python = "python"
    node = "node"


@app.command()
def build(
    languages: Annotated[
        list[Language] | None, typer.Argument(metavar="[LANGUAGE]...", help="python, node; default: both.")
    ] = None,
    json: _Json = False,
) -> None:
    """Make the Docker images that generated programs run in.

    From python:3.12-slim and node:24-slim where a registry can be reached, else from Debian's packages
    and a wheel of Node.js.

    [bold]Examples[/bold]

      quantumlayer sandbox build
      quantumlayer sandbox build node
    """

    async def work(engine: "Engine") -> "Ending":
        from .progress import showing
        from .sandbox_report import tell_built

        async with showing(quiet=json) as emit:
            images = await engine.build_sandbox(languages or (), emit=emit)
        return tell_built(images, json=json)

    from .supervise import run_with_engine

    raise typer.Exit(run_with_engine(work))

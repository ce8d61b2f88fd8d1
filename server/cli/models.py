"""`quantumlayer models`: which models there are, and which one is used."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from .endings import Ending

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="List models, fetch an embedded one, choose the one to use.",
)
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(json: _Json = False) -> None:
    """Show every model that could be used here, and the one that is.

    [bold]Example[/bold]

      quantumlayer models list
    """

    async def work(engine: "Engine") -> "Ending":
        from .models_report import show_list

        return show_list(await engine.list_models(), json=json)

    from .supervise import run_with_engine

    raise typer.Exit(run_with_engine(work))


@app.command()
def pull(
    source: Annotated[
        str,
        typer.Argument(
            metavar="[NAME|FILE|URL]", help="Default: the embedded model that is used by default."
        ),
    ] = "embedded",
    sha256: Annotated[
        str, typer.Option(metavar="HASH", help="What the file must be; needed for a URL.", show_default=False)
    ] = "",
    json: _Json = False,
) -> None:
    """Fetch an embedded model; a download that was cut off goes on where it stopped.

    [bold]Examples[/bold]

      quantumlayer models pull

      quantumlayer models pull ~/models/other.gguf

      quantumlayer models pull https://example.org/other.gguf --sha256 4c1f...
    """

    async def work(engine: "Engine") -> "Ending":
        from .models_report import tell_pulled
        from .progress import showing

        async with showing(quiet=json) as emit:
            model = await engine.pull_model(source, sha256=sha256, emit=emit)
        return tell_pulled(model, json=json)

    from .supervise import run_with_engine

    cancelled = "cancelled: the same command goes on where the download stopped"
    raise typer.Exit(run_with_engine(work, cancelled=cancelled))


@app.command()
def use(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `models list` shows it, or auto.")],
) -> None:
    """Use this model from now on: writes models.model into your settings file.

    [bold]Examples[/bold]

      quantumlayer models use embedded

      quantumlayer models use anthropic/claude-sonnet-4-5

      quantumlayer models use auto
    """

    wanted = name.strip()
    if not wanted:
        raise typer.BadParameter("Name a model.", param_hint="NAME")

    async def work(engine: "Engine") -> "Ending":
        from .models_report import choose

        return await choose(engine, wanted)

    from .supervise import run_with_engine

    raise typer.Exit(run_with_engine(work))

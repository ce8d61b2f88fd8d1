"""`quantumlayer patterns`: which ones the run of a brief would use and why, and what was learned."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from .endings import Ending

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Which reasoning patterns a brief's run would use, and why; what was learned from earlier runs.",
)
Source = Annotated[
    str, typer.Argument(metavar="BRIEF|FILE|-", help="As for `generate`: text, a file, or - for input.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Seed = Annotated[
    int | None, typer.Option(help="Draw with this seed, not with the brief's own.", show_default=False)
]


@app.command()
def explain(brief: Source, seed: Seed = None, json: Json = False) -> None:
    """Show what was measured of a brief, and of each pattern what it brings and costs, and why it is on.

    No model is asked. It is what `generate` would use now; a run that was begun keeps its choice.

    [bold]Examples[/bold]

      quantumlayer patterns explain "A module roman.py: to_roman(n: int) -> str"

      quantumlayer patterns explain notes.brief.md --json
    """

    from .generating import read_source

    read = read_source(brief, "")

    async def work(engine: "Engine") -> "Ending":
        from .patterns_report import tell_reading

        return tell_reading(await engine.read_brief(read, seed=seed), json=json)

    _run(work)


@app.command()
def recommend(brief: Source, json: Json = False) -> None:
    """Say in short what to generate a brief with, and what would make the brief easier to get right.

    [bold]Example[/bold]

      quantumlayer patterns recommend notes.brief.md
    """

    from .generating import read_source

    read = read_source(brief, "")

    async def work(engine: "Engine") -> "Ending":
        from .patterns_report import tell_recommendation

        return tell_recommendation(await engine.read_brief(read), json=json)

    _run(work)


@app.command()
def guide(json: Json = False) -> None:
    """Show the eight patterns: what each does, when it pays, what it costs, and which are not built."""

    async def work(engine: "Engine") -> "Ending":
        from .patterns_report import tell_guide

        return tell_guide(await engine.pattern_guide(), json=json)

    _run(work)


@app.command()
def outcomes(
    reset: Annotated[bool, typer.Option("--reset", help="Forget all of it.")] = False, json: Json = False
) -> None:
    """Show what came of the runs on this machine, by kind of brief, with each pattern and without it.

    [bold]Examples[/bold]

      quantumlayer patterns outcomes

      quantumlayer patterns outcomes --reset
    """

    async def work(engine: "Engine") -> "Ending":
        from .patterns_report import tell_forgotten, tell_records

        if reset:
            return tell_forgotten(await engine.forget_patterns(), json=json)
        return tell_records(await engine.pattern_records(), json=json)

    _run(work)


def _run(work: "Callable[[Engine], Coroutine[Any, Any, Ending]]") -> None:
    from .supervise import run_with_engine

    raise typer.Exit(run_with_engine(work))

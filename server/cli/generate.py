"""`quantumlayer generate`: a brief becomes a capsule and a project folder."""

from pathlib import Path
from typing import Annotated

import typer


def generate(
    brief: Annotated[
        str,
        typer.Argument(
            metavar="BRIEF|FILE|-", help="What to make: text, a Markdown or text file, or - for input."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Where the project's folder is made.")
    ] = Path(),
    name: Annotated[
        str, typer.Option("--name", "-n", help="The project's name; default: the brief's own.")
    ] = "",
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="See `quantumlayer models list`.", show_default=False)
    ] = None,
    tier: Annotated[
        str | None,
        typer.Option(metavar="TIER", help="How hard to try: T0, T1, T2 or auto.", show_default=False),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(metavar="USD", help="Most this run may cost.", show_default=False)
    ] = None,
    budget_tokens: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Most tokens, in and out, this run may take.", show_default=False
        ),
    ] = None,
    patterns: Annotated[
        str | None,
        typer.Option(
            metavar="auto|none|NAME,...", help="See `quantumlayer patterns guide`.", show_default=False
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Longest this run may take.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are different.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document at the end.")] = False,
    events: Annotated[
        bool, typer.Option("--events", help="Progress as JSON lines on standard error.")
    ] = False,
) -> None:
    """Turn a brief into a verified project.

    A brief file may begin with front matter: name, language, constraints. The project is left in
    DIR/NAME, its capsule beside it as NAME.qlcapsule. Ctrl-C keeps what is done; the same command goes
    on from there, and an unchanged brief is answered at once.

    [bold]Examples[/bold]

      quantumlayer generate "A module slug.py with slugify(text: str) -> str, and tests"

      quantumlayer generate notes.brief.md --out projects --budget 0.50

      quantumlayer generate notes.brief.md --patterns none --budget-tokens 20000

      quantumlayer generate - --name demo --json < brief.md > result.json

    [bold]Exit status[/bold]: 0 verified, 3 made but not verified, 1 failed, 2 wrong usage, 130 cancelled.
    """
    from . import generating

    request = generating.Request(
        source=brief, out=out, name=name, force=force, json=json, events=events, model=model, tier=tier,
        budget=budget, budget_tokens=budget_tokens, patterns=patterns, timeout=timeout,
    )  # fmt: skip
    raise typer.Exit(generating.run(request))

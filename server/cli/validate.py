"""`quantumlayer validate`: the five stages over files that are there."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def validate(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH...", help="Files and folders.", show_default=False),
    ] = None,
    stages: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Some of syntax, style, security, types, runtime; default: validate.stages.",
            show_default=False,
        ),
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only files that are not as the last commit has them.")
    ] = False,
    since: Annotated[
        str,
        typer.Option(metavar="REVISION", help="The same against another commit, tag or branch."),
    ] = "",
    form: Annotated[
        Literal["text", "json", "sarif", "github"], typer.Option("--format", "-f", help="How to tell it.")
    ] = "text",
    tools: Annotated[
        bool, typer.Option("--tools", help="Only show which tool judges which language in which stage.")
    ] = False,
) -> None:
    """Check files of code: syntax, style, security, types, and a run in the sandbox.

    In a git repository, what git ignores is left out, unless named. A file is checked together with its
    project, so that its imports are known, but only what was named is reported. When only part of a
    project is named, it is not run, unless --stages says so.

    [bold]Examples[/bold]

      quantumlayer validate .

      quantumlayer validate src/app.py --stages syntax,types

      quantumlayer validate . --changed --stages syntax,style,security

      quantumlayer validate . --format sarif > findings.sarif

      quantumlayer validate --tools

    [bold]Exit status[/bold]: 0 clean, 1 a stage failed or nothing could be checked, 2 wrong usage.
    """
    from . import validating

    if tools:
        from . import tools_report

        raise typer.Exit(tools_report.run(json=form == "json"))
    if not paths:
        raise typer.BadParameter("Name files or folders, or use --tools.", param_hint="PATH...")
    raise typer.Exit(validating.run(paths, stages, form, since or ("HEAD" if changed else "")))

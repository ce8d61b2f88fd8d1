"""`quantumlayer capsule`, for versions: history, names, differences, merging, going back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .running import run

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from .endings import Ending

app = typer.Typer(rich_markup_mode="rich")
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Ref = Annotated[
    str,
    typer.Argument(metavar="REF", help="An id, a name, NAME@TAG, NAME@BRANCH; REF~2 is two versions before."),
]
_Force = Annotated[bool, typer.Option("--force", help="Overwrite what somebody changed.")]


@app.command()
def log(
    ref: _Ref,
    every: Annotated[
        bool, typer.Option("--all", help="Every version of the name, also those that no branch reaches.")
    ] = False,
    json: _Json = False,
) -> None:
    """Show a version and those it descends from, with branches, tags and verdicts.

    [bold]Example[/bold]

      quantumlayer capsule log notes --all
    """

    async def work(engine: "Engine") -> "Ending":
        from .versions_report import show_history

        return show_history(await engine.history(ref, every=every), json=json)

    run(work)


@app.command()
def tag(
    ref: _Ref,
    name: Annotated[str, typer.Argument(metavar="[TAG]", help="The tag; without it all are shown.")] = "",
    delete: Annotated[bool, typer.Option("--delete", "-d", help="Delete the tag, not the version.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Move a tag that is there.")] = False,
    json: _Json = False,
) -> None:
    """Give a version a name that stays with it.

    [bold]Examples[/bold]

      quantumlayer capsule tag notes v1

      quantumlayer capsule tag notes v1 --delete
    """
    if delete and not name:
        raise typer.BadParameter("Name the tag to delete.", param_hint="TAG")

    async def work(engine: "Engine") -> "Ending":
        from .versions_report import show_branches, tell_tag

        if not name:
            return show_branches(
                await engine.branches((await engine.get_capsule(ref)).manifest.name), json=json
            )
        if delete:
            names, found = await engine.forget(ref, name, "tag")
        else:
            names, found = await engine.tag(ref, name, move=force)
        return tell_tag(names.name, name, found, deleted=delete, json=json)

    run(work)


@app.command()
def branch(
    ref: _Ref,
    name: Annotated[
        str, typer.Argument(metavar="[BRANCH]", help="The branch; without it all are shown.")
    ] = "",
    delete: Annotated[
        bool, typer.Option("--delete", "-d", help="Delete the branch, not its versions.")
    ] = False,
    stay: Annotated[bool, typer.Option("--stay", help="Make it, and stay on the current one.")] = False,
    json: _Json = False,
) -> None:
    """Make a branch at a version, or switch to one: what is generated next under the name goes there.

    [bold]Examples[/bold]

      quantumlayer capsule branch notes@v1 fix

      quantumlayer capsule branch notes main
    """

    async def work(engine: "Engine") -> "Ending":
        from .versions_report import show_branches

        if not name:
            names = await engine.branches((await engine.get_capsule(ref)).manifest.name)
        elif delete:
            names, _ = await engine.forget(ref, name, "branch")
        else:
            names = await engine.branch(ref, name, switch=not stay)
        return show_branches(names, json=json)

    run(work)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="REF", help="The version to start from.")],
    after: Annotated[str, typer.Argument(metavar="REF", help="The version to compare with it.")],
    meaning: Annotated[bool, typer.Option("--meaning", help="Leave the text out.")] = False,
    json: _Json = False,
) -> None:
    """Show how two versions differ: public interface, dependencies, findings, verdict, and the text.

    [bold]Example[/bold]

      quantumlayer capsule diff notes~1 notes
    """

    async def work(engine: "Engine") -> "Ending":
        from .versions_report import show_difference

        return show_difference(await engine.compare(before, after), text=not meaning, json=json)

    run(work)


@app.command()
def merge(
    ours: Annotated[str, typer.Argument(metavar="OURS", help="The version to merge into.")],
    theirs: Annotated[str, typer.Argument(metavar="THEIRS", help="The version whose changes are taken.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Where files go if there are conflicts, to settle them."
        ),
    ] = None,
    resolved: Annotated[
        Path | None,
        typer.Option(
            "--resolved", metavar="DIR", help="Finish a merge: conflicts are settled in this folder."
        ),
    ] = None,
    json: _Json = False,
) -> None:
    """Merge two versions over the one that both descend from, validate the result, and store it.

    The verdict is the result's own. With conflicts nothing is stored; they are listed.

    [bold]Examples[/bold]

      quantumlayer capsule merge notes notes@fix

      quantumlayer capsule merge notes notes@fix --out build/merge

    [bold]Exit status[/bold]: 0 verified, 1 conflicts, 3 merged and not verified.
    """

    async def work(engine: "Engine") -> "Ending":
        from .versions_merging import merge_versions

        return await merge_versions(engine, ours, theirs, out, resolved, json=json)

    run(work)


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A capsule's name.")],
    to: Annotated[
        str, typer.Option("--to", metavar="REF", help="The version to go to; without it the one before.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="A project folder to bring there as well."),
    ] = None,
    force: _Force = False,
    json: _Json = False,
) -> None:
    """Go back to an earlier version of a name. No version is lost: going forward works the same way.

    [bold]Examples[/bold]

      quantumlayer capsule rollback notes

      quantumlayer capsule rollback notes --to notes@v1 --out build/notes
    """

    async def work(engine: "Engine") -> "Ending":
        from .versions_report import tell_rollback

        target = (await engine.get_capsule(to or f"{name}~1")).id
        # The folder first: if somebody's changes are in the way there, nothing has moved.
        checked_out = None if out is None else await engine.check_out(target, out, overwrite=force)
        return tell_rollback(await engine.roll_back(name, target), checked_out, json=json)

    run(work)


@app.command()
def checkout(
    ref: _Ref,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")],
    force: _Force = False,
    json: _Json = False,
) -> None:
    """Make a folder hold the files of a version.

    Files that are as any version of the capsule had them are replaced, or removed. If somebody changed one,
    all such files are named and nothing is touched.

    [bold]Example[/bold]

      quantumlayer capsule checkout notes@v1 build/notes
    """

    async def work(engine: "Engine") -> "Ending":
        from .versions_report import tell_checked_out

        return tell_checked_out(await engine.check_out(ref, folder, overwrite=force), json=json)

    run(work)


@app.command()
def deploy(
    ref: _Ref,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The project's folder.")],
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite deployment files that are there.")
    ] = False,
    json: _Json = False,
) -> None:
    """Write a Dockerfile and a compose file for a capsule, judged by the same mesh.

    The image is built in two stages, runs as nobody in particular, and has a health check where the project
    listens on a port. Files of the project that are not in the folder are written, too; others stay.

    [bold]Example[/bold]

      quantumlayer capsule deploy notes --out build/notes
    """

    async def work(engine: "Engine") -> "Ending":
        from .versions_report import tell_deployment

        made = await engine.deployment(ref)
        await engine.write_deployment(made, out, overwrite=force)
        return tell_deployment(made, out, json=json)

    run(work)

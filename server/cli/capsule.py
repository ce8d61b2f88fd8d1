"""`quantumlayer capsule`: what was made, and archives of it."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from .endings import Ending

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="List, show, report, export, verify, import and remove capsules.",
)
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Ref = Annotated[str, typer.Argument(metavar="REF", help="An id, the beginning of one, or a name.")]


@app.command("list")
def list_(json: _Json = False) -> None:
    """Show the capsules made on this machine, the newest first.

    [bold]Example[/bold]

      quantumlayer capsule list --json
    """

    async def work(engine: "Engine") -> "Ending":
        from .capsules import show_list

        return show_list(await engine.list_capsules(), json=json)

    _run(work)


@app.command()
def show(ref: _Ref, json: _Json = False) -> None:
    """Show one capsule: files, stages, confidence and what it rests on.

    [bold]Example[/bold]

      quantumlayer capsule show notes
    """

    async def work(engine: "Engine") -> "Ending":
        from .capsules import show_one

        return show_one(await engine.get_capsule(ref), json=json)

    _run(work)


@app.command()
def export(
    ref: _Ref,
    form: Annotated[
        Literal["zip", "tar.gz", "qlcapsule"], typer.Option("--format", "-f", help="Kind of archive.")
    ] = "qlcapsule",
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="PATH", help="A folder, or the archive's own path.")
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is something else.")] = False,
    json: _Json = False,
) -> None:
    """Write a capsule as an archive: the same capsule gives the same bytes.

    [bold]Examples[/bold]

      quantumlayer capsule export notes

      quantumlayer capsule export 3f9a --format tar.gz --out dist/notes.tar.gz
    """

    async def work(engine: "Engine") -> "Ending":
        from .capsules import tell_path

        return tell_path(await engine.export(ref, form, out, overwrite=force), json=json)

    _run(work)


@app.command()
def verify(
    source: Annotated[str, typer.Argument(metavar="FILE|REF", help="An archive, or a stored capsule.")],
    json: _Json = False,
) -> None:
    """Recompute every digest, and report each one that does not match.

    [bold]Examples[/bold]

      quantumlayer capsule verify notes.qlcapsule

      quantumlayer capsule verify notes

    [bold]Exit status[/bold]: 0 it is what it says it is, 1 it is not.
    """

    async def work(engine: "Engine") -> "Ending":
        from .capsules import archive_or_ref, tell_verified

        return tell_verified(await engine.verify(archive_or_ref(source)), json=json)

    _run(work)


@app.command()
def report(
    source: Annotated[str, typer.Argument(metavar="FILE|REF", help="An archive, or a stored capsule.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="PATH", help="A folder, or the page's own path.")
    ] = Path(),
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is something else.")] = False,
    json: _Json = False,
) -> None:
    """Write one HTML page that shows what was made, by whom, and what the verdict rests on.

    It loads nothing from anywhere. An archive is verified first.

    [bold]Examples[/bold]

      quantumlayer capsule report notes

      quantumlayer capsule report notes.qlcapsule --out notes-report.html
    """

    async def work(engine: "Engine") -> "Ending":
        from .capsules import archive_or_ref, tell_report

        capsule, html = await engine.capsule_report(archive_or_ref(source))
        page = await engine.write_report(capsule, html, out, overwrite=force)
        return tell_report(capsule, page, show=show, json=json)

    _run(work)


@app.command("import")
def import_(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that QuantumLayer wrote.")],
    json: _Json = False,
) -> None:
    """Take an archive into this machine's store, after verifying it.

    [bold]Example[/bold]

      quantumlayer capsule import notes.qlcapsule
    """

    async def work(engine: "Engine") -> "Ending":
        from .capsules import tell_imported

        return tell_imported(await engine.import_capsule(archive), json=json)

    _run(work)


@app.command()
def remove(ref: _Ref, json: _Json = False) -> None:
    """Remove a capsule from this machine's store for good. Of a name, its newest version goes.

    Project folders and archives that were written from it stay.

    [bold]Examples[/bold]

      quantumlayer capsule remove 3f9a77c1

      quantumlayer capsule remove notes
    """

    async def work(engine: "Engine") -> "Ending":
        from .capsules import tell_removed

        return tell_removed(await engine.remove_capsule(ref), json=json)

    _run(work)


def _run(work: "Callable[[Engine], Coroutine[Any, Any, Ending]]") -> None:
    from .supervise import run_with_engine

    raise typer.Exit(run_with_engine(work))

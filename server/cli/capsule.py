"""`quantumlayer capsule`: what was made, and archives of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from . import keys, versions
from .running import run

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from .endings import Ending

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="List, show, export and verify capsules; compare, merge and go back to versions; reports; keys.",
)
app.add_typer(keys.app, name="keys")
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

    run(work)


@app.command()
def show(ref: _Ref, json: _Json = False) -> None:
    """Show one capsule: files, stages, confidence and what it rests on.

    [bold]Example[/bold]

      quantumlayer capsule show notes
    """

    async def work(engine: "Engine") -> "Ending":
        from .capsules import show_one

        capsule = await engine.get_capsule(ref)
        return show_one(capsule, await engine.trust.signature(capsule), json=json)

    run(work)


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

    run(work)


@app.command()
def verify(
    source: Annotated[str, typer.Argument(metavar="FILE|REF", help="An archive, or a stored capsule.")],
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Validate and run it again, and compare with what it says.")
    ] = False,
    json: _Json = False,
) -> None:
    """Recompute everything in a capsule, and say whose word it is.

    [bold]Examples[/bold]

      quantumlayer capsule verify notes.qlcapsule

      quantumlayer capsule verify notes --rerun

    [bold]Exit status[/bold]: 0 it is whole, and signed by a key that you trust; with --rerun all came out
    as it says; 1 it is damaged or changed, signed by a revoked key, or something came out otherwise; 3 it
    is whole, but unsigned or signed by an unknown key, or could not be run again here.
    """

    async def work(engine: "Engine") -> "Ending":
        from .capsules import archive_or_ref
        from .verify_report import tell_verified

        report = await engine.verify(archive_or_ref(source), rerun=rerun)
        return tell_verified(report, source, json=json)

    run(work)


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

    run(work)


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

        capsule = await engine.import_capsule(archive)
        return tell_imported(capsule, await engine.trust.signature(capsule), json=json)

    run(work)


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

    run(work)


app.add_typer(versions.app)

"""`quantumlayer capsule keys`: which key signs here, and whose signatures are trusted."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from .endings import Ending

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="The key that signs here, and the keys whose signatures you trust.",
)
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_KEY = "The id of a key, the beginning of one, or its name; by default the key that signs here."
_Key = Annotated[str, typer.Argument(metavar="[KEY]", help=_KEY)]


@app.command("list")
def list_(json: _Json = False) -> None:
    """Show every key that is known here: yours, those you trust, and those you revoked.

    [bold]Example[/bold]

      quantumlayer capsule keys list
    """

    async def work(engine: "Engine") -> "Ending":
        from .keys_report import show_keys

        return show_keys(await engine.trust.keys(), json=json)

    _run(work)


@app.command()
def show(key: _Key = "", json: _Json = False) -> None:
    """Show one key whole. Read its id to somebody over the telephone, and they know that it is yours.

    [bold]Example[/bold]

      quantumlayer capsule keys show
    """

    async def work(engine: "Engine") -> "Ending":
        from .keys_report import show_key

        return show_key(await engine.trust.key(key), json=json)

    _run(work)


@app.command()
def rotate(json: _Json = False) -> None:
    """Make a new key the one that signs here, and destroy the private part of the one before.

    What the one before signed stays trusted. If somebody else may have it, revoke it too.

    [bold]Example[/bold]

      quantumlayer capsule keys rotate
    """

    async def work(engine: "Engine") -> "Ending":
        from .keys_report import tell_key

        return tell_key("signs here from now on", await engine.trust.rotate(), json=json)

    _run(work)


@app.command()
def trust(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|REF", help="A public key, an archive or a capsule that it signed, or a known key."
        ),
    ],
    name: Annotated[str, typer.Option("--name", "-n", help="What you call the one whose key it is.")] = "",
    json: _Json = False,
) -> None:
    """Trust a key from now on. Ask its owner for the id on another way first, and compare.

    [bold]Examples[/bold]

      quantumlayer capsule keys trust anna.pem --name anna

      quantumlayer capsule keys trust notes.qlcapsule --name anna
    """

    async def work(engine: "Engine") -> "Ending":
        from .capsules import archive_or_ref
        from .keys_report import tell_key

        return tell_key("is trusted", await engine.trust.trust(archive_or_ref(source), name), json=json)

    _run(work)


@app.command()
def revoke(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="The id of a key, the beginning of one, or a name.")
    ],
    json: _Json = False,
) -> None:
    """Trust a key no more, whatever it signed and whenever. One of yours signs no more.

    [bold]Example[/bold]

      quantumlayer capsule keys revoke anna
    """

    async def work(engine: "Engine") -> "Ending":
        from .keys_report import tell_key

        return tell_key("is revoked", await engine.trust.revoke(key), json=json)

    _run(work)


@app.command()
def export(
    key: _Key = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="PATH", help="A file, instead of standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    json: _Json = False,
) -> None:
    """Write the public part of a key, to give to others.

    [bold]Examples[/bold]

      quantumlayer capsule keys export

      quantumlayer capsule keys export --out anna.pem
    """

    async def work(engine: "Engine") -> "Ending":
        from .keys_report import write_key

        return write_key(await engine.trust.key(key), out, force=force, json=json)

    _run(work)


def _run(work: "Callable[[Engine], Coroutine[Any, Any, Ending]]") -> None:
    from .supervise import run_with_engine

    raise typer.Exit(run_with_engine(work))

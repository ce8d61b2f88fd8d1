"""While someone types: each change of an open document begins a look at it, and ends the one before."""

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..engine.errors import QuantumLayerError
from .documents import Snapshot, path_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..engine.facade import Engine
    from ..engine.types import OpenFile, StageResult
    from .server import QuantumLayerServer

log = logging.getLogger(__name__)
_SETTINGS_FILES = ("quantumlayer.toml", "pyproject.toml")
_LONGEST_WAIT_S = 5.0


@dataclass
class _Watched:
    """An open document: the engine that is lent for it, and the look at its newest text."""

    uri: str
    path: "Path"
    lent: AsyncExitStack = field(default_factory=AsyncExitStack)
    engine: "Engine | None" = None
    root: "Path | None" = None
    look: "asyncio.Task[None] | None" = None
    first: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the stages that come at once have been told, or will not be."""
    setup: asyncio.Lock = field(default_factory=asyncio.Lock)


class Live:
    """The open documents of one connection."""

    def __init__(self, server: "QuantumLayerServer") -> None:
        self._server = server
        self._watched: dict[str, _Watched] = {}
        self._said: set[str] = set()

    def opened(self, uri: str) -> None:
        path = path_of(uri) if uri.startswith("file:") else None
        if path is None or path.suffix not in {".py", ".pyi"}:
            return
        self._server.shown.open(uri)
        self._stop(uri)
        self._watched[uri] = _Watched(uri, path)
        self._look(self._watched[uri])

    def changed(self, uri: str) -> None:
        document = self._server.documents.opened(uri)
        watched = self._watched.get(uri)
        if document is not None:
            self._server.shown.change(uri, document.text)
        if watched is not None:
            self._look(watched)

    def closed(self, uri: str) -> None:
        if self._stop(uri):
            self._server.shown.clear(uri)

    def saved(self, uri: str) -> None:
        """Settings may have been saved."""
        if uri.rpartition("/")[2] in _SETTINGS_FILES:
            self.restart()

    def restart(self) -> None:
        """Other settings are in effect: every open document is looked at anew."""
        for uri, watched in tuple(self._watched.items()):
            self._stop(uri)
            for stage in ("syntax", "style", "security", "types"):
                self._server.shown.drop(uri, stage)
            self._server.shown.tell(uri)
            self._watched[uri] = _Watched(uri, watched.path)
            self._look(self._watched[uri])

    def _stop(self, uri: str) -> bool:
        """False if the document was not watched."""
        watched = self._watched.pop(uri, None)
        if watched is not None:
            self._server.keep(self._release(watched))
        return watched is not None

    async def first_results(self, uri: str) -> None:
        """Waits for the stages that come at once."""
        watched = self._watched.get(uri)
        if watched is not None:
            try:
                await asyncio.wait_for(watched.first.wait(), _LONGEST_WAIT_S)
            except TimeoutError:
                log.info("%s: no results in time", watched.path.name)

    async def engine(self, uri: str) -> "tuple[Engine, OpenFile] | None":
        """The engine of an open document, and the document as it is now."""
        watched = self._watched.get(uri)
        document = self._server.documents.opened(uri)
        if watched is None or document is None:
            return None
        return await self._prepared(watched), self._file(watched, document)

    async def aclose(self) -> None:
        watched = tuple(self._watched.values())
        self._watched.clear()
        await asyncio.gather(*(self._release(one) for one in watched), return_exceptions=True)

    # -- one look ------------------------------------------------------------------------------

    def _look(self, watched: _Watched) -> None:
        if watched.look is not None:
            watched.look.cancel()
        watched.first.clear()
        watched.look = asyncio.create_task(self._check(watched), name=f"look at {watched.path.name}")
        watched.look.add_done_callback(_note_failure)

    async def _check(self, watched: _Watched) -> None:
        document = self._server.documents.opened(watched.uri)
        if document is None:
            return
        try:
            engine = await self._prepared(watched)

            def told(results: "Sequence[StageResult]") -> None:
                self._told(watched, document, results)

            await engine.check_open(self._file(watched, document), told)
        except QuantumLayerError as error:
            self._say(f"{watched.path.name} is not checked while you type: {error}")
        finally:
            # A look that a newer one replaced leaves the waiting to that one.
            if asyncio.current_task() is watched.look:
                watched.first.set()

    def _told(self, watched: _Watched, document: Snapshot, results: "Sequence[StageResult]") -> None:
        now = self._server.documents.opened(watched.uri)
        if now is None or now.text != document.text:
            return
        shown = self._server.shown
        for result in results:
            stage = str(result.stage)
            if result.status == "skipped":
                self._say(f"{stage} is not checked while you type: {result.reason}")
                shown.drop(watched.uri, stage)
            else:
                shown.put(watched.uri, document.text, stage, result.tools[0].name, result.findings)
        watched.first.set()
        shown.tell(watched.uri)

    def _say(self, message: str) -> None:
        """Once, in the client's log."""
        if message not in self._said:
            self._said.add(message)
            self._server.log_message(message)

    # -- its engine ----------------------------------------------------------------------------

    async def _prepared(self, watched: _Watched) -> "Engine":
        """The engine for the document's folder, lent until the document is closed."""
        async with watched.setup:
            if watched.engine is None:
                engine = await watched.lent.enter_async_context(self._server.session.engine(watched.uri))
                folder = self._server.folder_of(watched.uri)
                limit = path_of(folder) if folder else None
                watched.root = await asyncio.to_thread(_root, watched.path, limit)
                watched.engine = engine
            return watched.engine

    def _file(self, watched: _Watched, document: Snapshot) -> "OpenFile":
        from ..engine.types import OpenFile

        assert watched.root is not None
        inside = watched.path.relative_to(watched.root).as_posix()
        return OpenFile(folder=str(watched.root), path=inside, text=document.text)

    async def _release(self, watched: _Watched) -> None:
        if watched.look is not None:
            watched.look.cancel()
            await asyncio.gather(watched.look, return_exceptions=True)
        if watched.engine is not None:
            watched.engine.close_file(watched.uri)
        await watched.lent.aclose()


def _root(path: "Path", limit: "Path | None") -> "Path":
    from .projects import find_root

    return find_root(path, limit)


def _note_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)

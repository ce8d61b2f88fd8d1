"""While someone types: each change of an open document begins a look at it, and ends the one before."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..engine.errors import QuantumLayerError
from ..engine.languages import CODE, language_of
from .documents import Snapshot, path_of
from .shown import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..engine.facade import Engine
    from ..engine.types import OpenFile, StageResult
    from .server import QuantumLayerServer

log = logging.getLogger(__name__)
WATCHED = (".py", ".pyi", ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
"""What open documents may import."""
SETTINGS_FILES = ("quantumlayer.toml", "pyproject.toml")
_LONGEST_WAIT_S = 0.8
"""Of a request for findings; what comes later is told by asking the client to pull again."""
_AGAIN_S = 10.0
"""A tool that failed is asked again after this long, also where nobody types."""
_SETTLED_S = 0.2
"""Files that change on disk often do so together."""


@dataclass
class _Watched:
    """An open document: the engine that is lent for it, and the look at its newest text."""

    uri: str
    path: "Path"
    language: str
    lent: AsyncExitStack = field(default_factory=AsyncExitStack)
    engine: "Engine | None" = None
    root: "Path | None" = None
    look: "asyncio.Task[None] | None" = None
    again: asyncio.TimerHandle | None = None
    first: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the stages that come at once have been told, or will not be."""
    setup: asyncio.Lock = field(default_factory=asyncio.Lock)
    released: bool = False

    def file(self, document: Snapshot) -> "OpenFile":
        from ..engine.types import OpenFile

        assert self.root is not None
        inside = self.path.relative_to(self.root).as_posix()
        return OpenFile(folder=str(self.root), path=inside, text=document.text, language=self.language)


class Live:
    """The open documents of one connection."""

    def __init__(self, server: "QuantumLayerServer") -> None:
        self._server = server
        self._watched: dict[str, _Watched] = {}
        self._said: set[str] = set()
        self._settling: asyncio.TimerHandle | None = None

    def opened(self, uri: str) -> None:
        document = self._server.documents.opened(uri)
        path = path_of(uri) if uri.startswith("file:") else None
        if document is None or path is None:
            return
        language = language_of(path.as_posix(), self._server.documents.language_id(uri))
        if language not in CODE:
            return
        self._server.shown.open(uri, document.text)
        self._stop(uri)
        self._begin(uri, path, language)

    def changed(self, uri: str) -> None:
        document = self._server.documents.opened(uri)
        watched = self._watched.get(key_of(uri))
        if document is not None:
            self._server.shown.change(uri, document.text)
        if watched is not None:
            self._look(watched)
            # Findings move with their lines while the tools look at the new text already.
            asyncio.get_running_loop().call_soon(self._server.shown.page, uri)

    def closed(self, uri: str) -> None:
        self._stop(uri)
        self._server.shown.close(uri)

    def files_changed(self, uris: Mapping[str, int]) -> None:
        """Files on disk are others now, by URI: settings, or what open documents depend on."""
        if any(uri.rpartition("/")[2] in SETTINGS_FILES for uri in uris):
            self.restart()
            return
        code = {uri: kind for uri, kind in uris.items() if uri.endswith(WATCHED)}
        if not code:
            return
        for engine in {watched.engine for watched in self._watched.values() if watched.engine is not None}:
            engine.files_changed(code)
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().call_later(_SETTLED_S, self._look_at_all)

    def restart(self) -> None:
        """Other settings are in effect: every open document is looked at anew."""
        for uri, path, language in [(one.uri, one.path, one.language) for one in self._watched.values()]:
            self._stop(uri)
            for stage in ("syntax", "style", "security", "types"):
                self._server.shown.drop(uri, stage)
            self._server.shown.tell(uri)
            self._begin(uri, path, language)

    async def first_results(self, uri: str) -> None:
        """Waits for the stages that come at once."""
        watched = self._watched.get(key_of(uri))
        if watched is not None:
            try:
                await asyncio.wait_for(watched.first.wait(), _LONGEST_WAIT_S)
            except TimeoutError:
                log.info("%s: no results in time", watched.path.name)

    async def engine(self, document: Snapshot) -> "tuple[Engine, OpenFile] | None":
        """The engine of an open document, and the document as a file of its folder."""
        watched = self._watched.get(key_of(document.uri))
        engine = await self._prepared(watched) if watched is not None else None
        return (engine, watched.file(document)) if watched and engine else None

    async def aclose(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        watched = tuple(self._watched.values())
        self._watched.clear()
        await asyncio.gather(*(self._release(one) for one in watched), return_exceptions=True)

    def _begin(self, uri: str, path: "Path", language: str) -> None:
        self._watched[key_of(uri)] = _Watched(uri, path, language)
        self._look(self._watched[key_of(uri)])

    def _stop(self, uri: str) -> None:
        watched = self._watched.pop(key_of(uri), None)
        if watched is not None:
            self._server.keep(self._release(watched))

    # -- one look ------------------------------------------------------------------------------

    def _look_at_all(self) -> None:
        for watched in self._watched.values():
            self._look(watched)

    def _look(self, watched: _Watched) -> None:
        if watched.again is not None:
            watched.again.cancel()
            watched.again = None
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
            if engine is None:
                return

            def told(results: "Sequence[StageResult]") -> None:
                self._told(watched, document, results)

            await engine.check_open(watched.file(document), told)
        except QuantumLayerError as error:
            self._say(f"{watched.path.name} is not checked while you type: {error}")
        finally:
            # A look that a newer one replaced leaves the waiting to that one.
            if asyncio.current_task() is watched.look:
                watched.first.set()

    def _told(self, watched: _Watched, document: Snapshot, results: "Sequence[StageResult]") -> None:
        now = self._server.documents.opened(watched.uri)
        if now is None or now.text != document.text or watched.released:
            return
        shown = self._server.shown
        for result in results:
            stage = str(result.stage)
            if result.status == "skipped":
                what = watched.language if result.tools else watched.path.name
                self._say(f"{what}: {stage} is not checked while you type: {result.reason}")
                if not result.tools:
                    shown.drop(watched.uri, stage)
                if "lasting" not in result.facts:
                    loop = asyncio.get_running_loop()
                    watched.again = watched.again or loop.call_later(_AGAIN_S, self._again, watched)
            else:
                shown.look(watched.uri, document.text, stage, result.tools[0].name, result.findings)
        watched.first.set()
        shown.tell(watched.uri)

    def _again(self, watched: _Watched) -> None:
        watched.again = None
        if not watched.released:
            self._look(watched)

    def _say(self, message: str) -> None:
        """Once, in the client's log."""
        if message not in self._said:
            self._said.add(message)
            self._server.log_message(message)

    # -- its engine ----------------------------------------------------------------------------

    async def _prepared(self, watched: _Watched) -> "Engine | None":
        """The engine for the document's folder, lent until the document is closed; None if it has been."""
        async with watched.setup:
            if watched.engine is None and not watched.released:
                engine = await watched.lent.enter_async_context(self._server.session.engine(watched.uri))
                folder = self._server.folder_of(watched.uri)
                limit = path_of(folder) if folder else None
                watched.root = await asyncio.to_thread(_root, watched.path, limit)
                watched.engine = engine
            return None if watched.released else watched.engine

    async def _release(self, watched: _Watched) -> None:
        watched.released = True
        watched.first.set()
        if watched.again is not None:
            watched.again.cancel()
        if watched.look is not None:
            watched.look.cancel()
            await asyncio.gather(watched.look, return_exceptions=True)
        async with watched.setup:
            if watched.engine is not None and watched.root is not None:
                watched.engine.close_file(watched.file(Snapshot(watched.uri, "")))
            await watched.lent.aclose()


def _root(path: "Path", limit: "Path | None") -> "Path":
    from .projects import find_root

    return find_root(path, limit)


def _note_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)

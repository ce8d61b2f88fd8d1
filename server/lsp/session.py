"""The engine, as one connection uses it: imported off the loop, opened late, one per settings."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ..engine.importing import large_import
from .documents import path_of

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from ..settings import Settings
    from .server import QuantumLayerServer

log = logging.getLogger(__name__)


@dataclass
class _Open:
    engine: "Engine"
    users: int = 0


class Session:
    """Lends engines to jobs. An engine whose settings are no longer in use is closed when it is idle."""

    def __init__(self, server: "QuantumLayerServer") -> None:
        self._server = server
        self._open: dict[Settings, _Open] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def engine(self, uri: str | None = None) -> "AsyncIterator[Engine]":
        """An engine with the settings of the workspace folder that holds `uri`."""
        await asyncio.to_thread(load)
        folder = self._server.folder_of(uri)
        settings = await self._server.configuration.settings(folder, path_of(folder) if folder else None)
        if settings not in self._open:
            self._open[settings] = _Open(_make(settings))
        lent = self._open[settings]
        lent.users += 1
        try:
            self._close_idle(other_than=settings)
            yield lent.engine
        finally:
            lent.users -= 1

    async def aclose(self) -> None:
        for settings in tuple(self._open):
            await self._open.pop(settings).engine.aclose()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _close_idle(self, other_than: "Settings") -> None:
        """In tasks of their own: whoever borrows meanwhile neither waits for them nor can interrupt them."""
        for settings, lent in tuple(self._open.items()):
            if lent.users == 0 and settings != other_than:
                del self._open[settings]
                task = asyncio.create_task(lent.engine.aclose(), name="close an idle engine")
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)


@cache
def load() -> None:
    """Imports what work needs. Run it on a thread: it takes some hundred milliseconds the first time."""
    with large_import():
        from .. import options
        from ..engine import facade

        facade.preload()
    log.debug("loaded %s and %s", facade.__name__, options.__name__)


def _make(settings: "Settings") -> "Engine":
    from ..engine.facade import Engine

    return Engine(settings)

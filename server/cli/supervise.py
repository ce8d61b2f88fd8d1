"""Runs a verb's work, and ends it when the user says so.

The first Ctrl-C or SIGTERM cancels the work, which then has two seconds to stop its model and its
sandbox; the second ends the process at once.
"""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from . import log
from .endings import Ending
from .workspace import settings_here

if TYPE_CHECKING:
    from ..engine.facade import Engine

GRACE_S = 2.0
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def run(work: Callable[[], Coroutine[Any, Any, Ending]], *, cancelled: str = "cancelled") -> Ending:
    """The work's own ending, or CANCELLED after saying `cancelled`."""
    log.start()
    return asyncio.run(_Supervisor(cancelled).watch(work))


def run_with_engine(
    work: "Callable[[Engine], Coroutine[Any, Any, Ending]]", *, cancelled: str = "cancelled"
) -> Ending:
    """As `run`, with an engine that has the settings of this folder and is closed at the end."""
    from ..engine.facade import Engine

    settings = settings_here()

    async def with_engine() -> Ending:
        async with Engine(settings) as engine:
            return await work(engine)

    return run(with_engine, cancelled=cancelled)


class _Supervisor:
    def __init__(self, cancelled: str) -> None:
        self._cancelled = cancelled
        self._task: asyncio.Task[Ending] | None = None
        self._asked = False

    async def watch(self, work: Callable[[], Coroutine[Any, Any, Ending]]) -> Ending:
        self._listen()
        self._task = asyncio.ensure_future(work())
        try:
            return await self._task
        except asyncio.CancelledError:
            if not self._asked:
                raise
            self._say()
            return Ending.CANCELLED

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is None:
                continue
            if name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN:
                continue  # `nohup`: whoever started us wants a hang-up not to count
            try:
                loop.add_signal_handler(number, self._stop)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._stop))

    def _stop(self) -> None:
        if self._asked or self._task is None:
            self._end()
            return
        self._asked = True
        self._task.cancel()
        # A thread, because what keeps the work from ending may be keeping the loop, or a thread of its own.
        last_resort = threading.Timer(GRACE_S, self._give_up)
        last_resort.daemon = True
        last_resort.start()

    def _give_up(self) -> None:
        if self._task is not None and not self._task.done():
            self._say()
        self._end()

    def _say(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            print(self._cancelled, file=sys.stderr, flush=True)  # noqa: T201

    def _end(self) -> None:
        """Ends the process without waiting for anything; a hidden cursor is shown again."""
        with contextlib.suppress(OSError, ValueError):
            if sys.stderr.isatty():
                sys.stderr.write("\x1b[?25h")
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(Ending.CANCELLED)

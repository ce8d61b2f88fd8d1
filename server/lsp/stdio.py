"""Standard input and output as asynchronous streams that the event loop never waits for.

The protocol takes the two descriptors for itself: afterwards descriptor 0 is empty and descriptor 1
is standard error, so that no `print`, library or child process can read or write between messages.
Two daemon threads do the blocking calls; a thread that is blocked there never keeps the process alive.
"""

import asyncio
import os
import queue
import sys
import threading
from collections.abc import Callable

LARGEST_BACKLOG = 64 * 1024 * 1024
"""Bytes waiting for a client that does not read; past it the client counts as gone."""

_CHUNK = 64 * 1024


def take_descriptors() -> tuple[int, int]:
    """Private copies of standard input and output; the public ones are made harmless."""
    source, target = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # an editor without a terminal may have closed standard error
        os.dup2(nothing, 1)
    os.close(nothing)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(source, os.O_BINARY)
        msvcrt.setmode(target, os.O_BINARY)
    return source, target


class _Pausable(asyncio.ReadTransport):
    """What `StreamReader` asks of a transport: to stop when its buffer is full."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = threading.Event()
        self.wanted.set()

    def pause_reading(self) -> None:
        self.wanted.clear()

    def resume_reading(self) -> None:
        self.wanted.set()


def open_reader(descriptor: int) -> asyncio.StreamReader:
    """A stream fed from `descriptor` by a thread of its own."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport = _Pausable()
    reader.set_transport(transport)

    def call(function: Callable[..., object], *args: object) -> bool:
        try:
            loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop is closed: nobody listens any more
            return False
        return True

    def pump() -> None:
        while True:
            transport.wanted.wait()
            try:
                chunk = os.read(descriptor, _CHUNK)
            except OSError:
                chunk = b""
            if not chunk:
                call(reader.feed_eof)
                return
            if not call(reader.feed_data, chunk):
                return

    threading.Thread(target=pump, name="stdin", daemon=True).start()
    return reader


class StdoutWriter:
    """Writes to `descriptor` in order, on a thread of its own; `on_broken` hears of a client that is gone."""

    def __init__(self, descriptor: int, on_broken: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_broken = on_broken
        self._loop = asyncio.get_running_loop()
        self._chunks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._waiting = 0
        self._broken = False
        self._done = asyncio.Event()
        threading.Thread(target=self._pump, name="stdout", daemon=True).start()

    def write(self, data: bytes) -> None:
        if self._broken:
            return
        self._waiting += len(data)
        if self._waiting > LARGEST_BACKLOG:
            self._break()
            return
        self._chunks.put(data)

    async def close(self, seconds: float = 1.0) -> None:
        """Waits, within bounds, for what was written to leave."""
        self._chunks.put(None)
        try:
            await asyncio.wait_for(self._done.wait(), seconds)
        except TimeoutError:
            self._broken = True

    def _break(self) -> None:
        if not self._broken:
            self._broken = True
            self._on_broken()

    def _left(self, size: int) -> None:
        self._waiting -= size

    def _call(self, function: Callable[..., object], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop is closed: the process is ending
            return

    def _pump(self) -> None:
        while (chunk := self._chunks.get()) is not None:
            rest = memoryview(chunk)
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                self._call(self._break)
                break
            self._call(self._left, len(chunk))
        self._call(self._done.set)

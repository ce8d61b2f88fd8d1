"""The journal: durable memo of steps.

A step is a pure function of its inputs: one answer of a model, one validator run, one sandbox run.
Its key is the SHA-256 of its kind and its canonical inputs; its result is on disk before anyone uses
it. So a run that was killed repeats no step that finished, and an unchanged brief costs nothing.

Results live in SQLite (WAL, synchronous=FULL); large ones in files named by their own SHA-256, written
to the side, synced and renamed, and checked when read. Every process of a user may share one journal:
a key is written once and never changed. All disk work happens on one thread of the journal's own.
What nobody uses for long is removed in the background, once a day; see `journal_trim`.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from pydantic_core import from_json

from . import json_parts
from .database import Database, is_damage, is_sound
from .disk import storage_error, write_atomic
from .errors import StorageError
from .journal_trim import DAY, Keep, Trimmed, compact, is_due, trim

Json = Any
T = TypeVar("T")
_LARGE = 64 * 1024
_AT_ONCE = 500
_SETTLED_S = 1.0
"""Whoever opens a journal has something to do first."""
_LOOK_AGAIN_S = 3600.0
_PAUSE_S = 0.02
_LOCK_SECONDS = 60
_SCHEMA = """
CREATE TABLE IF NOT EXISTS steps (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, at REAL NOT NULL, result BLOB, blob TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS steps_at ON steps (at);
CREATE INDEX IF NOT EXISTS steps_blob ON steps (blob) WHERE blob IS NOT NULL;
"""
"""`at` is when a result was used last, to the day."""
_END = object()
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
log = logging.getLogger(__name__)


def step_key(kind: str, inputs: Json) -> str:
    """SHA-256 of the kind and the inputs as JSON with sorted keys."""
    text = _CANONICAL.encode([kind, inputs])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Journal:
    """Open it once per process; `step` may be called from one event loop at a time."""

    def __init__(self, folder: Path, keep: Keep | None = None) -> None:
        self._folder = folder
        self._keep = keep or Keep()
        self._trimming: asyncio.Task[None] | None = None
        self._closing = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._database = Database(folder / "journal.sqlite", _SCHEMA)
        self._running: dict[str, asyncio.Task[Json]] = {}

    async def step(self, kind: str, inputs: Json, run: Callable[[], Awaitable[Json]]) -> tuple[Json, bool]:
        """Returns the result and whether it was reused.

        A run that raises or is cancelled is not recorded. Callers with the same key at once share
        one run; it ends when the last of them is cancelled.

        Raises StorageError if the result cannot be made durable, and whatever `run` raises.
        """
        key = step_key(kind, inputs)
        shared = await self._joinable(key)
        if shared is None:
            if (found := await self._read(key)) is not None:
                return found[0], True
            shared = await self._joinable(key)
        if shared is None:
            shared = asyncio.ensure_future(self._run(key, kind, run))
            shared.set_name(f"step {kind}")
            self._running[key] = shared
            shared.add_done_callback(lambda _: self._running.pop(key, None))
            waiters = 1
        else:
            waiters = getattr(shared, "waiters", 1) + 1
        shared.waiters = waiters  # type: ignore[attr-defined]
        try:
            return await asyncio.shield(shared), False
        except asyncio.CancelledError:
            shared.waiters -= 1  # type: ignore[attr-defined]
            if shared.waiters == 0 and not shared.done():  # type: ignore[attr-defined]
                shared.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await shared
            raise

    async def _joinable(self, key: str) -> "asyncio.Task[Json] | None":
        """The run of this key, if there is one; one that was cancelled is let end first."""
        while (shared := self._running.get(key)) is not None and shared.cancelling():
            await asyncio.wait({shared})
        return shared

    async def get(self, kind: str, inputs: Json) -> Json | None:
        found = await self._read(step_key(kind, inputs))
        return None if found is None else found[0]

    async def put(self, kind: str, inputs: Json, result: Json) -> None:
        await self._write(step_key(kind, inputs), kind, result)

    async def get_many(self, kind: str, inputs: Sequence[Json]) -> list[Json | None]:
        """What `get` says of each."""
        return await self._on_thread(self._load_many, kind, inputs)

    async def put_many(self, kind: str, results: Sequence[tuple[Json, Json]]) -> None:
        """Inputs and their results; all of them are durable when it returns."""
        await self._on_thread(self._save_many, kind, results)

    async def trim(self, keep: Keep) -> Trimmed:
        """Removes what `keep` does not name, and gives the room back to the disk."""
        told = Trimmed()
        steps = trim(self._database, self._folder, keep, told)
        while await self._on_thread(_go_on, steps):
            pass
        await self._on_thread(compact, self._database)
        return told

    async def aclose(self) -> None:
        self._closing = True
        if self._trimming is not None and not self._trimming.done():
            self._trimming.cancel()
            await asyncio.wait({self._trimming})
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self._on_thread(self._database.close)
        self._thread.shutdown(wait=False)

    async def _run(self, key: str, kind: str, run: Callable[[], Awaitable[Json]]) -> Json:
        result = await run()
        await asyncio.shield(self._write(key, kind, result))
        return result

    async def _read(self, key: str) -> tuple[Json] | None:
        return await self._on_thread(self._load, key)

    async def _write(self, key: str, kind: str, result: Json) -> None:
        await self._on_thread(self._save, key, kind, result)

    async def _trim_in_time(self) -> None:
        """As long as the journal is open, which in a server may be weeks."""
        pause = _SETTLED_S
        while True:
            await asyncio.sleep(pause)
            await self._trim_if_due()
            pause = _LOOK_AGAIN_S

    async def _trim_if_due(self) -> None:
        """A step at a time, so that those who work do not wait for it."""
        try:
            if not await self._on_thread(is_due, self._folder):
                return
            told = Trimmed()
            steps = trim(self._database, self._folder, self._keep, told)
            going = True
            while going:
                going = await self._on_thread(_go_on, steps)
                await asyncio.sleep(_PAUSE_S)
        except StorageError as error:
            log.warning("the journal was not trimmed: %s", error)
        else:
            log.info("the journal was trimmed: %s", told)

    async def _on_thread(self, call: Callable[..., T], *args: Any) -> T:
        loop = asyncio.get_running_loop()
        if self._trimming is None and not self._closing:
            self._trimming = loop.create_task(self._trim_in_time(), name="trim the journal")
        return await loop.run_in_executor(self._thread, self._guarded, call, *args)

    # -- on the journal's thread ---------------------------------------------------------------

    def _guarded(self, call: Callable[..., T], *args: Any) -> T:
        """Runs `call`; a damaged database is set aside and started anew, once."""
        try:
            try:
                return call(*args)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self._set_aside()
                return call(*args)
        except (sqlite3.Error, OSError) as error:
            raise storage_error(error, self._folder, "storage.data_dir") from error

    def _load(self, key: str) -> tuple[Json] | None:
        row = self._database.execute("SELECT result, blob, at FROM steps WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        content, blob, at = row
        if at < time.time() - DAY:
            self._mark_used([key])
        if blob is not None:
            content = self._load_blob(blob)
        try:
            if content is not None:
                return (json_parts.loads(content.decode("utf-8", "surrogatepass")),)
        except ValueError as error:
            log.warning("a result in %s is damaged and is made again: %s", self._folder, error)
        self._database.execute("DELETE FROM steps WHERE key = ?", (key,))
        return None

    def _load_many(self, kind: str, inputs: Sequence[Json]) -> list[Json | None]:
        keys = [step_key(kind, one) for one in inputs]
        found: dict[str, Json] = {}
        long_ago, waiting = time.time() - DAY, []
        for start in range(0, len(keys), _AT_ONCE):
            part = tuple(keys[start : start + _AT_ONCE])
            marks = ",".join("?" * len(part))
            statement = f"SELECT key, result, at FROM steps WHERE key IN ({marks})"  # noqa: S608 - marks only
            for key, content, at in self._database.execute(statement, part).fetchall():
                if at < long_ago:
                    waiting.append(key)
                result = _decoded(content)
                if result is None:  # a large one, or a damaged one
                    loaded = self._load(key)
                    result = loaded[0] if loaded else None
                found[key] = result
        self._mark_used(waiting)
        return [found.get(key) for key in keys]

    def _mark_used(self, keys: Sequence[str]) -> None:
        """So that it is kept; where that cannot be written, as on a full disk, it is only kept less long."""
        if not keys:
            return
        with contextlib.suppress(sqlite3.OperationalError), self._database.transaction():
            for key in keys:
                self._database.execute("UPDATE steps SET at = ? WHERE key = ?", (time.time(), key))

    def _save_many(self, kind: str, results: Sequence[tuple[Json, Json]]) -> None:
        """One transaction: thousands of small ones would wait for the disk thousands of times."""
        with self._database.transaction():
            for inputs, result in results:
                self._insert(step_key(kind, inputs), kind, result)

    def _load_blob(self, digest: str) -> bytes | None:
        """The blob's bytes, or None if they are missing or are not what their name says."""
        try:
            content = self._blob_path(digest).read_bytes()
        except FileNotFoundError:
            return None
        return content if hashlib.sha256(content).hexdigest() == digest else None

    def _save(self, key: str, kind: str, result: Json) -> None:
        with self._database.transaction():
            self._insert(key, kind, result)

    def _insert(self, key: str, kind: str, result: Json) -> None:
        """Inside a transaction, so that no file is swept before the row that names it is there."""
        content = json_parts.dumps(result).encode("utf-8", "surrogatepass")
        blob = None
        if len(content) > _LARGE:
            blob = self._save_blob(content)
        row = (key, kind, time.time(), None if blob else content, blob)
        self._database.execute("INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?, ?)", row)

    def _save_blob(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        target = self._blob_path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, (content,), private=True)
        return digest

    def _blob_path(self, digest: str) -> Path:
        return self._folder / "blobs" / digest[:2] / digest

    def _set_aside(self) -> None:
        """A journal is a memo: losing it costs time, never a project. The damaged file is kept.

        Another process may have been faster: then what is there now is sound, and stays.
        """
        from filelock import FileLock

        self._database.close()
        with FileLock(self._folder / "damaged.lock", timeout=_LOCK_SECONDS):
            if not is_sound(self._database.file):
                self._move_away()

    def _move_away(self) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        log.warning("the journal in %s is damaged; it is kept as *.damaged-%s", self._folder, stamp)
        for suffix in ("", "-wal", "-shm"):
            file = self._database.file.with_name(self._database.file.name + suffix)
            if file.exists():
                file.replace(file.with_name(f"{file.name}.damaged-{stamp}"))


def _decoded(content: bytes | None) -> Json | None:
    """A result, if it is one that is read quickly; of large numbers of them most are."""
    if content == b"[]":
        return []
    try:
        return None if content is None else from_json(content)
    except ValueError:
        return None


def _go_on(steps: Iterator[None]) -> bool:
    return next(steps, _END) is not _END

"""The journal: durable memo of steps.

A step is a pure function of its inputs: one answer of a model, one validator run, one sandbox run.
Its key is the SHA-256 of its kind and its canonical inputs; its result is on disk before anyone uses
it. So a run that was killed repeats no step that finished, and an unchanged brief costs nothing.

Results live in SQLite (WAL, synchronous=FULL); large ones in files named by their own SHA-256, written
to the side, synced and renamed, and checked when read. Every process of a user may share one journal:
a key is written once and never changed. All disk work happens on one thread of the journal's own.
"""

import asyncio
import contextlib
import errno
import hashlib
import json
import logging
import os
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from . import json_parts
from .database import Database
from .errors import StorageError

Json = Any
T = TypeVar("T")
_LARGE = 64 * 1024
_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS steps (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, at REAL NOT NULL, result BLOB, blob TEXT
) WITHOUT ROWID
"""
log = logging.getLogger(__name__)


def step_key(kind: str, inputs: Json) -> str:
    """SHA-256 of the kind and the inputs as JSON with sorted keys."""
    text = json.dumps([kind, inputs], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Journal:
    """Open it once per process; `step` may be called from one event loop at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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

    async def aclose(self) -> None:
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

    async def _on_thread(self, call: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, call, *args)

    # -- on the journal's thread ---------------------------------------------------------------

    def _guarded(self, call: Callable[..., T], *args: Any) -> T:
        """Runs `call`; a damaged database is set aside and started anew, once."""
        try:
            return call(*args)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                raise _storage_error(error, self._folder) from error
            self._set_aside()
            return call(*args)
        except OSError as error:
            raise _storage_error(error, self._folder) from error

    def _load(self, key: str) -> tuple[Json] | None:
        row = self._database.execute("SELECT result, blob FROM steps WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        content, blob = row
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
        for start in range(0, len(keys), _AT_ONCE):
            part = tuple(keys[start : start + _AT_ONCE])
            marks = ",".join("?" * len(part))
            statement = f"SELECT key, result FROM steps WHERE key IN ({marks})"  # noqa: S608 - marks only
            for key, content in self._database.execute(statement, part):
                result = _decoded(content)
                if result is None:  # a large one, or a damaged one
                    loaded = self._load(key)
                    result = loaded[0] if loaded else None
                found[key] = result
        return [found.get(key) for key in keys]

    def _save_many(self, kind: str, results: Sequence[tuple[Json, Json]]) -> None:
        """One transaction: thousands of small ones would wait for the disk thousands of times."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for inputs, result in results:
                self._save(step_key(kind, inputs), kind, result)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _load_blob(self, digest: str) -> bytes | None:
        """The blob's bytes, or None if they are missing or are not what their name says."""
        try:
            content = self._blob_path(digest).read_bytes()
        except FileNotFoundError:
            return None
        return content if hashlib.sha256(content).hexdigest() == digest else None

    def _save(self, key: str, kind: str, result: Json) -> None:
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
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return digest

    def _blob_path(self, digest: str) -> Path:
        return self._folder / "blobs" / digest[:2] / digest

    def _set_aside(self) -> None:
        """A journal is a memo: losing it costs time, never a project. The damaged file is kept."""
        self._database.close()
        stamp = time.strftime("%Y%m%d-%H%M%S")
        log.warning("the journal in %s is damaged; it is kept as *.damaged-%s", self._folder, stamp)
        for suffix in ("", "-wal", "-shm"):
            file = self._database.file.with_name(self._database.file.name + suffix)
            if file.exists():
                file.replace(file.with_name(f"{file.name}.damaged-{stamp}"))


def _decoded(content: bytes | None) -> Json | None:
    if content == b"[]":
        return []
    try:
        return None if content is None else json.loads(content)
    except ValueError:
        return None


def _storage_error(error: Exception, folder: Path) -> StorageError:
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    if full or "full" in str(error):
        return StorageError(
            f"the disk that holds {folder} is full",
            "Free some space and run the same command again: it goes on where it stopped.",
            "storage.data_dir",
        )
    return StorageError(
        f"the journal in {folder} cannot be used: {error}",
        "Check the folder's permissions, or choose another one.",
        "storage.data_dir",
    )

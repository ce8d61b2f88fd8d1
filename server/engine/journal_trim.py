"""Keeps a journal from growing without end: what nobody used for long goes, and then what waited longest.

It works in short transactions, so that any process may go on writing between two of them, and any may be
killed. A result goes before the file it names; a file goes only inside a transaction in which no result
names it, and whoever writes one does so inside a transaction too.
"""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .database import Database

DAY = 24 * 3600.0
_AT_ONCE = 200
_MARK = "trimmed"
log = logging.getLogger(__name__)


class Keep(NamedTuple):
    """How much of a journal is kept. What was used within the last day stays, however much it is."""

    days: int = 90
    megabytes: int = 1024


@dataclass
class Trimmed:
    results: int = 0
    files: int = 0
    freed: int = 0
    """Bytes."""
    kept: int = 0
    """Bytes."""


def is_due(folder: Path) -> bool:
    """Whether nobody has come to the end of trimming this journal for a day."""
    try:
        return time.time() - (folder / _MARK).stat().st_mtime > DAY
    except FileNotFoundError:
        return True


def trim(database: Database, folder: Path, keep: Keep, told: Trimmed) -> Iterator[None]:
    """Each step is one transaction; `told` counts what was done so far. Raises sqlite3.Error, OSError."""
    now = time.time()
    yield from _forget(database, folder, now - max(keep.days, 1) * DAY, told)
    yield from _sweep(database, folder, told)
    excess = told.kept - keep.megabytes * 1_000_000
    if excess > 0:
        yield from _forget(database, folder, now - DAY, told, excess)
        yield from _sweep(database, folder, told)
    for damaged in folder.glob("*.damaged-*"):
        if damaged.stat().st_mtime < now - max(keep.days, 1) * DAY:
            told.freed += damaged.stat().st_size
            damaged.unlink(missing_ok=True)
    (folder / _MARK).touch(mode=0o600)


def compact(database: Database) -> None:
    """Gives the room of what was removed back to the disk, where that is much and can be had."""
    free, pages = (_number(database, name) for name in ("freelist_count", "page_count"))
    if free * 4 < pages:
        return
    try:
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:  # in use, or no room for the copy that this takes
        log.info("%s keeps its size: %s", database.file, error)


def _forget(
    database: Database, folder: Path, before: float, told: Trimmed, excess: int | None = None
) -> Iterator[None]:
    """Removes what was not used since `before`, the oldest first, until `excess` bytes are gone."""
    query = "SELECT key, length(result), blob FROM steps WHERE at < ? ORDER BY at LIMIT ?"
    gone = 0
    while excess is None or gone < excess:
        with database.transaction():
            rows = database.execute(query, (before, _AT_ONCE)).fetchall()
            for key, size, blob in rows:
                if excess is not None and gone >= excess:
                    break
                database.execute("DELETE FROM steps WHERE key = ?", (key,))
                told.results += 1
                told.freed += size or 0
                gone += size or _size(folder / "blobs" / blob[:2] / blob)
        if len(rows) < _AT_ONCE:
            return
        yield


def _sweep(database: Database, folder: Path, told: Trimmed) -> Iterator[None]:
    """Removes files that no result names, and what killed processes left; measures what stays."""
    pages = _number(database, "page_count") - _number(database, "freelist_count")
    told.kept = pages * _number(database, "page_size")
    with contextlib.suppress(FileNotFoundError):
        for part in sorted((folder / "blobs").iterdir()):
            with database.transaction():
                _sweep_part(database, part, told)
            yield


def _sweep_part(database: Database, part: Path, told: Trimmed) -> None:
    query = "SELECT blob FROM steps WHERE blob >= ? AND blob < ?"
    named = {blob for (blob,) in database.execute(query, (part.name, f"{part.name}g"))}  # after every digit
    for file in part.iterdir():
        size = _size(file)
        if file.name in named:
            told.kept += size
        else:
            file.unlink(missing_ok=True)
            told.files += 1
            told.freed += size


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _number(database: Database, pragma: str) -> int:
    return int(database.execute(f"PRAGMA {pragma}").fetchone()[0])

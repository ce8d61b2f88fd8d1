"""Small things about files that downloading and hosting models share."""

import asyncio
import contextlib
import hashlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from .. import disk
from ..disk import write_atomic
from ..errors import StorageError

_SETTING = "storage.cache_dir"
_SPARE = 64 * 1024 * 1024


def guard_disk(folder: Path, setting: str = _SETTING) -> contextlib.AbstractContextManager[None]:
    """Turns what the operating system says about `folder` into a StorageError."""
    return disk.guard_disk(folder, setting)


def full_disk(folder: Path, needed: int = 0) -> StorageError:
    return disk.full_disk(folder, _SETTING, needed)


def require_space(folder: Path, size: int) -> None:
    """Raises StorageError if `size` more bytes would not fit under `folder`."""
    if shutil.disk_usage(folder).free < size + _SPARE:
        raise full_disk(folder, needed=size + _SPARE)


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> Any:
    """The parsed file, or None if it is missing or is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def write_json(path: Path, content: Any) -> None:
    """Writes a file that only this user may read; readers see the old one or the new one."""
    text = json.dumps(content, indent=1, sort_keys=True)
    write_atomic(path, (text.encode(),), private=True)


@contextlib.asynccontextmanager
async def locked(path: Path, poll_s: float = 0.05) -> AsyncIterator[None]:
    """Holds a lock between processes; waiting for it can be cancelled."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, thread_local=False)
    while True:
        try:
            lock.acquire(blocking=False)
            break
        except Timeout:
            await asyncio.sleep(poll_s)
    try:
        yield
    finally:
        lock.release()

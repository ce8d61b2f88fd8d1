"""Small things about files that downloading and hosting models share."""

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from ..errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SPARE = 64 * 1024 * 1024


@contextlib.contextmanager
def guard_disk(folder: Path, setting: str = "storage.cache_dir") -> Iterator[None]:
    """Turns what the operating system says about `folder` into a StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise full_disk(folder, setting) from error
        raise StorageError(
            f"{folder} cannot be used: {error.strerror or error}.",
            f"Check the folder's permissions, or choose another one with `{setting}`.",
            setting,
        ) from error


def full_disk(folder: Path, setting: str = "storage.cache_dir", needed: int = 0) -> StorageError:
    amount = f"{needed / 1e6:,.0f} MB" if needed else "some space"
    return StorageError(
        f"The disk that holds {folder} is full.",
        f"Free {amount}, or choose another folder with `{setting}`, and run the same command again: "
        "it goes on where it stopped.",
        setting,
    )


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
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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

"""Writing that either happened or did not: aside, synced, renamed; and what to say when the disk refuses."""

import contextlib
import errno
import os
import secrets
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from .database import is_damage
from .errors import StorageError

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_FOR_EVERYONE, _FOR_US = 0o666, 0o600
_LITTLE = 256 * 1024


def write_atomic(
    target: Path, chunks: Iterable[bytes], *, aside: Path | None = None, private: bool = False
) -> None:
    """Writes `target` at once for every reader, durably; what was there before is replaced.

    `aside` is the folder for the unfinished file, on the same file system; with `private` only this user
    may read the file. Raises OSError; then `target` is as it was.
    """
    unfinished = (aside or target.parent) / f".{target.name[:40]}.{secrets.token_hex(8)}"
    mode = _FOR_US if private else _FOR_EVERYONE
    try:
        with open(unfinished, "xb", opener=lambda path, flags: os.open(path, flags, mode)) as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        replace(unfinished, target)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def replace(source: Path, target: Path) -> None:
    """`os.replace`, patient where Windows refuses while another process reads the target."""
    for pause in (0.01, 0.05, 0.2, 0.5):
        try:
            source.replace(target)
        except PermissionError:
            if sys.platform != "win32":
                raise
            time.sleep(pause)
        else:
            return
    source.replace(target)


def sync_folder(folder: Path) -> None:
    """Makes new names in a folder durable, where the platform can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# -- when it refuses ---------------------------------------------------------------------------


@contextlib.contextmanager
def guard_disk(place: Path, setting: str) -> Iterator[None]:
    """Turns what the operating system says about `place` into a StorageError."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, place, setting) from error


def storage_error(error: OSError | sqlite3.Error, place: Path, setting: str = "") -> StorageError:
    """What a user should read when the disk, or a database on it, refuses."""
    if _is_full(error, place):
        return full_disk(place, setting)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    step = f"Check that it exists and that you may write to it{_or_another(setting)}."
    if isinstance(error, sqlite3.Error) and is_damage(error):
        step = "It is damaged: move it away, and a new one is made."
    return StorageError(f"{place} cannot be used: {reason}.", step, setting)


def full_disk(place: Path, setting: str = "", needed: int = 0) -> StorageError:
    """`needed` bytes would do, where that is known."""
    amount = f"{needed / 1e6:,.0f} MB" if needed else "some space"
    return StorageError(
        f"The disk that holds {place} is full.",
        f"Free {amount}{_or_another(setting)}, and run the same command again: it goes on where it stopped, "
        "and nothing that was stored is lost.",
        setting,
    )


def _or_another(setting: str) -> str:
    return f", or choose another folder with `{setting}`" if setting else ""


def _is_full(error: OSError | sqlite3.Error, place: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # SQLite calls it an I/O error when there is no room for the memory that its processes share.
    return kind == sqlite3.SQLITE_FULL or (kind == sqlite3.SQLITE_IOERR and _free(place) < _LITTLE)


def _free(place: Path) -> int:
    for folder in (place, *place.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(folder).free
    return _LITTLE

"""Writing that either happened or did not: aside, synced, renamed."""

import contextlib
import errno
import os
import secrets
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from ..errors import StorageError

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})


def write_atomic(target: Path, chunks: Iterable[bytes], *, aside: Path | None = None) -> None:
    """Writes `target` at once for every reader, durably; what was there before is replaced.

    `aside` is the folder for the unfinished file, on the same file system. Raises OSError; then `target`
    is as it was.
    """
    unfinished = (aside or target.parent) / f".{target.name[:40]}.{secrets.token_hex(8)}"
    try:
        with unfinished.open("xb") as file:
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


def storage_error(error: OSError, place: Path, setting: str = "") -> StorageError:
    """What a user should read when the disk refuses."""
    if error.errno in _FULL:
        return StorageError(
            f"The disk that holds {place} is full.",
            "Free some space and run the same command again; nothing that was stored is lost.",
            setting,
        )
    return StorageError(
        f"{place} cannot be used: {error.strerror or error}.",
        "Check that the folder exists and that you may write to it.",
        setting,
    )

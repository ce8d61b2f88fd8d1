"""Reports as files."""

import contextlib
import os
import time
from pathlib import Path

from ...disk import guard_disk, write_atomic
from ...errors import CapsuleError
from ...types import Capsule

_KEPT_DAYS = 7
_MARK = b'<meta name="generator" content="QuantumLayer">'
_BEGINNING = 1024


def write_report(capsule: Capsule, html: str, target: Path, *, overwrite: bool = False) -> Path:
    """Writes the page to `target`, or to NAME.html in the folder `target`; returns the path.

    Another file that is there is kept, and CapsuleError names it, unless `overwrite`; a report is replaced.
    Raises StorageError if the disk refuses.
    """
    path = target / f"{capsule.manifest.name}.html" if target.is_dir() else target
    with guard_disk(path, ""):
        if not overwrite and os.path.lexists(path) and not _is_report(path):
            raise CapsuleError(
                f"{path} is in the way: it is not a report.",
                "Choose another place, move it away, or allow overwriting.",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, (html.encode(),))
    return path


def keep_report(capsule: Capsule, html: str, folder: Path) -> Path:
    """Writes the page where only this user reads it, for whoever shows it; those of last week are removed."""
    with guard_disk(folder, "storage.cache_dir"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_old(folder)
        path = folder / f"{capsule.manifest.name}-{capsule.id[:12]}.html"
        write_atomic(path, (html.encode(),), private=True)
    return path


def _is_report(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return _MARK in file.read(_BEGINNING)


def _remove_old(folder: Path) -> None:
    oldest = time.time() - _KEPT_DAYS * 24 * 3600
    for page in folder.glob("*.html"):
        with contextlib.suppress(OSError):  # another process was faster
            if page.stat().st_mtime < oldest:
                page.unlink()

"""A folder that nothing written through it can leave.

Where the platform can open a file relative to an open folder, each folder is opened from the one above
it with O_NOFOLLOW, so that a link swapped in meanwhile fails instead of leading out. Elsewhere each
folder on the way is looked at before it is used.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ..disk import replace

_HAS_DIR_FD = (
    os.name == "posix" and {os.open, os.mkdir, os.rename, os.unlink, os.rmdir, os.link} <= os.supports_dir_fd
)


class Obstacle(Exception):
    """Something stands where a file should go; the text says what."""


class Folder(Protocol):
    """Paths are relative, with `/`, and safe as `types.check_path` says."""

    root: Path

    def read(self, path: str, limit: int) -> bytes | None:
        """At most `limit` bytes of a plain file; None if nothing is there. Raises Obstacle."""

    def write(self, path: str, data: bytes, *, overwrite: bool) -> None:
        """Puts a file in its place at once, with the folders it needs. Raises Obstacle."""

    def remove(self, path: str) -> None:
        """Removes a plain file, and the folders that are empty then. Raises Obstacle."""


@contextlib.contextmanager
def open_folder(root: Path) -> Iterator[Folder]:
    """`root` itself may be reached through links: whoever names it means it."""
    if not _HAS_DIR_FD:
        yield LookingFolder(root)
        return
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield HeldFolder(root, descriptor)
    finally:
        os.close(descriptor)


class HeldFolder:
    """Works from an open descriptor and never names a path from outside."""

    def __init__(self, root: Path, descriptor: int) -> None:
        self.root = root
        self._descriptor = descriptor

    def read(self, path: str, limit: int) -> bytes | None:
        try:
            with self._parent(path, make=False) as (parent, name):
                return _read_plain(path, name, limit, parent)
        except FileNotFoundError:
            return None

    def write(self, path: str, data: bytes, *, overwrite: bool) -> None:
        unfinished = f".{secrets.token_hex(8)}"
        with self._parent(path, make=True) as (parent, name):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            descriptor = os.open(unfinished, flags, 0o666, dir_fd=parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(descriptor)
                if overwrite:
                    os.rename(unfinished, name, src_dir_fd=parent, dst_dir_fd=parent)
                else:
                    _rename_new(path, unfinished, name, parent)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(unfinished, dir_fd=parent)

    def remove(self, path: str) -> None:
        if self.read(path, 0) is None:
            return
        with self._parent(path, make=False) as (parent, name):
            os.unlink(name, dir_fd=parent)
        while "/" in path:
            path = path.rpartition("/")[0]
            with self._parent(path, make=False) as (parent, name):
                try:
                    os.rmdir(name, dir_fd=parent)
                except OSError:
                    return  # something else is in it

    @contextlib.contextmanager
    def _parent(self, path: str, *, make: bool) -> Iterator[tuple[int, str]]:
        """The open folder that holds `path`, and its name there."""
        *folders, name = path.split("/")
        with contextlib.ExitStack() as held:
            current = self._descriptor
            for depth, folder in enumerate(folders, 1):
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(folder, dir_fd=current)
                try:
                    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                    current = os.open(folder, flags, dir_fd=current)
                except OSError as error:
                    if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EMLINK}:
                        raise Obstacle(f"{'/'.join(folders[:depth])} is not a folder") from error
                    raise
                held.callback(os.close, current)
            yield current, name


class LookingFolder:
    """For platforms without O_NOFOLLOW and descriptors of folders, such as Windows."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str, limit: int) -> bytes | None:
        target = self._real(path)
        try:
            return _read_plain(path, target, limit)
        except FileNotFoundError:
            return None

    def write(self, path: str, data: bytes, *, overwrite: bool) -> None:
        self._real(path).parent.mkdir(parents=True, exist_ok=True)
        target = self._real(path)
        unfinished = target.with_name(f".{secrets.token_hex(8)}")
        try:
            with unfinished.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if not overwrite and os.path.lexists(target):
                raise Obstacle(f"{path} has appeared meanwhile")
            replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)

    def remove(self, path: str) -> None:
        if self.read(path, 0) is None:
            return
        self._real(path).unlink()
        while "/" in path:
            path = path.rpartition("/")[0]
            try:
                self._real(path).rmdir()
            except OSError:
                return  # something else is in it

    def _real(self, path: str) -> Path:
        """Where `path` is, with every folder on the way known to be a real one."""
        *folders, name = path.split("/")
        current = self.root
        for depth, folder in enumerate(folders, 1):
            current /= folder
            try:
                found = current.lstat()
            except FileNotFoundError:
                continue
            if not stat.S_ISDIR(found.st_mode) or _is_reparse_point(found):
                raise Obstacle(f"{'/'.join(folders[:depth])} is not a folder")
        return current / name


def _read_plain(path: str, place: "str | Path", limit: int, parent: int | None = None) -> bytes | None:
    """Looks before it opens, so that a pipe cannot make it wait, and looks again at what it opened."""
    found = os.stat(place, dir_fd=parent, follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode) or _is_reparse_point(found):
        raise Obstacle(f"{path} is not a plain file")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(place, flags | getattr(os, "O_BINARY", 0), dir_fd=parent)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK}:
            raise Obstacle(f"{path} is not a plain file") from error
        raise
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Obstacle(f"{path} is not a plain file")
        return file.read(limit)


def _rename_new(path: str, source: str, target: str, parent: int) -> None:
    """Renames, unless the target has appeared: `link` refuses then, where `rename` would replace."""
    try:
        os.link(source, target, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
    except FileExistsError as error:
        raise Obstacle(f"{path} has appeared meanwhile") from error
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}:
            raise
        os.rename(source, target, src_dir_fd=parent, dst_dir_fd=parent)


def _is_reparse_point(found: os.stat_result) -> bool:
    """A junction or another kind of link that Windows does not report as a symbolic link."""
    attributes = getattr(found, "st_file_attributes", 0)
    return bool(attributes & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0))

"""Writing a capsule's files into a folder, without ever leaving it.

A link inside the folder is never followed, whether it was there before or is put there meanwhile; `folder`
sees to that. Everything is checked before anything is written.
"""

from collections.abc import Mapping
from pathlib import Path

from ..disk import storage_error
from ..errors import CapsuleError
from ..types import Capsule
from .folder import Folder, Obstacle, open_folder
from .parts import take_apart


def write_project(capsule: Capsule, folder: Path, *, overwrite: bool = False) -> Path:
    """Writes the capsule's files into `folder` and returns it. Other files there are left alone.

    A file that is there with the same content is fine. If any is there with other content, CapsuleError
    names them all and nothing is written, unless `overwrite`. Links, and folders where a file should go,
    are in the way even then. Raises StorageError if the disk refuses.
    """
    return write_files(take_apart(capsule).files, folder, overwrite=overwrite)


def write_missing(capsule: Capsule, folder: Path) -> Path:
    """Writes the files that are not there, and touches nothing that is. Raises as `write_project`."""
    files = take_apart(capsule).files
    try:
        with open_folder(folder) as opened:
            for path, data in files.items():
                if opened.read(path, 0) is None:
                    opened.write(path, data, overwrite=False)
    except Obstacle as error:
        raise _in_the_way(folder, [str(error)]) from error
    except OSError as error:
        raise storage_error(error, folder) from error
    return folder


def write_files(files: Mapping[str, bytes], folder: Path, *, overwrite: bool = False) -> Path:
    """As `write_project`, for files by their paths, which are safe as `types.check_path` says."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open_folder(folder) as opened:
            missing = _missing(opened, files, overwrite=overwrite)
            for path in missing:
                opened.write(path, files[path], overwrite=overwrite)
    except Obstacle as error:
        raise _in_the_way(folder, [str(error)]) from error
    except OSError as error:
        raise storage_error(error, folder) from error
    return folder


def _missing(opened: Folder, files: Mapping[str, bytes], *, overwrite: bool) -> list[str]:
    """The files to write; raises CapsuleError that names everything in the way."""
    missing: list[str] = []
    conflicts: list[str] = []
    for path, data in files.items():
        try:
            there = opened.read(path, len(data) + 1)
        except Obstacle as error:
            conflicts.append(str(error))
            continue
        if there is not None and there != data and not overwrite:
            conflicts.append(f"{path} has other content")
        elif there != data:
            missing.append(path)
    if conflicts:
        raise _in_the_way(opened.root, conflicts)
    return missing


def _in_the_way(root: Path, conflicts: list[str]) -> CapsuleError:
    return CapsuleError(
        f"Files in {root} are in the way: {'; '.join(conflicts)}.",
        "Choose another folder, move them away, or allow overwriting.",
    )

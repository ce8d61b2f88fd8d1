"""Bringing a version's files into a folder that may hold another version, and a user's own changes.

A file is nobody's change if it is as some stored version of the project has it: then it can be brought back
at any time. Such a file is replaced, or removed where the version that is wanted has none. Anything else was
written by somebody, and stays.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from ..disk import storage_error
from ..errors import CapsuleError
from ..types import Capsule
from ..types.versions import CheckedOut
from .canonical import digest
from .folder import Folder, Obstacle, open_folder
from .parts import take_apart
from .store import Store
from .tree import MAX_FILE_BYTES

Known = Mapping[str, frozenset[str]]


class _Steps(NamedTuple):
    write: dict[str, bytes]
    remove: list[str]
    changed: list[str]
    """By somebody."""


def known_files(store: Store, name: str) -> Known:
    """By path, the digests that the file has in any version of a project."""
    found: dict[str, set[str]] = {}
    for summary in store.list():
        if summary.name != name:
            continue
        for entry in store.manifest(summary.id).files:
            found.setdefault(entry.path, set()).add(entry.sha256)
    return {path: frozenset(digests) for path, digests in found.items()}


def check_out(
    store: Store, capsule: Capsule, folder: Path, *, overwrite: bool = False, keep: bool = False
) -> CheckedOut:
    """Makes `folder` hold the capsule's files; returns what became of it.

    If somebody changed a file that would be replaced or removed, CapsuleError names all such files and
    nothing is touched; with `overwrite` they are replaced, and what would only be removed stays; with `keep`
    they all stay, and the others are brought. Links are in the way even then.

    Raises StorageError if the disk refuses.
    """
    files = take_apart(capsule).files
    known = known_files(store, capsule.manifest.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open_folder(folder) as opened:
            steps = _plan(opened, files, known)
            if keep:
                steps = steps._replace(write=_without(steps.write, steps.changed))
            elif steps.changed and not overwrite:
                raise _in_the_way(folder, [f"{path} was changed" for path in steps.changed])
            for path, data in steps.write.items():
                opened.write(path, data, overwrite=True)
            for path in steps.remove:
                opened.remove(path)
    except Obstacle as error:
        raise _in_the_way(folder, [str(error)]) from error
    except OSError as error:
        raise storage_error(error, folder) from error
    return CheckedOut(
        id=capsule.id,
        folder=str(folder),
        written=tuple(steps.write),
        removed=tuple(steps.remove),
        kept=tuple(path for path in steps.changed if path not in steps.write),
    )


def _plan(opened: Folder, files: Mapping[str, bytes], known: Known) -> _Steps:
    steps = _Steps({}, [], [])
    for path in sorted(files.keys() | known.keys()):
        there = opened.read(path, MAX_FILE_BYTES + 1)
        wanted = files.get(path)
        if there == wanted:
            continue
        if there is not None and digest(there) not in known.get(path, ()):
            steps.changed.append(path)
            if wanted is None:
                continue
        if wanted is None:
            steps.remove.append(path)
        else:
            steps.write[path] = wanted
    return steps


def _without(files: Mapping[str, bytes], paths: Iterable[str]) -> dict[str, bytes]:
    left_out = set(paths)
    return {path: data for path, data in files.items() if path not in left_out}


def _in_the_way(root: Path, conflicts: Iterable[str]) -> CapsuleError:
    return CapsuleError(
        f"Files in {root} are in the way: {'; '.join(conflicts)}.",
        "Choose another folder, keep your changes elsewhere, or allow overwriting with --force.",
    )

"""What a set of paths must be to stand side by side in one folder on every platform."""

import unicodedata
from collections.abc import Iterable

from ..types import check_path

MAX_FILES = 10_000
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_TOTAL_BYTES = 512 * 1024 * 1024
OWN_FOLDER = ".quantumlayer"
"""Where zip and tar.gz keep the manifest and the evidence; no file of a project may lie there."""
_GIT = frozenset({".git", "git~1"})


def check_name(name: str) -> str:
    """Returns `name` if a folder may be called so on every platform; raises ValueError if not."""
    if "/" in name or len(name) > 100:
        raise ValueError(f"unsafe name: {name!r}")
    return check_path(name)


def problems_of(paths: Iterable[str]) -> tuple[str, ...]:
    """Every reason why these paths cannot be one project; each names its path.

    Two paths collide when a file system that ignores case or Unicode form takes them for one, and when
    one is a file where the other needs a folder.
    """
    problems: list[str] = []
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        key = _key(path)
        if key.split("/")[0] == OWN_FOLDER:
            problems.append(f"{path}: {OWN_FOLDER} is kept for the manifest")
        if not _GIT.isdisjoint(key.split("/")):
            problems.append(f"{path}: lies in a folder where git keeps programs that it runs")
        if key in files:
            same = "is there twice" if files[key] == path else f"collides with {files[key]}"
            problems.append(f"{path}: {same}")
        files.setdefault(key, path)
        parts = path.split("/")
        for end in range(1, len(parts)):
            folder = "/".join(parts[:end])
            known = folders.setdefault(_key(folder), folder)
            if known != folder:
                problems.append(f"{path}: its folder {folder} collides with {known}")
    problems += [f"{files[key]}: is a file and a folder" for key in files.keys() & folders.keys()]
    return tuple(sorted(set(problems)))


def size_problems(sizes: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Every limit that files of these sizes, in bytes, pass."""
    known = tuple(sizes)
    problems = [
        f"{path}: {size} bytes; the limit is {MAX_FILE_BYTES}"
        for path, size in known
        if size > MAX_FILE_BYTES
    ]
    if len(known) > MAX_FILES:
        problems.append(f"{len(known)} files; the limit is {MAX_FILES}")
    total = sum(size for _, size in known)
    if total > MAX_TOTAL_BYTES:
        problems.append(f"{total} bytes in all; the limit is {MAX_TOTAL_BYTES}")
    return tuple(problems)


def _key(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())

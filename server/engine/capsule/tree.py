"""What a set of paths must be to stand side by side in one folder on every platform."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from ..types import check_path

MAX_FILES = 10_000
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_TOTAL_BYTES = 512 * 1024 * 1024
OWN_FOLDER = ".quantumlayer"
"""Where zip and tar.gz keep the manifest and the evidence; no file of a project may lie there."""
_MAX_PART_BYTES = 255
"""What file systems allow a name; `check_path` counts the whole path, in characters."""
_NOT_ON_WINDOWS = re.compile(r'[<>"|?*]')
_DEVICE = re.compile(
    r"^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d\u00b9\u00b2\u00b3]) *(\.|$)", re.IGNORECASE
)
"""Names that Windows keeps for devices; also with digits that look raised, and with spaces before the dot."""
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
        problems += [f"{path}: {problem}" for problem in _unusable(path)]
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


def _unusable(path: str) -> Iterator[str]:
    """Why no file can be called so on some platform, where `check_path` has nothing against it."""
    for part in path.split("/"):
        if len(part.encode("utf-8", "surrogatepass")) > _MAX_PART_BYTES:
            yield f"the name {part[:20]}... has more than {_MAX_PART_BYTES} bytes"
        if _NOT_ON_WINDOWS.search(part):
            yield f"the name {part!r} has characters that Windows does not allow"
        if _DEVICE.match(part):
            yield f"the name {part!r} is that of a device on Windows"


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

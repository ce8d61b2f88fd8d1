"""What lies on disk around a project's manifests: environments, and files that say where packages come from.

Hidden and ignored files are not among those to judge, but the user's own clients read them, and look into the
folders above. Nothing of them is run.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from ...declared import read_regular
from ...types import SourceFile
from .declarations import Client, configuration_files, own_index
from .distributions import canonical

_SITES = ("lib/python3*/site-packages", "Lib/site-packages")
_UV_INDEX = re.compile(
    r"UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|INDEX_\w+_(USERNAME|PASSWORD))"
)


def places(files: Sequence[SourceFile], root: str) -> tuple[Path, ...]:
    """The folders of the files, and those above them: of the repository, or below the user's own."""
    if not root:
        return ()
    paths = (PurePosixPath(file.path) for file in files if "node_modules" not in file.path.split("/"))
    inside = {PurePosixPath(), *(above for path in paths for above in path.parents)}
    return (*(Path(root, folder) for folder in sorted(inside)), *_above(Path(root)))


def installed(client: Client, names: Sequence[str], around: Sequence[Path]) -> set[str]:
    """Those that lie in an environment: beside us, or in one of the folders."""
    if client == "npm":
        modules = [place / "node_modules" for place in around if (place / "node_modules").is_dir()]
        return {name for name in names if any((folder / name).is_dir() for folder in modules)}
    found = (info for site in _sites(around) for info in site.glob("*.dist-info"))
    theirs = {canonical(info.name.partition("-")[0]) for info in found}
    return {name for name in names if name in theirs or _is_beside_us(name)}


def index_around(client: Client, around: Sequence[Path], root: str) -> str:
    """The file, or for uv the variable, that says that the project has an index of its own; or nothing."""
    if client == "pip" and (named := _of_uv()):
        return named[0]
    for file in _configuring(client, around):
        try:
            text = read_regular(file)
        except (OSError, ValueError):
            continue
        if own_index(client, [SourceFile(path=file.name, text=text)]):
            return Path(os.path.relpath(file, root)).as_posix()
    return ""


def marks(around: Sequence[Path]) -> list[list[str | int]]:
    """What is different as soon as something is installed, or such a file changed."""
    said = "\n".join(f"{name}={os.environ[name]}" for name in _of_uv())
    found: list[list[str | int]] = [["uv", hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()]]
    looked_at = [file for client in ("pip", "npm") for file in _configuring(client, around)]
    for place in around:
        modules = place / "node_modules"
        looked_at += [modules, modules / ".package-lock.json", *modules.glob("@*")]
    return found + stamps([*looked_at, *_sites(around)])


def stamps(paths: Sequence[Path]) -> list[list[str | int]]:
    """Of the files and folders that are there: place, time and size."""
    found: list[list[str | int]] = []
    for path in dict.fromkeys(paths):
        try:
            about = path.stat()
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode):
            found.append([str(path), about.st_mtime_ns, about.st_size])
    return found


def _above(root: Path) -> Iterator[Path]:
    """Not the user's own folder: what it says holds for the clients wherever they are started."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - never fails
    for place in (root, *root.parents):
        above = place.parent
        if (place / ".git").exists() or home.is_relative_to(above):
            return
        yield above


def _configuring(client: Client, around: Sequence[Path]) -> Iterator[Path]:
    """With the manifest of a workspace above, which speaks for its members."""
    names = (*configuration_files(client), *(("pyproject.toml",) if client == "pip" else ()))
    return (place / name for place in around for name in names)


def _sites(around: Sequence[Path]) -> list[Path]:
    return [site for place in around for pattern in _SITES for site in (place / ".venv").glob(pattern)]


def _of_uv() -> list[str]:
    """Variables that send uv elsewhere than pip is sent."""
    pips = os.environ.get("PIP_INDEX_URL", "")
    return sorted(
        name
        for name, value in os.environ.items()
        if value and value != pips and _UV_INDEX.fullmatch(name.upper())
    )


def _is_beside_us(name: str) -> bool:
    try:
        distribution(name)
    except (PackageNotFoundError, ValueError):
        return False
    return True

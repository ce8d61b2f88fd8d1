"""Where other tools' programs are: beside this Python, or on the user's PATH. Never in a judged folder."""

import os
import re
import sys
import sysconfig
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..types import ToolError, ToolMissing

LINTERS = 'Install QuantumLayer with its linters: pip install "quantumlayer[linters]".'
"""How to get what one may leave out."""


def installed(program: str, package: str) -> str:
    """A program that a package of this environment brings. Raises ToolError."""
    suffix = ".exe" if os.name == "nt" else ""
    found = Path(sysconfig.get_path("scripts"), program + suffix)
    if not found.is_file():
        raise ToolError(f"{program} is not installed", f"Install the package `{package}`.")
    return str(found)


def optional(program: str, package: str) -> str:
    """The same for a package that one may leave out. Raises ToolMissing."""
    try:
        return installed(program, package)
    except ToolError as error:
        raise ToolMissing(error.cause, LINTERS) from None


def package_version(package: str) -> str:
    """Empty if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def on_path(program: str, root: str = "") -> str | None:
    """A program that the user installed. `root` is the judged folder, absolute; empty: nobody knows.

    Places that a folder under judgement may bring are left out: relative ones, those below it or the current
    folder, and `node_modules/.bin`, which package managers put in front while they run a script. It is not
    asked of `shutil.which`, which looks in the current folder first on Windows.
    """
    judged = [Path.cwd(), *([Path(root)] if root else [])]
    for place in os.environ.get("PATH", "").split(os.pathsep):
        folder = Path(place)
        if not folder.is_absolute() or "node_modules" in folder.parts or _below(folder, judged):
            continue
        for name in _names(program):
            found = folder / name
            # In this order: of a folder that may not be looked into, `is_file` raises.
            if os.access(found, os.X_OK) and found.is_file() and not _below(found, judged):
                return str(found)
    return None


def users(program: str, step: str, root: str = "") -> str:
    """A program that only the user can bring; `step` says how. Raises ToolMissing."""
    if found := on_path(program, root):
        return found
    raise ToolMissing(f"{program} is not on the PATH.", step)


def version_beside(program: str, name: str, pattern: str) -> str:
    """What a file in the program's home says: `pattern` has one group. Without it, when the program was made.

    Reading a file is quicker than asking, and only tells versions apart.
    """
    real = Path(program).resolve()
    try:
        told = re.search(pattern, (real.parent.parent / name).read_text(encoding="utf-8"))
        return told[1] if told else str(real.stat().st_mtime_ns)
    except (OSError, ValueError):
        return str(real.stat().st_mtime_ns) if real.exists() else ""


def is_below(place: Path, root: str) -> bool:
    """Whether a folder under judgement may have brought it; `root` as above."""
    return _below(place, [Path.cwd(), *([Path(root)] if root else [])])


def _names(program: str) -> list[str]:
    if sys.platform != "win32":
        return [program]
    endings = os.environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").split(";")
    return [program + ending.lower() for ending in endings if ending]


def _below(place: Path, judged: Sequence[Path]) -> bool:
    """Not for those who stand in `/`, at home or above it, below which everything is."""
    home = Path.home()
    narrow = [one for one in judged if one != Path(one.anchor) and not home.is_relative_to(one)]
    return any(place.resolve().is_relative_to(folder.resolve()) for folder in narrow)

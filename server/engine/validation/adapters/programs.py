"""Where other tools' programs are: beside this Python, or on the user's PATH. Never in a judged folder."""

import os
import shutil
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..types import ToolError, ToolMissing


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
        step = 'Install QuantumLayer with its linters: pip install "quantumlayer[linters]".'
        raise ToolMissing(error.cause, step) from None


def package_version(package: str) -> str:
    """Empty if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def on_path(program: str) -> str | None:
    """A program that the user installed.

    Places that a folder under judgement may bring are left out: relative ones, those below the current
    folder, and `node_modules/.bin`, which package managers put in front while they run a script.
    """
    here = Path.cwd()
    kept = []
    for place in os.environ.get("PATH", "").split(os.pathsep):
        folder = Path(place)
        if folder.is_absolute() and "node_modules" not in folder.parts and not _below(folder, here):
            kept.append(place)
    return shutil.which(program, path=os.pathsep.join(kept)) if kept else None


def _below(folder: Path, here: Path) -> bool:
    """Not for those who stand in `/` or at home, below which everything is."""
    if here in {Path(here.anchor), Path.home()}:
        return False
    return folder.resolve().is_relative_to(here.resolve())

"""The host's own programs, for a sandbox that has no image: where the user's PATH leads, and what to bind."""

import os
from pathlib import Path

from .roots import ROOTS, without_program

FOLDER = "/opt/programs"
"""Where they are found inside."""


def find_program(language: str) -> Path:
    """The file that a language's program is, links followed.

    Places that a project may bring are left out: relative ones, those below the current folder, and
    `node_modules`. It only ever runs inside. Raises SandboxError.
    """
    root = ROOTS[language]
    for place in os.environ.get("PATH", "").split(os.pathsep):
        folder = Path(place)
        if not folder.is_absolute() or "node_modules" in folder.parts or _is_brought(folder):
            continue
        found = (folder / root.program).resolve()
        if found.is_file() and os.access(found, os.X_OK) and not _is_brought(found):
            return found
    raise without_program(
        language, f"there is no `{root.program}` on the PATH", f"Install {root.title}, or use Docker."
    )


def mark_of(place: Path) -> tuple[str, int, int]:
    """Differs where another program was put there."""
    try:
        found = place.stat()
    except OSError:
        return (str(place), 0, 0)
    return (str(place), found.st_mtime_ns, found.st_size)


def _is_brought(place: Path) -> bool:
    """Not for those who stand in `/`, at home or above it, below which everything is."""
    here = Path.cwd()
    if here == Path(here.anchor) or Path.home().is_relative_to(here):
        return False
    return place.resolve().is_relative_to(here.resolve())


def placed(program: Path, name: str) -> tuple[dict[str, Path], list[str]]:
    """What to bind by its place inside, and the arguments that make a link instead.

    A program below `/usr` is there already, with what it needs; of another only the file is shown.
    """
    inside = f"{FOLDER}/{name}"
    if program.is_relative_to("/usr"):
        return {}, ["--symlink", str(program), inside]
    return {inside: program}, []

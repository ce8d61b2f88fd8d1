"""What a project on disk says it depends on."""

import contextlib
import stat
import tomllib
from pathlib import Path

_MOST_BYTES = 1024 * 1024
_MOST_FILES = 20


def naming_files(root: Path) -> list[Path]:
    """The files of a folder that name what it depends on."""
    return [root / "pyproject.toml", *sorted(root.glob("requirements*.txt"))[:_MOST_FILES]]


def marks(root: Path) -> tuple[tuple[str, int, int], ...]:
    """What is different as soon as one of these files is: their names, times and sizes."""
    found = []
    for file in naming_files(root):
        with contextlib.suppress(OSError):
            about = file.stat()
            found.append((file.name, about.st_mtime_ns, about.st_size))
    return tuple(found)


def read_regular(file: Path) -> str:
    """Its text. Raises OSError or ValueError, also for what has no end, such as a link to a device."""
    if not stat.S_ISREG(file.stat().st_mode):
        raise OSError(f"{file} is not a regular file")
    with file.open("rb") as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{file} is larger than {_MOST_BYTES} bytes")
    return content.decode("utf-8-sig")


def declared_packages(root: Path) -> tuple[str, ...]:
    """Third-party requirements in `pyproject.toml` and `requirements.txt`; unreadable ones declare nothing.

    Addresses and options (`-r other.txt`, `name @ https://...`) are left out: only names can be checked.
    """
    found = [*_from_pyproject(root / "pyproject.toml"), *_from_requirements(root / "requirements.txt")]
    return tuple(dict.fromkeys(item for item in found if "://" not in item))


def _from_pyproject(file: Path) -> list[str]:
    try:
        project = tomllib.loads(read_regular(file)).get("project")
    except (OSError, ValueError, RecursionError):
        return []
    listed = project.get("dependencies") if isinstance(project, dict) else None
    return [item.strip() for item in listed if isinstance(item, str)] if isinstance(listed, list) else []


def _from_requirements(file: Path) -> list[str]:
    try:
        lines = read_regular(file).splitlines()
    except (OSError, ValueError):
        return []
    bare = (line.partition("#")[0].strip() for line in lines)
    return [line for line in bare if line and (line[0].isalnum() or line[0] == "_")]

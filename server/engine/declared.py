"""What a project on disk says it depends on."""

import tomllib
from pathlib import Path


def declared_packages(root: Path) -> tuple[str, ...]:
    """Third-party requirements in `pyproject.toml` and `requirements.txt`; unreadable ones declare nothing.

    Addresses and options (`-r other.txt`, `name @ https://...`) are left out: only names can be checked.
    """
    found = [*_from_pyproject(root / "pyproject.toml"), *_from_requirements(root / "requirements.txt")]
    return tuple(dict.fromkeys(item for item in found if "://" not in item))


def _from_pyproject(file: Path) -> list[str]:
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8")).get("project")
    except (OSError, ValueError, RecursionError):
        return []
    listed = project.get("dependencies") if isinstance(project, dict) else None
    return [item.strip() for item in listed if isinstance(item, str)] if isinstance(listed, list) else []


def _from_requirements(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        return []
    bare = (line.partition("#")[0].strip() for line in lines)
    return [line for line in bare if line and (line[0].isalnum() or line[0] == "_")]

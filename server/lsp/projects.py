"""Which files belong together, as the engine's validators want them: a project at a time."""

import ast
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..engine.declared import declared_packages
from ..engine.errors import StorageError
from ..engine.languages import is_code, language_of
from .documents import read_text

MOST_FILES = 5000
_MOST_SEEN = 50_000
_MOST_DATA = 1024 * 1024
"""Bytes of one data file; a larger one is left out."""
_MOST_DATA_IN_ALL = 64 * 1024 * 1024
_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", ".git")
_SKIPPED = {"node_modules", "__pycache__", "site-packages", "build", "dist"}
_NOT_ROOTS = {"src", "tests", "test"}
Overlay = Mapping[Path, str]
"""Unsaved text by path: what the editor shows wins over the disk."""


@dataclass(frozen=True)
class LocalProject:
    """Files by their path relative to `root`, and the packages they may import."""

    root: Path
    files: Mapping[str, str]
    packages: tuple[str, ...] = ()


def is_validated(path: Path) -> bool:
    return is_code(path.as_posix())


def _is_python(path: Path) -> bool:
    return language_of(path.as_posix()) == "python"


def find_root(path: Path, limit: Path | None) -> Path:
    """The folder that `path`'s imports start from.

    The nearest one that says it is a project, else the first that is no package; never above `limit`.
    Of other languages than Python, else `limit` itself: their files do not say what is a package.
    """
    ancestors = [folder for folder in path.parents if limit is None or folder.is_relative_to(limit)]
    if limit is not None:
        for folder in ancestors:
            if any((folder / marker).exists() for marker in _MARKERS):
                return folder
        if limit in ancestors and not _is_python(path):
            return limit
    for folder in ancestors:
        if not (folder / "__init__.py").exists() and folder.name not in _NOT_ROOTS:
            return folder
    return ancestors[-1] if ancestors else path.parent


def around(path: Path, limit: Path | None, overlay: Overlay) -> LocalProject:
    """The project of one file: itself and what it imports, directly or not."""
    root = find_root(path, limit)
    texts: dict[Path, str] = {}
    waiting = [path]
    while waiting and len(texts) < MOST_FILES:
        current = waiting.pop()
        if current not in texts and (text := _text(current, overlay)) is not None:
            texts[current] = text
            waiting.extend(file for file in _imported(current, text, root, overlay) if _is_inside(file, root))
    return _project(root, texts)


def within(folder: Path, overlay: Overlay) -> tuple[LocalProject, ...]:
    """Every project under `folder`, with the text files that its tests may read.

    Hidden folders, environments and build results are left out. Raises StorageError if there are more than
    `MOST_FILES` files to judge, or too much beside them: part of a project would be judged as if it were
    the whole.
    """
    found = list(itertools.islice(_walk(folder), _MOST_SEEN + 1))
    if len(found) > _MOST_SEEN:
        raise _too_large(folder, f"{_MOST_SEEN} files")
    if sum(map(is_validated, found)) > MOST_FILES:
        raise _too_large(folder, f"{MOST_FILES} files of code")
    by_root: dict[Path, dict[Path, str]] = {}
    for path in filter(_is_python, found):
        if (text := _text(path, overlay)) is not None:
            by_root.setdefault(find_root(path, folder), {})[path] = text
    size = 0
    for path in itertools.filterfalse(_is_python, found):
        root = next((place for place in path.parents if place in by_root), None)
        if root is None and is_validated(path):
            root = find_root(path, folder)
        if root is not None and (text := _data(path, overlay)) is not None:
            by_root.setdefault(root, {})[path] = text
            if (size := size + len(text)) > _MOST_DATA_IN_ALL:
                raise _too_large(folder, f"{_MOST_DATA_IN_ALL // 1024**2} MB of text beside its code")
    return tuple(_project(root, texts) for root, texts in sorted(by_root.items()))


def validated_files(folder: Path) -> Iterator[Path]:
    """Files under `folder` that would be judged, at most some more than are."""
    yield from itertools.islice(filter(is_validated, _walk(folder)), MOST_FILES + 1)


def _too_large(folder: Path, most: str) -> StorageError:
    return StorageError(f"{folder} has more than {most}", "Open a smaller folder.")


def _project(root: Path, texts: Mapping[Path, str]) -> LocalProject:
    files = {
        path.relative_to(root).as_posix(): text for path, text in texts.items() if path.is_relative_to(root)
    }
    return LocalProject(root, files, declared_packages(root))


def _text(path: Path, overlay: Overlay) -> str | None:
    if path in overlay:
        return overlay[path]
    try:
        return read_text(path) if path.is_file() else None
    except OSError:
        return None


def _data(path: Path, overlay: Overlay) -> str | None:
    """Text that a program may read; pictures, archives and the like are not the validators'."""
    if path in overlay:
        return overlay[path]
    try:
        if not path.is_file() or path.stat().st_size > _MOST_DATA:
            return None
        content = path.read_bytes()
        return None if b"\0" in content else content.decode()
    except (OSError, UnicodeDecodeError):
        return None


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if _entered(here / name))
        found = (here / name for name in sorted(files) if name[0] != "." or name.endswith(".py"))
        yield from (file for file in found if _is_inside(file, folder))


def _is_inside(file: Path, folder: Path) -> bool:
    """A link in a stranger's workspace may lead to files that are none of its own."""
    return not file.is_symlink() or file.resolve().is_relative_to(folder.resolve())


def _entered(folder: Path) -> bool:
    name = folder.name
    return not (name.startswith(".") or name in _SKIPPED or (folder / "pyvenv.cfg").exists())


# -- what a file imports -----------------------------------------------------------------------


def _imported(path: Path, text: str, root: Path, overlay: Overlay) -> list[Path]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found: list[Path] = []
    for node in ast.walk(tree):
        for base, parts in _modules(node, path, root):
            found.extend(_files(base, parts, overlay))
    return found


def _modules(node: ast.AST, path: Path, root: Path) -> Iterator[tuple[Path, Sequence[str]]]:
    """Where to look, and the dotted name to look for."""
    bases = dict.fromkeys((root, root / "src", path.parent))
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from ((base, alias.name.split(".")) for base in bases)
    elif isinstance(node, ast.ImportFrom):
        module = node.module.split(".") if node.module else []
        if node.level:
            bases = {path.parents[min(node.level, len(path.parents)) - 1]: None}
        for alias in node.names:
            yield from ((base, [*module, alias.name]) for base in bases)


def _files(base: Path, parts: Sequence[str], overlay: Overlay) -> Iterator[Path]:
    """The files that importing `parts` under `base` reads: each package on the way, and the module."""
    for length in range(1, len(parts) + 1):
        place = base.joinpath(*parts[:length])
        for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if file in overlay or file.is_file():
                yield file

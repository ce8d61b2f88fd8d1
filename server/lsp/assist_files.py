"""What goes with a file that help is asked for: what it imports, and tests that concern it."""

import itertools
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.errors import StorageError
from .concerned import is_test_module, tests_of
from .projects import around, find_root
from .validate import is_usable

if TYPE_CHECKING:
    from ..engine.types import Finding, Wish
    from .assist import Request

_MOST_SEEN = 400
_MOST_TESTS = 20


def is_read_only(path: Path) -> bool:
    try:
        return not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    except OSError:
        return False


def gathered(
    request: "Request",
    text: str,
    path: Path,
    limit: Path | None,
    overlay: Mapping[Path, str],
    findings: "tuple[Finding, ...]",
) -> "tuple[Wish, Path]":
    """The wish, and the folder that its paths begin in. Call it on a thread."""
    from ..engine.types import SourceFile, Wish

    project = around(path, limit, overlay)
    root = project.root
    files = dict(project.files)
    for test in itertools.islice(_tests(root, path), _MOST_SEEN):
        if find_root(test, limit) == root:
            files |= {
                name: one for name, one in around(test, limit, overlay).files.items() if name not in files
            }
    inside = path.relative_to(root).as_posix()
    if not is_usable(inside):
        step = "Rename it, or open a folder nearer to it as the workspace."
        raise StorageError(f"{inside} cannot be helped with: its path is too long or not portable", step)
    tests = [one for one in tests_of(files, {inside}) if is_usable(one)][:_MOST_TESTS]
    own = _test_file(root, path)
    kept = {*project.files, *_reached(tests, root, limit, overlay), own}
    return (
        Wish(
            task=request.task,
            path=inside,
            text=text,
            line=request.line,
            findings=findings,
            files=tuple(
                SourceFile(path=name, text=one)
                for name, one in files.items()
                if name in kept and name != inside and is_usable(name)
            ),
            tests=tuple(tests),
            test_file=own,
            packages=project.packages,
            draw=request.draw,
        ),
        root,
    )


def _reached(tests: list[str], root: Path, limit: Path | None, overlay: Mapping[Path, str]) -> Iterator[str]:
    for test in tests:
        yield from around(root / test, limit, overlay).files


def _tests(root: Path, path: Path) -> Iterator[Path]:
    """Files of tests at the usual places; a large workspace is not walked through for it."""
    seen: set[Path] = set()
    for folder in dict.fromkeys((path.parent, root)):
        for place, deep in ((folder, False), (folder / "tests", True), (folder / "test", True)):
            if place.is_dir():
                for file in sorted(place.rglob("*.py") if deep else place.glob("*.py")):
                    if file not in seen and (is_test_module(file.name) or file.name == "conftest.py"):
                        seen.add(file)
                        yield file


def _test_file(root: Path, path: Path) -> str:
    """Where tests for a file belong: beside others, and in the file that is there already."""
    name = f"test_{path.stem}.py"
    for folder in (path.parent / "tests", path.parent, root / "tests", root):
        if (folder / name).is_file() and folder.is_relative_to(root):
            return (folder / name).relative_to(root).as_posix()
    folder = root / "tests" if (root / "tests").is_dir() else root
    return (folder / name).relative_to(root).as_posix()

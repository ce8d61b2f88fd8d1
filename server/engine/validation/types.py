"""What the mesh judges, and how its tools say that they could not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from ..errors import QuantumLayerError
from ..types import Finding, Position, Range, SafePath, Severity, SourceFile, Stage, Value

_LANGUAGES = {
    ".py": "python",
    ".pyi": "python",
    ".json": "json",
    ".toml": "toml",
    ".md": "text",
    ".rst": "text",
    ".txt": "text",
    ".typed": "text",
    ".csv": "text",
    ".cfg": "ini",
    ".ini": "ini",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".js": "javascript",
    ".mjs": "javascript",
    ".ts": "typescript",
    ".tsx": "typescript",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
    ".c": "c",
    ".h": "c",
    ".cpp": "c++",
    ".sh": "shell",
    ".sql": "sql",
    ".html": "html",
    ".css": "css",
}

ANY_LANGUAGE = frozenset({"*"})
"""The languages of a tool that reads every text there is."""


class ToolError(QuantumLayerError):
    """A validator is missing, crashed or took too long: its stage cannot be called passed."""


class Project(Value):
    """Files as they are, the third-party packages they may import, and which of them are tests."""

    files: tuple[SourceFile, ...]
    packages: tuple[str, ...] = ()
    """Requirements by distribution name, such as `requests` or `requests>=2`."""
    tests: tuple[SafePath, ...] = ()
    known: tuple[str, ...] = ()
    """Distributions that may be imported besides: of extras, groups of developers, and lock files."""

    @classmethod
    def of(cls, files: Iterable[SourceFile], packages: Sequence[str] = ()) -> Self:
        """A project whose tests are recognised by their names (`test_*.py`, `*_test.py`, `tests/`)."""
        kept = tuple(files)
        tests = tuple(file.path for file in kept if is_test(file.path))
        return cls(files=kept, packages=tuple(packages), tests=tests)

    def file(self, path: str) -> SourceFile | None:
        return next((file for file in self.files if file.path == path), None)

    def overlaid(self, files: Iterable[SourceFile]) -> Self:
        """The project with `files` in place of, or besides, its own."""
        merged = {file.path: file for file in self.files} | {file.path: file for file in files}
        return type(self).of(merged.values(), self.packages)


@dataclass(frozen=True)
class Surroundings:
    """What a tool is told besides the files: for which Python, with which packages, how long."""

    python: str
    """Such as `3.12`: the Python that will run the project."""
    packages: Path | None
    """A folder where the project's third-party packages are importable, if there is one."""
    scratch: Path
    """The project's files on disk, read-only by convention."""
    cache: Path
    seconds: float


def is_test(path: str) -> bool:
    """Whether pytest's conventions make this Python file part of the tests."""
    pure = PurePosixPath(path)
    if pure.suffix != ".py":
        return False
    in_tests = any(part in {"tests", "test"} for part in pure.parts[:-1])
    return in_tests or pure.name == "conftest.py" or is_test_module(path)


def is_test_module(path: str) -> bool:
    """Whether pytest looks for tests in it, as opposed to a helper or fixture of tests."""
    pure = PurePosixPath(path)
    return pure.suffix == ".py" and (pure.stem.startswith("test_") or pure.stem.endswith("_test"))


def language_of(path: str) -> str:
    suffix = PurePosixPath(path).suffix.lower()
    return _LANGUAGES.get(suffix, suffix.lstrip(".") or "text")


def reads(languages: frozenset[str], path: str) -> bool:
    """Whether a tool for `languages` reads the file."""
    return languages == ANY_LANGUAGE or language_of(path) in languages


def source_roots(paths: Iterable[str]) -> tuple[str, ...]:
    """Folders from which the project's modules are imported: its own, and `src` where that is no package."""
    known = set(paths)
    has_src = any(path.startswith("src/") for path in known) and "src/__init__.py" not in known
    return (".", "src") if has_src else (".",)


def finding(
    stage: Stage,
    tool: str,
    rule: str,
    severity: Severity,
    path: str,
    message: str,
    *,
    start: tuple[int, int] = (1, 0),
    end: tuple[int, int] | None = None,
    url: str = "",
) -> Finding:
    """A Finding from what tools count: lines from one, columns from zero."""
    first = Position(line=max(start[0] - 1, 0), column=max(start[1], 0))
    last = first
    if end is not None:
        last = Position(line=max(end[0] - 1, 0), column=max(end[1], 0))
    if (last.line, last.column) < (first.line, first.column):
        last = first
    span = Range(start=first, end=last)
    return Finding(
        stage=stage, tool=tool, rule=rule, severity=severity, path=path, range=span, message=message, url=url
    )

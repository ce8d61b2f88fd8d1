"""What the mesh judges, and how its tools say that they could not."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ..errors import QuantumLayerError
from ..languages import language_of
from ..types import Finding, Position, Range, SafePath, Severity, SourceFile, Stage, Value
from .shells import other_shell


class ToolError(QuantumLayerError):
    """A validator is missing, crashed or took too long: its stage cannot be called passed."""


class ToolMissing(ToolError):
    """It does not come with QuantumLayer, and is not on this machine.

    Unlike a tool that fails it does not keep a stage from passing on what the others have read.
    """


class PartlyKnown(ToolMissing):
    """Some of what it was to tell could not be found out now; `findings` is what could."""

    def __init__(self, error: ToolError, findings: Sequence[Finding]) -> None:
        super().__init__(error.cause, error.next_step, error.setting)
        self.findings = tuple(findings)


class Project(Value):
    """Files as they are, the third-party packages they may import, and which of them are tests."""

    files: tuple[SourceFile, ...]
    packages: tuple[str, ...] = ()
    """Requirements by distribution name, such as `requests` or `requests>=2`."""
    tests: tuple[SafePath, ...] = ()
    left_alone: tuple[SafePath, ...] = ()
    """Files that are there and judged by security only: minified ones, generated ones."""
    known: tuple[str, ...] = ()
    """Distributions that may be imported besides: of extras, groups of developers, and lock files."""

    @classmethod
    def of(cls, files: Iterable[SourceFile], packages: Sequence[str] = ()) -> Self:
        """A project whose tests are recognised by their names (`test_*.py`, `*_test.py`, `tests/`)."""
        kept = tuple(files)
        tests = tuple(file.path for file in kept if is_test(file.path))
        return cls(files=kept, packages=tuple(packages), tests=tests)

    @property
    def other_shells(self) -> frozenset[str]:
        """Scripts that the tools for their language cannot read: no stage may call them passed."""
        scripts = (file for file in self.files if language_of(file.path) == "shell")
        return frozenset(file.path for file in scripts if other_shell(file.text))

    def file(self, path: str) -> SourceFile | None:
        return next((file for file in self.files if file.path == path), None)

    def overlaid(self, files: Iterable[SourceFile]) -> Self:
        """The project with `files` in place of, or besides, its own."""
        merged = {file.path: file for file in self.files} | {file.path: file for file in files}
        return type(self).of(merged.values(), self.packages)


Fill = Callable[[Collection[str] | None], Awaitable[None]]


async def _as_it_is(paths: Collection[str] | None) -> None:
    """The files are there already."""


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
    fill: Fill = _as_it_is
    """Puts files of the project into `scratch`: these paths, or all."""
    digests: Mapping[str, str] = field(default_factory=dict)

    def digest(self, file: SourceFile) -> str:
        """Of a file's text; computed once for all tools."""
        return self.digests.get(file.path) or file.digest


def is_test(path: str) -> bool:
    """Whether pytest's conventions make this Python file part of the tests."""
    *folders, name = path.split("/")
    if not name.endswith(".py") or name == ".py":
        return False
    in_tests = "tests" in folders or "test" in folders
    return in_tests or name == "conftest.py" or is_test_module(path)


def is_test_module(path: str) -> bool:
    """Whether pytest looks for tests in it, as opposed to a helper or fixture of tests."""
    name = path.rpartition("/")[2]
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


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

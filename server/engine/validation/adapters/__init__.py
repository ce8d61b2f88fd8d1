"""One file per tool: how it is found, how it runs, what its output means."""

from typing import Any, Protocol, runtime_checkable

from ...types import Finding, SourceFile, Stage
from ..process import Tools
from ..types import Project, Surroundings
from . import cppcheck, go, hadolint, javac, oxlint, shellcheck, zizmor
from .compile import Compile
from .credentials import Credentials
from .dependencies import Dependencies
from .gofmt import Gofmt
from .grammar import TREE_SITTER, YAML
from .imports import Imports
from .invented import Invented
from .kubernetes import Kubernetes
from .mypy import Mypy
from .omissions import Omissions
from .ruff import Parser, Security, Style
from .rustfmt import Rustfmt
from .sqruff import Sqruff
from .typescript import TypeScript
from .yamllint import Yamllint


class Adapter(Protocol):
    """A tool of one stage. It reads the project and changes nothing."""

    @property
    def name(self) -> str: ...

    @property
    def stage(self) -> Stage: ...

    @property
    def languages(self) -> frozenset[str]:
        """Which files it reads, or ANY_LANGUAGE; the others are not even part of its cache key."""

    @property
    def rules(self) -> Any:
        """Whatever besides version and files decides its findings, as JSON."""

    def version(self) -> str:
        """Raises ToolError if the tool is not installed."""

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """Raises ToolError if it crashed, or took too long."""


@runtime_checkable
class LooksBeside(Protocol):
    """An adapter that is given files of these names too, wherever they are, also those that are left alone:
    they say what its code is."""

    beside: Any


@runtime_checkable
class LooksAround(Protocol):
    """An adapter to which it matters what lies on disk, besides the files that it is given."""

    def seen_around(self, project: Project) -> Any:
        """What is different as soon as that is, as JSON. Reads the disk, so not on an event loop."""


@runtime_checkable
class ReadsByName(Protocol):
    """An adapter that is interested in few files, and reads nothing but their text: none need be on disk."""

    def reads(self, path: str) -> bool:
        """Of the files in its languages."""


@runtime_checkable
class Chooses(Protocol):
    """An adapter that is asked for some files of its languages only; the others are none of its business."""

    def judges(self, file: SourceFile) -> bool: ...


def live_adapters(root: str = "") -> tuple[Adapter, ...]:
    """Those that are quick enough to run anew in a longer pause, where no warm tool does their work.

    From `root`, the folder that is worked in, no program is taken.
    """
    return (
        *(Omissions(), Credentials(obeyed=True), Yamllint(), zizmor.PARSER, zizmor.RISKS),
        *(shellcheck.PARSER, shellcheck.STYLE, shellcheck.RISKS),
        *(hadolint.PARSER, hadolint.STYLE, hadolint.RISKS),
        *(Sqruff(obeyed=True), Gofmt(root=root), cppcheck.STYLE, cppcheck.RISKS),
    )


def adapters(advisories: str = "", root: str = "", invented: Invented | None = None) -> tuple[Adapter, ...]:
    """With `advisories`, the address of a database of vulnerabilities, dependencies are judged too.

    With `invented`, so are the names of packages. From `root`, the judged folder, no program is taken.
    """
    return (
        *((Dependencies(advisories),) if advisories else ()),
        *((invented,) if invented else ()),
        *(Compile(), Parser(), YAML, TREE_SITTER),
        *(Style(), Omissions(), Security(), Credentials(), Mypy(), Imports()),
        *(oxlint.SYNTAX, oxlint.STYLE, oxlint.RISKS, TypeScript(root=root)),
        *(shellcheck.PARSER, shellcheck.STYLE, shellcheck.RISKS),
        *(hadolint.PARSER, hadolint.STYLE, hadolint.RISKS),
        *(Yamllint(), zizmor.PARSER, zizmor.RISKS),
        *(Sqruff(), cppcheck.STYLE, cppcheck.RISKS),
        *(Gofmt(root=root), *go.rooted(root), *javac.rooted(root), Rustfmt(root=root)),
        Kubernetes(),
    )

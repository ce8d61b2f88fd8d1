"""One file per tool: how it is found, how it runs, what its output means."""

from typing import Any, Protocol, runtime_checkable

from ...types import Finding, Stage
from ..process import Tools
from ..types import Project, Surroundings
from . import hadolint, oxlint, shellcheck, zizmor
from .compile import Compile
from .credentials import Credentials
from .dependencies import Dependencies
from .grammar import TREE_SITTER, YAML
from .imports import Imports
from .mypy import Mypy
from .omissions import Omissions
from .ruff import Parser, Security, Style
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
class ReadsByName(Protocol):
    """An adapter that is interested in few files, and reads nothing but their text: none need be on disk."""

    def reads(self, path: str) -> bool:
        """Of the files in its languages."""


def live_adapters() -> tuple[Adapter, ...]:
    """Those that are quick enough to run anew in a longer pause, where no warm tool does their work."""
    return (
        *(Omissions(), Credentials(obeyed=True), Yamllint(), zizmor.PARSER, zizmor.RISKS),
        *(shellcheck.PARSER, shellcheck.STYLE, shellcheck.RISKS),
        *(hadolint.PARSER, hadolint.STYLE, hadolint.RISKS),
    )


def adapters(advisories: str = "", root: str = "") -> tuple[Adapter, ...]:
    """With `advisories`, the address of a database of vulnerabilities, dependencies are judged too.

    From `root`, the judged folder, no program is taken.
    """
    return (
        *((Dependencies(advisories),) if advisories else ()),
        *(Compile(), Parser(), YAML, TREE_SITTER),
        *(Style(), Omissions(), Security(), Credentials(), Mypy(), Imports()),
        *(oxlint.SYNTAX, oxlint.STYLE, oxlint.RISKS, TypeScript(root=root)),
        *(shellcheck.PARSER, shellcheck.STYLE, shellcheck.RISKS),
        *(hadolint.PARSER, hadolint.STYLE, hadolint.RISKS),
        *(Yamllint(), zizmor.PARSER, zizmor.RISKS),
    )

"""One file per tool: how it is found, how it runs, what its output means."""

from typing import Any, Protocol

from ...types import Finding, Stage
from ..process import Tools
from ..types import Project, Surroundings
from .compile import Compile
from .credentials import Credentials
from .dependencies import Dependencies
from .imports import Imports
from .mypy import Mypy
from .omissions import Omissions
from .ruff import Parser, Security, Style


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


def adapters(advisories: str = "") -> tuple[Adapter, ...]:
    """With `advisories`, the address of a database of vulnerabilities, dependencies are judged too."""
    known = (Dependencies(advisories),) if advisories else ()
    return (*known, Compile(), Parser(), Style(), Omissions(), Security(), Credentials(), Mypy(), Imports())

"""Syntax: Python by compiling it, JSON (with comments too) and TOML by reading them."""

import platform
import sys
from collections.abc import Sequence
from typing import Any

from ...languages import language_of
from ...types import Finding, Stage
from ..process import Tools
from ..types import Project, Surroundings
from .child import as_finding, read_source


class Compile:
    name = "compile"
    stage = Stage.SYNTAX
    languages = frozenset({"python", "json", "jsonc", "toml"})
    rules: Any = 4

    def version(self) -> str:
        return platform.python_version()

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        return self.findings(await self.look(project, around, tools))

    async def look(self, project: Project, around: Surroundings, tools: Tools) -> list[dict[str, Any]]:
        # Newer syntax is not an error; ruff's parser, which knows both Pythons, judges it.
        compiled = _minor(around.python) <= sys.version_info[:2]
        languages = {file.path: language_of(file.path) for file in project.files}
        return await read_source("syntax", project, around, tools, languages=languages, compiled=compiled)

    def kept(self, seen: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return list(seen)

    def findings(self, seen: Sequence[dict[str, Any]]) -> list[Finding]:
        return [as_finding(self.stage, self.name, problem) for problem in seen]


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])

"""Syntax: Python by compiling it, JSON and TOML by reading them."""

import platform
import sys
from typing import Any

from ...types import Finding, Stage
from ..process import Tools
from ..types import Project, Surroundings, language_of
from .child import as_finding, read_source


class Compile:
    name = "compile"
    stage = Stage.SYNTAX
    languages = frozenset({"python", "json", "toml"})
    rules: Any = 1

    def version(self) -> str:
        return platform.python_version()

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        kept = project.files
        if _minor(around.python) > sys.version_info[:2]:
            # Newer syntax is not an error; ruff's parser, which knows both Pythons, judges it.
            kept = tuple(file for file in kept if language_of(file.path) != "python")
        if not kept:
            return []
        found = await read_source("syntax", Project(files=kept), around, tools)
        return [as_finding(self.stage, self.name, problem) for problem in found]


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])

"""Syntax of many languages: tree-sitter's grammars, and YAML's own loader."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ...languages import language_of
from ...types import Finding, Stage
from ..process import Tools
from ..source.grammar import GRAMMARS
from ..types import Project, Surroundings, ToolError
from .child import as_finding, read_source


@dataclass(frozen=True)
class Reader:
    """One reader of `source/`, and the package that it leans on."""

    name: str
    check: str
    package: str
    languages: frozenset[str]
    stage: Stage = Stage.SYNTAX
    rules: Any = 2

    def version(self) -> str:
        try:
            return version(self.package)
        except PackageNotFoundError as error:
            raise ToolError(
                f"{self.name} is not installed", f"Install the package `{self.package}`."
            ) from error

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        languages = {file.path: language_of(file.path) for file in project.files}
        found = await read_source(self.check, project, around, tools, languages=languages)
        return [as_finding(self.stage, self.name, problem) for problem in found]


TREE_SITTER = Reader("tree-sitter", "grammar", "tree-sitter-language-pack", frozenset(GRAMMARS))
YAML = Reader("yaml", "documents", "PyYAML", frozenset({"yaml", "workflow"}))

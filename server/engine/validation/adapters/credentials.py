"""Security: keys, tokens and passwords in any text, by detect-secrets in a child that asks nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ...languages import ANY_LANGUAGE
from ...types import Edit, Finding, Fix, Position, Range, Stage
from ..parts import each
from ..process import Tools
from ..types import Project, Surroundings, ToolError
from .child import as_finding, read_source


@dataclass(frozen=True)
class Credentials:
    """`obeyed`: whether a comment that allows a line silences it, or makes an info of it."""

    obeyed: bool = False
    name: str = "secrets"
    stage: Stage = Stage.SECURITY
    languages: frozenset[str] = ANY_LANGUAGE

    @property
    def rules(self) -> Any:
        return [2, self.obeyed]

    def version(self) -> str:
        try:
            return version("detect-secrets")
        except PackageNotFoundError as error:
            raise ToolError(
                "detect-secrets is not installed", "Install the package `detect-secrets`."
            ) from error

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        return await each(_finding, await self.look(project, around, tools))

    async def look(self, project: Project, around: Surroundings, tools: Tools) -> list[dict[str, Any]]:
        self.version()
        tests = list(project.tests)
        return await read_source("credentials", project, around, tools, tests=tests, obeyed=self.obeyed)

    def kept(self, seen: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return list(seen)

    def findings(self, seen: Sequence[dict[str, Any]]) -> list[Finding]:
        return [_finding(problem) for problem in seen]


def _finding(problem: dict[str, Any]) -> Finding:
    return as_finding(Stage.SECURITY, "secrets", problem).model_copy(update={"suppress": _allowed(problem)})


def _allowed(problem: dict[str, Any]) -> Fix | None:
    """The tool's own comment at the end of the line, where the language has comments."""
    if not problem["comment"]:
        return None
    end = Position(line=problem["line"] - 1, column=problem["line_end"])
    text = f"  {problem['comment']} pragma: allowlist secret"
    edit = Edit(range=Range(start=end, end=end), text=text)
    return Fix(title="Allow this secret here", edits=(edit,), safe=False)

"""yamllint: the style of YAML, and keys that stand twice, of which readers keep the last."""

import re
import sys
from dataclasses import dataclass
from typing import Any

from ...types import Finding, Severity, Stage
from ..parts import each
from ..process import Tools, written
from ..types import Project, Surroundings, ToolError, ToolMissing, finding
from .programs import LINTERS, package_version

_RULES = (
    "{extends: default, rules: {line-length: disable, document-start: disable, comments: disable, "
    "comments-indentation: disable, truthy: disable, braces: disable, brackets: disable, "
    "indentation: {spaces: consistent, indent-sequences: whatever}, empty-lines: {max: 4}}}"
)
_PAGE = "https://yamllint.readthedocs.io/en/stable/rules.html#module-yamllint.rules."
_BROKEN = {"key-duplicates", "anchors"}
_LINE = re.compile(
    r"^(?P<path>.+?):(?P<line>\d+):(?P<column>\d+): \[(?:warning|error)\] (?P<said>.*?)"
    r"(?: \((?P<rule>[\w-]+)\))?$"
)


@dataclass(frozen=True)
class Yamllint:
    name: str = "yamllint"
    stage: Stage = Stage.STYLE
    languages: frozenset[str] = frozenset({"yaml", "workflow"})

    @property
    def rules(self) -> Any:
        return [_RULES, 1]

    def version(self) -> str:
        if found := package_version("yamllint"):
            return found
        raise ToolMissing("yamllint is not installed", LINTERS)

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """What does not parse is told by the syntax stage."""
        self.version()
        async with written(project.files) as folder:
            command = [sys.executable, "-m", "yamllint", "--format=parsable", "-d", _RULES]
            paths = [f"./{file.path}" for file in project.files]
            done = await tools.run([*command, *paths], cwd=folder, seconds=around.seconds)
        if done.code not in {0, 1, 2} or (done.code and not done.stdout):
            said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.code}"]
            raise ToolError(f"yamllint failed: {said[0][:200]}")
        lines = (_LINE.match(line) for line in done.stdout.splitlines())
        told = (one for one in lines if one and (one["rule"] or "syntax") != "syntax")
        return await each(_finding, told)


def _finding(told: "re.Match[str]") -> Finding:
    rule = told["rule"]
    level = Severity.ERROR if rule in _BROKEN else Severity.HINT
    return finding(
        Stage.STYLE,
        "yamllint",
        rule,
        level,
        told["path"].removeprefix("./"),
        told["said"],
        start=(int(told["line"]), int(told["column"]) - 1),
        url=f"{_PAGE}{rule.replace('-', '_')}",
    )

"""zizmor: GitHub's workflows and actions. What strangers may make them do, and whether they are any."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ...types import Finding, Severity, SourceFile, Stage
from ..process import Tools, written
from ..types import Project, Surroundings, ToolError, finding
from .programs import optional, package_version

_LEVELS = {
    "High": Severity.ERROR,
    "Medium": Severity.WARNING,
    "Low": Severity.INFO,
    "Informational": Severity.INFO,
}
_CUSTOM = {"unpinned-uses": Severity.WARNING}
"""What most workflows do; it would fail nearly every project."""
_INVALID = re.compile(r"failed to validate file://(?:\./)?(?P<path>.+) as (?P<kind>\w+)(?=:|$)", re.MULTILINE)
_ALONE = ("--offline", "--no-config", "--no-ignores", "--no-progress", "--no-exit-codes", "--collect=all")
_HOLLOW = ".github/workflows/quantumlayer-nothing.yml"
"""A workflow that is always right: zizmor judges nothing where nothing can be judged."""
_NOTHING = SourceFile(
    path=_HOLLOW,
    text="on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: 'true'\n",
)


@dataclass(frozen=True)
class Zizmor:
    name: str
    stage: Stage
    languages: frozenset[str] = frozenset({"workflow"})
    rules: Any = 3

    def version(self) -> str:
        optional("zizmor", "zizmor")
        return package_version("zizmor")

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        async with written([*project.files, _NOTHING]) as folder:
            command = [optional("zizmor", "zizmor"), *_ALONE, "--format=json-v1", "."]
            done = await tools.run(command, cwd=folder, seconds=around.seconds)
        try:
            told = json.loads(done.stdout)
        except ValueError as error:
            said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            raise ToolError(f"zizmor failed: {said[0][:200]}") from error
        if self.stage is Stage.SYNTAX:
            paths = {file.path for file in project.files}
            return [self._invalid(found, paths) for found in _INVALID.finditer(done.stderr)]
        made = (self._finding(one) for one in told)
        return [one for one in made if one.path != _HOLLOW]

    def _invalid(self, found: "re.Match[str]", paths: Collection[str]) -> Finding:
        if found["path"] not in paths:
            raise ToolError(f"zizmor named no file of the project: {found['path'][:200]}")
        message = f"is no valid {found['kind']}: a key is missing, unknown, or has a value of another kind"
        return finding(self.stage, self.name, "schema", Severity.ERROR, found["path"], message)

    def _finding(self, told: dict[str, Any]) -> Finding:
        place = _place(told["locations"])
        span = place["concrete"]["location"]
        start, end = span["start_point"], span["end_point"]
        return finding(
            self.stage,
            self.name,
            told["ident"],
            _CUSTOM.get(told["ident"]) or _LEVELS.get(told["determinations"]["severity"], Severity.WARNING),
            place["symbolic"]["key"]["Local"]["verbatim_path"].removeprefix("./"),
            f"{told['desc']}: {place['symbolic']['annotation']}",
            start=(start["row"] + 1, start["column"]),
            end=(end["row"] + 1, end["column"]),
            url=told["url"],
        )


PARSER = Zizmor("zizmor parser", Stage.SYNTAX)
RISKS = Zizmor("zizmor", Stage.SECURITY)


def _place(locations: list[dict[str, Any]]) -> dict[str, Any]:
    return next((one for one in locations if one["symbolic"].get("kind") == "Primary"), locations[0])

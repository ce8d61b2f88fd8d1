"""gofmt: Go that is laid out as all Go is."""

import re
from dataclasses import dataclass
from typing import Any

from ...types import Finding, Severity, Stage
from ..process import Tools, written
from ..types import Project, Surroundings, ToolError, finding
from .programs import users, version_beside

NEXT_STEP = "Install Go for yourself, with your system's packages or from go.dev."
_FILE = re.compile(r"^diff (?:-u )?(?P<path>.+)\.orig (?P=path)$")
_PART = re.compile(r"^@@ -(?P<line>\d+)")


@dataclass(frozen=True)
class Gofmt:
    """`root` is the judged folder, from which no program is taken."""

    name: str = "gofmt"
    stage: Stage = Stage.STYLE
    languages: frozenset[str] = frozenset({"go"})
    rules: Any = 1
    root: str = ""

    def version(self) -> str:
        return version_beside(users("gofmt", NEXT_STEP, self.root), "VERSION", r"go([\w.]+)")

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """What does not parse is told by the syntax stage."""
        async with written(project.files) as folder:
            command = [users("gofmt", NEXT_STEP, self.root), "-d"]
            paths = [f"./{file.path}" for file in project.files]
            done = await tools.run([*command, *paths], cwd=folder, seconds=around.seconds)
        if done.code not in {0, 1, 2}:
            raise ToolError(f"gofmt failed: {done.complaint}")
        said = "gofmt would lay this out otherwise"
        return [
            finding(self.stage, self.name, "format", Severity.WARNING, path, said, start=(line, 0))
            for path, line in _first_changes(done.stdout).items()
        ]


def _first_changes(diff: str) -> dict[str, int]:
    """By path, the first line that would change; counted from one."""
    found: dict[str, int] = {}
    path, line = "", 0
    for text in diff.splitlines():
        if named := _FILE.match(text):
            path, line = named["path"].removeprefix("./"), 0
        elif path in found or text.startswith(("--- ", "+++ ")):
            continue
        elif part := _PART.match(text):
            line = int(part["line"])
        elif text.startswith(("-", "+")):
            found[path] = line
        else:
            line += 1
    return found

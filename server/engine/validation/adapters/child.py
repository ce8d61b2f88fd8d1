"""How the readers in `source/` are asked: in a child process that may die without harm."""

import json
import sys
from pathlib import Path
from typing import Any

from ... import json_parts
from ...types import Finding, Severity, Stage
from ..process import Tools
from ..types import Project, Surroundings, ToolError, finding

_READERS = Path(__file__).parent.parent / "source"


async def read_source(
    check: str, project: Project, around: Surroundings, tools: Tools, **options: Any
) -> list[dict[str, Any]]:
    files = {file.path: file.text for file in project.files}
    request = json.dumps({"check": check, "files": files, **options})
    done = await tools.run(
        [sys.executable, "-I", _READERS], cwd=around.scratch, seconds=around.seconds, stdin=request
    )
    if done.code != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.code}"]
        raise ToolError(f"reading the source text failed ({check}): {last[0]}")
    found: list[dict[str, Any]] = await json_parts.read(done.stdout)
    return found


def as_finding(stage: Stage, tool: str, problem: dict[str, Any]) -> Finding:
    start = (problem.get("line", 1), problem.get("column", 0))
    return finding(
        stage,
        tool,
        problem["rule"],
        Severity(problem.get("severity", "error")),
        problem["path"],
        problem["message"],
        start=start,
        end=(problem.get("end_line", start[0]), problem.get("end_column", start[1])),
    )

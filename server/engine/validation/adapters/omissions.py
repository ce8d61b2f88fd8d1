"""Style: what generated projects must not ship, such as empty bodies and "rest of the code" comments."""

import platform
from typing import Any

from ...types import Finding, Stage
from ..process import Tools
from ..types import Project, Surroundings
from .child import as_finding, read_source


class Omissions:
    name = "omissions"
    stage = Stage.STYLE
    languages = frozenset({"python"})
    rules: Any = 3

    def version(self) -> str:
        return platform.python_version()

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        found = await read_source("omissions", project, around, tools, tests=list(project.tests))
        return [as_finding(self.stage, self.name, problem) for problem in found]

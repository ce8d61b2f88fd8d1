"""Style: what generated projects must not ship, such as empty bodies and "rest of the code" comments."""

import platform
from collections.abc import Sequence
from typing import Any

from ...types import Finding, Stage
from ..process import Tools
from ..types import Project, Surroundings
from .child import as_finding, read_source


class Omissions:
    name = "omissions"
    stage = Stage.STYLE
    languages = frozenset({"python"})
    rules: Any = 4

    def version(self) -> str:
        return platform.python_version()

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        return self.findings(self.kept(await self.look(project, around, tools)))

    async def look(self, project: Project, around: Surroundings, tools: Tools) -> list[dict[str, Any]]:
        return await read_source("omissions", project, around, tools, tests=list(project.tests))

    def kept(self, seen: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Without the methods of classes that others derive from."""
        bases = {name for one in seen if one["rule"] == "bases" for name in one["names"]}
        return [one for one in seen if one["rule"] != "bases" and one.get("owner", "") not in bases]

    def findings(self, seen: Sequence[dict[str, Any]]) -> list[Finding]:
        return [as_finding(self.stage, self.name, one) for one in seen]

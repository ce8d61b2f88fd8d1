"""Asking one tool about a project: what it said of the same files before is taken from the journal."""

import asyncio
import time
from typing import Any

from ..journal import Journal
from ..languages import reads
from ..types import Finding, SourceFile, ToolRun
from .adapters import Adapter, Chooses, LooksAround, LooksBeside, ReadsByName
from .adapters.mypy import Mypy
from .each import JudgesEach, judge_each
from .parts import as_findings, as_json
from .process import Tools, modules
from .stage_result import Outcome
from .types import PartlyKnown, Project, Surroundings, ToolError


class Asking:
    def __init__(self, journal: Journal, tools: Tools) -> None:
        self._journal = journal
        self._tools = tools

    async def attempt(self, tool: Adapter, project: Project, around: Surroundings) -> Outcome:
        """What comes of it, whatever it is."""
        started = time.perf_counter()
        try:
            found, version, reused = await self._ask(tool, project, around)
        except ToolError as error:
            return tuple(error.findings) if isinstance(error, PartlyKnown) else (), None, error
        seconds = round(time.perf_counter() - started, 4)
        return tuple(found), ToolRun(name=tool.name, version=version, seconds=seconds, cached=reused), None

    async def findings(
        self, tool: Adapter, project: Project, around: Surroundings, only: str = ""
    ) -> list[Finding]:
        """Of one file, if `only` names it and the tool can be narrowed. Raises ToolError."""
        return (await self._ask(tool, project, around, only))[0]

    async def _ask(
        self, tool: Adapter, project: Project, around: Surroundings, only: str = ""
    ) -> tuple[list[Finding], str, bool]:
        version = await asyncio.to_thread(tool.version)
        files = read_files(tool, project)
        paths = {file.path for file in files}
        own = modules([file.path for file in project.files])
        project = project.model_copy(update={"files": files})
        narrowed = only if isinstance(tool, Mypy) else ""
        if isinstance(tool, JudgesEach):
            each, reused = await judge_each(tool, version, project, own, around, self._tools, self._journal)
            return [problem for problem in each if problem.path in paths], version, reused

        async def run() -> Any:
            if not isinstance(tool, ReadsByName):
                await around.fill(None)
            try:
                if isinstance(tool, Mypy):
                    found = await tool.run(project, around, self._tools, narrowed)
                else:
                    found = await tool.run(project, around, self._tools)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                # Another version of the tool may say what ours did not.
                raise ToolError(f"{tool.name}: its answer cannot be read ({error!r})") from error
            # The scratch folder may hold more than was asked about, and more than is in the key.
            return await as_json([problem for problem in found if problem.path in paths])

        inputs = {
            "version": version,
            "rules": tool.rules,
            "python": around.python,
            "files": {file.path: around.digest(file) for file in files},
            "tests": project.tests,
            "packages": project.packages,
            "known": project.known,
            "installed": around.packages is not None,
            "only": narrowed,
        }
        if isinstance(tool, LooksAround):
            inputs["around"] = await asyncio.to_thread(tool.seen_around, project)
        stored, reused = await self._journal.step(f"validate.{tool.name}", inputs, run)
        return await as_findings(stored), version, reused


def read_files(tool: Adapter, project: Project) -> tuple[SourceFile, ...]:
    """Those of the project that the tool reads, and what lies beside them that it looks at."""
    unread = {*project.left_alone, *(project.other_shells if "shell" in tool.languages else ())}
    beside = tool.beside if isinstance(tool, LooksBeside) else frozenset()
    found = (
        file
        for file in project.files
        if file.path.rpartition("/")[2] in beside
        or (reads(tool.languages, file.path) and file.path not in unread)
    )
    if isinstance(tool, ReadsByName):
        return tuple(file for file in found if tool.reads(file.path))
    if isinstance(tool, Chooses):
        return tuple(file for file in found if tool.judges(file))
    return tuple(found)

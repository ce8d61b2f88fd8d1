"""Tools that judge files one by one: results are remembered by file, so that one edit costs one file."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Protocol, runtime_checkable

from ..journal import Journal, step_key
from ..types import Finding
from .process import Tools, all_of
from .types import Project, Surroundings

_AT_ONCE = 250
"""Files for one process: enough to be worth its start, and few enough to share the cores."""

_MADE_AT_ONCE = 50


@runtime_checkable
class JudgesEach(Protocol):
    """An adapter whose raw results are of one file each (`path`), and what they mean together."""

    name: Any
    rules: Any

    async def look(self, project: Project, around: Surroundings, tools: Tools) -> list[dict[str, Any]]: ...
    def kept(self, seen: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What counts, given all files."""

    def findings(self, seen: Sequence[dict[str, Any]]) -> list[Finding]: ...


async def judge_each(
    tool: JudgesEach,
    version: str,
    project: Project,
    own: Collection[str],
    around: Surroundings,
    tools: Tools,
    journal: Journal,
) -> tuple[list[Finding], bool]:
    """Findings, and whether all of them were remembered; `own` are the modules that the project has itself.

    Raises ToolError; what was judged by then is kept.
    """
    kind = f"validate.{tool.name}.file"
    shared = step_key(kind, [version, tool.rules, around.python, sorted(own)])
    tests = frozenset(project.tests)
    keys = [[shared, file.path, around.digest(file), file.path in tests] for file in project.files]
    stored = await journal.get_many(kind, keys)
    missing = [number for number, found in enumerate(stored) if found is None]

    async def look(part: Sequence[int]) -> None:
        chunk = project.model_copy(update={"files": tuple(project.files[number] for number in part)})
        await around.fill([file.path for file in chunk.files])
        by_path: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in await tool.look(chunk, around, tools):
            by_path[one["path"]].append(one)
        for number in part:
            stored[number] = by_path[project.files[number].path]
        await journal.put_many(kind, [(keys[number], stored[number]) for number in part])

    if missing:
        parts = (missing[start : start + _AT_ONCE] for start in range(0, len(missing), _AT_ONCE))
        await all_of([look(part) for part in parts])
    kept = tool.kept([one for found in stored for one in found or ()])
    findings: list[Finding] = []
    for start in range(0, len(kept), _MADE_AT_ONCE):
        findings += tool.findings(kept[start : start + _MADE_AT_ONCE])
        await asyncio.sleep(0)  # there may be thousands, and somebody may be typing
    return findings, not missing

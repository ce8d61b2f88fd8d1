"""The mesh while someone types: one open file at a time, by tools that are kept warm.

Syntax, style and security come at once, types after a short pause, omissions and secrets after a longer
one, because they cost more and half a line has little to say about them. The gate of generated code is
`mesh`: it asks more tools, and its errors count. Comments that switch a rule off count here, and not there.
"""

import asyncio
import contextlib
import platform
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path

from ...settings import Settings
from ..types import Finding, OpenFile, SourceFile, Stage, StageResult, ToolRun
from .adapters import Adapter
from .adapters.credentials import Credentials
from .adapters.omissions import Omissions
from .process import Tools, written
from .switches import Switches
from .types import Project, Surroundings, ToolError
from .warm.pyrefly import WarmPyrefly
from .warm.ruff import WarmRuff
from .warm.server import WarmServer

AT_ONCE = (Stage.SYNTAX, Stage.STYLE, Stage.SECURITY)
_SECONDS = 10.0
_LONG_PAUSE_S = 0.4
Told = Callable[[Sequence[StageResult]], None]
"""Takes results that came together."""


class LiveMesh:
    """Warm tools for the folders that files are open in."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._python = ".".join(platform.python_version_tuple()[:2])
        self._servers: dict[tuple[str, str], WarmServer] = {}
        self._tools = Tools()
        self._omissions = Omissions()
        self._credentials = Credentials(obeyed=True)

    async def check(self, file: OpenFile, told: Told) -> None:
        """Tells what each tool found as it comes; a stage may have two tools, which come one by one.

        Cancelling it is how a newer text takes over.
        """
        stages = [Stage(name) for name in self._settings.live.stages]
        limit = self._settings.validate_.max_file_kb * 1024
        if file.language != "python":
            return
        switches = Switches(self._settings, file.folder, live=True)
        stages = [stage for stage in stages if switches.is_on(stage, file.path)]
        told = switches.telling(file.path, told)
        if len(file.text) > limit:
            reason = f"larger than validate.max_file_kb allows ({limit // 1024})"
            told([StageResult(stage=stage, status="skipped", reason=reason) for stage in stages])
            return
        if first := [stage for stage in stages if stage in AT_ONCE]:
            told(await self._at_once(file, first))
        pause = self._settings.live.pause_ms / 1000
        async with asyncio.TaskGroup() as group:
            if Stage.TYPES in stages:
                group.create_task(_after(pause, self._types(file, told)))
            if Stage.STYLE in stages:
                group.create_task(_after(max(pause, _LONG_PAUSE_S), self._read(self._omissions, file, told)))
            if Stage.SECURITY in stages:
                group.create_task(
                    _after(max(pause, _LONG_PAUSE_S), self._read(self._credentials, file, told))
                )

    def forget(self, file: OpenFile) -> None:
        """The file is not open any more."""
        for (_, folder), server in self._servers.items():
            if folder == file.folder:
                server.forget(file.uri)

    def changed(self, uris: Mapping[str, int]) -> None:
        """Files on disk are others now, open or not: by URI, how (LSP's FileChangeType)."""
        for server in self._servers.values():
            server.changed(uris)

    async def aclose(self) -> None:
        servers = tuple(self._servers.values())
        self._servers.clear()
        await asyncio.gather(*(server.aclose() for server in servers), return_exceptions=True)

    async def _at_once(self, file: OpenFile, stages: Sequence[Stage]) -> list[StageResult]:
        try:
            found = await self._server("ruff", file).check(file)
        except ToolError as error:
            return [StageResult(stage=stage, status="skipped", reason=str(error)) for stage in stages]
        return [_result(stage, [one for one in found if one.stage is stage], "ruff") for stage in stages]

    async def _types(self, file: OpenFile, told: Told) -> None:
        try:
            found = await self._server("pyrefly", file).check(file)
        except ToolError as error:
            told([StageResult(stage=Stage.TYPES, status="skipped", reason=str(error))])
            return
        told([_result(Stage.TYPES, found, "pyrefly")])

    async def _read(self, tool: Adapter, file: OpenFile, told: Told) -> None:
        """What a reader of our own finds, so there is no tool to be missing."""
        try:
            source = SourceFile(path=file.path, text=file.text)
        except ValueError:
            return  # a name that no capsule could hold
        with contextlib.suppress(ToolError):
            async with written(()) as scratch:
                around = Surroundings(
                    python=self._python,
                    packages=None,
                    scratch=scratch,
                    cache=self._settings.storage.cache_dir,
                    seconds=_SECONDS,
                )
                found = await tool.run(Project.of([source]), around, self._tools)
            told([_result(tool.stage, found, tool.name)])

    def _server(self, name: str, file: OpenFile) -> WarmServer:
        key = (name, file.folder)
        if key not in self._servers:
            folder, cache = Path(file.folder), self._settings.storage.cache_dir
            tool = WarmRuff(self._python) if name == "ruff" else WarmPyrefly(folder, self._python, cache)
            self._servers[key] = WarmServer(tool, folder, _SECONDS)
        return self._servers[key]


async def _after(seconds: float, work: Coroutine[None, None, None]) -> None:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        work.close()
        raise
    await work


def _result(stage: Stage, findings: list[Finding], tool: str) -> StageResult:
    failed = any(one.severity == "error" for one in findings)
    ran = ToolRun(name=tool, version="", seconds=0.0)
    return StageResult(
        stage=stage, status="failed" if failed else "passed", findings=tuple(findings), tools=(ran,)
    )

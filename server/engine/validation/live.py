"""The mesh while someone types: one open file at a time, by tools that are kept warm.

What a warm tool tells at once comes at once, types after a short pause, and tools that are started anew
(finders of omissions and secrets, linters without a server) after a longer one, because they cost more and
half a line has little to say to them. Pauses begin with the text; what comes at once is told before they end.
The gate of generated code is `mesh`: it asks more tools, and its errors count. Comments that switch a rule
off count here, and not there.
"""

import asyncio
import contextlib
import platform
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path

from ...settings import Settings
from ..languages import ANY_LANGUAGE
from ..types import Finding, OpenFile, SourceFile, Stage, StageResult, ToolRun
from .adapters import Adapter, live_adapters
from .leaving import why_left_alone
from .process import Tools, written
from .shells import WHY, other_shell
from .switches import Switches
from .types import Project, Surroundings, ToolError, ToolMissing
from .warm.seats import SEATS, Place, Seat
from .warm.server import WarmServer

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
        self._adapters = live_adapters()

    async def check(self, file: OpenFile, told: Told) -> None:
        """Tells what each tool found as it comes; a stage may have two tools, which come one by one.

        Cancelling it is how a newer text takes over. A skipped stage that has the fact `lasting` will not
        come back by asking again; one that names its tool leaves what other tools found.
        """
        stages = [Stage(name) for name in self._settings.live.stages]
        switches = Switches(self._settings, file.folder, live=True)
        stages = [stage for stage in stages if switches.is_on(stage, file.path)]
        told = switches.telling(file.path, told)
        if reason := self._too_large(file):
            told([_skipped(stage, reason, lasting=True) for stage in stages])
            return
        if alone := why_left_alone(file.path, file.text):
            left = [stage for stage in stages if stage is not Stage.SECURITY]
            told([_skipped(stage, f"it is {alone} and left alone", lasting=True) for stage in left])
            stages = [stage for stage in stages if stage is Stage.SECURITY]
        language = file.language
        if language == "shell" and other_shell(file.text):
            language = ""
            judging = [stage for stage in stages if stage not in {Stage.TYPES, Stage.RUNTIME}]
            told([_skipped(stage, f"not checked: {WHY}", lasting=True) for stage in judging])
        seats = [seat for seat in SEATS if language in seat.languages and seat.stages & set(stages)]
        now = asyncio.get_running_loop().time
        began = now()
        await _side_by_side(
            [self._seat(seat, file, stages, told) for seat in seats if seat.when == "at once"]
        )

        def rest(pause: float) -> float:
            return max(pause - (now() - began), 0.0)

        pause = self._settings.live.pause_ms / 1000
        async with asyncio.TaskGroup() as group:
            for seat in seats:
                if seat.when != "at once":
                    group.create_task(_after(rest(pause), self._seat(seat, file, stages, told)))
            for tool in self._adapters:
                if tool.stage in stages and tool.languages & {language, *ANY_LANGUAGE}:
                    longer = max(pause, _LONG_PAUSE_S)
                    group.create_task(_after(rest(longer), self._anew(tool, file, told)))

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

    def _too_large(self, file: OpenFile) -> str:
        limit = self._settings.validate_.max_file_kb
        if len(file.text) > limit * 1024:
            return f"larger than validate.max_file_kb allows ({limit})"
        return ""

    async def _seat(self, seat: Seat, file: OpenFile, stages: Sequence[Stage], told: Told) -> None:
        wanted = [stage for stage in stages if stage in seat.stages]
        try:
            found = await self._server(seat, file).check(file)
        except ToolMissing as error:
            told([_skipped(stage, str(error), lasting=True, tool=seat.name) for stage in wanted])
        except ToolError as error:
            told([_skipped(stage, str(error)) for stage in wanted])
        else:
            told(
                [_result(stage, [one for one in found if one.stage is stage], seat.name) for stage in wanted]
            )

    async def _anew(self, tool: Adapter, file: OpenFile, told: Told) -> None:
        """By a tool that is started for this text alone. One that fails now may not fail at the next text."""
        try:
            source = SourceFile(path=file.path, text=file.text)
        except ValueError:
            return  # a name that no capsule could hold
        try:
            await asyncio.to_thread(tool.version)
        except ToolMissing as error:
            told([_skipped(tool.stage, str(error), lasting=True, tool=tool.name)])
            return
        except ToolError:
            return
        with contextlib.suppress(ToolError):
            async with written([source]) as scratch:
                around = Surroundings(
                    python=self._python,
                    packages=None,
                    scratch=scratch,
                    cache=self._settings.storage.cache_dir,
                    seconds=_SECONDS,
                )
                found = await tool.run(Project.of([source]), around, self._tools)
            told([_result(tool.stage, found, tool.name)])

    def _server(self, seat: Seat, file: OpenFile) -> WarmServer:
        key = (seat.name, file.folder)
        if key not in self._servers:
            folder = Path(file.folder)
            place = Place(folder, self._python, self._settings.storage.cache_dir)
            self._servers[key] = WarmServer(seat.make(place), folder, _SECONDS)
        return self._servers[key]


async def _side_by_side(work: Sequence[Coroutine[None, None, None]]) -> None:
    """One alone begins now, and not in the loop's next turn."""
    if len(work) == 1:
        await work[0]
    else:
        await asyncio.gather(*work)


async def _after(seconds: float, work: Coroutine[None, None, None]) -> None:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        work.close()
        raise
    await work


def _skipped(stage: Stage, reason: str, *, lasting: bool = False, tool: str = "") -> StageResult:
    ran = (ToolRun(name=tool, version="", seconds=0.0),) if tool else ()
    facts: dict[str, int | float | str] = {"lasting": 1} if lasting else {}
    return StageResult(stage=stage, status="skipped", reason=reason, tools=ran, facts=facts)


def _result(stage: Stage, findings: list[Finding], tool: str) -> StageResult:
    failed = any(one.severity == "error" for one in findings)
    ran = ToolRun(name=tool, version="", seconds=0.0)
    return StageResult(
        stage=stage, status="failed" if failed else "passed", findings=tuple(findings), tools=(ran,)
    )

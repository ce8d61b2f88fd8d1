"""The mesh: five stages over one project, each judged by its own tools, each result honest."""

import asyncio
import platform
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...settings import Settings
from ..errors import SandboxError
from ..events import Emit, StageFinished, ignore
from ..journal import Journal
from ..languages import language_of
from ..types import Finding, Severity, SourceFile, Stage, StageResult
from .adapters import Adapter, Chooses, adapters
from .adapters.invented import Invented
from .asking import Asking, read_files
from .formatting import format_files
from .packages.folders import Packages, requirements
from .packages.registries import Registries
from .process import Tools, all_of, on_demand, written
from .runtime.node import run_node
from .runtime.node_project import has_web
from .runtime.python import RuntimeReport, run_variants
from .runtime.stage import judge
from .runtime.trials import try_versions
from .runtime.whole import Run, run_each
from .stage_result import Outcome, Scene, left_out, merged, together, unjudged
from .switches import OFF, Switches, counted, partly
from .types import Project, Surroundings, ToolError

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_GATE = {"compile", "ruff parser", "yaml", "tree-sitter", "oxlint parser", "omissions", "imports"}
_OPTIONAL = {"typescript", "go", "javac", "kubernetes"}
"""Not on every machine: a gate that cannot tell would stop the writer."""


class Mesh:
    """Judges projects. `no_sandbox`: why there is no sandbox; `switches`: what the user leaves out.

    With `advisories` that database is asked about the versions a project pins; `registries` says which names
    registries are asked about. `root` is the folder that the files come from, if any.
    """

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        sandbox: "Sandbox | None",
        no_sandbox: str = "",
        switches: Switches | None = None,
        *,
        advisories: str = "",
        registries: str = "none",
        root: str = "",
    ) -> None:
        self._settings = settings
        self._switches = switches
        self._journal = journal
        self._sandbox = sandbox
        self._no_sandbox = no_sandbox or "there is no sandbox"
        self._python = sandbox.python if sandbox else ".".join(platform.python_version_tuple()[:2])
        self._packages = Packages(settings, self._python)
        asked = Invented(Registries(journal, root), registries, switches, root)
        self._adapters = adapters(advisories, root, asked if registries != "none" else None)
        self._tools = Tools()
        self._asking = Asking(journal, self._tools)

    async def check(
        self, project: Project, stages: Sequence[Stage] = tuple(Stage), *, emit: Emit = ignore
    ) -> tuple[StageResult, ...]:
        """Runs `stages` side by side; returns their results in the order of `Stage`.

        Each result is emitted as soon as it is there. Raises StorageError only.
        """
        try:
            async with on_demand(project.files) as (scratch, fill):
                around = await self._surroundings(project, scratch, packages=Stage.TYPES in stages)
                around = replace(around, fill=fill)
                work = [self._stage(stage, project, around, emit) for stage in Stage if stage in stages]
                return tuple(await all_of(work))
        except ToolError as error:
            return tuple(_skipped(stage, str(error), emit) for stage in Stage if stage in stages)

    async def gate(self, project: Project, path: str) -> tuple[Finding, ...]:
        """Errors in one file: syntax, omissions, imports, and types given the other files.

        For the writer of that file: fast, and silent about everything else. Raises ToolError if it
        cannot tell.
        """
        async with written(project.files) as scratch:
            around = await self._surroundings(project, scratch)
            alone = Project(files=tuple(f for f in project.files if f.path == path), tests=project.tests)
            readers = [a for a in self._adapters if language_of(path) in a.languages]
            for stage in (Stage.SYNTAX, Stage.STYLE):
                tools = [a for a in readers if a.stage is stage and a.name in _GATE]
                found = await all_of([self._asking.findings(tool, alone, around) for tool in tools])
                if errors := _errors(found, path):
                    return errors
            types = [a for a in readers if a.stage is Stage.TYPES and a.name not in _OPTIONAL]
            return _errors(
                await all_of([self._asking.findings(tool, project, around, only=path) for tool in types]),
                path,
            )

    async def format(self, files: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
        """The files as `ruff format` writes them, without unused imports, imports in order.

        Files that do not parse, and other languages, stay as they are. Raises ToolError without ruff.
        """
        return await format_files(files, self._python, self._settings, self._journal, self._tools)

    async def run_variants(
        self,
        base: Sequence[SourceFile],
        variants: Sequence[Sequence[SourceFile]],
        packages: Sequence[str] = (),
        *,
        seconds: float | None = None,
        tests: Sequence[str] | None = None,
        imports: bool = False,
    ) -> tuple[RuntimeReport, ...]:
        """The same tests on every variant: `base` with some files in place of its own.

        `seconds` is for each variant. Raises SandboxError: there is none, it failed, or packages
        cannot be had.
        """
        if self._sandbox is None:
            raise SandboxError(self._no_sandbox)
        return await run_variants(
            self._sandbox,
            self._settings,
            base,
            variants,
            packages,
            seconds=seconds or self._settings.sandbox.seconds,
            tests=tests,
            imports=imports,
            journal=self._journal,
            known=self._packages,
        )

    async def try_versions(
        self,
        base: Sequence[SourceFile],
        path: str,
        module: str,
        texts: Sequence[str],
        shared: str,
        checks: Sequence[str],
        packages: Sequence[str] = (),
        *,
        seconds: float,
    ) -> list[tuple[float, ...]]:
        """How near each of many versions of one file comes to each check, to see which are worth a look.

        Raises SandboxError.
        """
        if self._sandbox is None:
            raise SandboxError(self._no_sandbox)
        folder = await self._packages.folder(requirements(packages))
        return await try_versions(
            self._sandbox, base, path, module, texts, shared, checks, seconds=seconds, packages=folder
        )

    # -- one stage ------------------------------------------------------------------------------

    async def _stage(self, stage: Stage, project: Project, around: Surroundings, emit: Emit) -> StageResult:
        off = self._off(stage, project)
        if off and len(off) == len(project.files):
            result = left_out(stage, OFF)
        elif stage is Stage.RUNTIME:
            result = partly(await self._runtime(project, off), off, ())
        elif too_large := self._too_large(project):
            result = left_out(stage, too_large)
        else:
            result = await self._judge(stage, _of_stage(stage, project), around, off)
        result = self._switches.explained(result) if self._switches else result
        emit(StageFinished(result=result))
        return result

    async def _runtime(self, project: Project, off: frozenset[str]) -> StageResult:
        sandbox = self._sandbox
        if sandbox is None:
            return StageResult(stage=Stage.RUNTIME, status="skipped", reason=self._no_sandbox)
        runs: list[tuple[str, Run]] = []
        if any(language_of(file.path) == "python" for file in project.files):
            runs.append(("Python", lambda: self._python_run(sandbox, project, off)))
        if has_web(project):
            node = partial(run_node, sandbox, self._settings, project, off=off, journal=self._journal)
            runs.append(("JavaScript", node))
        return await run_each(runs)

    async def _python_run(self, sandbox: "Sandbox", project: Project, off: frozenset[str]) -> StageResult:
        (report,) = await run_variants(
            sandbox,
            self._settings,
            project.files,
            [()],
            project.packages,
            seconds=self._settings.sandbox.seconds,
            tests=[path for path in project.tests if path not in off],
            imports=True,
            not_imported=off,
            journal=self._journal,
            known=self._packages,
        )
        return judge(report, project, sandbox.name, sandbox.version)

    def _off(self, stage: Stage, project: Project, tool: str = "") -> frozenset[str]:
        """The files that the user leaves out."""
        if not self._switches:
            return frozenset()
        paths = (file.path for file in project.files)
        return frozenset(path for path in paths if not self._switches.is_on(stage, path, tool))

    def _omitted(self, tool: Adapter, project: Project, off: frozenset[str]) -> str:
        """What check.off leaves out of a tool besides `off`, in words; its name alone if that is all."""
        without = self._off(tool.stage, project, tool.name)
        if not without:
            return ""
        read = {file.path for file in read_files(tool, project)}
        if not (read & without - off):
            return ""
        if read <= without:
            return tool.name
        return f"{tool.name} for {counted(read & without - off)}"

    def _too_large(self, project: Project) -> str:
        limit = self._settings.validate_.max_file_kb * 1024
        large = [file.path for file in project.files if len(file.text) > limit]
        return f"{', '.join(large)}: larger than validate.max_file_kb allows" if large else ""

    async def _judge(
        self, stage: Stage, project: Project, around: Surroundings, off: frozenset[str]
    ) -> StageResult:
        scene = Scene(stage, project, off)
        known = [a for a in self._adapters if a.stage is stage and a.languages & scene.readable]
        known = [a for a in known if not isinstance(a, Invented) or a.concerns(project)]
        known = [a for a in known if not isinstance(a, Chooses) or read_files(a, project)]
        if not known:
            return unjudged(scene)
        omitted = {tool.name: self._omitted(tool, project, off) for tool in known}
        tools = [tool for tool in known if omitted[tool.name] != tool.name]
        if not tools:
            return left_out(stage, OFF)
        outcomes = await all_of([self._shown(tool, project, around) for tool in tools])
        every = [found for outcome in outcomes for found in outcome[0]]
        findings = await asyncio.to_thread(merged, every)
        return together(scene, tools, outcomes, findings, [said for said in omitted.values() if said])

    async def _shown(self, tool: Adapter, project: Project, around: Surroundings) -> Outcome:
        """Its outcome without the files that the user leaves out of it."""
        found, run, fault = await self._asking.attempt(tool, project, around)
        off = self._off(tool.stage, project, tool.name)
        return tuple(one for one in found if one.path not in off), run, fault

    async def _surroundings(self, project: Project, scratch: Path, *, packages: bool = True) -> Surroundings:
        return Surroundings(
            python=self._python,
            packages=await self._packages.folder_if_any(project.packages if packages else ()),
            scratch=scratch,
            cache=self._settings.storage.cache_dir,
            seconds=self._settings.validate_.timeout_s,
            digests=await asyncio.to_thread(lambda: {file.path: file.digest for file in project.files}),
        )


def _skipped(stage: Stage, reason: str, emit: Emit) -> StageResult:
    result = StageResult(stage=stage, status="skipped", reason=reason)
    emit(StageFinished(result=result))
    return result


def _of_stage(stage: Stage, project: Project) -> Project:
    """Security leaves nothing alone: a text could switch off its own check by what it says of itself."""
    return project.model_copy(update={"left_alone": ()}) if stage is Stage.SECURITY else project


def _errors(found: Sequence[Sequence[Finding]], path: str) -> tuple[Finding, ...]:
    flat = [one for part in found for one in part if one.path == path and one.severity is Severity.ERROR]
    return merged(flat)

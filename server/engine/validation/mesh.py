"""The mesh: five stages over one project, each judged by its own tools, each result honest.

A stage passes when all its tools ran and none found an error. A tool that is missing, crashes or
takes too long makes the stage `skipped`, with the reason, unless another tool found an error already.
What nothing on this machine reads is named in the reason of a stage that judged the rest.
"""

import asyncio
import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...settings import Settings
from ..errors import SandboxError
from ..events import Emit, StageFinished, ignore
from ..journal import Journal
from ..languages import ANY_LANGUAGE, language_of, reads, to_be_read
from ..types import Finding, Severity, SourceFile, Stage, StageResult, ToolRun
from .adapters import Adapter, Chooses, LooksBeside, adapters
from .adapters.mypy import Mypy
from .each import JudgesEach, judge_each
from .formatting import format_files
from .packages import Packages
from .process import Tools, all_of, modules, on_demand, written
from .runtime import RuntimeReport, run_variants
from .runtime_stage import judge, not_run
from .shells import WHY
from .switches import OFF, Switches, counted, partly
from .types import Project, Surroundings, ToolError, ToolMissing

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_TEXT = {"text", "ini"}
Outcome = tuple[list[Finding], ToolRun | None, ToolError | None]
_GATE = {"compile", "ruff parser", "yaml", "tree-sitter", "oxlint parser", "omissions", "imports"}
_OPTIONAL = {"typescript", "go", "javac", "kubernetes"}
"""Not on every machine: a gate that cannot tell would stop the writer."""
_LASTING: dict[str, int | float | str] = {"lasting": 1}
"""Of a stage that is skipped, and will be as long as files, settings and machine are what they are."""


class Mesh:
    """Judges projects. `no_sandbox`: why there is no sandbox; `switches`: what the user leaves out.

    With `advisories` that database is asked about the versions a project pins. `root` is the folder that the
    files come from, if any.
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
        root: str = "",
    ) -> None:
        self._settings = settings
        self._switches = switches
        self._journal = journal
        self._sandbox = sandbox
        self._no_sandbox = no_sandbox or "there is no sandbox"
        self._python = sandbox.python if sandbox else ".".join(platform.python_version_tuple()[:2])
        self._packages = Packages(settings, self._python)
        self._adapters = adapters(advisories, root)
        self._tools = Tools()

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
                found = await all_of([self._use(tool, alone, around) for tool in tools])
                if errors := _errors(found, path):
                    return errors
            types = [a for a in readers if a.stage is Stage.TYPES and a.name not in _OPTIONAL]
            return _errors(
                await all_of([self._use(tool, project, around, only=path) for tool in types]), path
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

    # -- one stage ------------------------------------------------------------------------------

    async def _stage(self, stage: Stage, project: Project, around: Surroundings, emit: Emit) -> StageResult:
        off = self._off(stage, project)
        if off and len(off) == len(project.files):
            result = _left_out(stage, OFF)
        elif stage is Stage.RUNTIME:
            result = partly(await self._runtime(project, off), off, ())
        elif too_large := self._too_large(project):
            result = _left_out(stage, too_large)
        else:
            result = await self._judge(stage, _of_stage(stage, project), around, off)
        emit(StageFinished(result=result))
        return result

    async def _runtime(self, project: Project, off: frozenset[str]) -> StageResult:
        sandbox = self._sandbox
        if sandbox is None:
            return StageResult(stage=Stage.RUNTIME, status="skipped", reason=self._no_sandbox)
        if not any(language_of(file.path) == "python" for file in project.files):
            return StageResult(stage=Stage.RUNTIME, status="skipped", reason="there is no Python to run")
        seconds = self._settings.sandbox.seconds
        try:
            (report,) = await run_variants(
                sandbox,
                self._settings,
                project.files,
                [()],
                project.packages,
                seconds=seconds,
                tests=[path for path in project.tests if path not in off],
                imports=True,
                not_imported=off,
                journal=self._journal,
                known=self._packages,
            )
        except SandboxError as error:
            return not_run(error)
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
        read = {file.path for file in _read_files(tool, project)}
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
        unseen = {*off, *project.left_alone}
        foreign = sorted(project.other_shells - unseen) if stage is not Stage.TYPES else []
        unseen.update(foreign)
        present = {language_of(file.path) for file in project.files if file.path not in unseen}
        readable = present | ANY_LANGUAGE if present or foreign else present
        known = [a for a in self._adapters if a.stage is stage and a.languages & readable]
        known = [a for a in known if not isinstance(a, Chooses) or _read_files(a, project)]
        languages = ", ".join(sorted((to_be_read(present, stage) or present) - _TEXT))
        languages = languages or "a project without code"
        unread = f"not checked: {', '.join(foreign)} ({WHY})" if foreign else ""
        if not known:
            reason = "; ".join([unread or f"no tool for {languages}", *_alone(stage, project)])
            return _left_out(stage, reason)
        omitted = {tool.name: self._omitted(tool, project, off) for tool in known}
        tools = [tool for tool in known if omitted[tool.name] != tool.name]
        if not tools:
            return _left_out(stage, OFF)
        outcomes = await all_of([self._try(tool, project, around) for tool in tools])
        every = [found for outcome in outcomes for found in outcome[0]]
        findings = await asyncio.to_thread(_merged, every)
        runs = tuple(outcome[1] for outcome in outcomes if outcome[1])
        faults = [outcome[2] for outcome in outcomes if outcome[2]]
        covered = (frozenset[str]().union(*(tool.languages for tool in tools)) | _TEXT) - ANY_LANGUAGE
        failed = any(found.severity is Severity.ERROR for found in findings)
        looked = _read_by(tools, outcomes)
        # Of texts for people nothing but secrets is to be found.
        enough = looked or (runs and not present - _TEXT and not foreign)
        failing = any(not isinstance(fault, ToolMissing) for fault in faults)
        unable = failing or not enough
        status = "failed" if failed else "skipped" if unable else "passed"
        reasons = list(dict.fromkeys(_why(fault) for fault in faults))
        if runs and not covered - _TEXT and present - _TEXT:
            names = " and ".join(sorted(run.name for run in runs))
            reasons.append(f"no tool for {languages}; only {names} were looked for")
        elif missing := sorted(to_be_read(present, stage) - covered):
            reasons.append(f"not checked, no tool for {', '.join(missing)}")
        if unread:
            reasons.append(unread)
        reasons += _alone(stage, project)
        lasting = _LASTING if status == "skipped" and not failing else {}
        result = StageResult(
            stage=stage,
            status=status,
            reason="; ".join(reasons),
            findings=findings,
            tools=runs,
            facts={**_facts(project, looked, findings), **lasting},
        )
        return partly(result, off, [said for said in omitted.values() if said])

    # -- one tool -------------------------------------------------------------------------------

    async def _try(self, tool: Adapter, project: Project, around: Surroundings) -> Outcome:
        """Findings, the run, and why there was none."""
        started = time.perf_counter()
        try:
            found, version, reused = await self._asked(tool, project, around)
        except ToolError as error:
            return [], None, error
        seconds = round(time.perf_counter() - started, 4)
        off = self._off(tool.stage, project, tool.name)
        found = [one for one in found if one.path not in off]
        return found, ToolRun(name=tool.name, version=version, seconds=seconds, cached=reused), None

    async def _use(
        self, tool: Adapter, project: Project, around: Surroundings, only: str = ""
    ) -> list[Finding]:
        return (await self._asked(tool, project, around, only))[0]

    async def _asked(
        self, tool: Adapter, project: Project, around: Surroundings, only: str = ""
    ) -> tuple[list[Finding], str, bool]:
        version = await asyncio.to_thread(tool.version)
        files = _read_files(tool, project)
        paths = {file.path for file in files}
        own = modules([file.path for file in project.files])
        project = project.model_copy(update={"files": files})
        narrowed = only if isinstance(tool, Mypy) else ""
        if isinstance(tool, JudgesEach):
            each, reused = await judge_each(tool, version, project, own, around, self._tools, self._journal)
            return [problem for problem in each if problem.path in paths], version, reused

        async def run() -> Any:
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
            return [problem.model_dump(mode="json") for problem in found if problem.path in paths]

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
        stored, reused = await self._journal.step(f"validate.{tool.name}", inputs, run)
        return [Finding.model_validate(problem) for problem in stored], version, reused

    async def _surroundings(self, project: Project, scratch: Path, *, packages: bool = True) -> Surroundings:
        return Surroundings(
            python=self._python,
            packages=await self._packages.folder_if_any(project.packages if packages else ()),
            scratch=scratch,
            cache=self._settings.storage.cache_dir,
            seconds=self._settings.validate_.timeout_s,
            digests=await asyncio.to_thread(lambda: {file.path: file.digest for file in project.files}),
        )


def _left_out(stage: Stage, reason: str) -> StageResult:
    return StageResult(stage=stage, status="skipped", reason=reason, facts=_LASTING)


def _skipped(stage: Stage, reason: str, emit: Emit) -> StageResult:
    result = StageResult(stage=stage, status="skipped", reason=reason)
    emit(StageFinished(result=result))
    return result


def _of_stage(stage: Stage, project: Project) -> Project:
    """Security leaves nothing alone: a text could switch off its own check by what it says of itself."""
    return project.model_copy(update={"left_alone": ()}) if stage is Stage.SECURITY else project


def _alone(stage: Stage, project: Project) -> list[str]:
    """That files are left alone, if the stage would have judged some of them."""
    names = [path for path in project.left_alone if to_be_read({language_of(path)}, stage)]
    return [f"left alone, minified or generated: {', '.join(names)}"] if names else []


def _read_files(tool: Adapter, project: Project) -> tuple[SourceFile, ...]:
    unread = {*project.left_alone, *(() if tool.languages == ANY_LANGUAGE else project.other_shells)}
    beside = tool.beside if isinstance(tool, LooksBeside) else frozenset()
    return tuple(
        file
        for file in project.files
        if (reads(tool.languages, file.path) or file.path.rpartition("/")[2] in beside)
        and file.path not in unread
        and (not isinstance(tool, Chooses) or tool.concerns(file))
    )


def _errors(found: list[list[Finding]], path: str) -> tuple[Finding, ...]:
    flat = [one for part in found for one in part if one.path == path and one.severity is Severity.ERROR]
    return _merged(flat)


def _merged(findings: list[Finding]) -> tuple[Finding, ...]:
    """In reading order; of two tools' syntax errors on one line, the first tool's."""
    seen: dict[tuple[str, int], str] = {}
    kept = []
    for found in findings:
        line = (found.path, found.range.start.line)
        if found.stage is Stage.SYNTAX and seen.setdefault(line, found.tool) != found.tool:
            continue
        kept.append(found)
    return tuple(sorted(kept, key=lambda f: (f.path, f.range.start.line, f.range.start.column, f.tool)))


def _why(fault: ToolError) -> str:
    return f"not checked: {fault}" if isinstance(fault, ToolMissing) else str(fault)


def _read_by(tools: Sequence[Adapter], outcomes: Sequence[Outcome]) -> frozenset[str]:
    return frozenset[str]().union(
        *(tool.languages - ANY_LANGUAGE for tool, done in zip(tools, outcomes, strict=True) if done[1])
    )


def _facts(
    project: Project, languages: frozenset[str], findings: tuple[Finding, ...]
) -> dict[str, int | float | str]:
    counts = {level: sum(f.severity is level for f in findings) for level in Severity}
    unread = {*project.left_alone, *project.other_shells}
    judged = (file.path for file in project.files if file.path not in unread)
    read = sum(language_of(path) in languages for path in judged)
    return {"files_checked": read, "errors": counts[Severity.ERROR], "warnings": counts[Severity.WARNING]}

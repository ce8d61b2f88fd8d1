"""What the outcomes of a stage's tools mean together.

A stage passes when all its tools ran and none found an error. A tool that is missing, crashes or takes too
long makes it `skipped`, with the reason, unless another tool found an error already. What nothing on this
machine reads is named in the reason of a stage that judged the rest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..languages import ANY_LANGUAGE, language_of, to_be_read
from ..types import Finding, Severity, Stage, StageResult, ToolRun
from .adapters import Adapter
from .shells import WHY
from .switches import partly
from .types import Project, ToolError, ToolMissing

_TEXT = {"text", "ini"}
_LASTING: dict[str, int | float | str] = {"lasting": 1}
"""Of a stage that is skipped, and will be as long as files, settings and machine are what they are."""
Outcome = tuple[tuple[Finding, ...], ToolRun | None, ToolError | None]
"""Of one tool: findings, the run, and why there was none."""


@dataclass(frozen=True)
class Scene:
    """What a stage has before it; `off` are the files that the user leaves out of it."""

    stage: Stage
    project: Project
    off: frozenset[str]

    @cached_property
    def foreign(self) -> tuple[str, ...]:
        """Scripts for shells that no tool reads."""
        if self.stage is Stage.TYPES:
            return ()
        return tuple(sorted(self.project.other_shells - self.off - {*self.project.left_alone}))

    @cached_property
    def present(self) -> frozenset[str]:
        """Languages that are to be judged."""
        unseen = {*self.off, *self.project.left_alone, *self.foreign}
        return frozenset(language_of(file.path) for file in self.project.files if file.path not in unseen)

    @property
    def readable(self) -> frozenset[str]:
        return self.present | ANY_LANGUAGE if self.present or self.foreign else self.present

    @property
    def languages(self) -> str:
        """In words."""
        named = sorted((to_be_read(self.present, self.stage) or self.present) - _TEXT)
        return ", ".join(named) or "a project without code"

    @property
    def unread(self) -> str:
        return f"not checked: {', '.join(self.foreign)} ({WHY})" if self.foreign else ""

    @property
    def alone(self) -> list[str]:
        """That files are left alone, if the stage would have judged some of them."""
        left = self.project.left_alone
        names = [path for path in left if to_be_read({language_of(path)}, self.stage)]
        return [f"left alone, minified or generated: {', '.join(names)}"] if names else []


def left_out(stage: Stage, reason: str) -> StageResult:
    return StageResult(stage=stage, status="skipped", reason=reason, facts=_LASTING)


def unjudged(scene: Scene) -> StageResult:
    """There is no tool for anything of it."""
    return left_out(scene.stage, "; ".join([scene.unread or f"no tool for {scene.languages}", *scene.alone]))


def together(
    scene: Scene,
    tools: Sequence[Adapter],
    outcomes: Sequence[Outcome],
    findings: tuple[Finding, ...],
    omitted: Sequence[str],
) -> StageResult:
    """`findings`: of all outcomes, as `merged` gives them; `omitted`: what is left out of tools, in words."""
    runs = tuple(run for _, run, _ in outcomes if run)
    faults = [fault for _, _, fault in outcomes if fault]
    looked = _read_by(tools, outcomes)
    # Of texts for people nothing but secrets is to be found.
    enough = looked or (runs and not scene.present - _TEXT and not scene.foreign)
    failing = any(not isinstance(fault, ToolMissing) for fault in faults)
    failed = any(found.severity is Severity.ERROR for found in findings)
    status = "failed" if failed else "skipped" if failing or not enough else "passed"
    reasons = [*dict.fromkeys(map(_why, faults)), *_uncovered(scene, tools, runs), scene.unread, *scene.alone]
    lasting = _LASTING if status == "skipped" and not failing else {}
    result = StageResult(
        stage=scene.stage,
        status=status,
        reason="; ".join(filter(None, reasons)),
        findings=findings,
        tools=runs,
        facts={**_facts(scene.project, looked, findings), **lasting},
    )
    return partly(result, scene.off, omitted)


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """In reading order; of two tools' syntax errors on one line, the first tool's."""
    seen: dict[tuple[str, int], str] = {}
    kept = []
    for found in findings:
        line = (found.path, found.range.start.line)
        if found.stage is Stage.SYNTAX and seen.setdefault(line, found.tool) != found.tool:
            continue
        kept.append(found)
    return tuple(sorted(kept, key=lambda f: (f.path, f.range.start.line, f.range.start.column, f.tool)))


def _uncovered(scene: Scene, tools: Sequence[Adapter], runs: Sequence[ToolRun]) -> list[str]:
    """That no tool is there for some language."""
    covered = (frozenset[str]().union(*(tool.languages for tool in tools)) | _TEXT) - ANY_LANGUAGE
    if runs and not covered - _TEXT and scene.present - _TEXT:
        names = " and ".join(sorted(run.name for run in runs))
        return [f"no tool for {scene.languages}; only {names} were looked for"]
    missing = sorted(to_be_read(scene.present, scene.stage) - covered)
    return [f"not checked, no tool for {', '.join(missing)}"] if missing else []


def _why(fault: ToolError) -> str:
    return f"not checked: {fault}" if isinstance(fault, ToolMissing) else str(fault)


def _read_by(tools: Sequence[Adapter], outcomes: Sequence[Outcome]) -> frozenset[str]:
    return frozenset[str]().union(
        *(tool.languages - ANY_LANGUAGE for tool, (_, run, _) in zip(tools, outcomes, strict=True) if run)
    )


def _facts(
    project: Project, languages: frozenset[str], findings: tuple[Finding, ...]
) -> dict[str, int | float | str]:
    counts = {level: sum(f.severity is level for f in findings) for level in Severity}
    unread = {*project.left_alone, *project.other_shells}
    judged = (file.path for file in project.files if file.path not in unread)
    read = sum(language_of(path) in languages for path in judged)
    return {"files_checked": read, "errors": counts[Severity.ERROR], "warnings": counts[Severity.WARNING]}

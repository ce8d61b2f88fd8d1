"""What `validate` does: collect, run the stages over each project, tell the result as one."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from ..engine.errors import SettingsError
from ..engine.facade import Engine, ReportFormat
from ..engine.types import Finding, Severity, Stage, StageResult
from ..settings import Settings
from . import supervise
from .collect import Collected, LocalProject, NothingChanged, NothingToValidate, collect
from .endings import Ending, tell
from .progress import showing
from .text import plain
from .workspace import settings_here

_ORDER = tuple(Stage)


def run(paths: Sequence[Path], stages: str | None, form: ReportFormat, since: str) -> Ending:
    assert form in get_args(ReportFormat)
    asked = stages.split(",") if stages is not None else None
    if asked is not None:
        asked = [name.strip() for name in asked if name.strip()]
        if not asked:
            raise SettingsError("--stages names no stage", f"Name some of {', '.join(_ORDER)}.")
    settings = settings_here(validate__stages=asked)
    try:
        collected = collect(paths, max_file_kb=settings.validate_.max_file_kb, since=since)
    except NothingChanged as error:
        print(plain(error.cause), file=sys.stderr)  # noqa: T201
        if form != "text":
            sys.stdout.write(Engine.report((), form))
        return Ending.DONE
    except NothingToValidate as error:
        tell(error)
        return Ending.USAGE
    for line in collected.left_out:
        print(plain(line), file=sys.stderr)  # noqa: T201
    return supervise.run(lambda: _work(collected, settings, form, everything=asked is not None))


async def _work(collected: Collected, settings: Settings, form: ReportFormat, *, everything: bool) -> Ending:
    per_project = []
    async with Engine(settings) as engine, showing() as emit:
        for project in collected.projects:
            stages = [Stage(name) for name in settings.validate_.stages]
            if not (project.whole or everything):
                stages = [stage for stage in stages if stage is not Stage.RUNTIME]
            results = await engine.validate(
                project.files, stages, packages=project.packages, folder=str(project.root), emit=emit
            )
            per_project.append([_for_user(result, project) for result in results])
    results = tuple(_unseen(result, collected.left_out) for result in _merge(per_project))
    sys.stdout.write(engine.report(results, form))
    sys.stdout.flush()
    return _ending(results)


def _for_user(result: StageResult, project: LocalProject) -> StageResult:
    """Findings of what was asked for, with paths as the user would write them here.

    What a run of the whole project shows (a test that fails) counts wherever the cause is.
    """
    whole = project.whole
    kept = [found for found in result.findings if whole or found.path in project.wanted or not found.path]
    status = result.status
    others_only = bool(result.findings) and not any(found.severity is Severity.ERROR for found in kept)
    if status == "failed" and others_only and result.stage is not Stage.RUNTIME:
        status = "skipped" if result.reason else "passed"
    begin, here = _below(project.root), _below(Path.cwd())
    names = {path: (begin + path).removeprefix(here) for path in {found.path for found in kept} if path}
    findings = tuple(_named(found, names.get(found.path, "")) for found in kept)
    return result.model_copy(update={"findings": findings, "status": status})


def _unseen(result: StageResult, left_out: Sequence[str]) -> StageResult:
    """Who is told that security passed is told of which files nobody knows."""
    if result.stage is not Stage.SECURITY or not left_out:
        return result
    return result.model_copy(update={"reason": "; ".join(filter(None, [result.reason, *left_out]))})


def _named(found: Finding, path: str) -> Finding:
    return found if found.path == path else found.model_copy(update={"path": path})


def _below(folder: Path) -> str:
    return folder.as_posix().rstrip("/") + "/"


def _merge(per_project: Sequence[Sequence[StageResult]]) -> tuple[StageResult, ...]:
    """One result per stage: failed if it failed anywhere, else skipped if it was skipped anywhere."""
    found = [result for results in per_project for result in results]
    return tuple(
        _joined([result for result in found if result.stage is stage])
        for stage in _ORDER
        if any(result.stage is stage for result in found)
    )


def _joined(results: Sequence[StageResult]) -> StageResult:
    if len(results) == 1:
        return results[0]
    worst = next(
        (status for status in ("failed", "skipped") if any(result.status == status for result in results)),
        "passed",
    )
    return StageResult(
        stage=results[0].stage,
        status=worst,
        reason="; ".join(dict.fromkeys(result.reason for result in results if result.reason)),
        findings=tuple(found for result in results for found in result.findings),
        tools=tuple(
            {(tool.name, tool.version): tool for result in results for tool in result.tools}.values()
        ),
        facts=_summed(result.facts for result in results),
    )


def _summed(all_facts: Iterable[Mapping[str, int | float | str]]) -> dict[str, int | float | str]:
    """Counts add up; of words, the last ones stay."""
    summed: dict[str, int | float | str] = {}
    for name, value in (item for facts in all_facts for item in facts.items()):
        before = summed.get(name, 0)
        summed[name] = value if isinstance(value, str) or isinstance(before, str) else before + value
    return summed


def _ending(results: Sequence[StageResult]) -> Ending:
    skipped = [result for result in results if result.status == "skipped"]
    for result in skipped:
        print(plain(f"not checked: {result.stage}: {result.reason}"), file=sys.stderr)  # noqa: T201
    failed = any(result.status == "failed" for result in results)
    return Ending.FAILED if failed or len(skipped) == len(results) else Ending.DONE

"""The runtime stage of a project in several languages: each in its own root, and one result tells of all."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from ...errors import SandboxError
from ...types import Stage, StageResult
from .stage import not_run

Run = Callable[[], Awaitable[StageResult]]
_WORST_FIRST: tuple[Literal["failed", "skipped", "passed"], ...] = ("failed", "skipped", "passed")
_COUNTED = (
    "modules_imported",
    "modules_failed",
    "tests_passed",
    "tests_failed",
    "tests_errors",
    "tests_skipped",
    "tests_not_run",
    "seconds",
)


async def run_each(
    runs: Sequence[tuple[str, Run]], told: Callable[[SandboxError], StageResult] = not_run
) -> StageResult:
    """Runs one language after the other; `runs` are named for people. `told` says what an error comes to."""
    if not runs:
        reason = "there is no Python and no JavaScript to run"
        return StageResult(stage=Stage.RUNTIME, status="skipped", reason=reason, facts={"lasting": 1})
    return _together([(name, *await _guarded(run, told)) for name, run in runs])


async def _guarded(run: Run, told: Callable[[SandboxError], StageResult]) -> tuple[StageResult, bool]:
    """What came of it, and whether nothing on this machine could have run it."""
    from ...sandbox import LanguageMissing

    try:
        result = await run()
    except LanguageMissing as error:
        return StageResult(stage=Stage.RUNTIME, status="skipped", reason=f"not checked: {error}"), True
    except SandboxError as error:
        return told(error), False
    return result, result.status == "skipped" and "lasting" in result.facts


def _together(results: Sequence[tuple[str, StageResult, bool]]) -> StageResult:
    """Failed if one failed. What nothing here can run is named, and keeps nothing from passing that ran."""
    if len(results) == 1:
        return results[0][1]
    parts = [result for _, result, _ in results]
    reasons = [f"{name}: {result.reason}" for name, result, _ in results if result.reason]
    statuses = {result.status for _, result, unable in results if not unable} or {"skipped"}
    return StageResult(
        stage=Stage.RUNTIME,
        status=next(status for status in _WORST_FIRST if status in statuses),
        reason="; ".join(reasons),
        findings=tuple(one for result in parts for one in result.findings),
        tools=tuple(dict.fromkeys(run for result in parts for run in result.tools)),
        facts=_facts(parts),
    )


def _facts(parts: Sequence[StageResult]) -> dict[str, int | float | str]:
    """What is counted in each language is added up; what only one tells stays as it is."""
    facts: dict[str, int | float | str] = {}
    for result in parts:
        for name, value in result.facts.items():
            before = facts.get(name, 0)
            if name in _COUNTED and not isinstance(value, str) and not isinstance(before, str):
                facts[name] = round(before + value, 3)
            elif name != "lasting":
                facts[name] = value
    if all("lasting" in result.facts for result in parts):
        facts["lasting"] = 1
    return facts

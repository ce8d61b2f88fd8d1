"""Comparing: what a capsule says was seen, against what validating and running it again shows.

Findings are compared by where and what they are, counted facts by their values. Versions of tools and the
sandbox differ from machine to machine: they are told, as they explain other differences, and count as none.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ..types import Capsule, Finding, Rerun, SourceFile, Stage, StageAgain, StageResult

_ADDED_LATER = ("README.md", "requirements.txt")
_UNCOUNTED = frozenset({"lasting", "seconds", "python", "sandbox", "node"})
"""Facts that say how it was run, not what was seen."""
_ADDRESS = re.compile(r"0x[0-9a-f]+")


def judged_files(capsule: Capsule) -> tuple[SourceFile, ...]:
    """The files that the recorded stages looked at: packing adds some afterwards."""
    plan = capsule.evidence.plan
    planned = {file.path for file in plan.files} if plan else {file.path for file in capsule.files}
    return tuple(file for file in capsule.files if file.path in planned or file.path not in _ADDED_LATER)


def compare(
    recorded: Sequence[StageResult], here: Sequence[StageResult], *, sandboxes: tuple[str, str]
) -> Rerun:
    """`sandboxes`: the one that is recorded, and the one here."""
    now = {result.stage: result for result in here}
    stages = tuple(_compared(result, now.get(result.stage), sandboxes) for result in recorded)
    outcomes = {stage.outcome for stage in stages}
    if "other" in outcomes:
        return Rerun(outcome="other", stages=stages)
    return Rerun(outcome="same" if outcomes == {"same"} else "not run", stages=stages)


def _compared(recorded: StageResult, here: StageResult | None, sandboxes: tuple[str, str]) -> StageAgain:
    notes = tuple(_notes(recorded, here, sandboxes)) if here else ()
    status = here.status if here else "skipped"
    if here is None or (here.status == "skipped" and recorded.status != "skipped"):
        reason = (here.reason if here else "") or "it was not run"
        return StageAgain(
            stage=recorded.stage,
            recorded=recorded.status,
            here=status,
            outcome="not run",
            differences=(reason,),
            notes=notes,
        )
    differences = tuple(_differences(recorded, here))
    return StageAgain(
        stage=recorded.stage,
        recorded=recorded.status,
        here=status,
        outcome="other" if differences else "same",
        differences=differences,
        notes=notes,
    )


def _differences(recorded: StageResult, here: StageResult) -> Iterator[str]:
    if recorded.status != here.status:
        why = f": {here.reason}" if here.reason else ""
        yield f"it {recorded.status} then, and {here.status} now{why}"
    before, after = Counter(map(_told, recorded.findings)), Counter(map(_told, here.findings))
    yield from (f"found now and not then: {told}" for told in (after - before).elements())
    yield from (f"found then and not now: {told}" for told in (before - after).elements())
    for name in dict.fromkeys([*recorded.facts, *here.facts]):
        then, now = recorded.facts.get(name), here.facts.get(name)
        if name not in _UNCOUNTED and then != now:
            yield f"{name.replace('_', ' ')}: {_value(then)} then, {_value(now)} now"


def _notes(recorded: StageResult, here: StageResult, sandboxes: tuple[str, str]) -> Iterator[str]:
    if recorded.stage is Stage.RUNTIME and sandboxes[0] != sandboxes[1]:
        yield f"it ran in {sandboxes[0] or 'no sandbox'} then, in {sandboxes[1] or 'no sandbox'} now"
    now = {tool.name: tool.version for tool in here.tools}
    for tool in recorded.tools:
        if now.get(tool.name, "") != tool.version:
            yield f"{tool.name}: {tool.version} then, {now.get(tool.name) or 'not run'} now"


def _told(finding: Finding) -> str:
    start = finding.range.start
    place = f"{finding.path}:{start.line + 1}:{start.column + 1}"
    return f"{place} {_ADDRESS.sub('', finding.message)} ({finding.tool} {finding.rule})"


def _value(value: object) -> str:
    return "none" if value is None else str(value)


def rerunnable(recorded: Sequence[StageResult], versions: dict[str, str], sandbox: str) -> tuple[bool, str]:
    """Whether every recorded stage can be run again here, and what is missing or of another version.

    `versions` are those of the tools here, by name; `sandbox` says why there is none.
    """
    lacking: list[str] = []
    others: list[str] = []
    for result in recorded:
        if result.stage is Stage.RUNTIME:
            lacking += [f"runtime: {sandbox}"] if sandbox and result.status != "skipped" else []
            continue
        for tool in result.tools:
            here = versions.get(tool.name, "")
            if not here:
                lacking.append(f"{result.stage}: {tool.name} is not here")
            elif here != tool.version:
                others.append(f"{tool.name} {here} instead of {tool.version}")
    if lacking:
        return False, "; ".join(lacking)
    return True, f"all of them, with {', '.join(others)}" if others else "all of them, with the same tools"

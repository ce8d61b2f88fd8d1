"""Merging two versions: put together, validated and run again, and judged by what is seen then."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ...settings import Settings
from ..brief.traits import measure
from ..capsule.manifest import build_manifest, make_capsule
from ..capsule.merge import (
    MergedFiles,
    Sides,
    find_sides,
    merge_briefs,
    merge_files,
    merge_packages,
    merge_plans,
    resolved_files,
)
from ..capsule.refs import Refs
from ..capsule.store import Store
from ..errors import CapsuleError
from ..events import Emit, Notice
from ..sandbox import Sandbox, described
from ..types import (
    Brief,
    Capsule,
    Evidence,
    Plan,
    PlannedFile,
    Severity,
    SourceFile,
    Stage,
    StageResult,
    Usage,
    Verdict,
)
from ..types.versions import Merge
from ..validation.mesh import Mesh
from ..validation.types import Project
from .inherited import authors
from .sign import signed
from .verdict import undefined_names

_LEAST_TESTS = 3


async def merge(
    store: Store,
    mesh: Mesh,
    sandbox: Sandbox | None,
    ours: str,
    theirs: str,
    *,
    settings: Settings,
    resolved: Mapping[str, str] | None = None,
    emit: Emit,
) -> Merge:
    """Merges `theirs` into `ours`, the head of a branch, and makes the result the head of that branch.

    `resolved`, by path: texts in which conflicts of an earlier try were settled. With conflicts nothing is
    stored. The verdict is the result's own: nothing of what was seen of either side counts for it.
    """
    sides = await asyncio.to_thread(find_sides, store, ours, theirs)
    branch = await asyncio.to_thread(_branch_at, store, sides.ours)
    ends = {"ours": sides.ours.id, "theirs": sides.theirs.id, "base": sides.base.id}
    if sides.base.id == sides.theirs.id:
        return Merge(**ends, outcome="up to date", capsule=sides.ours.id)
    if sides.base.id == sides.ours.id and sides.ours.manifest.name == sides.theirs.manifest.name:
        await asyncio.to_thread(_forward, store, sides, branch)
        return Merge(**ends, outcome="fast-forward", capsule=sides.theirs.id)
    merged = await asyncio.to_thread(_merged, sides, resolved)
    if merged.conflicts:
        return Merge(**ends, outcome="conflicts", conflicts=merged.conflicts, files=merged.files)
    packages = merge_packages(sides)
    stages = await mesh.check(Project.of(merged.files, packages), emit=emit)
    made = await asyncio.to_thread(_make, sides, merged.files, packages, stages, sandbox, resolved or {})
    capsule, unsigned = await asyncio.to_thread(signed, made, settings, sandbox)
    if unsigned:
        emit(Notice(severity=Severity.WARNING, message=unsigned))
    await asyncio.to_thread(store.add, capsule, renew=True, branch=branch)
    return Merge(**ends, outcome="merged", capsule=capsule.id)


def _branch_at(store: Store, ours: Capsule) -> str:
    """The branch whose head a version is, the current one if there are several."""
    refs = store.refs(ours.manifest.name)
    branches, _ = refs.of(ours.id)
    if not branches:
        raise CapsuleError(
            f"{ours.id[:16]} is not the head of a branch, so nothing would lead to the merged version.",
            f"Make a branch there: `quantumlayer capsule branch {ours.id[:12]} NAME`.",
        )
    return refs.current if refs.current in branches else branches[0]


def _forward(store: Store, sides: Sides, branch: str) -> None:
    """The branch goes on to a version that descends from its head."""

    def change(refs: Refs) -> Refs:
        if refs.branches.get(branch) != sides.ours.id:
            raise CapsuleError(f"The branch {branch!r} has moved meanwhile.", "Merge again.")
        return refs.with_branch(branch, sides.theirs.id)

    store.change_refs(sides.ours.manifest.name, change)


def _merged(sides: Sides, resolved: Mapping[str, str] | None) -> MergedFiles:
    return merge_files(sides) if resolved is None else resolved_files(sides, resolved)


def _make(
    sides: Sides,
    files: Sequence[SourceFile],
    packages: Sequence[str],
    stages: Sequence[StageResult],
    sandbox: Sandbox | None,
    by_hand: Mapping[str, str],
) -> Capsule:
    brief = merge_briefs(sides)
    plan = merge_plans(sides, files, packages) or _plan_of(brief, files)
    manifest = build_manifest(
        brief,
        plan,
        files,
        tests=_tests(sides),
        parents=(sides.ours.id, sides.theirs.id),
        packages=packages,
        name=sides.ours.manifest.name,
    )
    evidence = Evidence(
        verdict=judge_again(brief, files, stages),
        usage=Usage(),
        models=tuple(dict.fromkeys([*sides.ours.evidence.models, *sides.theirs.evidence.models])),
        plan=plan,
        sandbox=described(sandbox),
        tools={tool.name: tool.version for stage in stages for tool in stage.tools},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        authors=authors(files, (sides.ours.evidence, sides.theirs.evidence), by_hand),
    )
    return make_capsule(manifest, brief, files, evidence)


def judge_again(brief: Brief, files: Sequence[SourceFile], stages: Sequence[StageResult]) -> Verdict:
    """The verdict on a project of which only its files are known: every stage, and the tests it brings.

    *Verified* means: no stage failed, was skipped or left out, everything the brief declares is defined, and
    at least three tests passed and none failed. The confidence is the estimated chance that another test
    would pass.
    """
    facts = next((stage.facts for stage in stages if stage.stage == Stage.RUNTIME), {})
    passed, failed = (int(facts.get(f"tests_{word}", 0)) for word in ("passed", "failed"))
    missing = undefined_names(measure(brief), {file.path: file for file in files})
    reasons = [f"{stage.stage} was skipped: {stage.reason}" for stage in stages if stage.status == "skipped"]
    reasons += [f"{stage.stage} failed: {_why(stage)}" for stage in stages if stage.status == "failed"]
    if left_out := [str(stage) for stage in Stage if stage not in {one.stage for one in stages}]:
        reasons.append(f"not looked at: {', '.join(left_out)}")
    if missing:
        asked = ", ".join(f"`{name}`" for name in missing)
        reasons.append(f"the brief asks for {asked}, and no file defines it")
    if passed < _LEAST_TESTS:
        reasons.append(f"only {passed} tests passed; {_LEAST_TESTS} are the least")
    confidence = (passed + 1) / (passed + failed + 2)
    confidence *= 0.5 ** sum(stage.status == "skipped" for stage in stages)
    if missing or any(stage.status == "failed" for stage in stages):
        confidence = min(confidence, 0.3)
    return Verdict(
        status="unverified" if reasons else "verified",
        stages=tuple(stages),
        confidence=round(confidence, 2),
        evidence=(
            f"{passed} of {passed + failed} tests that the merged versions bring pass",
            *(f"{stage.stage}: {stage.status}" for stage in stages),
        ),
        reasons=tuple(reasons),
    )


def _why(stage: StageResult) -> str:
    if stage.reason:
        return stage.reason
    worst = sorted(stage.findings, key=lambda finding: finding.severity != "error")
    if not worst:
        return "see the report"
    return f"{worst[0].path}:{worst[0].range.start.line + 1}: {worst[0].message}"


def _tests(sides: Sides) -> set[str]:
    entries = [*sides.ours.manifest.files, *sides.theirs.manifest.files]
    return {entry.path for entry in entries if entry.role == "test"}


def _plan_of(brief: Brief, files: Sequence[SourceFile]) -> Plan:
    """For versions that were made before plans were kept."""
    first = brief.text.strip().splitlines()[0]
    return Plan(summary=first, files=tuple(PlannedFile(path=file.path, purpose="") for file in files[:40]))

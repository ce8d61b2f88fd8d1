"""Proof: whether a draft does what the brief's own examples say, before anything else is paid for."""

from collections.abc import Sequence

from ..agents.checks import Check, TestBed, examples
from ..agents.planner import full_text
from ..agents.properties import round_trips
from ..errors import SandboxError
from ..types import Candidate, Plan, PlannedFile
from .contract import contract_of
from .elect import passed
from .examine import Examined, run, seen_in
from .targets import called_in, targets_of
from .workshop import Files, Workshop

SETTLED = 2
"""Examples that a function passes, with none failed, before it is left as it is."""


async def proven(
    shop: Workshop, plan: Plan, planned: PlannedFile, written: Files, candidate: Candidate
) -> bool:
    """Whether each function of the draft that has something in it passes the brief's examples, of which
    there must be some. Never without a sandbox.
    """
    files = {**written, planned.path: candidate.file}
    wanted = [target for target in targets_of(candidate.file.text) if not shop.is_given(target)]
    if shop.sandbox is None or not wanted:
        return False
    part = plan.model_copy(update={"files": tuple(one for one in plan.files if one.path in files)})
    bed = contract_of(shop, part, files).bed
    checks = examples_for(shop, bed)
    about = {target: _about(target, checks) for target in wanted}
    if any(len(names) < SETTLED for names in about.values()):
        return False
    before = Examined(files=files, bed=bed, checks=checks)
    try:
        (report,) = await run(shop, part, before, [candidate.file])
    except SandboxError:
        return False
    return set().union(*about.values()) <= passed(seen_in(report))


def examples_for(shop: Workshop, bed: TestBed) -> tuple[Check, ...]:
    """Checks that stand in the brief or follow from it, each once; no model is asked."""
    found = {check.key: check for check in examples(bed, full_text(shop.brief))} if bed.names else {}
    for check in round_trips(bed, tuple(found.values())):
        found.setdefault(check.key, check)
    return tuple(found.values())


def _about(target: str, checks: Sequence[Check]) -> set[str]:
    name = target.rpartition(".")[2]
    return {check.name for check in checks if name in called_in(check.code)}

"""Widening: more answers are sampled for a short file of which none passes the brief's own examples.

What a model gets right once in ten answers is worth ten answers where an example can tell which one it is
(repeated sampling, arXiv 2407.21787). Functions of longer files are rewritten one by one instead.
"""

from ..events import FileFinished, PhaseStarted
from ..types import Plan, PlannedFile
from .choice import tell
from .escalations import escalate
from .examine import Examined, choose
from .gate import counted
from .targets import called_in, targets_of
from .workshop import Candidates, Workshop
from .write import draw

_MOST_FUNCTIONS = 2
_MOST_OF_TIME = 0.5


async def widen(shop: Workshop, plan: Plan, examined: Examined, candidates: Candidates) -> Examined:
    """Adds to `candidates` and elects again, as often as the tier allows and it is needed.

    Raises what keeps it from going on.
    """
    for wave in range(1, shop.tier.waves + 1):
        poor = [planned for planned in plan.files if _is_poor(shop, examined, planned)]
        if shop.sandbox is None or not poor or shop.spent(_MOST_OF_TIME):
            break
        shop.emit(PhaseStarted(phase="widen", detail=f"round {wave}"))
        for planned in poor:
            examined = await _widened(shop, plan, planned, examined, candidates, wave)
    return examined


async def _widened(
    shop: Workshop, plan: Plan, planned: PlannedFile, examined: Examined, candidates: Candidates, wave: int
) -> Examined:
    escalate(shop, planned.path, "", "widened", "no answer passes the brief's own examples")
    written = {path: examined.files[path] for path in planned.depends_on}
    first = (wave + 1) * shop.samples
    drawn = await draw(shop, plan, planned, written, samples=shop.samples, first=first)
    known = {candidate.file.text for candidate in candidates[planned.path]}
    usable = [candidate for candidate in drawn if not candidate.problems]
    candidates[planned.path] = tuple(counted([*candidates[planned.path], *usable]))
    if all(candidate.file.text in known for candidate in usable):
        return examined
    before = examined.files[planned.path]
    examined = await choose(shop, plan, examined, candidates[planned.path])
    file = examined.files[planned.path]
    tell(shop, file, "elected", examined.reason, candidates=examined.contest)
    if file != before:
        shop.emit(FileFinished(file=file))
    return examined


def _is_poor(shop: Workshop, examined: Examined, planned: PlannedFile) -> bool:
    """Whether an example of the brief fails that calls one of the few functions of the file."""
    targets = [one for one in targets_of(examined.files[planned.path].text) if not shop.is_given(one)]
    if not 0 < len(targets) <= _MOST_FUNCTIONS:
        return False
    names = {target.rpartition(".")[2] for target in targets}
    return any(
        check.anchored and check.name not in examined.passed and not names.isdisjoint(called_in(check.code))
        for check in examined.checks
    )

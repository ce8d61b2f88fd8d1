"""What was chosen and why, as it is told and kept."""

import hashlib
from collections.abc import Sequence

from ..agents.checks import Check
from ..events import Chosen
from ..python.regions import regions
from ..types import Candidate, CandidateRecord, CheckRecord, How, SourceFile
from .elect import PASSED, Passed, Seen, agreement, passed, standings
from .workshop import Workshop

_MOST_SHOWN = 160


def records_of(
    options: Sequence[Candidate],
    outcomes: Sequence[Seen],
    winner: int,
    checks: Sequence[Check],
    probes: Sequence[Check],
    target: str = "",
) -> tuple[CandidateRecord, ...]:
    """Each candidate of an election with what was seen of it."""
    scores = standings(outcomes, [*checks, *probes], [option.copies for option in options])
    claims = {check.name for check in checks}
    names = [check.name for check in (*checks, *probes)]
    return tuple(
        CandidateRecord(
            path=option.file.path,
            target=target,
            sample=option.sample,
            copies=option.copies,
            model=option.model,
            sha256=_sha256(option.file, target),
            elected=index == winner,
            score=round(scores[index], 3),
            passed=len(passed(seen) & claims),
            total=len(claims),
            shown={name: _short(seen.get(name, "")) for name in names if seen.get(name, PASSED) != PASSED},
        )
        for index, (option, seen) in enumerate(zip(options, outcomes, strict=True))
    )


def why_elected(
    options: Sequence[Candidate], outcomes: Sequence[Seen], winner: int, checks: Sequence[Check]
) -> str:
    """One sentence."""
    alike = round(100 * agreement(outcomes, winner, [option.copies for option in options]))
    best = len(passed(outcomes[winner]) & {check.name for check in checks})
    return (
        f"elected from {len(options)} different answers: {best} of {len(checks)} checks pass, "
        f"{alike} % of the answers behave like it"
    )


def checks_of(checks: Sequence[Check], probes: Sequence[Check], passing: Passed) -> tuple[CheckRecord, ...]:
    """The checks as they are kept."""
    claims = [
        CheckRecord(
            name=check.name,
            code="\n".join(check.body),
            source="brief" if check.anchored else "model",
            passed=check.name in passing,
        )
        for check in checks
    ]
    looks = [
        CheckRecord(name=probe.name, code="\n".join(probe.body), source="probe", passed=False)
        for probe in probes
    ]
    return (*claims, *looks)


def tell(
    shop: Workshop,
    file: SourceFile,
    how: How,
    reason: str,
    *,
    target: str = "",
    candidates: Sequence[CandidateRecord] = (),
) -> None:
    """Says that the file, or its function `target`, is taken as it stands there."""
    shop.emit(
        Chosen(
            path=file.path,
            target=target,
            sha256=_sha256(file, target),
            how=how,
            reason=reason,
            candidates=tuple(candidates),
        )
    )


def _sha256(file: SourceFile, target: str) -> str:
    found = {placed.name: placed.sha256 for placed in regions(file.text)} if target else {}
    return found.get(target) or hashlib.sha256(file.text.encode()).hexdigest()


def _short(shown: str) -> str:
    line = shown.splitlines()[0] if shown else ""
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"

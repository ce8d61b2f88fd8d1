"""Evidence: what was seen of the version that was taken, as a value that is kept and as a sentence."""

from collections.abc import Sequence
from datetime import UTC, datetime

from ..orchestrator.elect import BROKEN
from ..python.regions import regions
from ..types import Wish, Written
from .judging import Judgement
from .trial import PROBE, Trial, Version

_INVENTED = 1 / 3
"""What a check that a model made up is worth, against an example of the user's."""


def evidence_of(
    wish: Wish, name: str, versions: Sequence[Version], trial: Trial, number: int, judged: Judgement
) -> Written:
    theirs = (*trial.anchored, *trial.tests)
    passed = len(trial.passed(number, theirs))
    made_up = len(trial.passed(number, trial.invented))
    drawn = sum(one.copies for one in versions)
    total = len(theirs) + len(trial.invented)
    ran = "passed" if passed + made_up else "failed"
    stages = judged.stages | {"runtime": ran if total and not trial.not_run else "skipped"}
    return Written(
        name=name,
        sha256=digest_in(versions[number].text, name),
        path=wish.path,
        how="elected" if drawn > 1 else "only",
        model=versions[number].model,
        task=wish.task,
        candidates=drawn,
        agreeing=trial.agreeing[number],
        checks_passed=passed + made_up,
        checks_total=total,
        stages=stages,
        confidence=_confidence(trial, number, passed, made_up, drawn, judged),
        evidence=tuple(_evidence(trial, number, drawn, judged)),
        draw=wish.draw,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def digest_in(text: str, name: str) -> str:
    """Of the last region of that name; empty if there is none."""
    return next((one.sha256 for one in reversed(regions(text)) if one.name == name), "")


def sentence(written: Written) -> str:
    return f"{'; '.join(written.evidence)}."


def _evidence(trial: Trial, number: int, drawn: int, judged: Judgement) -> list[str]:
    said = []
    if drawn > 1:
        same = "behave alike" if not trial.not_run else "are the same"
        said.append(f"{trial.agreeing[number]} of {drawn} candidates {same}")
    if trial.not_run:
        said.append(f"not run, because {trial.not_run}")
    for names, what in (
        (trial.anchored, "examples of yours"),
        (trial.tests, "tests of yours"),
        (trial.invented, "checks that a model wrote"),
    ):
        if names:
            said.append(f"{len(trial.passed(number, names))} of {len(names)} {what} pass")
    if not trial.not_run and not (trial.anchored or trial.tests or trial.invented):
        said.append("no check says whether it is right")
    if shown := [name for name, one in trial.before.items() if name.startswith(PROBE) and one != BROKEN]:
        kept = sum(trial.before[name] == trial.seen[number].get(name) for name in shown)
        if trial.keeping:
            said.append(f"{kept} of {len(shown)} other calls show the same as before")
    said.append(_found(judged))
    return said


def _found(judged: Judgement) -> str:
    left_out = [stage for stage, how in judged.stages.items() if how == "skipped"]
    skipped = f" ({', '.join(left_out)} not checked)" if left_out else ""
    if judged.new:
        return f"{len(judged.new)} new remarks on style or types, no error{skipped}"
    return f"no new finding{skipped}"


def _confidence(trial: Trial, number: int, passed: int, made_up: int, drawn: int, judged: Judgement) -> float:
    """As a verdict's: what passed against what failed, and how many candidates agree; halved for each stage
    that was not looked at."""
    good = passed + _INVENTED * made_up
    failed = len(trial.anchored) + len(trial.tests) - passed + _INVENTED * (len(trial.invented) - made_up)
    found = (good + 1) / (good + failed + 2) * (0.75 + 0.25 * trial.agreeing[number] / drawn)
    looked = bool(trial.anchored or trial.tests or trial.invented) and not trial.not_run
    skipped = sum(how == "skipped" for how in judged.stages.values()) + (not looked)
    return round(found * 0.5**skipped, 2)

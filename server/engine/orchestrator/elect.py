"""Election: which candidate is used, decided by running them and comparing what they do.

Candidates run against the same checks, and a check may be wrong: its author is a model too. So what counts
is not only whether a check passes but what is seen in its place. Candidates that show the same value vouch
for each other, the check's claim vouches for the value it names, and a candidate's score is how much stands
behind what it shows, over all checks. Candidates of one model make the same mistakes, so their number counts
with its root (as in the dual agreement of CodeT, arXiv 2207.10397; choosing by behaviour is MBR-EXEC, arXiv
2204.11454). A claim that some candidate meets is worth a few of them: to coincide by chance is hard. What
passes a check anchored in the brief has its weight whoever else does; what breaks has nothing behind it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt

from ..agents.checks import Check

ANCHORED = 3.0
INVENTED = 1.0
_CLAIM = 1.5
"""What a check's claim is worth, in roots of candidates."""

PASSED = ""
BROKEN = "broken"
"""Neither a value nor an error that anyone could mean: a defect of the code itself, or no outcome at all."""
Passed = frozenset[str]
"""Names of the checks a candidate passed."""
Seen = Mapping[str, str]
"""For each check what a candidate showed: nothing if it passed."""


def weight(check: Check) -> float:
    return ANCHORED if check.anchored else INVENTED


def score(passed: Passed, checks: Sequence[Check]) -> float:
    return sum(weight(check) for check in checks if check.name in passed)


def rank(outcomes: Sequence[Seen], checks: Sequence[Check], copies: Sequence[int] = ()) -> list[int]:
    """Indexes of the candidates, the best first; of equals the first."""
    scores = standings(outcomes, checks, copies)
    return sorted(range(len(outcomes)), key=lambda index: (-scores[index], index))


def standings(
    outcomes: Sequence[Seen], checks: Sequence[Check], copies: Sequence[int] = ()
) -> tuple[float, ...]:
    """For each candidate how much stands behind what it shows."""
    votes = tuple(copies) or (1,) * len(outcomes)
    scores = [0.0] * len(outcomes)
    for check in checks:
        shown = [seen.get(check.name, BROKEN) for seen in outcomes]
        standing = _standing(shown, votes)
        for index, one in enumerate(shown):
            if check.anchored:
                scores[index] += ANCHORED * (one == PASSED)
            else:
                scores[index] += INVENTED * standing[one]
    return tuple(round(score, 9) for score in scores)


def _standing(shown: Sequence[str], votes: Sequence[int]) -> Mapping[str, float]:
    """What stands behind each thing that was shown, from 0 to 1."""
    counted: Counter[str] = Counter()
    for one, number in zip(shown, votes, strict=True):
        counted[one] += number
    most = sqrt(sum(votes)) + _CLAIM
    standing = {one: (sqrt(number) + _CLAIM * (one == PASSED)) / most for one, number in counted.items()}
    return standing | {BROKEN: 0.0}


def passed(seen: Seen) -> Passed:
    return frozenset(name for name, shown in seen.items() if shown == PASSED)


def agreement(outcomes: Sequence[Seen], winner: int, copies: Sequence[int] = ()) -> float:
    """The share of candidates that behave like the winner."""
    votes = tuple(copies) or (1,) * len(outcomes)
    alike = sum(votes[index] for index, seen in enumerate(outcomes) if seen == outcomes[winner])
    return alike / sum(votes)

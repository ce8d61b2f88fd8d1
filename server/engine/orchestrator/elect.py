"""Election: which candidate of each file is used, decided by running them.

Candidates run against the same checks. A check may be wrong, so a candidate's score is not how many it
passes but how much agreement stands behind what it does: candidates that pass the same checks form a
group, and a group's score is the weight of its checks times the square root of its size (the dual
agreement of CodeT, arXiv 2207.10397). A group that passes less than another, and nothing else, is out
first: many equal mistakes must not outvote the one candidate that avoids them. Checks anchored in the
brief weigh more than invented ones; a check that every candidate fails, or every one passes, cannot tell
them apart and drops out by itself.
"""

from collections.abc import Sequence
from math import sqrt

from ..agents.checks import Check

ANCHORED = 3.0
INVENTED = 1.0

Passed = frozenset[str]
"""Names of the checks a candidate passed."""


def weight(check: Check) -> float:
    return ANCHORED if check.anchored else INVENTED


def score(passed: Passed, checks: Sequence[Check]) -> float:
    return sum(weight(check) for check in checks if check.name in passed)


def elect(outcomes: Sequence[Passed], checks: Sequence[Check]) -> int:
    """The index of the winner: the first member of the best group."""
    groups: dict[Passed, list[int]] = {}
    for index, passed in enumerate(outcomes):
        groups.setdefault(passed, []).append(index)
    front = [passed for passed in groups if not any(passed < other for other in groups)]
    best = max(
        front, key=lambda passed: (score(passed, checks) * sqrt(len(groups[passed])), -groups[passed][0])
    )
    return groups[best][0]


def agreement(outcomes: Sequence[Passed], winner: int) -> float:
    """The share of candidates that behave like the winner."""
    return sum(passed == outcomes[winner] for passed in outcomes) / len(outcomes)

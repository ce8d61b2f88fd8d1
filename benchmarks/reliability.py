"""Reliability: of what was said with some confidence, how much was right.

Used by `quality.py calibration`. The expected calibration error (ECE) is the mean distance between what was
said and what came, over ten bins, weighed by their size (Guo et al., 2017). The fit is isotonic: the closest
estimates that never fall as the confidence rises, found by pooling neighbours that do (pool adjacent
violators). Risk and coverage: of the tasks with at least a confidence, how many there are and what share of
them is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

BINS = 10
Said = tuple[float, bool]
"""A confidence, and whether the answer was right."""


@dataclass(frozen=True)
class Bin:
    low: float
    count: int
    said: float
    """Mean confidence."""
    right: float
    """Share that was right."""


def bins(said: Sequence[Said]) -> list[Bin]:
    """Those with something in them."""
    found = []
    for number in range(BINS):
        members = [one for one in said if min(int(one[0] * BINS), BINS - 1) == number]
        if members:
            mean, right = (sum(values) / len(members) for values in zip(*members, strict=True))
            found.append(Bin(number / BINS, len(members), mean, right))
    return found


def expected_error(said: Sequence[Said]) -> float:
    return sum(one.count * abs(one.said - one.right) for one in bins(said)) / len(said) if said else 0.0


def brier(said: Sequence[Said]) -> float:
    """Mean squared distance to what came."""
    return sum((confidence - right) ** 2 for confidence, right in said) / len(said) if said else 0.0


def isotonic(said: Sequence[Said]) -> list[tuple[float, float]]:
    """Steps of the fit: from which confidence on, and the estimate."""
    by_confidence: dict[float, list[bool]] = {}
    for confidence, right in said:
        by_confidence.setdefault(confidence, []).append(right)
    pools: list[tuple[float, float, int]] = []
    for confidence in sorted(by_confidence):
        seen = by_confidence[confidence]
        low, good, count = confidence, float(sum(seen)), len(seen)
        while pools and pools[-1][1] / pools[-1][2] >= good / count:
            before = pools.pop()
            low, good, count = before[0], before[1] + good, before[2] + count
        pools.append((low, good, count))
    return [(low, good / count) for low, good, count in pools]


def fitted(steps: Sequence[tuple[float, float]], confidence: float) -> float:
    """The estimate for a confidence; below the first step that of the first."""
    estimate = steps[0][1]
    for low, value in steps:
        if confidence >= low:
            estimate = value
    return estimate


def held_out(said: Sequence[Said], folds: int = 5) -> list[Said]:
    """Each answer with the estimate of a fit that has not seen it."""
    found: list[Said] = []
    for fold in range(folds):
        steps = isotonic([one for index, one in enumerate(said) if index % folds != fold])
        mine = said[fold::folds]
        found += [(fitted(steps, confidence) if steps else confidence, right) for confidence, right in mine]
    return found


def risk_coverage(said: Sequence[Said]) -> list[tuple[float, float, float]]:
    """For each confidence that occurs, highest first: it, the share of answers with at least that, and what
    share of these is wrong."""
    rows = []
    for threshold in sorted({confidence for confidence, _ in said}, reverse=True):
        taken = [right for confidence, right in said if confidence >= threshold]
        rows.append((threshold, len(taken) / len(said), 1 - sum(taken) / len(taken)))
    return rows

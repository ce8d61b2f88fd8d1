"""Which patterns a brief's generation uses: the best subset that the budget allows.

What a pattern brings is the share of checks that passed in runs with it, less that of runs without it. In
most runs that is the difference of the means, where both sides are known, and a pattern stays as the engine
has it where they are not. In the share of runs that `generate.explore` gives, both sides are drawn from their
Beta posteriors (Thompson sampling), so that what is little known is tried. Every subset is looked at, since
eight patterns have 256 of them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from ..types import Brief, PatternChoice, PatternName, Selection, Traits
from .catalogue import META_LEARNING, PATTERNS, SAMPLE_UNITS, UNCERTAINTY, Pattern
from .fitting import fits
from .prior import Compared, Counted, Priors

_LEAST_RUNS = 4
"""Recorded runs of a kind before anything is concluded from them."""
_PRICE = 0.01
"""What a unit must bring to be worth it: one more of a hundred checks."""
_FEWEST = 2
"""Answers that can be compared."""
_TINY = 1e-9
_NO_ROOM = "and what is left of the budget is too little"
_HABIT = 1e-6
"""Decides between what is otherwise equal: as the engine has it."""
Recorded = Mapping[PatternName, Compared]


def bucket_of(traits: Traits) -> str:
    """The kind of a brief that runs are compared within; few kinds, so that each is soon known."""
    return f"{traits.level}, {traits.clearness}"


def seed_of(brief: Brief, runs: int) -> int:
    """A seed that changes with the brief and with each recorded run, and with nothing else."""
    told = "\0".join([brief.text, *brief.constraints, str(runs)])
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:6], "big")


def choose(
    traits: Traits,
    recorded: Recorded,
    priors: Priors,
    *,
    wanted: Sequence[str],
    samples: int,
    budget: float,
    seed: int,
    explore: float = 1.0,
    patterns: Sequence[Pattern] = PATTERNS,
) -> Selection:
    """`wanted` is `auto`, `none`, or names; `samples` the most answers that may be drawn for a file."""
    bucket = bucket_of(traits)
    if "auto" in wanted:
        evidence = {one.name: _evidence(one, bucket, recorded, priors) for one in patterns}
        random = Random(seed)  # noqa: S311 (no secret)
        exploring = random.random() < explore
        gains = _drawn(patterns, evidence, random) if exploring else _known(patterns, evidence)
        best = _best(patterns, gains, samples, budget)
        told = Told(traits, evidence, gains, exploring, samples, budget)
        choices = [_chosen(one, best, told) for one in patterns]
    else:
        best = _as_named(patterns, wanted, samples)
        choices = [_named(one, best, wanted, samples, traits) for one in patterns]
    return Selection(
        mode="auto" if "auto" in wanted else "none" if "none" in wanted else "named",
        bucket=bucket,
        choices=tuple(choices),
        samples=best.samples,
        units=round(best.units, 2),
        budget=budget,
        seed=seed,
    )


def _units(one: Pattern, samples: int) -> float:
    return round(one.units * (samples - 1), 2) if one.name == UNCERTAINTY else one.units


def _evidence(one: Pattern, bucket: str, recorded: Recorded, priors: Priors) -> Compared | None:
    """None where too little is known to say anything."""
    mine = recorded.get(one.name, Compared())
    row = priors.row(one.name, bucket)
    if row is None and mine.with_it.runs + mine.without.runs < _LEAST_RUNS:
        return None
    return mine + row.compared() if row else mine


Gains = Mapping[PatternName, float]


def _drawn(
    patterns: Sequence[Pattern], evidence: Mapping[PatternName, Compared | None], random: Random
) -> Gains:
    """What each pattern that is known of might bring."""
    return {
        one.name: _draw(known.with_it, random) - _draw(known.without, random)
        for one in patterns
        if _is_open(one) and (known := evidence[one.name]) is not None
    }


def _draw(seen: Counted, random: Random) -> float:
    return random.betavariate(1 + seen.good, 1 + seen.runs - seen.good)


def _known(patterns: Sequence[Pattern], evidence: Mapping[PatternName, Compared | None]) -> Gains:
    """What each pattern brought whose both sides are known."""
    return {
        one.name: known.with_it.share - known.without.share
        for one in patterns
        if _is_open(one)
        and (known := evidence[one.name]) is not None
        and min(known.with_it.runs, known.without.runs) >= _LEAST_RUNS
    }


def _is_open(one: Pattern) -> bool:
    """Whether it is for the selection to decide."""
    return one.built and one.name != META_LEARNING and one.follows is None


@dataclass(frozen=True)
class Subset:
    """Patterns that are on together, and what they cost."""

    on: frozenset[PatternName] = frozenset()
    samples: int = 1
    units: float = 0.0


def _best(patterns: Sequence[Pattern], gains: Gains, samples: int, budget: float) -> Subset:
    """The subset that brings most within the budget; of equals the cheaper, and then the one with fewer."""
    free = [one for one in patterns if _is_open(one)]
    subsets = (part for number in range(len(free) + 1) for part in combinations(free, number))
    best, found = (0.0, 0.0, 0), Subset()
    for part in subsets:
        subset = _together(patterns, part, samples, budget)
        if subset is None:
            continue
        worth = sum(_worth(one, gains, subset.samples) for one in part)
        key = (round(worth, 9), -subset.units, -len(part))
        if not part or key > best:
            best, found = key, subset
    return found


def _together(
    patterns: Sequence[Pattern], part: Sequence[Pattern], samples: int, budget: float
) -> Subset | None:
    """With what goes with them, and as many answers as there is room for; None if the budget is too small."""
    on = {one.name for one in part} | {
        one.name for one in patterns if one.built and one.name == META_LEARNING
    }
    on |= {one.name for one in patterns if one.built and one.follows in on}
    members = [one for one in patterns if one.name in on]
    if not all(on.issuperset(one.needs) for one in members):
        return None
    rest = sum(one.units for one in members if one.name != UNCERTAINTY)
    answers = 1
    if UNCERTAINTY in on:
        answers = min(samples, 1 + int((budget - rest) / SAMPLE_UNITS + _TINY))
        if answers < _FEWEST:
            return None
    units = sum(_units(one, answers) for one in members)
    return Subset(frozenset(on), answers, units) if units <= budget + _TINY else None


def _as_named(patterns: Sequence[Pattern], wanted: Sequence[str], samples: int) -> Subset:
    """What the user named; the budget of units is for what is chosen."""
    named = [one for one in patterns if one.built and one.name in wanted]
    if samples < _FEWEST:
        named = [one for one in named if one.name != UNCERTAINTY]
    on = {one.name for one in named}
    on |= {one.name for one in patterns if one.built and one.follows in on}
    on -= {one.name for one in named if not on.issuperset(one.needs)}
    answers = samples if UNCERTAINTY in on else 1
    return Subset(frozenset(on), answers, sum(_units(one, answers) for one in patterns if one.name in on))


def _worth(one: Pattern, gains: Gains, samples: int) -> float:
    return gains[one.name] - _PRICE * _units(one, samples) if one.name in gains else _HABIT


@dataclass(frozen=True)
class Told:
    """What a choice was made by, for its reasons."""

    traits: Traits
    evidence: Mapping[PatternName, Compared | None]
    gains: Gains
    exploring: bool
    samples: int
    budget: float


def _chosen(one: Pattern, best: Subset, told: Told) -> PatternChoice:
    known = told.evidence[one.name]
    return PatternChoice(
        name=one.name,
        built=one.built,
        on=one.name in best.on,
        gain=round(known.with_it.share - known.without.share, 3) if known and _both(known) else None,
        runs=round(known.with_it.runs + known.without.runs) if known else 0,
        units=_units(one, best.samples if one.name in best.on else max(told.samples, _FEWEST)),
        fits=fits(one.name, told.traits),
        reason=_fixed(one, told.samples) or _reason(one, best, told),
    )


def _both(known: Compared) -> bool:
    return known.with_it.runs > 0 and known.without.runs > 0


def _fixed(one: Pattern, samples: int) -> str:
    """Why there is nothing to decide; empty where there is."""
    if not one.built:
        return f"not built: {one.missing}"
    if one.follows is not None:
        return f"it goes with {one.follows} and has no switch of its own"
    if one.name == UNCERTAINTY and samples < _FEWEST:
        return "`generate.samples` is 1: with one answer there is nothing to compare"
    return ""


def _reason(one: Pattern, best: Subset, told: Told) -> str:
    on = one.name in best.on
    if one.name == META_LEARNING:
        return "recorded runs of such briefs are looked at"
    if lacking := [name for name in one.needs if name not in best.on]:
        return f"it needs {', '.join(lacking)}"
    if not on and told.budget < (SAMPLE_UNITS if one.name == UNCERTAINTY else one.units):
        return f"it costs more than the budget of {told.budget:g} units"
    known = told.evidence[one.name]
    if known is not None and one.name in told.gains:
        return _learned(known, on, told.gains[one.name], told.exploring)
    if on:
        return "not compared with and without it for such briefs yet: as the engine has it"
    return f"not compared for such briefs yet, {_NO_ROOM}"


def _learned(known: Compared, on: bool, gain: float, exploring: bool) -> str:
    seen = " and ".join(
        f"{counted.share:.0%} of the checks in {counted.runs:.0f} runs {which} it"
        for which, counted in (("with", known.with_it), ("without", known.without))
        if counted.runs
    )
    if not on and gain > _PRICE:
        return f"{seen}, {_NO_ROOM}"
    return f"{seen}; this run tries {'it' if on else 'to do without'}" if exploring else seen


def _named(one: Pattern, best: Subset, wanted: Sequence[str], samples: int, traits: Traits) -> PatternChoice:
    on = one.name in best.on
    named = "you named it" if on else "you left it out"
    if not on and one.name in wanted:
        named = f"it needs {', '.join(one.needs)}"
    if one.name == META_LEARNING:
        named = "`generate.patterns` leaves nothing to choose"
    return PatternChoice(
        name=one.name,
        built=one.built,
        on=on,
        units=_units(one, best.samples if on else max(samples, _FEWEST)),
        fits=fits(one.name, traits),
        reason=_fixed(one, samples) or named,
    )

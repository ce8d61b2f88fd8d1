"""Which patterns a brief's generation uses: the best subset that the budget allows.

What a pattern brings is the share of checks that passed in runs with it, less that of runs without it. In
most runs that is the difference of the means, where both sides are known, and a pattern stays as the engine
has it where they are not. In the share of runs that `generate.explore` gives, both sides are drawn from their
Beta posteriors (Thompson sampling), so that what is little known is tried. Every subset is looked at, since
eight patterns have 256 of them.
"""

import hashlib
from collections.abc import Mapping, Sequence
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
    if UNCERTAINTY in wanted or "auto" in wanted:
        samples = max(1, min(samples, 1 + int(budget / SAMPLE_UNITS + 1e-9)))
    units = {one.name: _units(one, samples) for one in patterns}
    if "auto" in wanted:
        evidence = {one.name: _evidence(one, bucket, recorded, priors) for one in patterns}
        random = Random(seed)  # noqa: S311 (no secret)
        gains = (
            _drawn(patterns, evidence, random) if random.random() < explore else _known(patterns, evidence)
        )
        on = _best(patterns, units, gains, budget)
        choices = [_chosen(one, on, units, gains, evidence, budget, traits) for one in patterns]
    else:
        on = frozenset(one.name for one in patterns if one.built and one.name in wanted)
        on |= {one.name for one in patterns if one.built and one.follows in on}
        choices = [_named(one, on, units, traits) for one in patterns]
    return Selection(
        mode="auto" if "auto" in wanted else "named" if on else "none",
        bucket=bucket,
        choices=tuple(choices),
        samples=samples if UNCERTAINTY in on else 1,
        units=round(sum(units[name] for name in on), 2),
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


def _best(
    patterns: Sequence[Pattern],
    units: Mapping[PatternName, float],
    gains: Gains,
    budget: float,
) -> frozenset[PatternName]:
    """The subset that brings most within the budget; of equals the cheaper, and then the one with fewer."""
    built = {one.name: one for one in patterns if one.built}
    free = [one for one in built.values() if _is_open(one)]
    always = [one.name for one in built.values() if one.name == META_LEARNING]
    best: tuple[float, float, int] | None = None
    found: frozenset[PatternName] = frozenset(always)
    for number in range(len(free) + 1):
        for subset in combinations(free, number):
            on = {one.name for one in subset} | {*always}
            on |= {one.name for one in built.values() if one.follows in on}
            cost = sum(units[name] for name in on)
            if cost > budget + 1e-9 or not all(on.issuperset(built[name].needs) for name in on):
                continue
            worth = sum(_worth(one.name, gains, units) for one in subset)
            key = (round(worth, 9), -cost, -number)
            if best is None or key > best:
                best, found = key, frozenset(on)
    return found


def _worth(name: PatternName, gains: Gains, units: Mapping[PatternName, float]) -> float:
    return gains[name] - _PRICE * units[name] if name in gains else _HABIT


def _chosen(
    one: Pattern,
    on: frozenset[PatternName],
    units: Mapping[PatternName, float],
    gains: Gains,
    evidence: Mapping[PatternName, Compared | None],
    budget: float,
    traits: Traits,
) -> PatternChoice:
    known = evidence[one.name]
    return PatternChoice(
        name=one.name,
        built=one.built,
        on=one.name in on,
        gain=round(known.with_it.share - known.without.share, 3) if known and _both(known) else None,
        runs=round(known.with_it.runs + known.without.runs) if known else 0,
        units=units[one.name],
        fits=fits(one.name, traits),
        reason=_reason(one, on, units[one.name], known if one.name in gains else None, budget),
    )


def _both(known: Compared) -> bool:
    return known.with_it.runs > 0 and known.without.runs > 0


def _reason(
    one: Pattern,
    on: frozenset[PatternName],
    units: float,
    known: Compared | None,
    budget: float,
) -> str:
    if not one.built:
        return f"not built: {one.missing}"
    if one.name == META_LEARNING:
        return "recorded runs of such briefs are looked at"
    if one.follows is not None:
        return f"it goes with {one.follows} and has no switch of its own"
    if lacking := [name for name in one.needs if name not in on]:
        return f"it needs {', '.join(lacking)}"
    if units > budget:
        return f"it costs {units:g} units, and the budget is {budget:g}"
    if known is None:
        if one.name in on:
            return "not compared with and without it for such briefs yet: as the engine has it"
        return "not compared for such briefs yet, and what is left of the budget is too little"
    return _learned(known, one.name in on, units)


def _learned(known: Compared, on: bool, units: float) -> str:
    seen = " and ".join(
        f"{counted.share:.0%} of the checks in {counted.runs:.0f} runs {which} it"
        for which, counted in (("with", known.with_it), ("without", known.without))
        if counted.runs
    )
    if not _both(known):
        return f"{seen}: " + ("it stays" if on else "leaving it out is tried, to compare")
    better = known.with_it.share - known.without.share > _PRICE * units
    if better == on:
        return seen
    return f"{seen}; so little is known that {'using it' if on else 'leaving it out'} is tried again"


def _named(
    one: Pattern, on: frozenset[PatternName], units: Mapping[PatternName, float], traits: Traits
) -> PatternChoice:
    if not one.built:
        reason = f"not built: {one.missing}"
    elif one.name == META_LEARNING:
        reason = "`generate.patterns` leaves nothing to choose"
    elif one.follows is not None:
        reason = f"it goes with {one.follows} and has no switch of its own"
    else:
        reason = "you named it" if one.name in on else "you left it out"
    return PatternChoice(
        name=one.name,
        built=one.built,
        on=one.name in on,
        units=units[one.name],
        fits=fits(one.name, traits),
        reason=reason,
    )

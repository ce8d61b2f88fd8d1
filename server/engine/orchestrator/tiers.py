"""Tiers: how much is spent on a brief before its result is taken.

T0 takes one greedy answer. T1 runs the brief's own examples, and samples more answers where they do not
prove the first one. T2 always samples, asks for checks, elects by what candidates show, and repairs. `auto`
begins as T1 does and goes on as T2 with what is not proven: the cheapest tier that has earned it.
"""

from dataclasses import dataclass
from typing import Literal

from ...settings import GenerateSettings

Name = Literal["T0", "T1", "T2"]


@dataclass(frozen=True)
class Tier:
    name: str
    samples: int
    """Answers per file in the first wave; the first one is greedy."""
    stops_early: bool
    """Whether a first answer that the brief's examples prove is taken without others beside it."""
    waves: int
    """How often more answers are sampled where none passes the brief's own examples."""
    checks: Literal["always", "unproven", "never"]
    """When a model is asked for checks besides the brief's examples."""
    draws: int
    search: bool
    """Whether a function that fails the brief's own examples is looked for near the answers."""
    repair_rounds: int


def tier_of(wanted: GenerateSettings, samples: int) -> Tier:
    """The tier that the settings name, with their numbers, and as many `samples` as the patterns allow."""
    if wanted.tier == "T0":
        return Tier(
            "T0", 1, stops_early=True, waves=0, checks="never", draws=0, search=False, repair_rounds=0
        )
    waves = wanted.waves if samples > 1 else 0
    if wanted.tier == "T1":
        return Tier(
            "T1",
            samples,
            stops_early=True,
            waves=min(waves, 1),
            checks="never",
            draws=0,
            search=wanted.search,
            repair_rounds=0,
        )
    return Tier(
        wanted.tier,
        samples,
        stops_early=wanted.tier == "auto",
        waves=waves,
        checks="unproven" if wanted.tier == "auto" else "always",
        draws=wanted.draws,
        search=wanted.search,
        repair_rounds=wanted.repair_rounds,
    )

"""What is told of a brief and of the patterns, to whoever asks: reading, guide, records."""

from pathlib import Path

from ...settings import Settings
from ..brief.traits import measure
from ..types import Brief, BriefReading, PatternPage, Selection, Traits
from .catalogue import PATTERNS, Pattern
from .choosing import bucket_of, choose, seed_of
from .fitting import advice
from .outcomes import Outcomes
from .prior import EVERY, priors


def read(brief: Brief, settings: Settings, *, seed: int | None = None) -> BriefReading:
    """Measures a brief and says what a run of it would use now; reads a file, so not on an event loop.

    Raises StorageError if what was recorded cannot be read.
    """
    traits = measure(brief)
    selection = select(brief, traits, settings, seed=seed)
    return BriefReading(traits=traits, selection=selection, advice=tuple(advice(traits)))


def select(brief: Brief, traits: Traits, settings: Settings, *, seed: int | None = None) -> Selection:
    """As `read`; without a seed it follows from the brief and from how many runs are recorded."""
    outcomes = outcomes_of(settings)
    wanted = settings.generate.patterns
    learned = "auto" in wanted
    return choose(
        traits,
        outcomes.of(bucket_of(traits)) if learned else {},
        priors(),
        wanted=wanted,
        samples=settings.generate.samples,
        budget=settings.generate.units,
        explore=settings.generate.explore,
        seed=seed_of(brief, outcomes.count() if learned else 0) if seed is None else seed,
    )


def without_records(brief: Brief, traits: Traits, settings: Settings) -> Selection:
    """The choice where the recorded runs cannot be read: as the engine has it."""
    generate = settings.generate
    return choose(
        traits, {}, priors(), wanted=generate.patterns, samples=generate.samples, budget=generate.units,
        explore=0.0, seed=seed_of(brief, 0),
    )  # fmt: skip


def guide() -> tuple[PatternPage, ...]:
    return tuple(_page(one) for one in PATTERNS)


def outcomes_of(settings: Settings) -> Outcomes:
    return Outcomes(Path(settings.storage.data_dir))


def _page(one: Pattern) -> PatternPage:
    row = priors().row(one.name, EVERY)
    measured = (
        f"{row.with_passed} of {row.total} tests with it, {row.without_passed} without ({row.source})"
        if row
        else ""
    )
    return PatternPage(
        name=one.name,
        idea=one.idea,
        pays_when=one.pays_when,
        built=one.built,
        here=one.here or one.missing,
        units=one.units,
        needs=one.needs,
        sources=one.sources,
        measured=measured,
    )

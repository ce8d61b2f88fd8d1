"""Reasoning patterns: which a run used and why, and what came of earlier ones."""

from typing import Annotated, Literal

from pydantic import Field

from .asked import Traits
from .value import Value

PatternName = Literal[
    "abstraction",
    "emergent",
    "meta-learning",
    "uncertainty",
    "constraint",
    "semantic",
    "dialectical",
    "quantum",
]


class PatternChoice(Value):
    """One pattern, for one brief."""

    name: PatternName
    built: bool
    on: bool
    gain: float | None = None
    """How much more of the checks passes with it, as a share; None where nothing was measured."""
    runs: int = 0
    """Recorded runs of such briefs that the gain rests on, with and without it."""
    units: float = 0.0
    """What it costs for each file, in answers of the model."""
    fits: str = ""
    """What of the brief speaks for it."""
    reason: str
    """Why it is on or off."""


class Selection(Value):
    """What a run uses, out of what there is."""

    mode: Literal["auto", "named", "none"]
    bucket: str
    """The kind of brief, such as `moderate, clear`."""
    choices: tuple[PatternChoice, ...]
    samples: Annotated[int, Field(ge=1)]
    """Answers drawn for each file."""
    units: float
    budget: float
    seed: int
    """The same seed and the same recorded runs draw the same choice."""

    @property
    def on(self) -> tuple[PatternName, ...]:
        return tuple(choice.name for choice in self.choices if choice.on)


class BriefReading(Value):
    """What can be told of a brief before anything is asked of a model."""

    traits: Traits
    selection: Selection
    conflicts: tuple[str, ...] = ()
    """Contradictions that the brief shows by itself: no project can satisfy it."""
    advice: tuple[str, ...] = ()
    """What would make the brief easier to get right."""


class PatternPage(Value):
    """One pattern as the guide shows it."""

    name: PatternName
    idea: str
    pays_when: str
    built: bool
    here: str
    """What stands for it in this engine, or why nothing does."""
    units: float = 0.0
    needs: tuple[PatternName, ...] = ()
    sources: tuple[str, ...] = ()
    measured: str = ""
    """What measurement there is beside this machine's own runs; empty: none."""


class PatternRecord(Value):
    """What came of the recorded runs of one kind of brief, with a pattern and without it."""

    bucket: str
    name: PatternName
    runs_with: int = 0
    share_with: float = 0.0
    """The mean share of the checks that passed."""
    runs_without: int = 0
    share_without: float = 0.0

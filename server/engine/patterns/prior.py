"""What ablations have measured of each pattern, before anything was recorded on this machine."""

import functools
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..types import PatternName, Value

_FILE = Path(__file__).with_name("priors.json")
EVERY = "*"
_MOST = 8.0
"""An ablation weighs at most as much as so many recorded runs, so that these can overrule it."""


class Counted(Value):
    """Runs, and the sum of the shares of their checks that passed."""

    runs: float = 0.0
    good: float = 0.0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(runs=self.runs + other.runs, good=self.good + other.good)

    @property
    def share(self) -> float:
        return self.good / self.runs if self.runs else 0.0


class Compared(Value):
    """What came of runs with a pattern, and of runs without it."""

    with_it: Counted = Counted()
    without: Counted = Counted()

    def __add__(self, other: "Compared") -> "Compared":
        return Compared(with_it=self.with_it + other.with_it, without=self.without + other.without)


Tests = Annotated[int, Field(ge=0)]


class Row(Value):
    pattern: PatternName
    bucket: str = EVERY
    with_passed: Tests
    without_passed: Tests
    total: Annotated[int, Field(ge=1)]
    source: str
    """The command and the commit that measured it."""

    def compared(self) -> Compared:
        runs = min(float(self.total), _MOST)
        return Compared(
            with_it=Counted(runs=runs, good=runs * self.with_passed / self.total),
            without=Counted(runs=runs, good=runs * self.without_passed / self.total),
        )


class Priors(Value):
    about: str = ""
    rows: tuple[Row, ...] = ()

    def row(self, pattern: PatternName, bucket: str) -> Row | None:
        """That of the bucket, else that of all briefs; None where nothing was measured."""
        mine = {row.bucket: row for row in self.rows if row.pattern == pattern}
        return mine.get(bucket) or mine.get(EVERY)


@functools.cache
def priors() -> Priors:
    return Priors.model_validate_json(_FILE.read_bytes())

"""What measuring a brief and choosing its patterns take, and how far the measuring agrees with a person.

    python benchmarks/patterns.py [--rounds 20] [--runs 200] [--json FILE]

The briefs are those of `tests/fixtures/briefs`, labelled by hand: one part the measuring was tuned on, and
one that was labelled before and never looked at. Agreement is the share of briefs with the very same label.
Times are processor time of one call, in milliseconds, so that other work on the machine does not count:
traits of each brief, a choice with recorded runs of its kind, and reading those runs from their file. No
model is asked.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from quantumlayer.engine.brief.traits import measure
from quantumlayer.engine.patterns.choosing import bucket_of, choose, seed_of
from quantumlayer.engine.patterns.outcomes import Outcome, Outcomes
from quantumlayer.engine.patterns.prior import priors
from quantumlayer.engine.types import Brief, PatternName, Traits

from tests.support.labelled_briefs import Labelled, Part, labelled_briefs

T = TypeVar("T")
PARTS: tuple[Part, ...] = ("tuned", "held_out")
LABELS: Mapping[str, Callable[[Traits], object]] = {
    "domain": lambda traits: traits.domain,
    "size": lambda traits: traits.size,
    "complexity": lambda traits: traits.level,
    "ambiguity": lambda traits: traits.clearness,
    "constraints": lambda traits: frozenset(traits.limits),
    "languages": lambda traits: frozenset(traits.languages),
    "written": lambda traits: traits.written,
}
GOAL_TRAITS_MS, GOAL_CHOICE_MS = 5, 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=20, help="times each brief is measured (default: %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=200, help="recorded runs (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    briefs = {part: labelled_briefs(part) for part in PARTS}
    figures = {
        "briefs": {part: len(found) for part, found in briefs.items()},
        "agreement": {part: agreement(found) for part, found in briefs.items()},
        "times_ms": times([one for found in briefs.values() for one in found], options.rounds, options.runs),
    }
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def agreement(briefs: list[Labelled]) -> dict[str, int]:
    """For each label the number of briefs that are measured as a person says."""
    measured = [(one, measure(Brief(text=one.text))) for one in briefs]
    return {
        label: sum(getattr(one, label) == found(traits) for one, traits in measured)
        for label, found in LABELS.items()
    }


def times(briefs: list[Labelled], rounds: int, runs: int) -> dict[str, dict[str, float]]:
    found: dict[str, list[float]] = {"traits": [], "choice": [], "recorded runs read": []}
    asked = [Brief(text=one.text) for one in briefs]
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Outcomes(Path(folder))
        recorded(outcomes, [bucket_of(measure(brief)) for brief in asked], runs)
        for _ in range(rounds):
            for brief in asked:
                traits = clocked(found["traits"], lambda brief=brief: measure(brief))
                bucket = bucket_of(traits)
                known = clocked(found["recorded runs read"], lambda bucket=bucket: outcomes.of(bucket))
                clocked(
                    found["choice"],
                    lambda traits=traits, known=known, brief=brief: choose(
                        traits,
                        known,
                        priors(),
                        wanted=("auto",),
                        samples=4,
                        budget=3.0,
                        seed=seed_of(brief, runs),
                    ),
                )
    return {name: spread_of(took) for name, took in found.items()}


def spread_of(took: list[float]) -> dict[str, float]:
    """Finer than `figures.spread`, which is for tens of milliseconds."""
    ordered = sorted(took)
    p90 = ordered[-1 - len(ordered) // 10]
    return {"median": statistics.median(ordered), "p90": p90, "worst": ordered[-1]}


def clocked(into: list[float], call: Callable[[], T]) -> T:
    began = time.thread_time()
    result = call()
    into.append(round((time.thread_time() - began) * 1000, 3))
    return result


def recorded(outcomes: Outcomes, buckets: list[str], runs: int) -> None:
    """Made-up runs: how long a choice takes does not depend on what came of them."""
    for number in range(runs):
        on: tuple[PatternName, ...] = ("abstraction", "uncertainty") if number % 3 else ("abstraction",)
        outcomes.record(
            Outcome(
                key=str(number),
                bucket=buckets[number % len(buckets)],
                patterns=on,
                samples=4,
                share=number % 10 / 10,
                verified=False,
                model="none",
                tokens=0,
                seconds=0,
            )
        )


def show(figures: Mapping[str, object]) -> None:
    console = Console()
    briefs, agreed, took = figures["briefs"], figures["agreement"], figures["times_ms"]
    assert isinstance(briefs, dict)
    assert isinstance(agreed, dict)
    assert isinstance(took, dict)
    table = Table(title="briefs measured as a person labelled them")
    for heading in ("label", *PARTS):
        table.add_column(heading, justify="left" if heading == "label" else "right")
    for label in LABELS:
        table.add_row(label, *(f"{agreed[part][label]} of {briefs[part]}" for part in PARTS))
    console.print(table)
    table = Table(title="milliseconds")
    for heading in ("", "median", "p90", "worst"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, values in took.items():
        table.add_row(name, *(f"{values[column]:.2f}" for column in ("median", "p90", "worst")))
    console.print(table)
    for name, goal in (("traits", GOAL_TRAITS_MS), ("choice", GOAL_CHOICE_MS)):
        met = "met" if took[name]["p90"] <= goal else "missed"
        console.print(f"goal: {name} within {goal} ms, at p90: {met}")


if __name__ == "__main__":
    main()

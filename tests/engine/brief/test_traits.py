"""Traits against what a person says of the same briefs, and of texts that nobody would call a brief."""

import random
from collections import Counter

import pytest
from quantumlayer.engine.brief.traits import measure
from quantumlayer.engine.types import Brief, Traits
from support.labelled_briefs import Labelled, Part, labelled_briefs

_LABELS = ("domain", "size", "complexity", "ambiguity", "constraints", "languages", "written")
LEAST = {
    "tuned": dict(zip(_LABELS, (0.9, 0.9, 0.9, 0.9, 0.9, 0.95, 1.0), strict=True)),
    "held_out": dict(zip(_LABELS, (0.85, 0.75, 0.85, 0.9, 0.8, 0.9, 1.0), strict=True)),
}
"""Shares of the briefs in which both agree; `constraints` and `languages` as whole sets."""


def said(traits: Traits) -> dict[str, object]:
    return {
        "domain": traits.domain,
        "size": traits.size,
        "complexity": traits.level,
        "ambiguity": traits.clearness,
        "constraints": frozenset(traits.limits),
        "languages": frozenset(traits.languages),
        "written": traits.written,
    }


def agreement(briefs: list[Labelled]) -> dict[str, float]:
    same: Counter[str] = Counter()
    for one in briefs:
        found = said(measure(Brief(text=one.text)))
        same.update(label for label, value in found.items() if getattr(one, label) == value)
    return {label: same[label] / len(briefs) for label in LEAST["tuned"]}


def test_there_are_enough_briefs_and_they_differ() -> None:
    briefs = [*labelled_briefs("tuned"), *labelled_briefs("held_out")]
    assert len({one.text for one in briefs}) == len(briefs) >= 60
    assert len({one.domain for one in briefs}) == 8
    assert len({one.written for one in briefs}) == 7
    assert {one.size for one in briefs} == {"function", "module", "project"}
    assert {one.ambiguity for one in briefs} == {"clear", "open", "vague"}
    assert {one.complexity for one in briefs} == {"simple", "moderate", "complex"}
    assert len({kind for one in briefs for kind in one.constraints}) == 8


@pytest.mark.parametrize("part", ["tuned", "held_out"])
def test_traits_agree_with_a_person(part: Part) -> None:
    found = agreement(labelled_briefs(part))
    assert {label: share for label, share in found.items() if share < LEAST[part][label]} == {}


def test_constraints_of_the_front_matter_count() -> None:
    brief = Brief(
        text="Write `a.py` with `f(x: int) -> int`.", constraints=("at most 3 lines", "sorted output")
    )
    assert measure(brief).limits == ("limits", "order")


def test_the_same_brief_has_the_same_traits() -> None:
    brief = Brief(text=labelled_briefs("tuned")[3].text)
    assert measure(brief) == measure(brief)


@pytest.mark.parametrize(
    "text",
    [
        "`" * 60_000,
        "f(" * 30_000,
        "wirft " * 10_000,
        "prints lines " * 4_000,
        "AA `" * 15_000,
        ">>> " * 15_000,
        "--x " * 15_000,
        "a.b.c/d.py " * 5_000,
        "".join(random.Random(5).choices("`(){}[]\n .,:;-_#aZ9'\"\\", k=60_000)),
    ],
    ids=["spans", "calls", "german", "lines", "usage", "examples", "options", "paths", "noise"],
)
@pytest.mark.timeout(20)
def test_a_text_that_is_made_to_be_slow_is_measured_all_the_same(text: str) -> None:
    traits = measure(Brief(text=text))
    assert 0 <= traits.complexity <= 1
    assert 0 <= traits.ambiguity <= 1

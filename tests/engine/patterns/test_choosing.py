"""Which patterns are chosen: by what is known, within the budget, and said in words."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantumlayer.engine.brief.traits import measure
from quantumlayer.engine.patterns.catalogue import PATTERNS, SAMPLE_UNITS, Pattern
from quantumlayer.engine.patterns.choosing import Recorded, bucket_of, choose, seed_of
from quantumlayer.engine.patterns.prior import Compared, Counted, Priors, Row
from quantumlayer.engine.patterns.reading import guide
from quantumlayer.engine.types import Brief, Selection
from quantumlayer.settings import GenerateSettings

BRIEF = Brief(text="Write `slug.py` with `slugify(text: str) -> str`. `slugify('A b')` is `a-b`.")
TRAITS = measure(BRIEF)
NOTHING = Priors()


def chosen(
    recorded: Recorded | None = None,
    *,
    priors: Priors = NOTHING,
    wanted: tuple[str, ...] = ("auto",),
    samples: int = 4,
    budget: float = 3.0,
    seed: int = 1,
    explore: float = 0.0,
    patterns: tuple[Pattern, ...] = PATTERNS,
) -> Selection:
    return choose(
        TRAITS, recorded or {}, priors, wanted=wanted, samples=samples, budget=budget, seed=seed,
        explore=explore, patterns=patterns,
    )  # fmt: skip


def seen(with_it: tuple[float, float], without: tuple[float, float]) -> Compared:
    """Runs and the mean share of their checks that passed."""
    return Compared(
        with_it=Counted(runs=with_it[0], good=with_it[0] * with_it[1]),
        without=Counted(runs=without[0], good=without[0] * without[1]),
    )


def reasons(selection: Selection) -> dict[str, str]:
    return {choice.name: choice.reason for choice in selection.choices}


def test_where_nothing_is_known_it_is_as_the_engine_has_it() -> None:
    found = chosen()
    assert found.on == ("abstraction", "meta-learning", "uncertainty", "dialectical")
    assert (found.samples, found.mode, found.bucket) == (4, "auto", "simple, clear")
    assert 0 < found.units <= found.budget
    assert "as the engine has it" in reasons(found)["uncertainty"]
    assert all(choice.gain is None for choice in found.choices)


def test_what_is_not_built_is_never_on_and_says_so() -> None:
    for wanted in (("auto",), ("none",), ("abstraction",)):
        found = chosen(wanted=wanted)
        missing = [choice for choice in found.choices if not choice.built]
        assert {choice.name for choice in missing} == {"emergent", "constraint", "semantic", "quantum"}
        assert all(not choice.on and choice.reason.startswith("not built: ") for choice in missing)


def test_names_leave_nothing_to_choose() -> None:
    assert chosen(wanted=("none",)).on == ()
    assert chosen(wanted=("none",)).samples == 1
    assert chosen(wanted=("abstraction",)).on == ("abstraction",)
    found = chosen({"uncertainty": seen((9, 0.1), (9, 0.9))}, wanted=("uncertainty",), samples=16)
    assert found.on == ("uncertainty",)
    assert found.samples == 16, "the budget of units is for what is chosen"
    assert chosen(wanted=("uncertainty", "dialectical")).on == ("uncertainty", "dialectical")
    alone = chosen(wanted=("dialectical",))
    assert (alone.on, reasons(alone)["dialectical"]) == ((), "it needs uncertainty")
    assert reasons(found)["uncertainty"] == "you named it"
    assert reasons(found)["abstraction"] == "you left it out"


def test_what_brought_less_than_it_costs_is_off() -> None:
    found = chosen({"uncertainty": seen((6, 0.50), (6, 0.60))})
    assert "uncertainty" not in found.on
    assert "dialectical" not in found.on, "it has no candidates to compare"
    assert found.samples == 1
    assert "50% of the checks in 6 runs with it and 60% of the checks in 6 runs without it" in str(
        reasons(found)
    )
    equal = chosen({"uncertainty": seen((6, 0.60), (6, 0.60))})
    assert "uncertainty" not in equal.on, "it is not worth its units"
    assert "uncertainty" in chosen({"uncertainty": seen((6, 0.70), (6, 0.60))}).on


def test_one_side_alone_decides_nothing() -> None:
    assert "uncertainty" in chosen({"uncertainty": seen((50, 0.1), (0, 0))}).on
    assert "uncertainty" in chosen({"uncertainty": seen((50, 0.1), (3, 0.9))}).on


@pytest.mark.parametrize(
    ("budget", "samples"), [(3.0, 8), (1.31, 4), (1.0, 3), (0.47, 2), (0.46, 1), (0.0, 1)]
)
def test_the_budget_limits_how_many_answers_are_drawn(budget: float, samples: int) -> None:
    found = chosen(samples=16, budget=budget)
    assert found.samples == samples
    assert found.units <= budget
    assert ("uncertainty" in found.on) == (samples > 1)


def test_with_one_answer_there_is_nothing_to_compare() -> None:
    for wanted in (("auto",), ("uncertainty",)):
        found = chosen(samples=1, wanted=wanted)
        assert "uncertainty" not in found.on
        assert "`generate.samples` is 1" in reasons(found)["uncertainty"]


def test_a_prior_counts_until_runs_overrule_it() -> None:
    row = Row(pattern="uncertainty", with_passed=10, without_passed=40, total=80, source="an ablation")
    priors = Priors(rows=(row,))
    assert "uncertainty" not in chosen(priors=priors).on
    assert "uncertainty" in chosen({"uncertainty": seen((30, 0.9), (30, 0.3))}, priors=priors).on
    elsewhere = Priors(rows=(row.model_copy(update={"bucket": "complex, vague"}),))
    assert "uncertainty" in chosen(priors=elsewhere).on


def test_the_same_seed_draws_the_same_choice_and_others_differ() -> None:
    recorded: Recorded = {"uncertainty": seen((5, 0.5), (5, 0.5)), "abstraction": seen((5, 0.5), (5, 0.5))}
    drawn = [chosen(recorded, seed=seed, explore=1.0) for seed in range(40)]
    assert drawn == [chosen(recorded, seed=seed, explore=1.0) for seed in range(40)]
    assert len({one.on for one in drawn}) > 2


def test_exploring_is_as_rare_as_the_setting_says() -> None:
    recorded: Recorded = {"uncertainty": seen((4, 0.5), (0, 0))}
    without = sum("uncertainty" not in chosen(recorded, seed=seed, explore=0.1).on for seed in range(1000))
    assert 10 < without < 100
    assert all("uncertainty" in chosen(recorded, seed=seed, explore=0.0).on for seed in range(100))


def test_thompson_sampling_finds_what_is_better() -> None:
    """Two hundred runs in which the pattern brings ten points, and in which it takes them."""
    for gain, most in ((0.1, True), (-0.1, False)):
        known, tries = seen((0, 0), (0, 0)), []
        for run in range(400):
            on = "abstraction" in chosen({"abstraction": known}, seed=run, explore=1.0).on
            tries.append(on)
            one = Counted(runs=1, good=0.5 + gain * (1 if on else -1))
            known += Compared(with_it=one) if on else Compared(without=one)
        last = tries[-100:]
        assert (sum(last) > 75) == most
        assert (sum(last) < 25) != most


NAMES = ("abstraction", "emergent", "constraint", "semantic", "dialectical", "quantum")
OPEN = tuple(
    replace(one, here="here", missing="", follows=None, units=0.4) if one.name in NAMES else one
    for one in PATTERNS
)
"""As if all eight were built, with a switch each."""


@settings(max_examples=60, deadline=None)
@given(
    gains=st.lists(st.floats(0.05, 0.95), min_size=14, max_size=14),
    budget=st.floats(0, 6),
    samples=st.integers(1, 8),
)
def test_no_other_subset_within_the_budget_would_bring_more(
    gains: list[float], budget: float, samples: int
) -> None:
    names = [one.name for one in OPEN if one.name != "meta-learning"]
    recorded = {
        name: seen((10, gains[2 * number]), (10, gains[2 * number + 1])) for number, name in enumerate(names)
    }
    found = chosen(recorded, budget=budget, samples=samples, patterns=OPEN)
    assert found.units <= budget + 1e-6
    assert "dialectical" not in found.on or "uncertainty" in found.on

    def brings(on: frozenset[str], answers: int) -> float | None:
        units = sum(
            one.units * (answers - 1 if one.name == "uncertainty" else 1) for one in OPEN if one.name in on
        )
        if units > budget or ("dialectical" in on and "uncertainty" not in on):
            return None
        gained = sum(recorded[name].with_it.share - recorded[name].without.share for name in on)  # type: ignore[index]
        return gained - 0.01 * units

    others = []
    for number in range(len(names) + 1):
        for part in map(frozenset, itertools.combinations(names, number)):
            rest = sum(one.units for one in OPEN if one.name in part and one.name != "uncertainty")
            answers = min(samples, 1 + int((budget - rest) / SAMPLE_UNITS + 1e-9))
            if "uncertainty" not in part or answers > 1:
                others.append(brings(part, answers))
    mine = brings(frozenset(found.on) - {"meta-learning"}, found.samples)
    assert mine is not None
    assert mine >= max(one for one in others if one is not None) - 0.02


def test_a_seed_follows_the_brief_and_what_is_recorded() -> None:
    other = BRIEF.model_copy(update={"constraints": ("only letters",)})
    assert len({seed_of(BRIEF, 0), seed_of(BRIEF, 1), seed_of(other, 0)}) == 3
    assert seed_of(BRIEF, 7) == seed_of(BRIEF.model_copy(update={"name": "x"}), 7)


def test_kinds_of_briefs_are_few() -> None:
    assert bucket_of(TRAITS) == "simple, clear"


def test_the_guide_names_eight_and_offers_what_is_built() -> None:
    pages = {one.name: one for one in guide()}
    assert len(pages) == 8
    switches = {"auto", "none", *(one.name for one in PATTERNS if one.built and not one.follows)} - {
        "meta-learning"
    }
    named = GenerateSettings.model_fields["patterns"].annotation.__args__[0].__args__  # type: ignore[union-attr]
    assert set(named) == switches
    assert all(page.here for page in pages.values())


@pytest.mark.parametrize(
    ("written", "kept"),
    [(("auto",), ("auto",)), ((), ("none",)), (("uncertainty", "uncertainty"), ("uncertainty",))],
)
def test_settings_name_patterns(written: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert GenerateSettings(patterns=written).patterns == kept  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written", [("auto", "uncertainty"), ("none", "auto"), ("quantum",), ("meta-learning",)]
)
def test_settings_refuse_what_means_nothing(written: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"alone|Input should be"):
        GenerateSettings(patterns=written)  # type: ignore[arg-type]

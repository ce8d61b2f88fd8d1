"""Who is elected: by checks passed, by the brief, and by what candidates show alike."""

from quantumlayer.engine.agents.checks import Check
from quantumlayer.engine.orchestrator.elect import BROKEN, PASSED, Seen, agreement, rank


def check(name: str, *, anchored: bool = False) -> Check:
    return Check(name=name, body=(f"assert f() == {name!r}",), anchored=anchored, covers=("f",))


def passes(*names: str, of: str = "abc") -> Seen:
    return {name: PASSED if name in names else f"wrong {name}" for name in of}


def test_one_candidate_that_passes_more_beats_several_that_share_a_mistake() -> None:
    outcomes = [passes("a", "b")] * 5 + [passes("a", "b", "c")]
    assert rank(outcomes, [check(name) for name in "abc"])[0] == 5


def test_agreement_decides_between_candidates_that_pass_different_checks() -> None:
    outcomes = [passes("a", of="ab"), passes("b", of="ab"), passes("b", of="ab")]
    assert rank(outcomes, [check("a"), check("b")])[0] == 1


def test_a_check_from_the_brief_outweighs_an_invented_one() -> None:
    checks = [check("a", anchored=True), check("b")]
    assert rank([passes("b", of="ab"), passes("b", of="ab"), passes("a", of="ab")], checks)[0] == 2


def test_where_every_check_fails_what_most_candidates_show_is_taken() -> None:
    outcomes = [{"a": "4", "b": "5"}, {"a": "7", "b": "8"}, {"a": "7", "b": "9"}, {"a": "7", "b": "8"}]
    assert rank(outcomes, [check("a"), check("b")]) == [1, 3, 2, 0]


def test_many_candidates_that_show_the_same_outvote_a_claim_that_one_meets() -> None:
    outcomes = [{"a": PASSED}, *[{"a": "7"}] * 9]
    assert rank(outcomes, [check("a")])[0] == 1


def test_copies_count_as_candidates() -> None:
    outcomes = [{"a": "4"}, {"a": "7"}, {"a": "8"}]
    assert rank(outcomes, [check("a")], [1, 1, 3])[0] == 2


def test_what_breaks_or_was_not_run_has_nothing_behind_it() -> None:
    outcomes: list[Seen] = [{"a": BROKEN}, {}, {"a": BROKEN}, {"a": "7"}]
    assert rank(outcomes, [check("a")])[0] == 3


def test_equals_are_settled_by_order() -> None:
    assert rank([{}, {}], []) == [0, 1]


def test_agreement_is_the_share_that_behaves_like_the_winner() -> None:
    assert agreement([{"a": PASSED}, {"a": PASSED}, {"a": "7"}, {}], 0) == 0.5
    assert agreement([{"a": PASSED}, {"a": "7"}], 0, [3, 1]) == 0.75

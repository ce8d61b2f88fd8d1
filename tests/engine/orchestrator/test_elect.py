from quantumlayer.engine.agents.checks import Check
from quantumlayer.engine.orchestrator.elect import agreement, elect


def check(name: str, *, anchored: bool = False) -> Check:
    return Check(name=name, body=(f"assert f() == {name!r}",), anchored=anchored, covers=("f",))


def test_one_candidate_that_passes_more_beats_many_that_share_a_mistake() -> None:
    checks = [check("a"), check("b"), check("c")]
    outcomes = [frozenset({"a", "b"})] * 5 + [frozenset({"a", "b", "c"})]
    assert elect(outcomes, checks) == 5


def test_agreement_decides_between_candidates_that_pass_different_checks() -> None:
    checks = [check("a"), check("b")]
    outcomes = [frozenset({"a"}), frozenset({"b"}), frozenset({"b"})]
    assert elect(outcomes, checks) == 1


def test_a_check_from_the_brief_outweighs_an_invented_one() -> None:
    checks = [check("a", anchored=True), check("b")]
    outcomes = [frozenset({"b"}), frozenset({"b"}), frozenset({"a"})]
    assert elect(outcomes, checks) == 2


def test_equals_are_settled_by_order() -> None:
    assert elect([frozenset(), frozenset()], []) == 0


def test_agreement_is_the_share_that_behaves_like_the_winner() -> None:
    assert agreement([frozenset({"a"}), frozenset({"a"}), frozenset(), frozenset()], 0) == 0.5

"""What is blamed for failed checks, and therefore rewritten."""

from quantumlayer.engine.agents.checks import Check, TestBed
from quantumlayer.engine.orchestrator.examine import Examined
from quantumlayer.engine.orchestrator.fix import blame
from quantumlayer.engine.types import Plan, PlannedFile, SourceFile

SHOP = SourceFile(path="shop.py", text="def price(kind):\n    return 0\n\n\ndef stock(kind):\n    return 0\n")
PLAN = Plan(summary="a shop", files=(PlannedFile(path="shop.py", purpose="all of it"),))
BED = TestBed(shared="from shop import price, stock", names=("price", "stock"))


def check(function: str, number: int) -> Check:
    body = f"assert {function}({number}) == {number + 40}"
    return Check(name=f"test_{function}_{number}", body=(body,), anchored=False, covers=(function,))


def blamed(checks: list[Check], passed: set[str]) -> list[str]:
    examined = Examined(files={"shop.py": SHOP}, bed=BED, checks=tuple(checks), passed=frozenset(passed))
    return [one.target for one in blame(PLAN, examined, ())]


def test_a_function_that_passes_none_of_several_checks_is_blamed() -> None:
    assert blamed([check("price", number) for number in range(3)], set()) == ["price"]


def test_one_that_passes_a_check_is_not_blamed_for_invented_ones() -> None:
    checks = [check("price", number) for number in range(4)]
    assert blamed(checks, {checks[0].name}) == []


def test_two_invented_checks_are_too_few_to_blame_the_code() -> None:
    assert blamed([check("stock", number) for number in range(2)], set()) == []


def test_each_function_answers_for_its_own_checks() -> None:
    checks = [check(name, number) for name in ("price", "stock") for number in range(3)]
    assert blamed(checks, {checks[0].name}) == ["stock"]

"""Probes: calls beside those of the checks, which claim nothing."""

import ast

import pytest
from quantumlayer.engine.agents.checks import Check, TestBed, read_checks
from quantumlayer.engine.agents.probes import probes_of

BED = TestBed(shared="from shop import price, Shop", names=("price", "Shop"))


def read(code: str) -> list[Check]:
    return list(read_checks(BED, "", code))


def calls(code: str) -> list[str]:
    return [probe.body[-2].removeprefix("shown = ") for probe in probes_of(read(code))]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("assert price(3) == 9", ["price(4)", "price(0)", "price(-3)"]),
        ("assert price('ab') == 9", ["price('a')", "price('')", "price('aba')"]),
        ("assert price([1, 2], rate=0.5) == 9", ["price([1], rate=0.5)", "price([], rate=0.5)"]),
        ("with pytest.raises(ValueError):\n    price(-1)", ["price(0)", "price(1)", "price(-10)"]),
        ("shop = Shop()\nassert shop.sell('x', 2) == 1", ["shop.sell('', 2)", "shop.sell('xx', 2)"]),
        ("assert price(Shop()) == 1", []),
        ("assert price(True) == 1", []),
        ("assert Shop().size == 1", []),
        ("assert price('/a') == 1", []),
    ],
)
def test_one_value_of_the_call_is_changed(code: str, found: list[str]) -> None:
    assert calls(code)[: len(found)] == found
    assert bool(calls(code)) == bool(found)


def test_what_a_check_makes_first_comes_along_and_no_call_is_made_twice() -> None:
    code = "shop = Shop()\nassert shop.sell(3) == 1\nassert shop.sell(4) == 2"
    probes = probes_of(read(code))
    assert all(probe.body[0] == "shop = Shop()" for probe in probes)
    assert "shop.sell(4)" not in [probe.body[-2].removeprefix("shown = ") for probe in probes]


def test_a_function_has_only_so_many() -> None:
    lines = "\n".join(f"assert price({number}) == 1" for number in range(10, 200, 10))
    assert len(calls(lines)) == 6


def test_a_probe_shows_its_value_and_passes_never() -> None:
    (probe, *_) = probes_of(read("assert price(3) == 9"))
    space: dict[str, object] = {"price": lambda number: number * 3}
    exec(ast.unparse(ast.parse(probe.code)), space)
    with pytest.raises(AssertionError, match="12"):
        space[probe.name]()  # type: ignore[operator]

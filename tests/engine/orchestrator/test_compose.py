"""Composing: functions are drawn and elected one by one."""

from collections.abc import Callable

import pytest
from quantumlayer.engine.events import RunFinished
from spine_bench import Spine, dealt, texts
from support.command import fenced as code
from support.scripted_server import Reply, Seen

BRIEF = """Write `pairs.py` with:

- `swapped(pair: tuple[int, int]) -> tuple[int, int]`: the pair the other way round.
- `spread(pair: tuple[int, int]) -> int`: the distance between the two, never negative.
"""
SWAPPED = """def swapped(pair: tuple[int, int]) -> tuple[int, int]:
    first, second = pair
    return {0}, {1}
"""
SPREAD = """def spread(pair: tuple[int, int]) -> int:
    first, second = pair
    return {0}
"""
RIGHT_SWAPPED, RIGHT_SPREAD = SWAPPED.format("second", "first"), SPREAD.format("abs(first - second)")
WRONG_SWAPPED, WRONG_SPREAD = SWAPPED.format("first", "second"), SPREAD.format("first - second")
CHECKS = """assert swapped((1, 2)) == (2, 1)
assert swapped((5, 3)) == (3, 5)
assert spread((5, 3)) == 2
assert spread((3, 7)) == 4
"""


def drawn(**versions: list[str]) -> Callable[[Seen], Reply]:
    """The versions of whichever function is asked for, all in one answer."""

    def answer(seen: Seen) -> Reply:
        stub = seen.prompt.rpartition("Complete this:")[2]
        name = next(name for name in versions if f"def {name}(" in stub)
        return Reply(text=[code(text) for text in versions[name]])

    return answer


async def test_the_best_version_of_each_function_is_taken(spine: Spine) -> None:
    author = spine.script(
        pairs=code(WRONG_SWAPPED + "\n\n" + WRONG_SPREAD),
        repair=drawn(swapped=[WRONG_SWAPPED, RIGHT_SWAPPED], spread=[RIGHT_SPREAD] * 2),
        checks=code(CHECKS),
    )
    capsule = await spine.generate(BRIEF, generate={"draws": 2, "repair_rounds": 0})
    written = texts(capsule)["pairs.py"]
    assert "second, first" in written.split("def spread")[0].split("return")[1]
    assert "abs(first - second)" in written
    assert author.asked.count("repair") == 2
    assert capsule.evidence.verdict.status == "verified"


@pytest.mark.parametrize("draws", [0, 1])
async def test_versions_of_other_drafts_take_part_without_being_asked_for(spine: Spine, draws: int) -> None:
    drafts = [WRONG_SWAPPED + "\n\n" + RIGHT_SPREAD, RIGHT_SWAPPED + "\n\n" + WRONG_SPREAD]
    spine.script(
        pairs=dealt(*map(code, drafts)),
        repair=drawn(swapped=[WRONG_SWAPPED], spread=[WRONG_SPREAD]),
        checks=code(CHECKS),
    )
    capsule = await spine.generate(BRIEF, generate={"samples": 2, "draws": draws, "repair_rounds": 0})
    written = texts(capsule)["pairs.py"]
    assert "second, first" in written.split("def spread")[0].split("return")[1]
    assert "abs(first - second)" in written


async def test_a_version_that_does_not_pass_the_gate_is_left_out(spine: Spine) -> None:
    untyped = SPREAD.format("str(abs(first - second))")
    spine.script(
        pairs=code(RIGHT_SWAPPED + "\n\n" + WRONG_SPREAD),
        repair=drawn(swapped=[RIGHT_SWAPPED] * 3, spread=[untyped, "nonsense(", RIGHT_SPREAD]),
        checks=code(CHECKS),
    )
    capsule = await spine.generate(BRIEF, generate={"draws": 3, "repair_rounds": 0})
    written = texts(capsule)["pairs.py"]
    assert "return abs(first - second)" in written
    assert "str(" not in written


async def test_what_the_budget_does_not_allow_is_not_drawn_and_nothing_is_lost(spine: Spine) -> None:
    spine.script(
        pairs=code(RIGHT_SWAPPED + "\n\n" + WRONG_SPREAD),
        repair=drawn(swapped=[RIGHT_SWAPPED] * 2, spread=[RIGHT_SPREAD] * 2),
        checks=code(CHECKS),
    )
    capsule = await spine.generate(BRIEF, generate={"draws": 2, "repair_rounds": 0}, budget={"tokens": 6000})
    assert "first - second" in texts(capsule)["pairs.py"]
    assert isinstance(spine.events[-1], RunFinished)

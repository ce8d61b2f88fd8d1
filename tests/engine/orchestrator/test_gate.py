"""Where a long file is wrong in one function, that function is asked for again and nothing else."""

import pytest
from quantumlayer.engine.types import Finding
from quantumlayer.engine.validation.adapters.mypy import Mypy
from quantumlayer.engine.validation.types import ToolError
from spine_bench import Spine, texts
from support.command import fenced as code

NAMES = [f"step_{number}" for number in range(12)]
BRIEF = "Write `steps.py` with:\n" + "".join(f"- `{name}(x: int) -> int`: x and {name}.\n" for name in NAMES)
RIGHT = "\n\n".join(
    f"def {name}(x: int) -> int:\n    total = x\n    total += {number}\n    return total\n"
    for number, name in enumerate(NAMES)
)
WRONG = RIGHT.replace("total += 7", "total += seven")
MENDED = "def step_7(x: int) -> int:\n    return x + 7\n"


async def test_only_the_wrong_function_of_a_long_file_is_asked_for_again(dry: Spine) -> None:
    author = dry.script(steps=code(WRONG), repair=code(MENDED), checks=code("x = 1\n"))
    capsule = await dry.generate(BRIEF, generate={"repair_rounds": 0})
    assert author.asked[:2] == ["steps.py", "repair"]
    assert author.asked.count("steps.py") == 1
    assert "seven" in author.prompts[1]
    written = texts(capsule)["steps.py"]
    assert "return x + 7" in written
    assert "total += 8" in written


async def test_what_cannot_be_mended_is_asked_for_as_a_whole(dry: Spine) -> None:
    author = dry.script(steps=[code(WRONG), code(RIGHT)], repair=code(WRONG), checks=code("x = 1\n"))
    capsule = await dry.generate(BRIEF, generate={"repair_rounds": 0})
    assert author.asked[:3] == ["steps.py", "repair", "steps.py"]
    assert "total += 7" in texts(capsule)["steps.py"]


async def test_a_short_file_is_written_again_at_once(dry: Spine) -> None:
    brief = "Write `one.py` with `one() -> int`."
    answers = [code("def one() -> int:\n    return uno\n"), code("def one() -> int:\n    return 1\n")]
    author = dry.script(one=answers, checks=code("x = 1\n"))
    await dry.generate(brief, generate={"repair_rounds": 0})
    assert author.asked[:2] == ["one.py", "one.py"]


BANK = """Write `purse.py` with the class `Purse`. `Purse()` has the methods
- `put(coins: int) -> int`: adds coins and returns how many there are.
- `empty() -> None`: takes all coins out.
"""
HALF = """class Purse:
    def __init__(self) -> None:
        self.coins = 0

    def put(self, coins: int) -> int:
        self.coins += coins
        return self.coins
"""
REST = """class Purse:
    def empty(self) -> None:
        self.coins = 0
"""


async def test_a_method_that_was_left_out_is_asked_for_alone(dry: Spine) -> None:
    author = dry.script(purse=code(HALF), repair=code(REST), checks=code("x = 1\n"))
    capsule = await dry.generate(BANK, generate={"repair_rounds": 0})
    assert author.asked[:2] == ["purse.py", "repair"]
    assert author.asked.count("purse.py") == 1
    assert "def empty(self)" in author.prompts[1]
    written = texts(capsule)["purse.py"]
    assert "def empty" in written
    assert "return self.coins" in written


async def test_a_method_that_cannot_be_had_is_told(dry: Spine) -> None:
    author = dry.script(purse=code(HALF), repair=code("x = 1\n"), checks=code("x = 1\n"))
    capsule = await dry.generate(BANK, generate={"repair_rounds": 0})
    assert author.asked[:3] == ["purse.py", "repair", "purse.py"]
    assert any("Purse.empty" in reason for reason in capsule.evidence.verdict.reasons)


async def test_a_validator_that_fails_costs_its_stage_and_not_the_project(
    dry: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object, **__: object) -> list[Finding]:
        raise ToolError("mypy failed: it crashed")

    monkeypatch.setattr(Mypy, "run", crash)
    dry.script(steps=code(RIGHT), checks=code("x = 1\n"))
    capsule = await dry.generate(BRIEF, generate={"repair_rounds": 0})
    assert "total += 7" in texts(capsule)["steps.py"]
    verdict = capsule.evidence.verdict
    assert verdict.status == "unverified"
    assert any("types was skipped: mypy failed: it crashed" in reason for reason in verdict.reasons)
    assert any("mypy failed" in getattr(event, "message", "") for event in dry.events)


async def test_a_method_that_is_only_pretended_is_told_too(dry: Spine) -> None:
    pretended = REST.replace("self.coins = 0", "raise NotImplementedError")
    dry.script(purse=code(HALF), repair=code(pretended), checks=code("x = 1\n"))
    capsule = await dry.generate(BANK, generate={"repair_rounds": 0})
    assert "NotImplementedError" not in texts(capsule)["purse.py"]
    assert any("Purse.empty" in reason for reason in capsule.evidence.verdict.reasons)

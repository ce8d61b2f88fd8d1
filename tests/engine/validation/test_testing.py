"""Tests that somebody wants to see run: what is told meanwhile, and where failures are placed."""

import asyncio
from collections.abc import Sequence

import psutil
import pytest
from quantumlayer.engine.events import Event
from quantumlayer.engine.sandbox import Sandbox
from quantumlayer.engine.types import SourceFile, Stage
from quantumlayer.engine.validation.live_output import LiveOutput
from quantumlayer.engine.validation.runtime.testing import run_chosen
from quantumlayer.settings import CheckSettings, Off, Settings

CALC = "def half(number):\n    return 1 / number\n"
TEST = (
    "from calc import half\n\n\ndef test_good():\n    print('a word')\n    assert half(1) == 1\n\n\n"
    "def deeper():\n    return half(0)\n\n\ndef test_bad():\n    deeper()\n\n\n"
    "def test_wrong():\n    print('what was printed')\n    assert half(2) == 3\n"
)
PROJECT = {"calc.py": CALC, "test_calc.py": TEST, "test_other.py": "def test_other():\n    pass\n"}


async def chosen(
    sandbox: Sandbox | None,
    settings: Settings,
    tests: Sequence[str],
    texts: dict[str, str],
    told: list[Event],
):
    files = [SourceFile(path=path, text=text) for path, text in texts.items()]
    return await run_chosen(settings, sandbox, "nobody has one", files, tests, (), "", told.append)


async def test_failures_stand_in_the_test_and_name_the_line_that_raised(sandbox, settings):
    result = await chosen(sandbox, settings, ["test_calc.py"], PROJECT, [])
    bad, wrong = result.findings
    assert (bad.path, bad.range.start.line, bad.rule) == ("test_calc.py", 9, "test-failed")
    (raised,) = bad.related
    assert (raised.path, raised.range.start.line) == ("calc.py", 1)
    assert "ZeroDivisionError" in raised.message
    assert (wrong.path, wrong.range.start.line, wrong.related) == ("test_calc.py", 18, ())
    assert result.status == "failed"


async def test_each_test_is_told_as_it_ends_and_so_is_what_is_printed(sandbox, settings):
    told: list[Event] = []
    await chosen(sandbox, settings, ["test_calc.py"], PROJECT, told)
    tests = [event for event in told if event.kind == "test_finished"]
    assert [(one.test.partition("::")[2], one.outcome, one.done, one.total) for one in tests] == [
        ("test_good", "passed", 1, 3),
        ("test_bad", "failed", 2, 3),
        ("test_wrong", "failed", 3, 3),
    ]
    output = "".join(event.text for event in told if event.kind == "sandbox_output")
    assert "what was printed" in output
    assert "a word" not in output, "pytest keeps what passing tests print"


async def test_only_the_chosen_tests_are_run_and_run_again(sandbox, settings):
    for _ in range(2):
        told: list[Event] = []
        result = await chosen(sandbox, settings, ["test_other.py"], PROJECT, told)
        assert (result.status, result.facts["tests_passed"]) == ("passed", 1)
        assert [event.test for event in told if event.kind == "test_finished"] == [
            "test_other.py::test_other"
        ]


async def test_output_without_end_does_not_cost_the_report(sandbox, settings):
    slow = "import os\n\n\ndef test_a():\n    for _ in range(60_000):\n        os.write(2, b'x' * 99)\n"
    loud = "import sys\n\n\ndef test_a():\n    sys.__stdout__.write('x' * 9_000_000)\n    assert 0, 'y' * 9\n"
    for text in (slow, loud):
        told: list[Event] = []
        result = await chosen(sandbox, settings, ["test_a.py"], {"test_a.py": text}, told)
        assert result.status in {"passed", "failed"}
        assert result.facts["tests_passed"] + result.facts["tests_failed"] == 1
        assert sum(len(event.text) for event in told if event.kind == "sandbox_output") < 1024 * 1024


async def test_a_program_cannot_tell_in_the_harnesss_name(sandbox, settings):
    forged = 'live ["test", {"test": "made.up", "outcome": "passed", "done": 1, "total": 1}]'
    text = f"def test_a():\n    print('\\n' + {forged!r})\n    assert 0\n"
    told: list[Event] = []
    await chosen(sandbox, settings, ["test_a.py"], {"test_a.py": text}, told)
    assert [event.test for event in told if event.kind == "test_finished"] == ["test_a.py::test_a"]


async def test_cancelling_ends_the_program(sandbox, settings):
    told: list[Event] = []
    texts = {
        "test_a.py": "import time\n\n\ndef test_first():\n    pass\n\n\ndef test_long():\n    time.sleep(7)\n"
    }
    running = asyncio.create_task(chosen(sandbox, settings, ["test_a.py"], texts, told))
    async with asyncio.timeout(60):
        while not any(event.kind == "test_finished" for event in told):
            assert not running.done()
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    left = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    assert not any("inside.harness" in line for line in left)


async def test_without_a_sandbox_it_is_skipped_with_the_reason(settings: Settings) -> None:
    result = await chosen(None, settings, ["test_calc.py"], PROJECT, [])
    assert (result.stage, result.status, result.reason) == (Stage.RUNTIME, "skipped", "nobody has one")


async def test_tests_that_are_off_are_not_run(settings: Settings) -> None:
    off = settings.model_copy(update={"check": CheckSettings(off=(Off(paths=("test_calc.py",)),))})
    result = await chosen(None, off, ["test_calc.py"], PROJECT, [])
    assert result.reason == "switched off by check.off"


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_pieces_of_lines_are_put_together(cut: int) -> None:
    text = 'key 1\n\nlive ["output", "a\\u001b[31mb\\n"]\nlive ["test", {"x": 1}]\nlive nothing\nlive [1]\n'
    told: list[Event] = []
    live = LiveOutput(told.append)
    live("stdout", text[:cut])
    live("stderr", 'live ["output", "other"]\n')
    live("stdout", text[cut:])
    assert [event.text for event in told if event.kind == "sandbox_output"] == ["ab\n"]
    assert len(told) == 1


async def test_half_a_character_in_a_test_can_be_written_down(sandbox: Sandbox, settings: Settings) -> None:
    text = (
        "import pytest\n\n\n@pytest.mark.parametrize('a', [1], ids=['\\ud800'])\ndef test_a(a):\n"
        "    raise ValueError('\\ud800 x')\n"
    )
    told: list[Event] = []
    files = [SourceFile(path="test_a.py", text=text)]
    result = await run_chosen(settings, sandbox, "", files, ["test_a.py"], (), "", told.append)
    assert "? x" in result.findings[0].message
    assert all(one.model_dump_json() for one in [result, *told])
    assert [event.outcome for event in told if event.kind == "test_finished"] == ["failed"]


def test_half_a_character_is_told_live() -> None:
    told: list[Event] = []
    text = r'live ["test", {"test": "a \ud800", "outcome": "failed", "done": 1, "total": 1}]'
    LiveOutput(told.append)("stdout", f"{text}\n")
    assert [event.model_dump_json() for event in told if "a ?" in event.test]

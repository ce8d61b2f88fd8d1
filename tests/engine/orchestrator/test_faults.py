"""What goes wrong around a run: bad answers, money, keys, silence, full disks. Nothing paid for is lost."""

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from quantumlayer.engine.errors import (
    AnswerError,
    BudgetError,
    ModelError,
    PlanError,
    QuantumLayerError,
    StorageError,
)
from spine_bench import Spine, code, reason, texts, until
from support.command import SLUG_BRIEF, SLUG_CODE, SLUG_TESTS
from support.scripted_server import HANG, Reply, ScriptedServer

CHECKS = code(SLUG_TESTS)
TWO = """Write `one.py` with `one() -> int`, which is 1.

Write `two.py` with `two() -> int`, which is the double of `one()`."""
ONE_CODE = code('def one() -> int:\n    """One."""\n    return 1\n')
TWO_CODE = code('def two() -> int:\n    """Two."""\n    return 2\n')


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (Reply("First I would import re, then split the text."), "prose"),
        (Reply("I'm sorry, but I can't help with that."), "refused"),
        (Reply("```python\ndef slugify(text: str) -> str:\n    return te", finish="length"), "cut off"),
        (Reply(code(SLUG_CODE.replace("slugify", "make_slug"))), "`slugify` is not defined"),
        (Reply(code("def slugify(text: str -> str:\n    return text\n")), "line 1"),
        (Reply(code(SLUG_CODE + "\n# ... rest of the code\n")), "leaves out code"),
    ],
    ids=["prose", "refusal", "truncated", "another name", "no Python", "omission"],
)
async def test_the_next_attempt_is_told_what_was_wrong(dry: Spine, bad: Reply, told: str) -> None:
    author = dry.script(slug=[bad, code(SLUG_CODE)], checks=CHECKS)
    capsule = await dry.generate(SLUG_BRIEF)
    assert texts(capsule)["slug.py"] == SLUG_CODE
    assert author.asked[:2] == ["slug.py", "slug.py"]
    first, second = dry.prompts[:2]
    assert "Earlier attempts were refused" not in first
    assert told in second.partition("Earlier attempts were refused")[2]


async def test_a_model_that_never_writes_code_is_an_error_with_a_next_step(dry: Spine) -> None:
    author = dry.script(slug=Reply("I would rather talk about it."), checks=CHECKS)
    with pytest.raises(AnswerError, match=r"slug\.py") as caught:
        await dry.generate(SLUG_BRIEF)
    assert caught.value.next_step
    assert author.asked == ["slug.py"] * 2
    assert dry.finished.outcome == "failed"


async def test_empty_answers_are_an_error_that_says_so(dry: Spine) -> None:
    dry.script(slug=Reply(""), checks=CHECKS)
    with pytest.raises(QuantumLayerError, match="empty") as caught:
        await dry.generate(SLUG_BRIEF)
    assert isinstance(caught.value, AnswerError | ModelError)
    assert dry.finished.outcome == "failed"


async def test_a_plan_that_is_no_json_three_times_is_an_error_with_a_next_step(dry: Spine) -> None:
    author = dry.script(plan=Reply('{"summary": "a game", "files": ['))
    with pytest.raises(PlanError, match="3 attempts") as caught:
        await dry.generate("A game about trees.")
    assert "Name the files" in caught.value.next_step
    assert author.asked == ["plan"] * 3
    assert "An earlier answer was refused" in dry.prompts[1]


async def test_checks_that_are_useless_leave_an_unverified_project(dry: Spine) -> None:
    dry.script(slug=code(SLUG_CODE), checks=Reply("I cannot think of any."))
    capsule = await dry.generate(SLUG_BRIEF)
    assert "checks of the brief passed" in reason(capsule)


# -- money and keys ----------------------------------------------------------------------------


async def test_a_budget_that_ends_before_the_checks_keeps_the_project(dry: Spine) -> None:
    dry.script(slug=Reply(code(SLUG_CODE), usage=(600, 400)), checks=CHECKS)
    capsule = await dry.generate(SLUG_BRIEF, budget={"tokens": 1001}, models={"max_tokens": 400})
    assert texts(capsule)["slug.py"] == SLUG_CODE
    assert "no checks were written" in reason(capsule)
    assert "budget.tokens" in reason(capsule)


async def test_a_budget_that_ends_while_writing_is_paid_up_later(dry: Spine) -> None:
    author = dry.script(
        one=Reply(ONE_CODE, usage=(600, 400)), two=Reply(TWO_CODE, usage=(600, 400)), checks=code("x = 1\n")
    )
    models = {"max_tokens": 400}
    with pytest.raises(BudgetError) as caught:
        await dry.generate(TWO, budget={"tokens": 1100}, models=models)
    assert caught.value.setting == "budget.tokens"
    before = list(author.asked)
    assert before == ["one.py"]
    capsule = await dry.generate(TWO, models=models)
    assert {"one.py", "two.py"} <= set(texts(capsule))
    paid = author.asked[len(before) :]
    assert paid[0] == "two.py"
    assert set(paid) <= {"two.py", "checks"}


async def test_a_wrong_key_is_named(dry: Spine, scripted: ScriptedServer) -> None:
    scripted.key = "another key"
    with pytest.raises(ModelError, match="key") as caught:
        await dry.generate(SLUG_BRIEF)
    assert "KEY" in str(caught.value)
    assert dry.finished.outcome == "failed"


# -- silence and full disks --------------------------------------------------------------------


@pytest.mark.parametrize("where", ["slug", "checks"])
async def test_cancelling_while_a_model_is_silent_ends_within_two_seconds(dry: Spine, where: str) -> None:
    answers: dict[str, Any] = {"slug": code(SLUG_CODE), "checks": CHECKS} | {where: HANG}
    author = dry.script(**answers)
    task = asyncio.create_task(dry.generate(SLUG_BRIEF))
    await until(lambda: (where if where == "checks" else "slug.py") in author.asked)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 2
    assert dry.finished.outcome == "cancelled"
    silent = dry.server.requests[0 if where == "slug" else -1]
    await until(silent.left.is_set, 5)


async def test_cancelling_a_program_that_runs_leaves_nothing_running(spine: Spine) -> None:
    endless = SLUG_CODE.replace("    return", "    while text:\n        pass\n    return")
    author = spine.script(slug=code(endless), checks=CHECKS)
    work_mb = 37
    task = asyncio.create_task(spine.generate(SLUG_BRIEF, sandbox={"work_mb": work_mb}))
    await until(lambda: author.asked.count("checks") == 2 and _running(spine, work_mb), 120)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 2
    await until(lambda: not _running(spine, work_mb), 2)


def _running(spine: Spine, work_mb: int) -> bool:
    if spine.sandbox == "docker":
        owner = f"label=quantumlayer.owner={os.getpid()}"
        return bool(subprocess.check_output(["docker", "ps", "-q", "--filter", owner]).strip())
    size = str(work_mb * 1024 * 1024)
    return any(
        process.info["name"] == "bwrap" and size in (process.info["cmdline"] or ())
        for process in psutil.process_iter(["name", "cmdline"])
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)("cannot mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


async def test_a_disk_that_fills_up_in_the_middle_loses_no_answer(
    small_disk: Path, wheels: Path, scripted: ScriptedServer
) -> None:
    spine = Spine(small_disk, wheels, scripted, "none")
    ballast = small_disk / "ballast"

    def fill(seen: object) -> str:
        with contextlib.suppress(OSError), ballast.open("wb") as file:
            while file.write(b"x" * 4096):
                file.flush()
        return TWO_CODE

    author = spine.script(one=ONE_CODE, two=[fill, TWO_CODE], checks=code("x = 1\n"))
    with pytest.raises(StorageError, match="full") as caught:
        await spine.generate(TWO)
    assert caught.value.next_step
    ballast.unlink()
    before = len(author.asked)
    capsule = await spine.generate(TWO)
    assert {"one.py", "two.py"} <= set(texts(capsule))
    assert set(author.asked[before:]) <= {"two.py", "checks"}

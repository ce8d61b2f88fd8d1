"""Patterns in a run: what they change, what is said of them, and what is learned."""

import sqlite3
from typing import Any

import pytest
from quantumlayer import Engine
from quantumlayer.engine.events import Notice, PatternsChosen
from quantumlayer.engine.orchestrator.learning import share_passed
from quantumlayer.engine.types import Brief, CheckRecord, Selection, StageResult
from spine_bench import Spine, code, dealt
from support.command import BROKEN_SLUG_CODE, SLUG_BRIEF, SLUG_CODE, SLUG_TESTS

SAMPLED = {"samples": 3, "repair_rounds": 0}
CHECKS = code(SLUG_TESTS)


def told(spine: Spine) -> Selection:
    (event,) = (event for event in spine.events if isinstance(event, PatternsChosen))
    return event.selection


async def records(spine: Spine) -> dict[str, tuple[int, int]]:
    async with Engine(spine.settings()) as engine:
        return {one.name: (one.runs_with, one.runs_without) for one in await engine.pattern_records()}


async def test_a_run_says_which_patterns_it_used_and_why_and_is_learned_from(spine: Spine) -> None:
    spine.script(slug=code(SLUG_CODE), checks=CHECKS)
    capsule = await spine.generate(SLUG_BRIEF, generate=SAMPLED)
    selection = capsule.evidence.selection
    assert selection is not None
    assert selection == told(spine)
    assert selection.on == ("abstraction", "meta-learning", "uncertainty", "dialectical")
    assert selection.samples == 3
    assert all(choice.reason for choice in selection.choices)
    assert await records(spine) == {"abstraction": (1, 0), "uncertainty": (1, 0), "dialectical": (1, 0)}

    again = await spine.generate(SLUG_BRIEF, generate=SAMPLED)
    assert spine.finished.reused
    assert again == capsule
    assert told(spine) == selection
    assert await records(spine) == {"abstraction": (1, 0), "uncertainty": (1, 0), "dialectical": (1, 0)}, (
        "it was no new run"
    )


async def test_without_patterns_one_answer_is_drawn_and_no_skeleton_is_shown(spine: Spine) -> None:
    author = spine.script(slug=code(SLUG_CODE), checks=CHECKS)
    await spine.generate(SLUG_BRIEF, generate=SAMPLED)
    sampled = author.prompts[author.asked.index("slug.py")]
    assert "Start from this skeleton" in sampled
    author.asked.clear()
    author.prompts.clear()

    await spine.generate(SLUG_BRIEF, generate={**SAMPLED, "patterns": ("none",)})
    alone = author.prompts[author.asked.index("slug.py")]
    assert "Start from this skeleton" not in alone
    assert SLUG_BRIEF.strip() in alone
    assert (told(spine).mode, told(spine).on, told(spine).samples) == ("none", (), 1)
    assert author.asked.count("slug.py") == 1
    assert await records(spine) == {"abstraction": (1, 1), "uncertainty": (1, 1), "dialectical": (1, 1)}


async def test_without_dialectical_candidates_meet_no_probes(spine: Spine) -> None:
    checks = code('assert slugify("Area 51") == "area-51"\nassert slugify("a b") == "a-b"\n')
    spine.script(slug=dealt(code(SLUG_CODE), code(SLUG_CODE.replace(".lower()", ""))), checks=checks)
    sampled = {**SAMPLED, "tier": "T2"}
    probed = await spine.generate(SLUG_BRIEF, generate=sampled)
    assert any(check.source == "probe" for check in probed.evidence.checks)
    async with Engine(spine.settings()) as engine:
        await engine.remove_capsule(probed.id)
    plain = await spine.generate(SLUG_BRIEF, generate={**sampled, "patterns": ("uncertainty",)})
    assert not any(check.source == "probe" for check in plain.evidence.checks)
    assert any(check.source == "model" for check in plain.evidence.checks)


async def test_code_that_the_brief_gives_stays_without_abstraction(dry: Spine) -> None:
    given = "def half(n: int) -> int:\n    return n // 2\n\n\ndef quarter(n: int) -> int: ...\n"
    brief = f"Write `halves.py`:\n\n```python\n{given}```\n"
    wrong = (
        "def half(n: int) -> int:\n    return 0\n\n\ndef quarter(n: int) -> int:\n    return half(half(n))\n"
    )
    dry.script(halves=code(wrong), checks=code("assert quarter(8) == 2"))
    capsule = await dry.generate(brief, generate={"patterns": ("none",)})
    (text,) = (file.text for file in capsule.files if file.path == "halves.py")
    assert "return n // 2" in text
    assert "return 0" not in text


async def test_another_brief_is_chosen_for_by_what_was_learned(spine: Spine) -> None:
    """Runs that were worse with several answers than with one."""
    from quantumlayer.engine.patterns.outcomes import Outcome, Outcomes

    store = Outcomes(spine.folder / "data")
    for number in range(12):
        on: Any = ("abstraction", "uncertainty") if number % 2 else ("abstraction",)
        done = Outcome(
            key=str(number),
            bucket="simple, clear",
            patterns=on,
            samples=3,
            share=0.2 if number % 2 else 0.9,
            verified=False,
            model="m",
            tokens=1,
            seconds=1,
        )
        store.record(done)
    spine.script(slug=code(SLUG_CODE), checks=CHECKS)
    capsule = await spine.generate(SLUG_BRIEF, generate={**SAMPLED, "explore": 0})
    selection = capsule.evidence.selection
    assert selection is not None
    assert "uncertainty" not in selection.on
    (choice,) = (choice for choice in selection.choices if choice.name == "uncertainty")
    assert choice.gain == pytest.approx(-0.7)
    assert choice.runs == 12
    async with Engine(spine.settings(generate={**SAMPLED, "explore": 0})) as engine:
        reading = await engine.read_brief(Brief(text=SLUG_BRIEF))
    assert "uncertainty" not in reading.selection.on, "explaining says what generating does"


async def test_a_run_that_is_begun_again_keeps_its_choice(spine: Spine) -> None:
    """Its answers are paid for, and another choice would ask for others."""
    spine.script(slug=code(BROKEN_SLUG_CODE), checks=CHECKS)
    first = await spine.generate(SLUG_BRIEF, generate=SAMPLED)
    with sqlite3.connect(spine.folder / "data/journal/journal.sqlite") as database:
        database.execute("DELETE FROM steps WHERE kind = 'run'")
    with sqlite3.connect(spine.folder / "data/patterns.sqlite") as database:
        database.execute("UPDATE outcomes SET patterns = '[]'")
    await spine.generate(SLUG_BRIEF, generate=SAMPLED)
    assert not spine.finished.reused
    assert told(spine) == first.evidence.selection
    assert spine.finished.usage.calls == 0


async def test_records_that_cannot_be_read_keep_no_run_from_being_made(spine: Spine) -> None:
    (spine.folder / "data").mkdir()
    (spine.folder / "data/patterns.sqlite").write_bytes(b"no database" * 500)
    spine.script(slug=code(SLUG_CODE), checks=CHECKS)
    capsule = await spine.generate(SLUG_BRIEF, generate=SAMPLED)
    assert capsule.evidence.verdict.status == "verified"
    notices = [event.message for event in spine.events if isinstance(event, Notice)]
    assert any("nothing is learned from earlier runs" in message for message in notices)


async def test_what_has_little_confidence_is_for_review_and_stays_verified(spine: Spine) -> None:
    spine.script(slug=code(SLUG_CODE), checks=CHECKS)
    capsule = await spine.generate(SLUG_BRIEF, generate={"review_below": 0.99})
    confidence = capsule.evidence.verdict.confidence
    assert spine.finished.outcome == "verified"
    assert spine.finished.review == f"its confidence of {confidence:.2f} is below 0.99"
    await spine.generate(SLUG_BRIEF, generate={"review_below": 0.0})
    assert spine.finished.reused, "the threshold decides nothing of the capsule"
    assert spine.finished.review == ""


async def test_a_run_without_a_sandbox_teaches_nothing(dry: Spine) -> None:
    dry.script(slug=code(SLUG_CODE), checks=CHECKS)
    await dry.generate(SLUG_BRIEF, generate=SAMPLED)
    assert await records(dry) == {}


def test_a_share_counts_the_briefs_own_checks_more_and_a_failed_stage_halves_it() -> None:
    def check(source: str, *, passed: bool) -> CheckRecord:
        return CheckRecord(name=source, code="assert f(1)", source=source, passed=passed)  # type: ignore[arg-type]

    ran = StageResult(stage="runtime", status="passed")  # type: ignore[arg-type]
    bad = StageResult(stage="security", status="failed")  # type: ignore[arg-type]
    checks = [check("brief", passed=True), check("model", passed=False), check("probe", passed=False)]
    assert share_passed(checks, [ran]) == pytest.approx(0.75)
    assert share_passed(checks, [ran, bad]) == pytest.approx(0.375)
    assert share_passed([checks[2]], [ran]) is None
    assert share_passed(checks, [StageResult(stage="runtime", status="skipped", reason="none")]) is None  # type: ignore[arg-type]

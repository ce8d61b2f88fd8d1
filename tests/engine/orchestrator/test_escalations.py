"""What is asked for again is told, with what was wrong with what there was."""

from quantumlayer.engine.events import Escalated, ModelCalled
from spine_bench import Spine, code
from support.command import BROKEN_SLUG_CODE, SLUG_BRIEF, SLUG_CODE, SLUG_TESTS

CHECKS = code(SLUG_TESTS)
NO_PYTHON = "def slugify(text: str -> str:\n    return text\n"


async def test_a_file_that_passes_no_gate_is_asked_for_again_and_says_why(spine: Spine) -> None:
    author = spine.script(slug=[code(NO_PYTHON), code(SLUG_CODE)], checks=CHECKS)
    capsule = await spine.generate(SLUG_BRIEF)
    assert capsule.evidence.verdict.status == "verified"
    (one,) = capsule.evidence.escalations
    assert (one.path, one.target, one.step) == ("slug.py", "", "again")
    assert one.reason.startswith("the one answer did not pass the gate: ")
    assert author.asked.count("slug.py") == 2
    kinds = [event.kind for event in spine.events if isinstance(event, Escalated | ModelCalled)]
    assert kinds.index("escalated") == 1, "it is told before it is asked"


async def test_a_repair_names_the_failure_behind_it(spine: Spine) -> None:
    fixed = code(SLUG_CODE.split('"""Slugs."""')[1])
    spine.script(slug=code(BROKEN_SLUG_CODE), checks=CHECKS, repair=fixed)
    capsule = await spine.generate(SLUG_BRIEF)
    steps = [one for one in capsule.evidence.escalations if one.step == "repaired"]
    assert steps
    assert {one.path for one in steps} == {"slug.py"}
    assert "slugify(" in steps[0].reason


async def test_nothing_is_told_where_nothing_was_asked_again(spine: Spine) -> None:
    spine.script(slug=code(SLUG_CODE), checks=CHECKS)
    assert (await spine.generate(SLUG_BRIEF)).evidence.escalations == ()

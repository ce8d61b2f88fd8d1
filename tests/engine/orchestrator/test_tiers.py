"""Tiers: how much is asked of a model before its answer is taken, and what is asked when it is not proven."""

from quantumlayer.engine.events import PhaseStarted
from spine_bench import Spine, dealt, texts
from support.command import fenced as code

BRIEF = '''Please complete `evens.py`:

```python
def evens(numbers: list[int]) -> list[int]:
    """The even numbers, in ascending order.

    >>> evens([4, 1, 2])
    [2, 4]
    >>> evens([6, 2])
    [2, 6]
    >>> evens([3])
    []
    """
```
'''
HEAD = "def evens(numbers: list[int]) -> list[int]:\n    "
RIGHT = HEAD + "return sorted(number for number in numbers if number % 2 == 0)\n"
UNSORTED = HEAD + "return [number for number in numbers if number % 2 == 0]\n"
ODD = HEAD + "return sorted(number for number in numbers if number % 2)\n"
ALL = HEAD + "return sorted(numbers)\n"
CHECKS = code("assert evens([8, 5]) == [8]\nassert evens([]) == []\n")
FULL = {"samples": 3, "waves": 2, "repair_rounds": 2}


def temperatures(spine: Spine) -> list[tuple[float, int]]:
    """Of each request for the file: its temperature, and how many answers it asks for."""
    asked = [seen for seen in spine.server.requests if "Write the complete file" in seen.prompt]
    return [(seen.body["temperature"], seen.choices) for seen in asked]


async def test_a_first_answer_that_the_examples_prove_is_all_that_is_asked_for(spine: Spine) -> None:
    author = spine.script(evens=code(RIGHT), checks=CHECKS)
    capsule = await spine.generate(BRIEF, generate=FULL)
    assert author.asked == ["evens.py"]
    assert temperatures(spine) == [(0.0, 1)]
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons
    (author_of,) = [one for one in capsule.evidence.authors if one.path == "evens.py"]
    assert "no other was asked for" in author_of.reason
    assert author_of.tier == "T1"


async def test_where_the_first_answer_is_wrong_others_are_drawn_at_a_higher_temperature(spine: Spine) -> None:
    spine.script(evens=dealt(code(UNSORTED), code(ODD), code(RIGHT)), checks=CHECKS)
    capsule = await spine.generate(BRIEF, generate=FULL)
    assert texts(capsule)["evens.py"].count("sorted(number for number in numbers if number % 2 == 0)") == 1
    assert temperatures(spine) == [(0.0, 1), (0.8, 2)]
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons


async def test_more_are_drawn_until_one_passes_the_examples(spine: Spine) -> None:
    spine.script(
        evens=dealt(*map(code, [UNSORTED, ODD, ALL, UNSORTED, ODD, RIGHT])), checks=CHECKS, repair=code(ALL)
    )
    capsule = await spine.generate(BRIEF, generate=FULL)
    assert "== 0)" in texts(capsule)["evens.py"]
    assert [asked for _, asked in temperatures(spine)] == [1, 2, 3]
    phases = [event.phase for event in spine.events if isinstance(event, PhaseStarted)]
    assert phases == ["plan", "write", "test", "widen", "validate", "pack"]
    winner = [one for one in capsule.evidence.candidates if one.elected][-1]
    assert (winner.copies, winner.passed, winner.total) == (1, 5, 5)


async def test_waves_end(spine: Spine) -> None:
    spine.script(evens=code(ODD), checks=CHECKS, repair=code(ALL))
    capsule = await spine.generate(BRIEF, generate={**FULL, "repair_rounds": 0})
    assert [asked for _, asked in temperatures(spine)] == [1, 2, 3, 3]
    assert capsule.evidence.verdict.status == "unverified"


async def test_t0_takes_one_answer_and_says_that_it_is_wrong(spine: Spine) -> None:
    author = spine.script(evens=dealt(code(UNSORTED), code(RIGHT)), checks=CHECKS, repair=code(RIGHT))
    capsule = await spine.generate(BRIEF, generate={**FULL, "tier": "T0"})
    assert author.asked == ["evens.py"]
    assert capsule.evidence.verdict.status == "unverified"


async def test_t1_draws_but_asks_for_no_checks(spine: Spine) -> None:
    author = spine.script(evens=dealt(code(UNSORTED), code(RIGHT)), checks=CHECKS)
    capsule = await spine.generate(BRIEF, generate={**FULL, "tier": "T1"})
    assert author.asked == ["evens.py", "evens.py"]
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons


async def test_t2_always_draws_and_asks_for_checks(spine: Spine) -> None:
    author = spine.script(evens=code(RIGHT), checks=CHECKS)
    await spine.generate(BRIEF, generate={**FULL, "tier": "T2"})
    assert author.asked == ["evens.py", "evens.py", "checks", "checks"]


async def test_without_examples_nothing_is_proven(spine: Spine) -> None:
    author = spine.script(evens=code(RIGHT), checks=CHECKS)
    await spine.generate("Write `evens.py` with `evens(numbers: list[int]) -> list[int]`.", generate=FULL)
    assert author.asked == ["evens.py", "evens.py", "checks", "checks"]

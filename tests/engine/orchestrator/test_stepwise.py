"""Files that are written function by function, and functions that are found near an answer."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from quantumlayer.engine.events import PhaseStarted
from quantumlayer.engine.orchestrator import search
from quantumlayer.engine.types import Capsule
from quantumlayer.engine.validation.mesh import Mesh
from spine_bench import Spine, dealt, texts
from support.command import fenced as code
from support.scripted_server import Reply, Seen

BRIEF = """Please write a module `numbers_of.py`.

- `evens(numbers)` returns the even numbers in ascending order: `evens([4, 1, 2])` is `[2, 4]`,
  `evens([6, 2])` is `[2, 6]`, `evens([])` is `[]` and `evens([3])` is `[]`.
- `shown(numbers)` returns them as text, joined by one hyphen: `shown([1, 2])` is `"1-2"`,
  `shown([7, 8, 9])` is `"7-8-9"`, `shown([4])` is `"4"` and `shown([])` is `""`.
"""
EVENS = "    return sorted(number for number in numbers if number % 2 == 0)\n"
UNSORTED = "    return [number for number in numbers if number % 2 == 0]\n"
SHOWN = '    return "-".join(str(number) for number in numbers)\n'
SPACED = '    return " ".join(str(number) for number in numbers)\n'
HOPELESS = "    return numbers.nothing\n"
CHECKS = code("assert evens([8]) == [8]\n")
GOES_ON = {"continues": True}
FULL = {"samples": 3, "waves": 1, "repair_rounds": 0}


def begun(seen: Seen) -> str:
    """What the answer is to go on from."""
    return str(seen.body["messages"][-1]["content"])


def by_gap(**answers: Any) -> Any:
    """Answers by the function that stands last in what is begun."""

    def answer(seen: Seen) -> Any:
        text = begun(seen)
        name = max(answers, key=lambda name: text.rfind(f"def {name}("))
        step = answers[name]
        return step(seen) if callable(step) else step

    return answer


def how(capsule: Capsule) -> dict[str, str]:
    (author,) = [one for one in capsule.evidence.authors if one.path == "numbers_of.py"]
    return {region.name: region.how for region in author.regions}


async def test_each_function_goes_on_from_what_is_certain(spine: Spine) -> None:
    author = spine.script(numbers_of=by_gap(evens=EVENS, shown=SHOWN), checks=CHECKS)
    capsule = await spine.generate(BRIEF, models=GOES_ON, generate=FULL)
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons
    assert author.asked == ["numbers_of.py"] * 2, "the examples prove each first answer"
    first, second = map(begun, spine.server.requests)
    assert first.startswith("```python\ndef evens(numbers):\n")
    assert "in ascending order" in first
    assert EVENS in second
    assert "in ascending order" not in second, "words about what is written are not read again"
    assert second.rstrip().endswith('"""')
    assert "\ndef shown(" in spine.server.requests[0].body["stop"]
    text = texts(capsule)["numbers_of.py"]
    assert "def evens(numbers):" in text
    assert "def shown(numbers):" in text


async def test_only_what_is_not_proven_is_drawn_again(spine: Spine) -> None:
    shown = dealt(SPACED, SPACED, SHOWN)
    spine.script(numbers_of=by_gap(evens=EVENS, shown=shown), checks=CHECKS)
    capsule = await spine.generate(BRIEF, models=GOES_ON, generate=FULL)
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons
    asked = [
        ("def shown" in begun(seen), seen.body["temperature"], seen.choices) for seen in spine.server.requests
    ]
    assert asked == [(False, 0.0, 1), (True, 0.0, 1), (True, 0.8, 2)]
    (escalation,) = capsule.evidence.escalations
    assert (escalation.target, escalation.step) == ("shown", "drawn")
    assert "fails an example" in escalation.reason


async def test_a_function_near_an_answer_is_found_and_said_to_be_found(spine: Spine) -> None:
    spine.script(numbers_of=by_gap(evens=UNSORTED, shown=SPACED), checks=CHECKS)
    capsule = await spine.generate(BRIEF, models=GOES_ON, generate={**FULL, "search": True})
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons
    text = texts(capsule)["numbers_of.py"]
    assert "sorted(" in text
    assert '"-".join' in text
    assert how(capsule) == {"evens": "searched", "shown": "searched"}
    (author,) = [one for one in capsule.evidence.authors if one.path == "numbers_of.py"]
    assert "one edit from a model's answer" in author.regions[0].reason


async def test_what_cannot_be_found_is_left_as_the_model_wrote_it(spine: Spine) -> None:
    spine.script(numbers_of=by_gap(evens=EVENS, shown=HOPELESS), checks=CHECKS)
    capsule = await spine.generate(BRIEF, models=GOES_ON, generate={**FULL, "search": True})
    assert capsule.evidence.verdict.status == "unverified"
    assert "numbers.nothing" in texts(capsule)["numbers_of.py"]
    assert how(capsule)["shown"] != "searched"


async def test_an_answer_without_a_body_has_the_file_asked_for_whole(spine: Spine) -> None:
    def answer(seen: Seen) -> Reply:
        whole = f"def evens(numbers):\n{EVENS}\n\ndef shown(numbers):\n{SHOWN}"
        return Reply(code(whole) if "Write the complete file" in seen.prompt else "```\nThat is all.")

    spine.script(numbers_of=answer, checks=CHECKS)
    capsule = await spine.generate(BRIEF, models=GOES_ON, generate=FULL)
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons


async def test_a_file_that_was_written_whole_is_searched_too(spine: Spine) -> None:
    whole = f"def evens(numbers):\n{UNSORTED}\n\ndef shown(numbers):\n{SHOWN}"
    spine.script(numbers_of=code(whole), checks=CHECKS)
    capsule = await spine.generate(BRIEF, generate={**FULL, "samples": 1, "search": True})
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons
    assert how(capsule)["evens"] == "searched"
    assert "search" in [event.phase for event in spine.events if isinstance(event, PhaseStarted)]


async def test_three_examples_are_too_few_to_search_by(spine: Spine) -> None:
    brief = (
        "Please write `half.py`: `half(number)` returns a half, rounded down: `half(7)` is `3`, `half(2)` is "
        "`1` and `half(9)` is `4`.\n"
    )
    spine.script(
        half=code("def half(number):\n    return number // 1\n"), checks=code("assert half(4) == 2\n")
    )
    capsule = await spine.generate(brief, generate={**FULL, "samples": 1, "search": True})
    assert "// 1" in texts(capsule)["half.py"]


async def test_a_class_is_written_at_once(spine: Spine) -> None:
    brief = (
        "Please write `box.py` with a class `Box`. `Box(size)` makes one, and its method `grow(by)` returns "
        "the new size: `Box(2).grow(3)` is `5`.\n"
    )
    box = (
        "class Box:\n    def __init__(self, size):\n        self.size = size\n\n"
        "    def grow(self, by):\n        self.size += by\n        return self.size\n"
    )
    author = spine.script(box=code(box), checks=code("assert Box(1).grow(1) == 2\n"))
    await spine.generate(brief, models=GOES_ON, generate={**FULL, "samples": 1})
    assert "Write the complete file" in author.prompts[0]


async def test_what_was_searched_for_is_not_searched_for_again(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine.script(numbers_of=by_gap(evens=UNSORTED, shown=SPACED), checks=CHECKS)
    wanted = {**FULL, "search": True}
    first = await spine.generate(BRIEF, models=GOES_ON, generate=wanted)

    async def never(*_args: object, **_options: object) -> None:
        raise AssertionError("versions are tried again")

    monkeypatch.setattr(Mesh, "try_versions", never)
    again = await spine.generate(BRIEF, models=GOES_ON, generate={**wanted, "review_below": 0.5, "waves": 2})
    assert texts(again) == texts(first)
    assert spine.finished.usage.calls == 0, "and no model is asked"


async def test_the_loop_is_not_held_while_versions_are_made(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: list[bool] = []
    made = search.nearby

    def watched(*args: Any) -> Iterator[str]:
        where.append(threading.current_thread() is threading.main_thread())
        return made(*args)

    monkeypatch.setattr(search, "nearby", watched)
    spine.script(numbers_of=by_gap(evens=EVENS, shown=SPACED), checks=CHECKS)
    await spine.generate(BRIEF, models=GOES_ON, generate={**FULL, "search": True})
    assert where
    assert not any(where)

"""What a capsule tells of how it was made."""

import hashlib
import json

from quantumlayer.engine.events import Chosen
from quantumlayer.engine.python.regions import regions
from quantumlayer.engine.types import Evidence
from spine_bench import Spine, dealt, texts
from support.command import fenced as code

BRIEF = """Write `pairs.py` with:

- `swapped(pair: tuple[int, int]) -> tuple[int, int]`: the pair the other way round.
- `spread(pair: tuple[int, int]) -> int`: the distance between the two, never negative.
"""
RIGHT = """def swapped(pair: tuple[int, int]) -> tuple[int, int]:
    first, second = pair
    return second, first


def spread(pair: tuple[int, int]) -> int:
    first, second = pair
    return abs(first - second)
"""
WRONG = RIGHT.replace("abs(first - second)", "first - second")
CHECKS = """assert swapped((1, 2)) == (2, 1)
assert spread((5, 3)) == 2
assert spread((3, 7)) == 4
assert spread((1, 9)) == 8
"""


async def test_each_file_has_an_author(spine: Spine) -> None:
    spine.script(pairs=dealt(code(WRONG), code(RIGHT), code(RIGHT)), checks=code(CHECKS))
    capsule = await spine.generate(BRIEF, generate={"samples": 3, "repair_rounds": 0})
    authors = {author.path: author for author in capsule.evidence.authors}
    assert authors.keys() == texts(capsule).keys()
    for path, text in texts(capsule).items():
        assert authors[path].sha256 == hashlib.sha256(text.encode()).hexdigest()
    author = authors["pairs.py"]
    assert (author.how, author.candidates) == ("elected", 2)
    assert (author.checks_passed, author.checks_total) == (4, 4)
    assert author.model == "openai/test"
    assert author.tokens_out
    assert "elected from 2 different answers: 4 of" in author.reason
    assert author.tier == "T2"
    assert {(one.how, one.tier) for path, one in authors.items() if path != "pairs.py"} == {("rule", "")}
    assert authors["README.md"].model == ""
    said = authors["tests/test_pairs.py"].reason
    assert said == "4 checks that a model wrote and the project passes"


async def test_candidates_are_told_with_what_they_showed(spine: Spine) -> None:
    spine.script(pairs=dealt(code(WRONG), code(RIGHT), code(RIGHT)), checks=code(CHECKS))
    capsule = await spine.generate(BRIEF, generate={"samples": 3, "repair_rounds": 0})
    loser, winner = capsule.evidence.candidates
    assert (loser.elected, winner.elected) == (False, True)
    assert (loser.copies, winner.copies) == (1, 2)
    assert loser.score < winner.score
    checks = {check.name: check for check in capsule.evidence.checks}
    claims = {name for name, check in checks.items() if check.source != "probe"}
    assert (winner.passed, winner.total, len(claims)) == (4, 4, 4)
    assert not claims & winner.shown.keys()
    assert len(claims & loser.shown.keys()) == winner.total - loser.passed == 2
    assert {"AssertionError: assert -4 == 4"} <= set(loser.shown.values())
    (told,) = [event for event in spine.events if isinstance(event, Chosen) and event.candidates]
    assert told.candidates == capsule.evidence.candidates


async def test_the_timeline_follows_the_run(spine: Spine) -> None:
    spine.script(pairs=code(RIGHT), checks=code(CHECKS))
    capsule = await spine.generate(BRIEF)
    phases = [moment.phase for moment in capsule.evidence.timeline]
    assert phases[:3] == ["plan", "write", "test"]
    assert phases[-2:] == ["validate", "pack"]
    for earlier, later in zip(capsule.evidence.timeline, capsule.evidence.timeline[1:], strict=False):
        assert abs(earlier.at + earlier.seconds - later.at) < 0.01


async def test_a_repaired_function_is_told_by_itself(spine: Spine) -> None:
    right = RIGHT[RIGHT.index("def spread") :]
    spine.script(pairs=code(WRONG), checks=code(CHECKS), repair=code(right))
    brief = BRIEF + "\nFor example, `spread((3, 7)) == 4`.\n"
    capsule = await spine.generate(brief, generate={"repair_rounds": 1})
    (author,) = [one for one in capsule.evidence.authors if one.path == "pairs.py"]
    how = {region.name: region.how for region in author.regions}
    assert (author.how, how) == ("repaired", {"swapped": "only", "spread": "repaired"})
    (reason,) = [region.reason for region in author.regions if region.name == "spread"]
    assert reason.startswith("rewritten because ")


def test_evidence_of_before_can_be_read() -> None:
    verdict = {"status": "verified", "stages": [], "confidence": 0.5, "evidence": []}
    old = Evidence.model_validate_json(json.dumps({"verdict": verdict, "usage": {}}))
    assert (old.authors, old.candidates, old.timeline) == ((), (), ())


def test_a_region_is_known_wherever_it_stands() -> None:
    method = "    @property\n    def two(self):\n        return 2  # really\n"
    first = regions("class A:\n" + method)
    second = regions("import os\n\n\nclass B:\n    x = 1\n\n" + method.replace("    return", "    return"))
    assert [one.name for one in first] == ["A", "A.two"]
    assert first[1].sha256 == second[1].sha256
    assert (first[1].first, first[1].last) == (2, 4)
    assert regions("class A:\n" + method.replace("2  #", "3  #"))[1].sha256 != first[1].sha256
    assert regions("def (") == ()

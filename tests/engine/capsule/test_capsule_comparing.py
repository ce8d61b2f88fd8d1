"""Running again: what is the same, what is not, and what need not be."""

from typing import Any

import pytest
from capsule_samples import make_evidence, make_plan, make_sample
from quantumlayer.engine.capsule.comparing import compare, judged_files, rerunnable
from quantumlayer.engine.types import (
    Finding,
    PlannedFile,
    Position,
    Range,
    Rerun,
    Severity,
    Stage,
    StageResult,
    ToolRun,
)

SAME = ("docker 27, Python 3.12", "docker 27, Python 3.12")


def finding(message: str = "unused import", line: int = 3) -> Finding:
    place = Position(line=line, column=0)
    return Finding(
        stage=Stage.STYLE,
        tool="ruff",
        rule="F401",
        severity=Severity.WARNING,
        path="a.py",
        range=Range(start=place, end=place),
        message=message,
    )


def result(stage: Stage = Stage.STYLE, status: str = "passed", **more: Any) -> StageResult:
    version, seconds = more.pop("version", "1.0"), more.pop("seconds", 1.0)
    tools = (ToolRun(name="ruff", version=version, seconds=seconds),)
    return StageResult.model_validate({"stage": stage, "status": status, "tools": tools, **more})


def seen(recorded: StageResult, here: StageResult, sandboxes: tuple[str, str] = SAME) -> Rerun:
    return compare([recorded], [here], sandboxes=sandboxes)


def test_what_comes_out_as_recorded_is_the_same_however_long_it_took() -> None:
    recorded = result(findings=(finding(),), facts={"errors": 0, "seconds": 1.5})
    again = seen(recorded, result(seconds=9.0, findings=(finding(),), facts={"errors": 0, "seconds": 7.5}))
    assert (again.outcome, again.stages[0].differences, again.stages[0].notes) == ("same", (), ())


@pytest.mark.parametrize(
    ("here", "said"),
    [
        (result(status="failed", reason="1 error"), "it passed then, and failed now: 1 error"),
        (
            result(findings=(finding(), finding("other"))),
            "found now and not then: a.py:4:1 other (ruff F401)",
        ),
        (result(), "found then and not now: a.py:4:1 unused import (ruff F401)"),
        (result(findings=(finding(line=5),)), "found now and not then: a.py:6:1 unused import (ruff F401)"),
        (result(findings=(finding(),), facts={"tests_passed": 2}), "tests passed: 3 then, 2 now"),
        (result(findings=(finding(),)), "tests passed: 3 then, none now"),
    ],
)
def test_every_difference_is_told(here: StageResult, said: str) -> None:
    recorded = result(findings=(finding(),), facts={"tests_passed": 3})
    again = seen(recorded, here)
    assert again.outcome == again.stages[0].outcome == "other"
    assert said in again.stages[0].differences


def test_other_versions_and_another_sandbox_explain_and_are_no_difference() -> None:
    recorded = result(Stage.RUNTIME)
    again = seen(recorded, result(Stage.RUNTIME, version="2.0"), (SAME[0], "bubblewrap 0.8, Python 3.11"))
    assert again.outcome == "same"
    assert again.stages[0].notes == (
        "it ran in docker 27, Python 3.12 then, in bubblewrap 0.8, Python 3.11 now",
        "ruff: 1.0 then, 2.0 now",
    )


def test_what_could_not_be_run_is_never_the_same() -> None:
    skipped = StageResult(stage=Stage.RUNTIME, status="skipped", reason="no sandbox on this machine")
    again = compare([result(), result(Stage.RUNTIME)], [result(), skipped], sandboxes=SAME)
    assert (again.outcome, [stage.outcome for stage in again.stages]) == ("not run", ["same", "not run"])
    assert again.stages[1].differences == ("no sandbox on this machine",)
    assert compare([result()], [], sandboxes=SAME).outcome == "not run"
    assert compare([], [], sandboxes=SAME).outcome == "not run"


def test_a_difference_counts_more_than_what_was_not_run() -> None:
    again = compare([result(), result(Stage.RUNTIME)], [result(status="failed")], sandboxes=SAME)
    assert again.outcome == "other"


def test_what_packing_added_is_not_judged_again_unless_it_was_planned() -> None:
    files = {
        "README.md": "# A\n",
        "requirements.txt": "httpx\n",
        "tally/core.py": "x = 1\n",
        "tests/test_a.py": "",
    }
    capsule = make_sample(files)
    assert [file.path for file in judged_files(capsule)] == ["tally/core.py", "tests/test_a.py"]
    plan = make_plan()
    planned = plan.model_copy(update={"files": (*plan.files, PlannedFile(path="README.md", purpose="docs"))})
    evidence = make_evidence().model_copy(update={"plan": planned})
    capsule = capsule.model_copy(update={"evidence": evidence})
    assert [file.path for file in judged_files(capsule)] == ["README.md", "tally/core.py", "tests/test_a.py"]


def test_it_is_said_beforehand_what_is_missing_here() -> None:
    recorded = [result(), result(Stage.RUNTIME)]
    assert rerunnable(recorded, {"ruff": "1.0"}, "") == (True, "all of them, with the same tools")
    assert rerunnable(recorded, {"ruff": "2.0"}, "") == (True, "all of them, with ruff 2.0 instead of 1.0")
    able, why = rerunnable(recorded, {}, "no engine was found")
    assert (able, why) == (False, "style: ruff is not here; runtime: no engine was found")

import json

import pytest
from quantumlayer.engine.types import (
    Edit,
    Finding,
    Fix,
    Position,
    Range,
    Severity,
    Stage,
    StageResult,
    ToolRun,
)
from quantumlayer.engine.validation.report import render


def span(line: int, start: int, end: int) -> Range:
    return Range(start=Position(line=line, column=start), end=Position(line=line, column=end))


def results() -> tuple[StageResult, ...]:
    fix = Fix(title="Remove it", edits=(Edit(range=span(0, 0, 9), text=""),), safe=True)
    unused = Finding(
        stage=Stage.STYLE,
        tool="ruff",
        rule="F401",
        severity=Severity.WARNING,
        path="src/a b.py",
        range=span(0, 7, 9),
        message="`os` imported but unused",
        url="https://example.org/F401",
        fix=fix,
    )
    hostile = unused.model_copy(
        update={"message": "100% bad\n::error::forged", "path": "a,b:c.py".replace(":", "_"), "fix": None}
    )
    style = StageResult(
        stage=Stage.STYLE,
        status="failed",
        findings=(unused, hostile),
        tools=(ToolRun(name="ruff", version="1.2", seconds=0.1),),
    )
    whole = unused.model_copy(
        update={
            "stage": Stage.RUNTIME,
            "tool": "packages",
            "path": "",
            "severity": Severity.ERROR,
            "fix": None,
        }
    )
    runtime = StageResult(stage=Stage.RUNTIME, status="failed", findings=(whole,), facts={"tests_passed": 3})
    skipped = StageResult(stage=Stage.TYPES, status="skipped", reason="mypy is\nnot installed")
    return (style, skipped, runtime)


def test_text_groups_by_file_and_ends_with_a_line_per_stage():
    lines = render(results(), "text").splitlines()
    assert "src/a b.py" in lines
    assert any("1:8" in line and "F401" in line and "unused" in line for line in lines)
    assert [line.split()[:2] for line in lines[-3:]] == [
        ["style", "failed"],
        ["types", "skipped"],
        ["runtime", "failed"],
    ]
    assert "mypy is not installed" in lines[-2]
    assert "3 tests passed" in lines[-1]


def test_json_holds_everything():
    stages = json.loads(render(results(), "json"))["stages"]
    assert tuple(StageResult.model_validate(stage) for stage in stages) == results()


def test_sarif_has_the_structure_the_standard_asks_for():
    log = json.loads(render(results(), "sarif"))
    assert log["version"] == "2.1.0"
    by_tool = {run["tool"]["driver"]["name"]: run for run in log["runs"]}
    assert set(by_tool) == {"ruff", "packages", "quantumlayer"}
    ruff = by_tool["ruff"]
    assert ruff["columnKind"] == "unicodeCodePoints"
    assert ruff["tool"]["driver"]["version"] == "1.2"
    for run in log["runs"]:
        rules = run["tool"]["driver"].get("rules", [])
        assert len({rule["id"] for rule in rules}) == len(rules)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["level"] in {"error", "warning", "note", "none"}
            assert result["message"]["text"]
    found = next(result for result in ruff["results"] if "fixes" in result)
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "src/a%20b.py"
    assert place["region"] == {"startLine": 1, "startColumn": 8, "endLine": 1, "endColumn": 10}
    (change,) = found["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["deletedRegion"]["endColumn"] == 10
    (whole,) = by_tool["packages"]["results"][0]["locations"]
    assert whole["physicalLocation"]["artifactLocation"]["uri"] == "."


def test_sarif_says_that_a_skipped_stage_was_not_run():
    log = json.loads(render(results(), "sarif"))
    (invocation,) = [run["invocations"][0] for run in log["runs"] if "invocations" in run]
    assert invocation["executionSuccessful"] is False
    assert "types stage was skipped" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_github_annotations_cannot_be_broken_out_of():
    lines = render(results(), "github").splitlines()
    assert len(lines) == 4
    assert all(line.startswith(("::warning ", "::error ")) for line in lines)
    assert any("file=a%2Cb_c.py" in line and line.endswith("100%25 bad%0A::error::forged") for line in lines)
    assert lines[-1] == "::warning title=types skipped::mypy is%0Anot installed"


def test_nothing_found_is_valid_in_every_form():
    clean = (StageResult(stage=Stage.SYNTAX, status="passed"),)
    assert render(clean, "text") == "syntax    passed\n"
    assert json.loads(render(clean, "sarif"))["runs"] == []
    assert render(clean, "github") == ""


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="text, json, sarif, github"):
        render((), "xml")

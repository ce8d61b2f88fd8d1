"""SARIF as the standard's schema has it, and as GitHub takes it."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
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
from quantumlayer.engine.validation.sarif import MOST_RESULTS

SCHEMA = Path(__file__).parents[2] / "fixtures" / "sarif" / "sarif-2.1.0-rtm.5.json"


def found(line: int = 0, **given: Any) -> Finding:
    here = Range(start=Position(line=line, column=0), end=Position(line=line, column=4))
    fields = {"path": "src/a.py", "rule": "F401", "message": "`os` is unused", "severity": Severity.WARNING}
    return Finding(**{"stage": Stage.STYLE, "tool": "ruff", "range": here, **fields, **given})


def log(*findings: Finding) -> dict[str, Any]:
    ran = ToolRun(name="ruff", version="1.2", seconds=0.1)
    style = StageResult(stage=Stage.STYLE, status="failed", findings=findings, tools=(ran,))
    skipped = StageResult(stage=Stage.TYPES, status="skipped", reason="mypy is not installed")
    made: dict[str, Any] = json.loads(render((style, skipped), "sarif"))
    problems = [error.message for error in Draft4Validator(json.loads(SCHEMA.read_text())).iter_errors(made)]
    assert problems == []
    return made


def results(made: dict[str, Any], tool: str = "ruff") -> list[dict[str, Any]]:
    (run,) = [run for run in made["runs"] if run["tool"]["driver"]["name"] == tool]
    return list(run["results"])


def test_the_schema_is_one_that_refuses() -> None:
    """So that the other tests can fail."""
    validator = Draft4Validator(json.loads(SCHEMA.read_text()))
    assert not validator.is_valid({"version": "2.1.0"})
    assert not validator.is_valid({"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": []}]})


def test_every_kind_of_finding_fits_the_schema() -> None:
    fix = Fix(title="Remove it", edits=(Edit(range=found().range, text=""),), safe=True)
    log(
        found(url="https://example.org/F401", fix=fix),
        found(path="", stage=Stage.RUNTIME, tool="packages", severity=Severity.ERROR),
        found(stage=Stage.SECURITY, tool="secrets", message=""),
        found(path="a b/\N{GRINNING FACE}.py", severity=Severity.HINT),
    )


def test_nothing_found_fits_the_schema() -> None:
    log()


def test_every_result_has_a_place_and_a_rule_that_is_described() -> None:
    made = log(found(path=""), found(rule="E999"))
    (run,) = [run for run in made["runs"] if run["results"]]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"]


@pytest.mark.parametrize(
    ("path", "uri", "relative"),
    [
        ("src/a.py", "src/a.py", True),
        ("a b/100%.py", "a%20b/100%25.py", True),
        ("/elsewhere/a b.py", "file:///elsewhere/a%20b.py", False),
        ("C:/elsewhere/a.py", "file:///C:/elsewhere/a.py", False),
    ],
)
def test_paths_are_relative_to_where_it_was_run(path: str, uri: str, relative: bool) -> None:
    made = log(found(path=path))
    (result,) = results(made)
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == ({"uri": uri, "uriBaseId": "%SRCROOT%"} if relative else {"uri": uri})
    assert "%SRCROOT%" in made["runs"][0]["originalUriBaseIds"]


def test_a_finding_is_known_again_where_its_line_has_moved() -> None:
    def prints(*findings: Finding) -> list[str]:
        return [one["partialFingerprints"]["quantumlayer/v1"] for one in results(log(*findings))]

    assert prints(found(3)) == prints(found(8))
    twice = prints(found(3), found(9))
    assert len(set(twice)) == 2
    assert twice[0] == prints(found(3))[0]
    assert prints(found(path="src/b.py")) != prints(found())


def test_a_risk_has_a_weight_that_github_sorts_by() -> None:
    made = log(
        found(stage=Stage.SECURITY, rule="S602", severity=Severity.ERROR),
        found(stage=Stage.SECURITY, rule="S113"),
        found(),
    )
    rules = {
        rule["id"]: rule["properties"]
        for run in made["runs"]
        for rule in run["tool"]["driver"].get("rules", [])
    }
    assert float(rules["S602"]["security-severity"]) >= 7
    assert 4 <= float(rules["S113"]["security-severity"]) < 7
    assert "security-severity" not in rules["F401"]


def test_of_too_many_results_the_worst_are_kept_and_the_rest_is_counted() -> None:
    many = [found(number, severity=Severity.HINT) for number in range(MOST_RESULTS + 5)]
    made = log(*many, found(9999, severity=Severity.ERROR, rule="F821"))
    kept = results(made)
    assert len(kept) == MOST_RESULTS
    assert "F821" in {one["ruleId"] for one in kept}
    (run,) = [run for run in made["runs"] if run["results"]]
    (said,) = run["invocations"][0]["toolExecutionNotifications"]
    assert said["message"]["text"].startswith("6 results are left out")


def test_runs_of_several_tools_can_be_told_apart() -> None:
    made = log(found(), found(tool="ruff security", stage=Stage.SECURITY))
    names = [run["automationDetails"]["id"] for run in made["runs"]]
    assert len(set(names)) == len(names) == 3

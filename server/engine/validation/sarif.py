"""SARIF 2.1.0 (OASIS, 2020), with what GitHub's code scanning asks for besides.

GitHub refuses results without a place and rules without descriptions, shows paths from the top of the
repository, knows a finding again by its fingerprint, and shows the worst 5,000 results of a run.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from ..types import Edit, Finding, Range, Severity, Stage, StageResult

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
    Severity.HINT: "note",
}
_SECURITY = {Severity.ERROR: "8.0", Severity.WARNING: "5.0", Severity.INFO: "2.0", Severity.HINT: "1.0"}
"""On GitHub's scale from 0 to 10, whose bounds are 7.0 for high and 4.0 for medium."""
_WORST_FIRST = tuple(Severity)
_TOP = "%SRCROOT%"
MOST_RESULTS = 5000


def sarif(results: Sequence[StageResult]) -> str:
    """One run per tool; a stage that was skipped is a notification and an unsuccessful invocation."""
    tools: dict[str, list[Finding]] = {run.name: [] for result in results for run in result.tools}
    versions = {run.name: run.version for result in results for run in result.tools}
    for found in (one for result in results for one in result.findings):
        tools.setdefault(found.tool, []).append(found)
    runs = [_run(name, versions.get(name, ""), found) for name, found in tools.items()]
    if skipped := [result for result in results if result.status == "skipped"]:
        runs.append(_skipped_run(skipped))
    return (
        json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}, indent=2, ensure_ascii=False)
        + "\n"
    )


def _run(name: str, version: str, findings: Sequence[Finding]) -> dict[str, Any]:
    ordered = sorted(findings, key=lambda one: (_WORST_FIRST.index(one.severity), _place(one)))
    kept = sorted(ordered[:MOST_RESULTS], key=_place)
    rules: dict[str, dict[str, Any]] = {}
    for found in kept:
        rules.setdefault(found.rule, _rule(found))
    order = {rule: number for number, rule in enumerate(rules)}
    driver = {"name": name, "rules": list(rules.values())}
    seen: Counter[str] = Counter()
    run: dict[str, Any] = {
        "tool": {"driver": driver | ({"version": version} if version else {})},
        "automationDetails": {"id": f"quantumlayer/{name}/"},
        "originalUriBaseIds": {_TOP: {"description": {"text": "The folder that quantumlayer was run in."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, order[found.rule], seen) for found in kept],
    }
    if left_out := len(ordered) - len(kept):
        said = f"{left_out} results are left out: the {MOST_RESULTS} worst of {len(ordered)} are here"
        run["invocations"] = [_invocation([_note("too-many-results", said)], successful=True)]
    return run


def _place(found: Finding) -> tuple[str, int, int]:
    return found.path, found.range.start.line, found.range.start.column


def _skipped_run(skipped: Sequence[StageResult]) -> dict[str, Any]:
    notes = [
        _note(f"skipped-{result.stage}", f"the {result.stage} stage was skipped: {result.reason}")
        for result in skipped
    ]
    return {
        "tool": {"driver": {"name": "quantumlayer"}},
        "automationDetails": {"id": "quantumlayer/skipped/"},
        "invocations": [_invocation(notes, successful=False)],
        "results": [],
    }


def _invocation(notes: Sequence[dict[str, Any]], *, successful: bool) -> dict[str, Any]:
    return {"executionSuccessful": successful, "toolExecutionNotifications": list(notes)}


def _note(kind: str, text: str) -> dict[str, Any]:
    return {"level": "warning", "message": {"text": text}, "descriptor": {"id": kind}}


def _rule(found: Finding) -> dict[str, Any]:
    name = f"{found.tool}: {found.rule}"
    more = f"See {found.url}" if found.url else "docs/validation.md of QuantumLayer says what it stands for."
    properties: dict[str, Any] = {"tags": [str(found.stage)]}
    if found.stage is Stage.SECURITY:
        properties["security-severity"] = _SECURITY[found.severity]
    return {
        "id": found.rule,
        "shortDescription": {"text": name},
        "fullDescription": {"text": f"{name}, of the {found.stage} stage"},
        "help": {"text": more},
        "defaultConfiguration": {"level": _LEVEL[found.severity]},
        "properties": properties,
    } | ({"helpUri": found.url} if found.url else {})


def _result(found: Finding, rule_index: int, seen: Counter[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.rule,
        "ruleIndex": rule_index,
        "level": _LEVEL[found.severity],
        "message": {"text": found.message or found.rule},
        "locations": [{"physicalLocation": _location(found)}],
        "partialFingerprints": {"quantumlayer/v1": _fingerprint(found, seen)},
        "properties": {"stage": str(found.stage)},
    }
    if found.related:
        result["relatedLocations"] = [
            {
                "physicalLocation": {"artifactLocation": _artifact(one.path), "region": _region(one.range)},
                "message": {"text": one.message},
            }
            for one in found.related
        ]
    if found.path and found.fix is not None:
        result["fixes"] = [_fix(found.path, found.fix.title, found.fix.edits)]
    return result


def _location(found: Finding) -> dict[str, Any]:
    """What is wrong with the project as a whole is placed at its top."""
    if not found.path:
        return {"artifactLocation": {"uri": ".", "uriBaseId": _TOP}, "region": {"startLine": 1}}
    return {"artifactLocation": _artifact(found.path), "region": _region(found.range)}


def _fingerprint(found: Finding, seen: Counter[str]) -> str:
    """The same while lines move: what is said of which file, and for which time."""
    said = "\0".join((found.tool, found.rule, found.path, found.message))
    seen[said] += 1
    return hashlib.sha256(f"{said}\0{seen[said]}".encode()).hexdigest()[:32]


def _fix(path: str, title: str, edits: Sequence[Edit]) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _region(edit.range), "insertedContent": {"text": edit.text}} for edit in edits
    ]
    change = {"artifactLocation": _artifact(path), "replacements": replacements}
    return {"description": {"text": title}, "artifactChanges": [change]}


def _region(span: Range) -> dict[str, int]:
    return {
        "startLine": span.start.line + 1,
        "startColumn": span.start.column + 1,
        "endLine": span.end.line + 1,
        "endColumn": span.end.column + 1,
    }


def _artifact(path: str) -> dict[str, str]:
    """A file below the folder that quantumlayer was run in, or one elsewhere by its whole address."""
    if path.startswith("/"):
        return {"uri": f"file://{quote(path)}"}
    if path[1:3] == ":/":
        return {"uri": f"file:///{quote(path, safe='/:')}"}
    return {"uri": quote(path), "uriBaseId": _TOP}

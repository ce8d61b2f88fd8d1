"""Results for people and machines: text, JSON, SARIF 2.1.0, GitHub annotations."""

import json
from collections.abc import Callable, Sequence
from typing import Literal

from ..types import Finding, Severity, StageResult
from .sarif import sarif

Format = Literal["text", "json", "sarif", "github"]
FORMATS: tuple[Format, ...] = ("text", "json", "sarif", "github")
_GITHUB_LEVEL = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
    Severity.HINT: "notice",
}


def render(results: Sequence[StageResult], form: Format) -> str:
    """The results as `form`, ending in a newline. Raises ValueError for an unknown form."""
    renderers: dict[str, Callable[[Sequence[StageResult]], str]] = {
        "text": _text,
        "json": _json,
        "sarif": sarif,
        "github": _github,
    }
    if form not in renderers:
        raise ValueError(f"unknown format {form!r}: one of {', '.join(FORMATS)}")
    return renderers[form](results)


# -- text ---------------------------------------------------------------------------------------


def _text(results: Sequence[StageResult]) -> str:
    """Findings grouped by file, then one line per stage."""
    lines: list[str] = []
    path = None
    for found in _findings(results):
        if found.path != path:
            path = found.path
            lines += [*([""] if lines else []), path or "(project)"]
        start = found.range.start
        place = f"{start.line + 1}:{start.column + 1}"
        lines.append(f"  {place:>8}  {found.severity:<7}  {found.rule}  {_one_line(found.message)}")
    if lines:
        lines.append("")
    lines += [_stage_line(result) for result in results]
    return "\n".join(lines) + "\n"


def _stage_line(result: StageResult) -> str:
    parts = [_counts(result), _one_line(result.reason)]
    return f"{result.stage:<9} {result.status:<8} {'; '.join(part for part in parts if part)}".rstrip()


def _counts(result: StageResult) -> str:
    if "tests_passed" in result.facts:
        wanted = ("modules_imported", "modules_failed", "tests_passed", "tests_failed", "tests_errors")
        said = [(name, result.facts.get(name, 0)) for name in wanted]
        return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in said if count)
    counts = [(level, sum(found.severity is level for found in result.findings)) for level in Severity]
    return ", ".join(f"{count} {level}{'s' if count > 1 else ''}" for level, count in counts if count)


def _findings(results: Sequence[StageResult]) -> list[Finding]:
    found = [one for result in results for one in result.findings]
    return sorted(found, key=lambda one: (one.path, one.range.start.line, one.range.start.column))


def _one_line(text: str) -> str:
    return " ".join(text.split())


# -- JSON ---------------------------------------------------------------------------------------


def _json(results: Sequence[StageResult]) -> str:
    stages = [result.model_dump(mode="json") for result in results]
    return json.dumps({"stages": stages}, indent=2, ensure_ascii=False) + "\n"


# -- GitHub workflow commands -------------------------------------------------------------------


def _github(results: Sequence[StageResult]) -> str:
    lines = [_annotation(found) for found in _findings(results)]
    for result in results:
        if result.status == "skipped":
            title = _property(f"{result.stage} skipped")
            lines.append(f"::warning title={title}::{_data(result.reason)}")
    return "".join(f"{line}\n" for line in lines)


def _annotation(found: Finding) -> str:
    start, end = found.range.start, found.range.end
    properties = {"title": f"{found.tool} {found.rule}"}
    if found.path:
        place = {"file": found.path, "line": start.line + 1, "endLine": end.line + 1}
        columns = {"col": start.column + 1, "endColumn": end.column + 1} if start.line == end.line else {}
        properties |= {name: str(value) for name, value in (place | columns).items()}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_GITHUB_LEVEL[found.severity]} {listed}::{_data(found.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

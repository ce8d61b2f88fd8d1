"""ruff's language server: syntax, style and security in a few milliseconds."""

from collections.abc import Mapping
from typing import Any, Literal

from ...types import Edit, Finding, Fix, OpenFile, Severity, Stage
from ..adapters import severities
from ..adapters.ruff import LINE_LENGTH, STYLE_IGNORED, STYLE_RULES, binary, read_problem, risk, span
from ..types import is_test
from .server import lines_of

_SYNTAX_SHOWN = 5


class WarmRuff:
    """The rules and severities of the stages, and the comments that switch a rule off where it stands."""

    name = "ruff"
    languages = frozenset({"python"})
    env: Mapping[str, str] = {}
    reads_no_files: Literal[True] = True

    def __init__(self, python: str) -> None:
        self._target = "py" + "".join(python.split(".")[:2])

    def command(self) -> list[str]:
        return [binary(), "server"]

    def options(self) -> Any:
        lint = {"select": [*STYLE_RULES.split(","), "S"], "ignore": STYLE_IGNORED.split(",")}
        configuration = {"lint": lint, "line-length": LINE_LENGTH, "target-version": self._target}
        return {
            "settings": {
                "configuration": configuration,
                "configurationPreference": "editorOnly",
                "exclude": [],
                "showSyntaxErrors": True,
                "logLevel": "error",
            }
        }

    def configuration(self) -> Any:
        return None

    def findings(self, file: OpenFile, diagnostics: list[dict[str, Any]], unit: str) -> list[Finding]:
        """Columns are code points: it was asked for UTF-32, and has it."""
        lines = lines_of(file.text)
        in_tests = is_test(file.path)
        found = [one for diagnostic in diagnostics if (one := _finding(file, diagnostic, lines, in_tests))]
        wrong = [one for one in found if one.stage is Stage.SYNTAX]
        return [one for one in found if one.stage is not Stage.SYNTAX] + wrong[:_SYNTAX_SHOWN]


def _finding(file: OpenFile, diagnostic: dict[str, Any], lines: list[str], in_tests: bool) -> Finding | None:
    problem = _as_ruff_writes_it(diagnostic)
    code = problem["code"] or ""
    if code == "S101" and in_tests:
        return None
    silence = _suppression(diagnostic, code)
    if not code or code == "invalid-syntax" or code.startswith("E9"):
        return read_problem(Stage.SYNTAX, "ruff parser", problem, file.path, Severity.ERROR, silence)
    if code.startswith("S") and code[1:].isdigit():
        level = risk(problem, in_tests, lines)
        return read_problem(Stage.SECURITY, "ruff security", problem, file.path, level, silence)
    level = severities.severity(severities.STYLE, code)
    return read_problem(Stage.STYLE, "ruff", problem, file.path, level, silence)


def _as_ruff_writes_it(diagnostic: dict[str, Any]) -> dict[str, Any]:
    """The shape of `ruff check --output-format json`, so that both are read by the same code."""
    data = diagnostic.get("data") or {}
    edits = [
        {
            "content": edit["newText"],
            "location": _place(edit["range"]["start"]),
            "end_location": _place(edit["range"]["end"]),
        }
        for edit in data.get("edits") or ()
    ]
    safe = "safe" if data.get("is_preferred") else "unsafe"
    return {
        "code": diagnostic.get("code"),
        "message": diagnostic["message"].partition("\n\nhelp:")[0],
        "location": _place(diagnostic["range"]["start"]),
        "end_location": _place(diagnostic["range"]["end"]),
        "url": (diagnostic.get("codeDescription") or {}).get("href"),
        "fix": {"message": data.get("title"), "edits": edits, "applicability": safe} if edits else None,
    }


def _place(position: dict[str, int]) -> dict[str, int]:
    return {"row": position["line"] + 1, "column": position["character"] + 1}


def _suppression(diagnostic: dict[str, Any], code: str) -> Fix | None:
    edit = (diagnostic.get("data") or {}).get("noqa_edit")
    if not edit:
        return None
    there = span(_place(edit["range"]["start"]), _place(edit["range"]["end"]))
    return Fix(title=f"Suppress {code} here", edits=(Edit(range=there, text=edit["newText"]),), safe=False)

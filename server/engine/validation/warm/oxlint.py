"""oxlint's language server: syntax, style and security of JavaScript and TypeScript."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ...types import Edit, Finding, Fix, OpenFile, Position, Range, Stage
from ..adapters import oxlint
from ..types import ToolError
from .places import Places
from .server import lines_of

_HELP = re.compile(r"\nhelp: .*$", re.DOTALL)
BY_STAGE = {Stage.SYNTAX: oxlint.SYNTAX, Stage.STYLE: oxlint.STYLE, Stage.SECURITY: oxlint.RISKS}


class WarmOxlint:
    """Under our configuration: the folder's own may name plugins, which are programs.

    It is told of a folder that is not there, for ignore files of the judged one would leave files out.
    """

    name = "oxlint"
    languages = oxlint.LANGUAGES
    env: Mapping[str, str] = {}
    reads_no_files: Literal[True] = True

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "oxlint" / "nothing"
        self._file = cache / "oxlint" / "rules.json"

    def command(self) -> list[str]:
        program = oxlint.binary()
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(oxlint.configuration()), encoding="utf-8")
        except OSError as error:
            raise ToolError(f"oxlint's configuration cannot be written: {error}") from error
        return [program, "--lsp"]

    def named(self, uri: str) -> str:
        digest = hashlib.sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.folder.as_uri()}/{digest}{oxlint.ending(uri)}"

    def options(self) -> Any:
        return [{"workspaceUri": self.folder.as_uri(), "options": self.configuration()}]

    def configuration(self) -> Any:
        return {
            "run": "onType",
            "configPath": str(self._file),
            "disableNestedConfig": True,
            "typeAware": False,
            "fixKind": "none",
        }

    def findings(self, file: OpenFile, diagnostics: list[dict[str, Any]], unit: str) -> list[Finding]:
        lines = lines_of(file.text)
        places = Places(lines, unit)
        found = [_finding(file, one, places, lines) for one in diagnostics]
        return list(dict.fromkeys(found))  # a name that is declared often is told for each pair


def _finding(file: OpenFile, told: dict[str, Any], places: Places, lines: list[str]) -> Finding:
    code = told.get("code") or ""
    stage = oxlint.stage_of(code)
    span = places.range(told["range"])
    return Finding(
        stage=stage,
        tool=BY_STAGE[stage].name,
        rule=oxlint.rule_of(code) or "syntax",
        severity=oxlint.severity_of(code),
        path=file.path,
        range=span,
        message=_HELP.sub("", told["message"]),
        url=(told.get("codeDescription") or {}).get("href") or "",
        tags=("unused",) if oxlint.rule_of(code) == "no-unused-vars" else (),
        suppress=_suppression(code, span.start.line, lines) if code else None,
    )


def _suppression(code: str, row: int, lines: list[str]) -> Fix | None:
    """A comment on a line of its own; None where that line would be text (a template, JSX)."""
    above = "".join(lines[:row])
    if row >= len(lines) or above.count("`") % 2 or lines[row].lstrip().startswith("<"):
        return None
    indent = lines[row][: len(lines[row]) - len(lines[row].lstrip(" \t"))]
    rule = oxlint.rule_of(code)
    start = Position(line=row, column=0)
    comment = f"{indent}// oxlint-disable-next-line {rule}\n"
    edit = Edit(range=Range(start=start, end=start), text=comment)
    return Fix(title=f"Suppress {rule} here", edits=(edit,), safe=False)

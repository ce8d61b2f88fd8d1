"""pyrefly's language server: types, on every pause.

What it alone calls an error is a warning here: the gate is mypy, which generated code must pass.
"""

import hashlib
import json
import re
import sys
from collections.abc import Hashable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...declared import declared_packages, marks
from ...types import Edit, Finding, Fix, OpenFile, Position, Range, Severity, Stage
from ..packages.distributions import import_names, standard_library, suggestions
from ..packages.pinned import named_in
from ..source.imports import unknown
from ..types import ToolError, is_test
from .places import Places
from .server import lines_of

_MODULE = re.compile(r"module `(\w+)")
_NOT_TYPES = {
    "missing-import",  # told in words of our own, where it is certain
    "missing-source",
    "untyped-import",
    "parse-error",
    "invalid-syntax",
    "unused-import",  # ruff's
    "unused-variable",
    "unused-parameter",
    "unused-ignore",
}


class WarmPyrefly:
    """Types in one folder, under a configuration of our own.

    The folder's own would let a stranger's workspace run programs as soon as one of its files is opened:
    pyrefly starts the interpreter and the build command that a configuration names.
    """

    name = "pyrefly"
    languages = frozenset({"python"})
    env: Mapping[str, str] = {}

    def __init__(self, folder: Path, python: str, cache: Path) -> None:
        self._folder = folder
        self._python = python
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        self._file = cache / "pyrefly" / f"{name}.toml"

    def command(self) -> list[str]:
        program = "pyrefly.exe" if sys.platform == "win32" else "pyrefly"
        found = Path(sys.executable).parent / program
        if not found.is_file():
            raise ToolError("pyrefly is not installed beside this Python", "Install the package `pyrefly`.")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(self._rules(), encoding="utf-8")
        except OSError as error:
            raise ToolError(f"pyrefly's configuration cannot be written: {error}") from error
        return [str(found), "lsp", "--indexing-mode", "none"]

    def options(self) -> Any:
        return {}

    def configuration(self) -> Any:
        return {"pyrefly": {"configPath": str(self._file), "displayTypeErrors": "force-on"}}

    def _rules(self) -> str:
        roots = [self._folder, self._folder / "src"]
        values: dict[str, Any] = {
            "preset": "default",
            "python-version": self._python,
            "project-includes": ["/**/*.py*"],
            "project-excludes": [],
            "disable-project-excludes-heuristics": True,
            "search-path": [str(root) for root in roots],
            "site-package-path": [str(path) for path in _installed(self._folder)],
            "skip-interpreter-query": True,
        }
        return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())

    def findings(self, file: OpenFile, diagnostics: list[dict[str, Any]], unit: str) -> list[Finding]:
        lines = lines_of(file.text)
        places = Places(lines, unit)
        found = [
            _finding(file, one, lines, places)
            for one in diagnostics
            if one.get("code") not in _NOT_TYPES and not _may_be_missing(one, lines)
        ]
        lost = [one for one in diagnostics if one.get("code") == "missing-import"]
        return found + (self._unknown(file, lost, lines, places) if lost else [])

    def _unknown(
        self, file: OpenFile, diagnostics: list[dict[str, Any]], lines: list[str], places: Places
    ) -> list[Finding]:
        """Imports of what the folder neither has nor declares; none where it declares nothing at all.

        pyrefly cannot tell a package that nobody installed here from one that does not exist.
        """
        declared = _declared(self._folder, marks(self._folder))
        if not declared and not _installed(self._folder):
            return []
        known = standard_library(self._python) | import_names(declared, None)
        known |= {"pytest"} if is_test(file.path) else set()
        hints = suggestions()
        beside = Path(file.folder, file.path).parent
        found = []
        for one in diagnostics:
            named = _MODULE.search(one["message"])
            top = named[1] if named else ""
            here = (beside / f"{top}.py").exists() or (beside / top).is_dir()  # as a script or test finds it
            if top and top not in known and not here:
                message = unknown(top, known, hints)
                renamed = {**one, "code": "unknown-module", "message": message, "codeDescription": None}
                found.append(_finding(file, renamed, lines, places).model_copy(update={"suppress": None}))
        return found


@lru_cache(maxsize=64)
def _declared(folder: Path, now: Hashable) -> tuple[str, ...]:
    """`now` tells the folder's files of today from those of yesterday."""
    return (*declared_packages(folder), *named_in(folder))


def _installed(folder: Path) -> list[Path]:
    """Packages of the folder's virtual environment, found without asking its interpreter."""
    patterns = ("lib/python3*/site-packages", "Lib/site-packages")
    return [
        found
        for name in (".venv", "venv")
        if (folder / name / "pyvenv.cfg").is_file()
        for pattern in patterns
        for found in sorted((folder / name).glob(pattern))
    ]


def _may_be_missing(diagnostic: dict[str, Any], lines: list[str]) -> bool:
    """A name that a module lacks, where that is provided for, or where the name is private."""
    if diagnostic.get("code") != "missing-module-attribute":
        return False
    row = diagnostic["range"]["start"]["line"]
    private = diagnostic["message"].startswith("Could not import `_")
    return private or (row < len(lines) and _outer(row, lines).startswith("try:"))


def _outer(row: int, lines: list[str]) -> str:
    """The line that the block of line `row` begins with."""
    depth = _depth(lines[row])
    above = (line for line in reversed(lines[:row]) if line.strip() and _depth(line) < depth)
    return next(above, "").strip()


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _finding(file: OpenFile, diagnostic: dict[str, Any], lines: list[str], places: Places) -> Finding:
    code = str(diagnostic.get("code") or "type-error")
    span = places.range(diagnostic["range"])
    hint = diagnostic.get("severity", 1) > 2
    tags = tuple("deprecated" if tag == 2 else "unused" for tag in diagnostic.get("tags") or ())
    return Finding(
        stage=Stage.TYPES,
        tool="pyrefly",
        rule=code,
        severity=Severity.HINT if hint else Severity.WARNING,
        path=file.path,
        range=span,
        message=diagnostic["message"],
        url=(diagnostic.get("codeDescription") or {}).get("href") or "",
        tags=tags,
        suppress=None if hint else _suppression(code, span.start.line, lines),
    )


def _suppression(code: str, row: int, lines: list[str]) -> Fix | None:
    """A comment on a line of its own above, which takes effect whatever the line holds.

    None where a line cannot stand in between: behind a backslash, or in a text of several lines.
    """
    if row >= len(lines) or (row and lines[row - 1].rstrip("\r\n").endswith("\\")):
        return None
    above = "".join(lines[:row])
    if above.count('"""') % 2 or above.count("'''") % 2:
        return None
    indent = lines[row][: _depth(lines[row])]
    start = Position(line=row, column=0)
    comment = f"{indent}# pyrefly: ignore [{code}]\n"
    edit = Edit(range=Range(start=start, end=start), text=comment)
    return Fix(title=f"Suppress {code} here", edits=(edit,), safe=False)

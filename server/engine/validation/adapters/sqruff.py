"""sqruff: what SQL says that nobody means. How it is laid out is left to its writers.

A file does not say which database it is for: it is read in one dialect after the other, until one knows all
of its statements. Where none does, the one that knows most is taken, and what it did not read is named. No
template is filled in: that would load Python from the judged folder.
"""

import asyncio
import json
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...types import Finding, Severity, SourceFile, Stage
from ..process import Tools, written
from ..types import Project, Surroundings, ToolError, finding
from .programs import optional, package_version
from .sql_clauses import conditions

_DIALECTS = ("ansi", "postgres", "mysql", "sqlite", "tsql", "bigquery", "snowflake", "oracle")
_RULES = {
    # What the database refuses.
    "AM07": Severity.ERROR,
    **dict.fromkeys(
        ("CV05", "AL04", "AL08", "AM01", "AM06", "AM08", "RF01", "ST03", "ST08"), Severity.WARNING
    ),
    **dict.fromkeys(("AL05", "AM02", "AM09"), Severity.HINT),
}
_CONFIGURATION = (
    "[sqruff]\ndialect = ansi\ntemplater = raw\n"
    # By itself it passes over files of more than 20 kB, and says nothing.
    f"large_file_skip_byte_limit = 0\nrules = {','.join(_RULES)}\n"
)
_MEMORY_MB = 2048
_UNREAD = (None, "LXR")
_EQUALS_NULL = "CV05"
_NAMED_BY_DATABASES = re.compile(r"Reference '(?:new|old|inserted|deleted|excluded)\.", re.IGNORECASE)
_PAGE = "https://playground.quary.dev/docs/reference/rules/"
Told = list[dict[str, Any]]


@dataclass(frozen=True)
class Sqruff:
    """`obeyed`: comments may switch it off."""

    obeyed: bool = False
    name: str = "sqruff"
    stage: Stage = Stage.STYLE
    languages: frozenset[str] = frozenset({"sql"})

    @property
    def rules(self) -> Any:
        return [_DIALECTS, _CONFIGURATION, self.obeyed, 2]

    def version(self) -> str:
        optional("sqruff", "sqruff")
        return package_version("sqruff")

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        best: dict[str, Told] = {}
        async with written(project.files) as folder, written(()) as aside:
            rules = aside / "rules.cfg"
            rules.write_text(_CONFIGURATION, encoding="utf-8")
            left = [file.path for file in project.files]
            for dialect in _DIALECTS:
                read = await self._read(dialect, left, rules, folder, around.seconds, tools)
                for path in left:
                    if path not in best or _unread(read.get(path, [])) < _unread(best[path]):
                        best[path] = read.get(path, [])
                left = [path for path in left if _unread(best[path])]
                if not left:
                    break
        never = await asyncio.to_thread(_never_true, project.files, best)
        return [
            self._finding(path, one, never)
            for path, told in best.items()
            for one in told
            if not _NAMED_BY_DATABASES.match(one["message"])
        ]

    def _finding(self, path: str, told: dict[str, Any], never: Container[tuple[str, int, int]]) -> Finding:
        code, place = told["code"], told["range"]["start"]
        level = _RULES.get(code, Severity.WARNING)
        if code == _EQUALS_NULL and (path, place["line"], place["character"]) in never:
            level = Severity.ERROR
        unread = code in _UNREAD
        too_large = told["message"].startswith("Maximum parse node count")
        why = "it is too large for sqruff" if too_large else "no dialect that sqruff knows reads this"
        return finding(
            self.stage,
            self.name,
            "not-read" if unread else code,
            Severity.INFO if unread else level,
            path,
            f"not checked: {why}" if unread else told["message"],
            start=(place["line"], place["character"] - 1),
            url="" if unread else _PAGE,
        )

    async def _read(
        self, dialect: str, paths: Sequence[str], rules: Path, folder: Path, seconds: float, tools: Tools
    ) -> dict[str, Told]:
        command: list[str | Path] = [optional("sqruff", "sqruff"), "lint"]
        command += ["--format=json", "--parsing-errors"]
        command += ["--ignore-local-config", "--disregard-sqruffignores", "--library-path=none"]
        command += [] if self.obeyed else ["--disable-noqa"]
        command += ["--config", rules, "--dialect", dialect]
        command += [f"./{path}" for path in paths]
        done = await tools.run(command, cwd=folder, seconds=seconds, memory_mb=_MEMORY_MB)
        try:
            told: dict[str, Told] = json.loads(done.stdout)
        except ValueError as error:
            raise ToolError(f"sqruff failed: {done.complaint}") from error
        read = {path.removeprefix("./"): found for path, found in told.items()}
        if silent := set(paths) - read.keys():
            raise ToolError(f"sqruff says nothing of {min(silent)}")
        return read


def _unread(told: Told) -> int:
    return sum(one["code"] in _UNREAD for one in told)


def _never_true(files: Sequence[SourceFile], told: Mapping[str, Told]) -> set[tuple[str, int, int]]:
    """Where `= NULL` is a condition. Elsewhere it may set a value, as in `ON DUPLICATE KEY UPDATE`."""
    found = set()
    for file in files:
        starts = [one["range"]["start"] for one in told.get(file.path, ()) if one["code"] == _EQUALS_NULL]
        places = {(one["line"], one["character"]) for one in starts}
        found |= {(file.path, *place) for place in conditions(file.text, places)}
    return found

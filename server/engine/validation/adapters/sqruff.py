"""sqruff: what SQL says that nobody means. How it is laid out is left to its writers.

A file does not say which database it is for: it is read in one dialect after the other, until one knows all
of its statements. Where none does, the one that knows most is taken, and what it did not read is named. No
template is filled in: that would load Python from the judged folder.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...types import Finding, Severity, Stage
from ..process import Tools, written
from ..types import Project, Surroundings, ToolError, finding
from .programs import optional, package_version

_DIALECTS = ("ansi", "postgres", "mysql", "sqlite", "tsql", "bigquery", "snowflake", "oracle")
_RULES = {
    # A comparison with NULL that is never true; what the database refuses.
    **dict.fromkeys(("CV05", "AL04", "AM07"), Severity.ERROR),
    **dict.fromkeys(("AL08", "AM01", "AM06", "AM08", "RF01", "ST03", "ST08"), Severity.WARNING),
    **dict.fromkeys(("AL05", "AM02", "AM09"), Severity.HINT),
}
_CONFIGURATION = (
    "[sqruff]\ndialect = ansi\ntemplater = raw\n"
    # By itself it passes over files of more than 20 kB, and says nothing.
    f"large_file_skip_byte_limit = 0\nrules = {','.join(_RULES)}\n"
)
_MEMORY_MB = 2048
_UNREAD = (None, "LXR")
_PAGE = "https://playground.quary.dev/docs/reference/rules/"
Told = list[dict[str, Any]]


@dataclass(frozen=True)
class Sqruff:
    name: str = "sqruff"
    stage: Stage = Stage.STYLE
    languages: frozenset[str] = frozenset({"sql"})

    @property
    def rules(self) -> Any:
        return [_DIALECTS, _CONFIGURATION, 2]

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
                read = await _read(dialect, left, rules, folder, around.seconds, tools)
                for path in left:
                    if path not in best or _unread(read.get(path, [])) < _unread(best[path]):
                        best[path] = read.get(path, [])
                left = [path for path in left if _unread(best[path])]
                if not left:
                    break
        return [self._finding(path, one) for path, told in best.items() for one in told]

    def _finding(self, path: str, told: dict[str, Any]) -> Finding:
        code, place = told["code"], told["range"]["start"]
        unread = code in _UNREAD
        too_large = told["message"].startswith("Maximum parse node count")
        why = "it is too large for sqruff" if too_large else "no dialect that sqruff knows reads this"
        return finding(
            self.stage,
            self.name,
            "not-read" if unread else code,
            Severity.INFO if unread else _RULES.get(code, Severity.WARNING),
            path,
            f"not checked: {why}" if unread else told["message"],
            start=(place["line"], place["character"] - 1),
            url="" if unread else _PAGE,
        )


async def _read(
    dialect: str, paths: Sequence[str], rules: Path, folder: Path, seconds: float, tools: Tools
) -> dict[str, Told]:
    command: list[str | Path] = [optional("sqruff", "sqruff"), "lint", "--format=json", "--parsing-errors"]
    command += ["--ignore-local-config", "--disregard-sqruffignores", "--library-path=none"]
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

"""ruff: a parser that recovers from errors, style, format, and security."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import TypeAdapter

from ... import json_parts
from ...types import Edit, Finding, Fix, Position, Range, Severity, Stage
from ..parts import as_json, each
from ..process import Completed, Tools
from ..types import Project, Surroundings, ToolError, finding
from . import severities

LINE_LENGTH = 110
STYLE_RULES = "E,F,W,I,B,UP,C4,SIM"
# B008: dependency injection of web frameworks; B905: equal lengths are usual; the formatter owns layout.
STYLE_IGNORED = "B008,B905,E203,SIM105,SIM108,UP007,UP045"
_ALONE = ("--isolated", "--no-cache", "--no-respect-gitignore", "--config", "exclude=[]")
_SYNTAX_SHOWN = 5
_UNREAD = {"E902", "io"}
"""What `check` and `format` call a file that they could not read."""
_SECRET_NAME = re.compile(r"pas+wo?r?d|passphrase|pwd|secret|api_?key", re.IGNORECASE)
_FINDINGS = TypeAdapter(list[Finding])
_PYTHON = frozenset({"python"})


def command(around: Surroundings, verb: str, *options: str, project: Project | None = None) -> list[str]:
    """ruff, with nothing but our own configuration, for a project's files or for all there are.

    Raises ToolError if it is not installed.
    """
    files = [f"./{file.path}" for file in project.files] if project else ["."]
    target = "py" + "".join(around.python.split(".")[:2])
    extras = () if verb == "format" else ("--output-format", "json", "--exit-zero")
    return [binary(), verb, *_ALONE, "--target-version", target, *extras, *options, *files]


def ruff_version() -> str:
    binary()
    try:
        return version("ruff")
    except PackageNotFoundError as error:
        raise ToolError("ruff is not installed", "Install the package `ruff`.") from error


def binary() -> str:
    """Where ruff is. Raises ToolError if it is not installed."""
    try:
        from ruff import find_ruff_bin  # type: ignore[import-untyped]

        return str(find_ruff_bin())
    except (ImportError, FileNotFoundError) as error:
        raise ToolError("ruff is not installed", "Install the package `ruff`.") from error


class EachFile(ABC):
    """What ruff says of a file needs no other file but the names of the project's modules."""

    @abstractmethod
    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """Findings in the project's files."""

    async def look(self, project: Project, around: Surroundings, tools: Tools) -> list[dict[str, Any]]:
        return await as_json(await self.run(project, around, tools))

    def kept(self, seen: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return list(seen)

    def findings(self, seen: Sequence[dict[str, Any]]) -> list[Finding]:
        return _FINDINGS.validate_python(seen)


@dataclass(frozen=True)
class Parser(EachFile):
    """Several syntax errors per file, and syntax that is too new for the Python that will run it."""

    name: str = "ruff parser"
    stage: Stage = Stage.SYNTAX
    languages: frozenset[str] = _PYTHON
    rules: Any = 3

    def version(self) -> str:
        return ruff_version()

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        problems = await _check(project, around, tools, "--select", "E9")
        found: list[Finding] = []
        for problem in problems:
            made = read_problem(self.stage, self.name, problem, _path(problem, around), Severity.ERROR)
            if sum(other.path == made.path for other in found) < _SYNTAX_SHOWN:
                found.append(made)
        return found


@dataclass(frozen=True)
class Style(EachFile):
    name: str = "ruff"
    stage: Stage = Stage.STYLE
    languages: frozenset[str] = _PYTHON

    @property
    def rules(self) -> Any:
        return [STYLE_RULES, STYLE_IGNORED, LINE_LENGTH, severities.STYLE, "2"]

    def version(self) -> str:
        return ruff_version()

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        length = ("--line-length", str(LINE_LENGTH))
        rules = ("--select", STYLE_RULES, "--ignore", STYLE_IGNORED)
        problems = await _check(project, around, tools, *rules, *length)
        formatting = command(around, "format", "--check", "--output-format=json", *length, project=project)
        # 1: some file would change; 2: some file does not parse, which `check` told.
        done = await tools.run(formatting, cwd=around.scratch, seconds=around.seconds)
        changed = await _read(done, {0, 1, 2})
        unformatted = [problem for problem in changed if problem["code"] == "unformatted"]
        told = await each(lambda one: _style(one, around), _once_per_unreadable_file(problems))
        return [*told, *(_unformatted(problem, around) for problem in unformatted)]


def _unformatted(problem: dict[str, Any], around: Surroundings) -> Finding:
    line = (problem["location"]["row"], 0)
    path, message = _path(problem, around), "not formatted as `ruff format` would"
    return finding(Stage.STYLE, "ruff", "format", Severity.WARNING, path, message, start=line)


def _style(problem: dict[str, Any], around: Surroundings) -> Finding:
    level = severities.severity(severities.STYLE, _code(problem))
    return read_problem(Stage.STYLE, "ruff", problem, _path(problem, around), level)


@dataclass(frozen=True)
class Security(EachFile):
    """ruff's S rules. Comments in the judged code cannot switch them off."""

    name: str = "ruff security"
    stage: Stage = Stage.SECURITY
    languages: frozenset[str] = _PYTHON

    @property
    def rules(self) -> Any:
        return [severities.SECURITY, "3"]

    def version(self) -> str:
        return ruff_version()

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        problems = await _check(project, around, tools, "--select", "S", "--ignore-noqa")
        texts = {file.path: file.text.splitlines() for file in project.files}

        def told(problem: dict[str, Any]) -> Finding | None:
            path = _path(problem, around)
            in_tests = path in project.tests
            if in_tests and _code(problem) == "S101":
                return None
            level = risk(problem, in_tests, texts.get(path, []))
            return read_problem(self.stage, self.name, problem, path, level)

        found = await each(told, _once_per_unreadable_file(problems))
        return [one for one in found if one is not None]


def risk(problem: dict[str, Any], in_tests: bool, lines: list[str]) -> Severity:
    """How bad a finding of the S rules is."""
    code = _code(problem)
    level = severities.severity(severities.SECURITY, code)
    if level is Severity.ERROR and "seems safe" in problem["message"]:
        return Severity.WARNING
    if code in {"S105", "S106", "S107"} and (in_tests or not _is_secret(problem, lines)):
        return Severity.INFO
    return level


def _is_secret(problem: dict[str, Any], lines: list[str]) -> bool:
    """Whether the literal is a secret, not a tokenizer's `token = "("` or the name of a field."""
    start, end = problem["location"], problem["end_location"]
    if start["row"] != end["row"] or start["row"] > len(lines):
        return True
    literal = lines[start["row"] - 1][start["column"] - 1 : end["column"] - 1]
    value = literal.rpartition("=")[2].strip().lstrip("rbfuRBFU").strip("\"'")
    name = re.search(r'"([^"]*)"$', problem["message"])
    if name and value.lower() in {name[1].lower(), name[1].lower().replace("_", " ")}:
        return False
    if name and _SECRET_NAME.search(name[1]):
        return len(value) >= 4
    return len(value) >= 12 and " " not in value and any(c.isdigit() for c in value)


# -- asking ruff, and reading its answer --------------------------------------------------------


async def _check(project: Project, around: Surroundings, tools: Tools, *options: str) -> list[dict[str, Any]]:
    # Unasked, ruff passes over a file that it cannot read.
    line = command(around, "check", *options, "--extend-select", "E902", project=project)
    done = await tools.run(line, cwd=around.scratch, seconds=around.seconds)
    return await _read(done, {0})


async def _read(done: Completed, usual: set[int]) -> list[dict[str, Any]]:
    try:
        problems: list[dict[str, Any]] = await json_parts.read(done.stdout)
    except json.JSONDecodeError as error:
        raise _crash(done) from error
    if done.code not in usual:
        raise _crash(done)
    for problem in problems:
        if problem["code"] in _UNREAD:
            raise ToolError(f"ruff could not read a file: {problem['message']}")
    return problems


def _crash(done: Completed) -> ToolError:
    said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.code}"]
    return ToolError(f"ruff failed: {said[0]}")


def _once_per_unreadable_file(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Errors of syntax have a stage of their own; elsewhere one says that the file was not judged."""
    kept, unreadable = [], set()
    for problem in problems:
        if _code(problem) == "invalid-syntax":
            if problem["filename"] in unreadable:
                continue
            unreadable.add(problem["filename"])
        kept.append(problem)
    return kept


def _code(problem: dict[str, Any]) -> str:
    return problem["code"] or "invalid-syntax"


def _path(problem: dict[str, Any], around: Surroundings) -> str:
    filename: str = problem["filename"].replace("\\", "/")
    return filename.removeprefix(around.scratch.as_posix()).lstrip("/")


def _place(location: dict[str, int]) -> Position:
    return Position(line=max(location["row"] - 1, 0), column=max(location["column"] - 1, 0))


def span(start: dict[str, int], end: dict[str, int]) -> Range:
    """From places as ruff writes them."""
    return Range(start=_place(start), end=_place(end))


def read_problem(
    stage: Stage,
    tool: str,
    problem: dict[str, Any],
    path: str,
    severity: Severity,
    suppress: Fix | None = None,
) -> Finding:
    """A finding from ruff's own JSON."""
    code = _code(problem)
    return Finding(
        stage=stage,
        tool=tool,
        rule=code,
        severity=severity,
        path=path,
        range=span(problem["location"], problem["end_location"]),
        message=problem["message"],
        url=problem.get("url") or "",
        tags=("unused",) if code in severities.UNUSED else (),
        fix=_fix(problem.get("fix")),
        suppress=suppress,
    )


def _fix(fix: dict[str, Any] | None) -> Fix | None:
    if not fix or fix["applicability"] == "display":
        return None
    edits = tuple(
        Edit(range=span(edit["location"], edit["end_location"]), text=edit["content"])
        for edit in fix["edits"]
    )
    return Fix(title=fix.get("message") or "Fix", edits=edits, safe=fix["applicability"] == "safe")

"""Repair: at most two rounds, driven by failures that were really seen.

Worth repairing are findings that fail a stage, checks anchored in the brief that fail, checks in which the
project's own code crashed, checks some candidate passed but the elected one does not, and the checks of a
function that passes none of several. The function behind most of them is rewritten first. A rewrite is taken
only if it runs better than what it replaces: a higher score and no anchored check lost.
"""

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..agents.checks import Check
from ..agents.repairer import repair
from ..errors import AnswerError
from ..events import FileFinished, FileStarted
from ..python.splice import enclosing, splice
from ..python.syntax import parsed
from ..types import Candidate, Plan, Severity, SourceFile, StageResult
from .elect import Passed, score, weight
from .examine import Examined, choose
from .gate import FUNCTION_TOKENS, gate
from .workshop import Workshop
from .write import Candidates

_STAGE = 4.0
"""Weight of a finding that fails a stage; checks weigh less."""
_TARGETS = 3
"""Functions rewritten per round."""
_SEVERAL = 3
Home = tuple[str, str]
"""A file and the function in it; the function is empty for the file as a whole."""


@dataclass(frozen=True)
class Blamed:
    path: str
    target: str
    """`function`, `Class.method`, or empty for the whole file."""
    failures: tuple[str, ...]
    weight: float
    by_stage: bool
    """Whether a failed stage is behind it: then a rewrite need not pass more checks, only not fewer."""


async def repair_round(
    shop: Workshop, plan: Plan, examined: Examined, stages: tuple[StageResult, ...], round_number: int
) -> Examined:
    """One round over the functions to blame; the same `examined` if nothing got better."""
    for blamed in blame(plan, examined, stages)[:_TARGETS]:
        shop.emit(FileStarted(path=blamed.path, attempt=round_number + 1))
        planned = next(planned for planned in plan.files if planned.path == blamed.path)
        written = {other: examined.files[other] for other in planned.depends_on}
        drafts = await repair(
            shop.gateway,
            shop.brief,
            plan,
            examined.files[blamed.path],
            blamed.target,
            written,
            blamed.failures,
            _examples(examined, blamed.target),
            samples=shop.samples,
            max_tokens=min(shop.max_tokens, FUNCTION_TOKENS) if blamed.target else shop.max_tokens,
            attempt=round_number,
        )
        judged = await gate(shop, plan, planned, written, drafts)
        options = [candidate.file for candidate in judged if not candidate.problems]
        if not options:
            continue
        repaired = await choose(shop, plan, examined, options)
        if _better(repaired, examined, or_equal=blamed.by_stage):
            examined = replace(repaired, agreement=examined.agreement)
            shop.emit(FileFinished(file=examined.files[blamed.path]))
    return examined


async def borrow(shop: Workshop, plan: Plan, examined: Examined, candidates: Candidates) -> Examined:
    """Takes single functions from the candidates that lost, where they run better than the elected one's.

    A sample that is wrong as a whole often has one function right; trying it costs no model anything.
    """
    if shop.sandbox is None:
        return examined
    for blamed in blame(plan, examined, ()):
        if not blamed.target:
            continue
        mine = examined.files[blamed.path]
        others = [other.file for other in candidates[blamed.path] if other.file.text != mine.text]
        drafts = [draft for other in others if (draft := _with_function_of(mine, other, blamed.target))]
        planned = next(planned for planned in plan.files if planned.path == blamed.path)
        written = {path: examined.files[path] for path in planned.depends_on}
        judged = await gate(shop, plan, planned, written, drafts)
        options = [candidate.file for candidate in judged if not candidate.problems]
        if options:
            borrowed = await choose(shop, plan, examined, options)
            if _better(borrowed, examined, or_equal=False):
                examined = replace(borrowed, agreement=examined.agreement)
    return examined


def _with_function_of(file: SourceFile, other: SourceFile, target: str) -> Candidate | None:
    try:
        text = splice(file.text, other.text, target)
    except AnswerError:
        return None
    return Candidate(file=SourceFile(path=file.path, text=text), model="") if text != file.text else None


def _examples(examined: Examined, target: str) -> tuple[str, ...]:
    """Doctest lines for a target: its one-line checks with values from the brief."""
    name = target.rsplit(".", 1)[-1]
    lines: list[str] = []
    for check in examined.checks:
        if check.anchored and len(check.body) == 1 and name in _called(check.code):
            call, _, value = check.body[0].removeprefix("assert ").partition(" == ")
            if value:
                lines += [f">>> {call}", value]
    return tuple(lines[:8])


def blame(plan: Plan, examined: Examined, stages: tuple[StageResult, ...]) -> list[Blamed]:
    """What has to change, the heaviest first."""
    found: dict[Home, list[tuple[float, str]]] = {}
    planned = {file.path for file in plan.files}
    for stage in stages:
        for finding in stage.findings if stage.status == "failed" else ():
            if finding.severity is Severity.ERROR and finding.path in planned:
                line = finding.range.start.line + 1
                target = enclosing(examined.files[finding.path].text, line)
                found.setdefault((finding.path, target), []).append(
                    (_STAGE, f"line {line}: {finding.message}")
                )
    homes = {check.name: _home(plan, examined, check) for check in examined.checks}
    hopeless = _hopeless(homes, examined.passed)
    for check in examined.checks:
        home = homes[check.name]
        if check.name in examined.passed or not (_worth_repairing(check, examined) or home in hopeless):
            continue
        seen = examined.failures.get(check.name, "it did not finish")
        found.setdefault(home, []).append((weight(check), f"```python\n{check.code}\n```\n{seen}"))
    ranked = [
        Blamed(
            path,
            target,
            failures=tuple(text for _, text in sorted(seen, reverse=True)),
            weight=sum(heavy for heavy, _ in seen),
            by_stage=any(heavy == _STAGE for heavy, _ in seen),
        )
        for (path, target), seen in found.items()
    ]
    return sorted(ranked, key=lambda blamed: -blamed.weight)


def _hopeless(homes: Mapping[str, Home], passed: Passed) -> set[Home]:
    """Functions that fail every one of several checks: it is hardly the checks that are all wrong."""
    failed = Counter(home for name, home in homes.items() if name not in passed)
    failed_only = failed.keys() - {home for name, home in homes.items() if name in passed}
    return {home for home in failed_only if failed[home] >= _SEVERAL}


def _worth_repairing(check: Check, examined: Examined) -> bool:
    return check.anchored or check.name in examined.crashed or check.name in examined.passable


def _home(plan: Plan, examined: Examined, check: Check) -> Home:
    """The file and function behind a failed check: where it crashed, else the last thing it calls."""
    if (place := examined.crashed.get(check.name)) is not None:
        path, line = place
        if path in examined.files:
            return path, enclosing(examined.files[path].text, line)
    called = _called(check.code)
    for planned in reversed(plan.files):
        text = examined.files[planned.path].text
        for name in reversed(called):
            if target := _definition(text, name):
                return planned.path, target
    last = next((file.path for file in reversed(plan.files) if not file.path.endswith("__init__.py")), "")
    text = examined.files[last].text if last else ""
    return last or plan.files[-1].path, "main" if "def main(" in text else ""


def _called(code: str) -> list[str]:
    """Names of what is called, in order of appearance."""
    calls = [node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    calls.sort(key=lambda node: (node.lineno, node.col_offset))
    return [
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in calls
        if isinstance(node, ast.Attribute | ast.Name)
    ]


def _definition(text: str, name: str) -> str:
    """`name` if the file defines such a function, `Class.name` if a class does."""
    if (tree := parsed(text)) is None:
        return ""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return name
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name == name:
                    return f"{node.name}.{name}"
    return ""


def _better(after: Examined, before: Examined, *, or_equal: bool) -> bool:
    anchored = {check.name for check in before.checks if check.anchored}
    kept = (before.passed & anchored) <= after.passed
    gained = score(after.passed, after.checks) - score(before.passed, before.checks)
    return kept and (gained > 0 or (or_equal and gained == 0))

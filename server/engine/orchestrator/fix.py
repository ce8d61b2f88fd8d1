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

from ..agents.checks import Check, wanted
from ..agents.repairer import repair
from ..events import FileFinished, FileStarted
from ..python.splice import enclosing
from ..python.syntax import parsed
from ..types import Plan, Severity, StageResult
from .choice import tell
from .elect import Passed, score, weight
from .escalations import escalate
from .examine import Examined, choose
from .gate import FUNCTION_TOKENS, gate
from .proof import SETTLED
from .targets import called_in
from .workshop import Workshop

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
    blameable = [one for one in blame(plan, examined, stages) if not shop.is_given(one.target)]
    for blamed in blameable[:_TARGETS]:
        shop.emit(FileStarted(path=blamed.path, attempt=round_number + 1))
        escalate(shop, blamed.path, blamed.target, "repaired", blamed.failures[0])
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
            examples_of(examined, blamed.target),
            samples=shop.samples,
            max_tokens=min(shop.max_tokens, FUNCTION_TOKENS) if blamed.target else shop.max_tokens,
            attempt=round_number,
        )
        judged = await gate(shop, plan, planned, written, drafts)
        mine = examined.files[blamed.path].text
        options = [one for one in judged if not one.problems and one.file.text != mine]
        if not options:
            continue
        repaired = await choose(shop, plan, examined, options)
        if _better(repaired, examined, or_equal=blamed.by_stage):
            examined = replace(repaired, agreement=examined.agreement)
            file = examined.files[blamed.path]
            why = f"rewritten because {blamed.failures[0]}; now {repaired.reason}"
            tell(shop, file, "repaired", why, target=blamed.target, candidates=repaired.contest)
            shop.emit(FileFinished(file=file))
    return examined


def examples_of(examined: Examined, target: str) -> tuple[str, ...]:
    """Doctest lines for a target: its one-line checks with values from the brief."""
    name = target.rsplit(".", 1)[-1]
    lines: list[str] = []
    for check in examined.checks:
        if check.anchored and len(check.body) == 1 and name in called_in(check.code):
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
    proven = _proven(homes, examined)
    for check in examined.checks:
        home = homes[check.name]
        if not check.anchored and home in proven:
            continue
        if check.name in examined.passed or not (_worth_repairing(check, examined) or home in hopeless):
            continue
        seen = examined.failures.get(check.name, "it did not finish").splitlines() or [""]
        found.setdefault(home, []).append((weight(check), f"{wanted(check)} ({seen[0]})"))
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


def _proven(homes: Mapping[str, Home], examined: Examined) -> set[Home]:
    """Functions that do all that the brief itself shows of them: what a model claims besides is as likely
    wrong as they are.
    """
    counted = Counter(homes[check.name] for check in examined.checks if check.anchored)
    failed = {
        homes[check.name] for check in examined.checks if check.anchored and check.name not in examined.passed
    }
    return {home for home, count in counted.items() if count >= SETTLED and home not in failed}


def _worth_repairing(check: Check, examined: Examined) -> bool:
    return check.anchored or check.name in examined.crashed or check.name in examined.passable


def _home(plan: Plan, examined: Examined, check: Check) -> Home:
    """The file and function behind a failed check: where it crashed, else the last thing it calls."""
    if (place := examined.crashed.get(check.name)) is not None:
        path, line = place
        if path in examined.files:
            return path, enclosing(examined.files[path].text, line)
    called = called_in(check.code)
    for planned in reversed(plan.files):
        text = examined.files[planned.path].text
        for name in reversed(called):
            if target := _definition(text, name):
                return planned.path, target
    last = next((file.path for file in reversed(plan.files) if not file.path.endswith("__init__.py")), "")
    text = examined.files[last].text if last else ""
    return last or plan.files[-1].path, "main" if "def main(" in text else ""


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

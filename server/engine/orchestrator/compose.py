"""Composing: each function is elected for itself, among its versions in all drafts of the file.

Of several drafts of a whole file hardly one is right in all its functions, and the best versions are spread
over drafts that are wrong elsewhere. With `generate.draws` more versions are drawn of each function alone,
under the brief's own words about it and in sight of the rest of its file.
"""

import ast
import asyncio
from collections.abc import Iterator, Sequence

from ..agents.checks import wanted
from ..agents.repairer import repair
from ..errors import AnswerError, BudgetError, ModelError
from ..events import FileFinished, PhaseStarted
from ..python.splice import splice
from ..python.syntax import parsed
from ..types import Candidate, Plan, PlannedFile, SourceFile
from .choice import records_of, tell, why_elected
from .elect import rank
from .examine import Examined, chosen, run, seen_in
from .fix import called_in, examples_of
from .gate import FUNCTION_TOKENS, counted, gate, tidied
from .workshop import Workshop
from .write import Candidates

_MOST_FUNCTIONS = 12
_LEAST_NODES = 16
"""Below this a function only hands something on: there is nothing to draw."""
_SETTLED = 2
"""Checks of the brief that a function passes, with none failed, before it is left as it is."""
_BUILT_WITH = ("__init__", "__post_init__")
Function = ast.FunctionDef | ast.AsyncFunctionDef


async def compose(shop: Workshop, plan: Plan, examined: Examined, candidates: Candidates) -> Examined:
    """The project with the best version of each function; as it was without a sandbox, without checks, and
    where there is but one draft and nothing is drawn.

    What the model or the budget does not give is not drawn. Raises SandboxError.
    """
    draws = shop.settings.generate.draws
    if shop.sandbox is None or not examined.checks:
        return examined
    files = [planned for planned in plan.files if draws or len(candidates[planned.path]) > 1]
    targets = [
        (planned, target)
        for planned in files
        for target in _targets(examined, planned)
        if not shop.is_given(target)
    ]
    del targets[_MOST_FUNCTIONS:]
    if not targets:
        return examined
    count = "1 function" if len(targets) == 1 else f"{len(targets)} functions"
    shop.emit(PhaseStarted(phase="compose", detail=count))
    drawn = await asyncio.gather(*(_drawn(shop, plan, examined, *one) for one in targets))
    for (planned, target), drafts in zip(targets, drawn, strict=True):
        others = [*candidates[planned.path], *drafts]
        composed = await _elected(shop, plan, examined, planned, target, others)
        if composed is not examined:
            shop.emit(FileFinished(file=composed.files[planned.path]))
        examined = composed
    return examined


def _targets(examined: Examined, planned: PlannedFile) -> Iterator[str]:
    """Functions and methods with something in them, in the order of the file, but those that are settled."""
    tree = parsed(examined.files[planned.path].text)
    for node in tree.body if tree else ():
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for function in node.body if isinstance(node, ast.ClassDef) else (node,):
            if (
                isinstance(function, Function)
                and function.name not in _BUILT_WITH
                and sum(1 for _ in ast.walk(function)) >= _LEAST_NODES
                and not _is_settled(examined, function.name)
            ):
                yield owner + function.name


def _is_settled(examined: Examined, name: str) -> bool:
    about = [check for check in examined.checks if name in called_in(check.code)]
    passed = [check for check in about if check.name in examined.passed]
    return len(passed) == len(about) and sum(check.anchored for check in passed) >= _SETTLED


async def _drawn(
    shop: Workshop, plan: Plan, examined: Examined, planned: PlannedFile, target: str
) -> Sequence[Candidate]:
    if not shop.settings.generate.draws:
        return ()
    written = {path: examined.files[path] for path in planned.depends_on}
    try:
        return await repair(
            shop.gateway,
            shop.brief,
            plan,
            examined.files[planned.path],
            target,
            written,
            _unmet(examined, target),
            examples_of(examined, target),
            samples=shop.settings.generate.draws,
            max_tokens=min(shop.max_tokens, FUNCTION_TOKENS),
            attempt=0,
        )
    except (AnswerError, BudgetError, ModelError):
        return ()


def _unmet(examined: Examined, target: str) -> tuple[str, ...]:
    """What the brief asks of the function and its present version does not do."""
    name = target.rpartition(".")[2]
    failed = [check for check in examined.checks if check.anchored and check.name not in examined.passed]
    return tuple(wanted(check) for check in failed if name in called_in(check.code))


async def _elected(
    shop: Workshop,
    plan: Plan,
    examined: Examined,
    planned: PlannedFile,
    target: str,
    others: Sequence[Candidate],
) -> Examined:
    """The best version that passes the gate; the one that is there takes part as the first."""
    mine = examined.files[planned.path]
    written = {path: examined.files[path] for path in planned.depends_on}
    drafts = [_with_function_of(mine, other, target) for other in (Candidate(file=mine, model=""), *others)]
    options = counted(
        await asyncio.gather(*(tidied(shop, plan, planned, written, one) for one in drafts if one))
    )
    if len(options) < 2:
        return examined
    reports = await run(shop, plan, examined, [option.file for option in options])
    outcomes = [seen_in(report) for report in reports]
    for index in rank(outcomes, examined.evidence, [option.copies for option in options]):
        if index == 0:
            return examined
        (judged,) = await gate(shop, plan, planned, written, [options[index]])
        if not judged.problems:
            records = records_of(options, outcomes, index, examined.checks, examined.probes, target)
            reason = why_elected(options, outcomes, index, examined.checks)
            tell(shop, judged.file, "composed", reason, target=target, candidates=records)
            return chosen(examined, judged.file, reports[index], outcomes)
    return examined


def _with_function_of(file: SourceFile, other: Candidate, target: str) -> Candidate | None:
    """`file` with the other's version of one function; None where the other has none."""
    try:
        text = splice(file.text, other.file.text, target)
    except AnswerError:
        return None
    return other.model_copy(update={"file": SourceFile(path=file.path, text=text), "problems": ()})

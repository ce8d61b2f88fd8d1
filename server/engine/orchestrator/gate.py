"""The gate: what a draft of a file must pass to be a candidate, and the mending of what only nearly does.

A draft is first given what models leave out and what is certain (imports, renamed attributes, docstrings,
format). Then it is judged: promised names, syntax, omissions, imports, types. Where all that is wrong lies in
a few functions of a long file, those are asked for again instead of the whole.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

from ..agents.repairer import repair
from ..brief.excerpt import is_run
from ..events import Notice
from ..python.documented import documented
from ..python.imports import complete_imports
from ..python.outline import defined_twice
from ..python.runnable import runnable
from ..python.shadowed import uncover_helpers, uncover_methods
from ..python.skeleton import unwritten
from ..python.splice import enclosing, splice
from ..types import Candidate, Finding, Plan, PlannedFile, Severity, SourceFile
from ..validation.types import ToolError
from .workshop import Files, Workshop, missing_methods, missing_names, project_of

FUNCTION_TOKENS = 700
_LONG_LINES = 50
"""Below this a whole file is as quickly written again."""
_MOST_FUNCTIONS = 3


async def gate(
    shop: Workshop, plan: Plan, planned: PlannedFile, written: Files, drafts: Sequence[Candidate]
) -> list[Candidate]:
    """The drafts, mended, formatted and without repetitions, with what the gate found wrong in each."""
    judged = await asyncio.gather(*(_judge(shop, plan, planned, written, draft) for draft in counted(drafts)))
    return counted(judged)


def counted(drafts: Sequence[Candidate]) -> list[Candidate]:
    """Without repetitions, which count as copies of the first."""
    found: dict[str, Candidate] = {}
    for draft in drafts:
        earlier = found.get(draft.file.text)
        more = earlier.copies + draft.copies if earlier else draft.copies
        found[draft.file.text] = (earlier or draft).model_copy(update={"copies": more})
    return list(found.values())


async def mend(
    shop: Workshop, plan: Plan, planned: PlannedFile, written: Files, refused: Sequence[Candidate]
) -> Candidate | None:
    """The best of the refused drafts with its missing methods added and its wrong functions written again.

    None if that is no way.
    """
    best = min(refused, key=lambda candidate: (not candidate.file.text, len(candidate.problems)))
    missing = missing_methods(planned, best.file.text)
    if len(missing) > _MOST_FUNCTIONS:
        return None
    for one in missing:
        target = one.full_name
        begun = SourceFile(path=best.file.path, text=splice(best.file.text, unwritten(one), target))
        told = [f"`{target}` is missing"]
        better = await _rewritten(shop, plan, planned, written, begun, target, told, attempt=0)
        if better is None or len(better.problems) >= len(best.problems):
            return None
        best = better
    if best.problems and best.file.text.count("\n") < _LONG_LINES:
        return None
    for attempt in range(_MOST_FUNCTIONS):
        if not best.problems:
            return best
        findings = await _findings(shop, plan, written, best.file)
        blamed = Counter(enclosing(best.file.text, finding.range.start.line + 1) for finding in findings)
        if not blamed or len(blamed) > _MOST_FUNCTIONS or "" in blamed or len(findings) < len(best.problems):
            return None
        target = blamed.most_common(1)[0][0]
        if shop.is_given(target):
            return None
        told = [_problem(finding) for finding in findings if _is_in(finding, best.file, target)]
        better = await _rewritten(shop, plan, planned, written, best.file, target, told, attempt=attempt)
        if better is None or len(better.problems) >= len(best.problems):
            return None
        best = better
    return None if best.problems else best


async def _rewritten(
    shop: Workshop,
    plan: Plan,
    planned: PlannedFile,
    written: Files,
    file: SourceFile,
    target: str,
    told: Sequence[str],
    *,
    attempt: int,
) -> Candidate | None:
    """The best draft of the file with `target` written again."""
    drafts = await repair(
        shop.gateway,
        shop.brief,
        plan,
        file,
        target,
        written,
        [f"Error: {problem}" for problem in told],
        (),
        samples=shop.samples,
        max_tokens=min(shop.max_tokens, FUNCTION_TOKENS),
        attempt=attempt,
    )
    judged = await gate(shop, plan, planned, written, drafts)
    return min(judged, key=lambda candidate: len(candidate.problems), default=None)


async def tidied(
    shop: Workshop, plan: Plan, planned: PlannedFile, written: Files, draft: Candidate
) -> Candidate:
    """The draft with what models leave out and what is certain, formatted; not judged."""
    others = {path: file.text for path, file in written.items()}
    text = runnable(draft.file.text) if is_run(shop.brief.text, draft.file.path) else draft.file.text
    text = uncover_helpers(uncover_methods(complete_imports(draft.file.path, text, others, plan.packages)))
    text = documented(text, planned.interface, shop.brief.text)
    (formatted,) = await shop.mesh.format((SourceFile(path=draft.file.path, text=text),))
    return draft.model_copy(update={"file": formatted})


async def _judge(
    shop: Workshop, plan: Plan, planned: PlannedFile, written: Files, draft: Candidate
) -> Candidate:
    if draft.problems:
        return draft
    draft = await tidied(shop, plan, planned, written, draft)
    formatted = draft.file
    missing = missing_names(planned, shop.traits, formatted.text)
    problems = [f"`{name}` is not defined at the top level of {planned.path}" for name in missing]
    lacking = missing_methods(planned, formatted.text)
    problems += [f"`{one.full_name}` is not defined in {planned.path}" for one in lacking]
    problems += [f"`{name}` is defined twice" for name in defined_twice(formatted.text)]
    problems += [_problem(finding) for finding in await _findings(shop, plan, written, formatted)]
    return draft.model_copy(update={"problems": tuple(dict.fromkeys(problems))})


async def _findings(shop: Workshop, plan: Plan, written: Files, file: SourceFile) -> list[Finding]:
    """Errors in the file. Where a tool cannot tell, the stage that has it says so at the end."""
    project = project_of(plan, {**written, file.path: file})
    try:
        found = await shop.mesh.gate(project, file.path)
    except ToolError as error:
        shop.emit(Notice(severity=Severity.WARNING, message=f"{file.path} was not looked at whole: {error}"))
        return []
    return [one for one in found if one.severity is Severity.ERROR]


def _is_in(finding: Finding, file: SourceFile, target: str) -> bool:
    return enclosing(file.text, finding.range.start.line + 1) == target


def _problem(finding: Finding) -> str:
    return f"{finding.message} (line {finding.range.start.line + 1})"

"""Writing: each planned file, in dependency order, independent ones at once.

The first answer is greedy; where the tier allows, it is taken alone if the brief's examples prove it.
Otherwise more are drawn as one batch. Each must pass the gate (syntax, promised names, imports, types) to be
used. When none does, its wrong functions are asked for again, or the whole file with what was wrong. What is
still wrong after that is reported with the file, never hidden.
"""

import asyncio
from collections.abc import Sequence
from pathlib import PurePosixPath

from ..agents.coder import reexport, write_file
from ..agents.interfaces import only_errors
from ..brief.signature import read_signature
from ..errors import AnswerError
from ..events import FileFinished, FileStarted
from ..types import Candidate, Plan, PlannedFile
from .choice import tell
from .escalations import escalate
from .gate import counted, gate, mend
from .proof import proven
from .stepwise import stepwise
from .workshop import Candidates, Files, Workshop, promised_names


async def write_files(shop: Workshop, plan: Plan) -> Candidates:
    """Raises AnswerError if no readable answer came for some file."""
    tasks: dict[str, asyncio.Task[tuple[Candidate, ...]]] = {}

    async def one(planned: PlannedFile) -> tuple[Candidate, ...]:
        written: Files = {}
        for path in planned.depends_on:
            written[path] = (await asyncio.shield(tasks[path]))[0].file
        return await _write(shop, plan, planned, written)

    try:
        async with asyncio.TaskGroup() as group:
            for planned in plan.files:
                tasks[planned.path] = group.create_task(one(planned), name=f"write {planned.path}")
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return {path: task.result() for path, task in tasks.items()}


async def _write(shop: Workshop, plan: Plan, planned: PlannedFile, written: Files) -> tuple[Candidate, ...]:
    if PurePosixPath(planned.path).name == "__init__.py" and not promised_names(planned, shop.traits):
        siblings = [file for file in written.values() if file.path.endswith(".py")]
        (file,) = await shop.mesh.format((reexport(planned.path, siblings),))
        candidate = Candidate(file=file, model="")
        shop.emit(FileFinished(file=candidate.file))
        return (candidate,)
    shop.emit(FileStarted(path=planned.path))
    if made := await _by_gaps(shop, plan, planned, written):
        return made
    judged = await draw(shop, plan, planned, written, samples=1)
    (greedy,) = judged
    if shop.tier.stops_early and not greedy.problems and await proven(shop, plan, planned, written, greedy):
        tell(
            shop, greedy.file, "only", "the first answer passes the brief's examples; no other was asked for"
        )
        shop.emit(FileFinished(file=greedy.file))
        return judged
    if (more := _samples(shop, planned) - 1) > 0:
        if shop.tier.stops_early:
            wrong = (
                greedy.problems[0]
                if greedy.problems
                else "the brief's examples do not prove the first answer"
            )
            escalate(shop, planned.path, "", "drawn", wrong)
        drawn = await draw(shop, plan, planned, written, samples=more, first=1)
        judged = tuple(counted([*judged, *drawn]))
    usable = [candidate for candidate in judged if not candidate.problems]
    if not usable and (mended := await mend(shop, plan, planned, written, judged)):
        usable = [mended]
    refused = list(judged)
    if not usable:
        shop.emit(FileStarted(path=planned.path, attempt=2))
        escalate(shop, planned.path, "", "again", _why_again(refused))
        again = max(1, shop.samples // 2)
        judged = await draw(
            shop, plan, planned, written, samples=again, first=shop.samples, problems=_problems(refused)
        )
        usable = [candidate for candidate in judged if not candidate.problems]
        refused += judged
    if usable:
        number = sum(candidate.copies for candidate in refused)
        tell(shop, usable[0].file, "only", f"{_number(usable)} passed the gate, out of {number}")
        shop.emit(FileFinished(file=usable[0].file))
        return tuple(usable)
    readable = [candidate for candidate in refused if candidate.file.text]
    if not readable:
        raise AnswerError(
            f"no readable answer for {planned.path} in {len(refused)} attempts: {refused[-1].problems[0]}",
            "Split the brief into smaller ones, or use a larger model.",
            "models.model",
        )
    readable.sort(key=lambda candidate: len(candidate.problems))
    tell(
        shop,
        readable[0].file,
        "only",
        f"no answer passed the gate; this one has {_number(readable[0].problems, 'problem')}",
    )
    shop.emit(FileFinished(file=readable[0].file, problems=readable[0].problems))
    return tuple(readable)


async def _by_gaps(shop: Workshop, plan: Plan, planned: PlannedFile, written: Files) -> tuple[Candidate, ...]:
    """Candidates of a file whose frame is certain; none where there is no such frame, or all are wrong."""
    drafts = await stepwise(shop, plan, _as_asked(shop, planned), written)
    if not drafts.candidates:
        return ()
    judged = await gate(shop, plan, planned, written, drafts.candidates)
    usable = [candidate for candidate in judged if not candidate.problems]
    if not usable and (mended := await mend(shop, plan, planned, written, judged)):
        usable = [mended]
    if not usable:
        return ()
    file = usable[0].file
    tell(shop, file, "only", f"written function by function; {_number(usable)} passed the gate")
    for target, how in drafts.found.items():
        tell(shop, file, "searched", how, target=target)
    shop.emit(FileFinished(file=file))
    return tuple(usable)


async def draw(
    shop: Workshop,
    plan: Plan,
    planned: PlannedFile,
    written: Files,
    *,
    samples: int,
    first: int = 0,
    problems: Sequence[str] = (),
) -> tuple[Candidate, ...]:
    """More answers for a file, judged by the gate."""
    drafts = await write_file(
        shop.gateway,
        shop.brief,
        plan,
        _as_asked(shop, planned),
        written,
        samples=samples,
        first=first,
        max_tokens=shop.max_tokens,
        problems=problems,
    )
    return tuple(await gate(shop, plan, planned, written, drafts))


def _samples(shop: Workshop, planned: PlannedFile) -> int:
    """One for a file of nothing but error classes: there is little to elect."""
    return 1 if planned.interface and only_errors(planned.interface) else shop.samples


def _as_asked(shop: Workshop, planned: PlannedFile) -> PlannedFile:
    """Without abstraction a file is asked for by the brief alone; code that the brief gives stays."""
    if shop.uses("abstraction"):
        return planned
    read = [(line, read_signature(line)) for line in planned.interface]
    given = tuple(line for line, one in read if one and shop.is_given(one.full_name))
    return planned.model_copy(update={"interface": given})


def _why_again(refused: Sequence[Candidate]) -> str:
    none = "the one answer did not pass" if len(refused) == 1 else f"none of {_number(refused)} passed"
    return f"{none} the gate: {refused[0].problems[0]}"


def _number(things: Sequence[object], what: str = "different answer") -> str:
    return f"1 {what}" if len(things) == 1 else f"{len(things)} {what}s"


def _problems(refused: Sequence[Candidate]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(problem for candidate in refused for problem in candidate.problems))[:6]

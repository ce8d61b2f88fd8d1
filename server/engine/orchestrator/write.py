"""Writing: each planned file, in dependency order, independent ones at once.

A file's candidates are one batch; each must pass the gate (syntax, promised names, imports, types) to be
used. When none does, its wrong functions are asked for again, or the whole file with what was wrong. What is
still wrong after the last attempt is reported with the file, never hidden.
"""

import asyncio
from collections.abc import Sequence
from pathlib import PurePosixPath

from ..agents.coder import reexport, write_file
from ..agents.interfaces import only_errors
from ..errors import AnswerError
from ..events import FileFinished, FileStarted
from ..types import Candidate, Plan, PlannedFile
from .choice import tell
from .gate import gate, mend
from .workshop import Files, Workshop, promised_names

_ATTEMPTS = 2
Candidates = dict[str, tuple[Candidate, ...]]
"""For each path the candidates that may be used, the best known first."""


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
    refused: list[Candidate] = []
    for attempt in range(_ATTEMPTS):
        shop.emit(FileStarted(path=planned.path, attempt=attempt + 1))
        drafts = await write_file(
            shop.gateway,
            shop.brief,
            plan,
            planned,
            written,
            samples=_samples(shop, planned) if attempt == 0 else max(1, shop.samples // 2),
            max_tokens=shop.max_tokens,
            attempt=attempt,
            problems=_problems(refused),
        )
        judged = await gate(shop, plan, planned, written, drafts)
        usable = [candidate for candidate in judged if not candidate.problems]
        if not usable and attempt == 0 and (mended := await mend(shop, plan, planned, written, judged)):
            usable = [mended]
        if usable:
            tell(shop, usable[0].file, "only", f"{_number(usable)} passed the gate, out of {len(drafts)}")
            shop.emit(FileFinished(file=usable[0].file))
            return tuple(usable)
        refused += judged
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


def _samples(shop: Workshop, planned: PlannedFile) -> int:
    """One for a file of nothing but error classes: there is little to elect."""
    return 1 if planned.interface and only_errors(planned.interface) else shop.samples


def _number(things: Sequence[object], what: str = "different answer") -> str:
    return f"1 {what}" if len(things) == 1 else f"{len(things)} {what}s"


def _problems(refused: Sequence[Candidate]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(problem for candidate in refused for problem in candidate.problems))[:6]


def first_choice(candidates: Candidates) -> Files:
    return {path: options[0].file for path, options in candidates.items()}

"""`quantumlayer.assist` and `.regenerate`: a function is implemented, tested, mended, documented, in place.

A model takes seconds, so this is a job with progress that can be cancelled, and not a code action that is
resolved while an editor's menu waits. It ends in one edit of the lines that change, made for the version of
the text that was read: if the text is another one by then, nothing is changed, and the user is told. Asking
again is quick, because answers are kept.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ..engine.errors import QuantumLayerError, StorageError
from .assist_edit import edit_for
from .assist_files import gathered, is_read_only
from .authored import can_be_drawn, refresh
from .documents import Snapshot, path_of
from .generate_progress import Narrator
from .jobs import Ending, Job

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from ..engine.types import Finding, Help, Wish
    from .server import QuantumLayerServer

Task = Literal["implement", "test", "fix", "document", "harden", "comment"]
TASKS: tuple[Task, ...] = get_args(Task)
_TITLES = {
    "implement": "implement",
    "test": "write tests",
    "fix": "fix",
    "document": "document",
    "harden": "harden",
    "comment": "write from the comment",
}


@dataclass(frozen=True)
class Request:
    """What the command takes. Lines are counted from zero."""

    task: Task
    uri: str
    line: int
    end: int
    """The last line of what is pointed at, for findings."""
    draw: int = 0


def start(server: "QuantumLayerServer", request: Request) -> Job:
    """The text is taken now; raises StorageError where there is none that could be changed."""
    document = server.documents.opened(request.uri)
    path = path_of(request.uri) if request.uri.startswith("file:") else None
    if document is None or path is None:
        raise StorageError("the file is not open", "Open it in the editor, saved on disk.")
    findings = _findings(server, document, request)

    async def work(job: Job) -> Ending:
        return await _assist(server, job, request, document, path, findings)

    title = f"{_TITLES[request.task]}, line {request.line + 1} of {path.name}"
    return server.jobs.start(title, work, key=f"assist {request} {hash(document.text)}")


async def regenerate(server: "QuantumLayerServer", uri: str, name: str) -> Job:
    """Implements a function that is there, from other candidates than those that it was chosen from."""
    document = server.documents.opened(uri)
    if document is None:
        raise StorageError("the file is not open", "Open it in the editor.")
    async with server.session.engine(uri) as engine:
        known = await engine.authors_of(document.text)
    found = next((one for one in known if one.written.name == name and can_be_drawn(one.written)), None)
    if found is None:
        step = "Regenerate what has a lens, or take the code action at a stub."
        raise QuantumLayerError(f"`{name}` is not, or no longer, as it was generated", step)
    line = _line_of_name(document.text, found.first, name)
    return start(server, Request("implement", uri, line, line, found.written.draw + 1))


def _line_of_name(text: str, first: int, name: str) -> int:
    """Decorators stand above it."""
    lines = text.split("\n")
    last = name.rpartition(".")[2]
    return next((number for number in range(first, len(lines)) if f"def {last}" in lines[number]), first)


def _findings(server: "QuantumLayerServer", document: Snapshot, request: Request) -> "tuple[Finding, ...]":
    """What is shown in the lines that are pointed at, of the kind that the task is for."""
    if request.task not in {"fix", "harden"}:
        return ()
    found = at_lines(server, document, request.line, request.end)
    return tuple(one for one in found if (one.stage == "security") == (request.task == "harden"))


def at_lines(server: "QuantumLayerServer", document: Snapshot, first: int, last: int) -> "list[Finding]":
    """None for findings of another text."""
    page = server.shown.page(document.uri)
    if page is None or page.text != document.text:
        return []
    return [one for one in page.findings() if one.range.start.line <= last and first <= one.range.end.line]


async def _assist(
    server: "QuantumLayerServer",
    job: Job,
    request: Request,
    document: Snapshot,
    path: Path,
    findings: "tuple[Finding, ...]",
) -> Ending:
    if not server.features.apply_edit:
        return Ending("failed", "This editor takes no edits from a server, so nothing could be changed.")
    if await asyncio.to_thread(is_read_only, path):
        return Ending("failed", f"{path.name} is read-only, so nothing was asked of a model.")
    narrator = Narrator(job.progress)
    folder = server.folder_of(document.uri)
    overlay = {place: one.text for one in server.documents.all_opened() if (place := path_of(one.uri))}
    async with server.session.engine(document.uri) as engine:
        wish, root = await asyncio.to_thread(
            gathered, request, document.text, path, path_of(folder) if folder else None, overlay, findings
        )
        help_ = await engine.assist(wish, emit=narrator.tell)
        if not help_.text:
            name = f" `{help_.target}`" if help_.target else ""
            return Ending(
                "unverified", f"Nothing was changed{name and ' in'}{name}: {help_.said.rstrip('.')}."
            )
        return await _apply(server, engine, document, wish, help_, root)


async def _apply(
    server: "QuantumLayerServer",
    engine: "Engine",
    document: Snapshot,
    wish: "Wish",
    help_: "Help",
    root: Path,
) -> Ending:
    now = server.documents.opened(document.uri)
    if now is None or now.text != document.text:
        return Ending("unverified", _moved_on(help_))
    edit = await edit_for(server, now, wish, help_, root)
    if edit is None or server.documents.opened(document.uri) != now:
        return Ending("unverified", _moved_on(help_))
    params = types.ApplyWorkspaceEditParams(edit=edit, label=f"QuantumLayer: {_TITLES[help_.task]}")
    try:
        result = await server.protocol.ask(types.WORKSPACE_APPLY_EDIT, params)
    except JsonRpcException as error:
        return Ending("failed", f"The editor did not take the edit: {error.message}. {help_.said}")
    if result is None or not result.applied:
        why = (result.failure_reason if result else "") or "it was declined"
        return Ending("unverified", f"The editor did not take the edit: {why}. {help_.said}")
    if help_.written:
        await engine.keep_authors(help_.written)
        await refresh(server)
    return Ending("done" if help_.sure else "unverified", help_.said)


def _moved_on(help_: "Help") -> str:
    return (
        "The text has changed meanwhile, so nothing was changed. Ask again: what was answered is kept. "
        f"It was: {help_.said}"
    )

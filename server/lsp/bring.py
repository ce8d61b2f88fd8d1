"""Bringing another version's files into the editor: `checkout`, and `rollback`, which moves the branch too.

A file that is as some stored version has it is nobody's change: it is replaced or removed. What somebody
changed is replaced only with a yes: the editor's own confirmation where it has annotations; else it stays.
"""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from pygls.uris import from_fs_path

from .documents import Snapshot, path_of
from .handover import apply_changes, read_texts
from .jobs import Ending, Job
from .workspace_edit import FileChange

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from ..engine.types import Capsule
    from .server import QuantumLayerServer

_MOST_NAMED = 5


class _Plan(NamedTuple):
    changes: list[FileChange]
    removed: list[str]
    """URIs."""
    kept: list[str]
    """Paths that somebody changed, and that no confirmation can be asked for."""


def start_checkout(server: "QuantumLayerServer", ref: str, folder: str) -> Job:
    async def work(job: Job) -> Ending:
        async with server.session.engine(None) as engine:
            capsule = await engine.get_capsule(ref)
            return await _bring(server, engine, capsule, folder)

    return server.jobs.start(f"open {ref[:24]}", work)


def start_rollback(
    server: "QuantumLayerServer", name: str, to: str, folder: str, *, files: bool = True
) -> Job:
    async def work(job: Job) -> Ending:
        async with server.session.engine(None) as engine:
            capsule = await engine.get_capsule(to or f"{name}~1")
            brought = await _bring(server, engine, capsule, folder) if files else None
            if brought is not None and brought.outcome == "failed":
                return brought
            went = await engine.roll_back(name, capsule.id)
        words = (
            f"{went.name} ({went.branch}) is {went.now[:12]} now; it was {went.before[:12]}, which is kept."
        )
        return Ending("done", f"{words} {brought.message if brought else ''}".strip(), capsule.id)

    return server.jobs.start(f"roll back {name[:24]}", work)


async def _bring(server: "QuantumLayerServer", engine: "Engine", capsule: "Capsule", folder: str) -> Ending:
    target = target_of(server, capsule, folder)
    if target is None:
        return Ending("failed", "There is no folder to put the files in: open one, or name a folder.")
    if not server.features.apply_edit:
        return await _write(engine, capsule, target)
    plan = await _plan(server, engine, capsule, target)
    if plan.changes or plan.removed:
        failure = await apply_changes(server, f"Capsule {capsule.id[:12]}", plan.changes, plan.removed)
        if failure:
            return Ending("failed", f"The editor did not take the files: {failure}.", capsule.id)
    return Ending("done", _told(target, capsule, plan.kept), capsule.id)


async def _write(engine: "Engine", capsule: "Capsule", target: str) -> Ending:
    """For clients that cannot apply edits."""
    folder = path_of(target)
    if folder is None:
        return Ending("failed", f"{target} is no folder on this machine.")
    done = await engine.check_out(capsule.id, folder, keep=True)
    return Ending("done", _told(target, capsule, done.kept), capsule.id)


async def _plan(server: "QuantumLayerServer", engine: "Engine", capsule: "Capsule", target: str) -> _Plan:
    known = await engine.known_files(capsule.manifest.name)
    wanted = {file.path: file.text for file in capsule.files}
    uris = {path: f"{target}/{quote(path)}" for path in sorted(wanted.keys() | known.keys())}
    there = await texts(server, uris)
    ours = {path for path, one in there.items() if _digest(one.text) in known.get(path, ())}
    changes, kept = changes_of(server, uris, wanted, there, ours)
    deletes = server.features.delete_files and server.features.document_changes
    gone = sorted(there.keys() - wanted.keys())
    removed = [uris[path] for path in gone if deletes and path in ours]
    return _Plan(changes, removed, kept + [path for path in gone if uris[path] not in removed])


def changes_of(
    server: "QuantumLayerServer",
    uris: Mapping[str, str],
    wanted: Mapping[str, str],
    there: Mapping[str, Snapshot],
    ours: Collection[str] = (),
) -> tuple[list[FileChange], list[str]]:
    """What has to change for the files to be as they are `wanted`, by path; and what is left alone.

    `ours` are those whose text can be had again. Others are left alone if nobody could be asked.
    """
    confirms = server.features.change_annotations and server.features.document_changes
    changes: list[FileChange] = []
    kept: list[str] = []
    for path, text in wanted.items():
        current = there.get(path)
        if current is None:
            changes.append(FileChange(uris[path], text, ours=path in ours))
        elif current.text == text:
            continue
        elif path not in ours and not confirms:
            kept.append(path)
        else:
            changes.append(FileChange(uris[path], text, current.text, current.version, path in ours))
    return changes, kept


async def texts(server: "QuantumLayerServer", uris: Mapping[str, str]) -> dict[str, Snapshot]:
    """By path: what the editor shows, with the version that it shows, else what is on disk."""
    opened = {path: shown for path, uri in uris.items() if (shown := server.documents.opened(uri))}
    closed = {path: uri for path, uri in uris.items() if path not in opened}
    on_disk = await asyncio.to_thread(read_texts, list(closed.values()))
    return opened | {path: Snapshot(uri, on_disk[uri]) for path, uri in closed.items() if uri in on_disk}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def target_of(server: "QuantumLayerServer", capsule: "Capsule", folder: str) -> str | None:
    """URI of the project's folder: the one that is named, or where generating puts it."""
    folders = server.documents.folder_uris()
    if not folder:
        return f"{folders[0].rstrip('/')}/{quote(capsule.manifest.name)}" if folders else None
    if "://" in folder:
        return folder.rstrip("/")
    root = path_of(folders[0]) if folders else None
    return str(from_fs_path(str((root or Path.cwd()) / Path(folder).expanduser())))


def _told(target: str, capsule: "Capsule", kept: Sequence[str]) -> str:
    words = f"{path_of(target) or target} holds {capsule.manifest.name} {capsule.id[:12]}."
    if not kept:
        return words
    more = f" and {len(kept) - _MOST_NAMED} more" if len(kept) > _MOST_NAMED else ""
    return f"{words} Left as they are, because somebody changed them: {', '.join(kept[:_MOST_NAMED])}{more}."

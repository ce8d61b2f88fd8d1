"""`quantumlayer.capsules.merge`: two versions become one, or conflicts in files that the editor shows."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .documents import path_of
from .jobs import Ending, Job

if TYPE_CHECKING:
    from ..engine.events import Event
    from ..engine.facade import Engine
    from ..engine.types import SourceFile
    from ..engine.types.versions import Merge
    from .server import QuantumLayerServer

_MOST_NAMED = 8


@dataclass(frozen=True)
class Request:
    ours: str = ""
    theirs: str = ""
    folder: str = ""
    """Where the files go if there are conflicts; a URI or a path."""
    resolved: str = ""
    """Where conflicts were settled."""


def start(server: "QuantumLayerServer", request: Request) -> Job:
    async def work(job: Job) -> Ending:
        def emit(event: "Event") -> None:
            if event.kind == "stage_finished":
                job.progress.report(f"{event.result.stage}: {event.result.status}")

        async with server.session.engine(None) as engine:
            merged = await engine.merge(request.ours, request.theirs, emit=emit)
            if merged.outcome == "conflicts" and request.resolved:
                settled = await _settled(server, request.resolved, merged.files)
                merged = await engine.merge(request.ours, request.theirs, resolved=settled, emit=emit)
            if merged.outcome == "conflicts":
                return await _conflicts(server, engine, request, merged)
            return await _merged(engine, merged)

    return server.jobs.start(f"merge {request.theirs[:24]} into {request.ours[:24]}", work)


async def _conflicts(
    server: "QuantumLayerServer", engine: "Engine", request: Request, merged: "Merge"
) -> Ending:
    paths = [one.path for one in merged.conflicts]
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    words = f"Not merged: conflicts in {', '.join(paths[:_MOST_NAMED])}{more}."
    if request.folder and not request.resolved:
        folder = _folder(server, request.folder)
        await engine.write_files(merged.files, folder)
        words += f" Settle them in {folder}, and merge again with that folder as the resolved one."
    return Ending("failed", words)


async def _merged(engine: "Engine", merged: "Merge") -> Ending:
    verdict = (await engine.get_capsule(merged.capsule)).evidence.verdict
    if merged.outcome != "merged":
        words = "is it now" if merged.outcome == "fast-forward" else "holds it already"
        return Ending("done", f"Nothing to merge: {merged.ours[:12]} {words}.", merged.capsule)
    reasons = f", because {'; '.join(verdict.reasons[:3]).rstrip('.')}" if verdict.reasons else ""
    words = (
        f"Merged as {merged.capsule[:12]}: {verdict.status}, confidence {verdict.confidence:.0%}{reasons}."
    )
    return Ending(verdict.status, words, merged.capsule)


async def _settled(server: "QuantumLayerServer", given: str, files: "Iterable[SourceFile]") -> dict[str, str]:
    """What the editor shows counts, else what is on disk."""
    from ..engine.errors import CapsuleError

    folder = _folder(server, given)
    shown = {path: one.text for one in server.documents.all_opened() if (path := path_of(one.uri))}
    found = await asyncio.to_thread(_read, folder, [file.path for file in files], shown)
    if not found:
        raise CapsuleError(
            f"{folder} holds none of the files of this merge.", "Name the folder that has them."
        )
    return found


def _read(folder: Path, paths: Iterable[str], shown: dict[Path, str]) -> dict[str, str]:
    found = {}
    for path in paths:
        place = folder / path
        if place in shown:
            found[path] = shown[place]
        elif place.is_file():
            found[path] = place.read_bytes().decode(errors="replace")
    return found


def _folder(server: "QuantumLayerServer", given: str) -> Path:
    from ..engine.errors import CapsuleError

    if "://" in given:
        path = path_of(given)
        if path is None:
            raise CapsuleError(f"{given} is no folder on this machine.", "Give a path or a file: URI.")
        return path
    folders = server.documents.folder_uris()
    root = path_of(folders[0]) if folders else None
    return (root or Path.cwd()) / Path(given).expanduser()

"""`quantumlayer.exportCapsule`: a capsule from the store as an archive."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .documents import path_of
from .jobs import Ending, Job

if TYPE_CHECKING:
    from ..engine.keeping import ArchiveFormat
    from .server import QuantumLayerServer

FORMATS: "tuple[ArchiveFormat, ...]" = ("qlcapsule", "zip", "tar.gz")
_OVERWRITE, _KEEP = "Overwrite", "Keep what is there"


@dataclass(frozen=True)
class Request:
    capsule: str = ""
    """An id, the beginning of one, or a name."""
    format: str = "qlcapsule"
    target: str = ""
    """A URI or a path; relative ones start at the first workspace folder."""


def start(server: "QuantumLayerServer", request: Request) -> Job:
    async def work(job: Job) -> Ending:
        return await _export(server, request)

    return server.jobs.start(f"export {request.capsule[:24]}", work)


async def _export(server: "QuantumLayerServer", request: Request) -> Ending:
    target = _target(server, request.target)
    form = next(form for form in FORMATS if form == request.format)
    async with server.session.engine(None) as engine:
        capsule = await engine.get_capsule(request.capsule)
        if await asyncio.to_thread(target.is_dir):
            target /= f"{capsule.manifest.name}.{form}"
        if there := await asyncio.to_thread(target.is_file):
            question = f"{target} is there already."
            if await server.ask_user(question, (_OVERWRITE, _KEEP)) != _OVERWRITE:
                return Ending("cancelled", f"Not exported: {target} was kept.")
        written = await engine.export(capsule.id, form, target, overwrite=there)
    return Ending("done", f"Exported to {written}.", request.capsule)


def _target(server: "QuantumLayerServer", given: str) -> Path:
    from ..engine.errors import CapsuleError

    if "://" in given:
        path = path_of(given)
        if path is None:
            raise CapsuleError(f"{given} is not a file", "Give a path or a file: URI as the target.")
        return path
    folders = [path for uri in server.documents.folder_uris() if (path := path_of(uri))]
    return (folders[0] if folders else Path.cwd()) / Path(given).expanduser()

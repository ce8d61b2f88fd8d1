"""`quantumlayer.generateCapsule`: from a brief in the editor to files in the editor."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pygls.uris import from_fs_path

from . import names
from .authored import refresh
from .documents import parts_of
from .generate_progress import Narrator
from .handover import hand_over
from .jobs import Ending, Job

if TYPE_CHECKING:
    from ..engine.events import Event
    from ..engine.types import Brief, Capsule
    from .server import QuantumLayerServer


@dataclass(frozen=True)
class Request:
    """What the command takes; `uri` or `brief`."""

    uri: str = ""
    brief: str = ""
    name: str = ""
    folder: str = ""
    """A URI or a path; without it the brief's own folder."""


def start(server: "QuantumLayerServer", request: Request) -> Job:
    """The text is taken now: what the editor shows at this moment is what is generated."""
    text, file_name = _shown(server, request)
    title = f"generate {request.name or file_name or 'capsule'}"

    async def work(job: Job) -> Ending:
        brief = await asyncio.to_thread(_read, request, text, file_name)
        return await _generate(server, job, request, brief)

    return server.jobs.start(title, work, key=f"generate {request} {text}")


async def brief_of(server: "QuantumLayerServer", request: Request) -> "Brief":
    """The brief that a request means, as the editor shows it now."""
    return await asyncio.to_thread(_read, request, *_shown(server, request))


def _shown(server: "QuantumLayerServer", request: Request) -> tuple[str | None, str]:
    """The text, None where it is still on disk, and the file's name."""
    opened = server.documents.opened(request.uri) if request.uri else None
    return opened.text if opened else request.brief or None, parts_of(request.uri)[1]


async def _generate(server: "QuantumLayerServer", job: Job, request: Request, brief: "Brief") -> Ending:
    narrator = Narrator(job.progress)
    review = ""

    def emit(event: "Event") -> None:
        nonlocal review
        narrator.tell(event)
        if event.kind == "run_finished":
            review = event.review
        if event.kind == "file_finished":
            content = {"job": job.id, "path": event.file.path, "text": event.file.text}
            server.tell_extension(names.FILE_FINISHED, content)

    async with server.session.engine(request.uri or None) as engine:
        capsule = await engine.generate(brief, emit=emit)
        where = await hand_over(server, engine, capsule, _target(server, request, capsule))
        await engine.keep_authors(capsule)
        await refresh(server)
    return _ending(capsule, where, review)


def _read(request: Request, text: str | None, file_name: str) -> "Brief":
    from ..engine.brief import decode_brief, file_stem, parse_brief
    from ..engine.errors import BriefError
    from .documents import path_of

    if text is None:
        path = path_of(request.uri)
        if path is None:
            raise BriefError(f"{request.uri} is not open and not a file", "Open it in the editor.")
        try:
            text = decode_brief(path.read_bytes())
        except OSError as error:
            raise BriefError(
                f"{path} cannot be read: {error.strerror or error}", "Check the path."
            ) from error
    return parse_brief(text, name=request.name, default_name=file_stem(file_name))


def _target(server: "QuantumLayerServer", request: Request, capsule: "Capsule") -> str | None:
    """URI of the project's folder; None if there is no place for it."""
    from ..engine.brief import safe_name

    folder = _folder(server, request)
    name = safe_name(capsule.manifest.name) or "capsule"
    return f"{folder.rstrip('/')}/{quote(name)}" if folder else None


def _folder(server: "QuantumLayerServer", request: Request) -> str | None:
    folders = server.documents.folder_uris()
    beside = request.uri.rpartition("/")[0] if parts_of(request.uri)[0] == "file" else ""
    base = beside or (folders[0] if folders else "")
    if not request.folder:
        return base or None
    if "://" in request.folder:
        return request.folder
    from .documents import path_of

    root = path_of(base) if base else None
    path = (root or Path.cwd()) / request.folder
    return str(from_fs_path(str(path)))


def _ending(capsule: "Capsule", where: str, review: str) -> Ending:
    verdict = capsule.evidence.verdict
    count = len(capsule.files)
    what = f"{capsule.manifest.name} ({count} file{'s' if count != 1 else ''})"
    if verdict.status == "verified":
        message = f"Verified: {what}, confidence {verdict.confidence:.0%}. {where}"
        if review:
            message = f"Verified: {what}, and for review: {review}. {where}"
    else:
        reasons = "; ".join(verdict.reasons[:3]) or "the evidence is not enough"
        message = f"Not verified: {what}, because {reasons.rstrip('.')}. {where}"
    return Ending(verdict.status, message, capsule.id, review)

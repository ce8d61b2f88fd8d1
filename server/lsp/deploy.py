"""`quantumlayer.capsules.deploy`: a Dockerfile and a compose file into the project's folder."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from . import bring
from .documents import path_of
from .handover import apply_changes
from .jobs import Ending, Job

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from ..engine.types.versions import Deployment
    from .server import QuantumLayerServer


def start(server: "QuantumLayerServer", ref: str, folder: str) -> Job:
    async def work(job: Job) -> Ending:
        async with server.session.engine(None) as engine:
            capsule = await engine.get_capsule(ref)
            made = await engine.deployment(capsule.id)
            target = bring.target_of(server, capsule, folder)
            if target is None:
                return Ending("failed", "There is no folder to put the files in: open one, or name a folder.")
            failure = await _put(server, engine, made, target)
        if failure:
            return Ending("failed", failure, capsule.id)
        return Ending("done", _told(made, target), capsule.id)

    return server.jobs.start(f"deployment files of {ref[:24]}", work)


async def _put(server: "QuantumLayerServer", engine: "Engine", made: "Deployment", target: str) -> str:
    """Empty if they are there now, else why not."""
    if not server.features.apply_edit:
        folder = path_of(target)
        if folder is None:
            return f"{target} is no folder on this machine."
        await engine.write_files(made.files, folder)
        return ""
    uris = {file.path: f"{target}/{quote(file.path)}" for file in made.files}
    there = await bring.texts(server, uris)
    changes, kept = bring.changes_of(server, uris, {file.path: file.text for file in made.files}, there)
    if kept:
        return f"There are other files in their place: {', '.join(kept)}. Move them away first."
    return await apply_changes(server, f"Deployment of {made.name}", changes)


def _told(made: "Deployment", target: str) -> str:
    words = f"{', '.join(file.path for file in made.files)}: in {path_of(target) or target}."
    failed = [str(stage.stage) for stage in made.stages if stage.status == "failed"]
    problems = f" Failed there: {', '.join(failed)}." if failed else ""
    return " ".join([words + problems, *(f"{note}." for note in made.notes)])

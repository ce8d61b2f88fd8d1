"""`quantumlayer.validateFile` and `.validateWorkspace`: the engine's stages, shown as diagnostics."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pygls.uris import from_fs_path

from ..engine.languages import is_code, language_of
from .documents import Snapshot, is_utf8, path_of
from .jobs import Ending, Job

if TYPE_CHECKING:
    from ..engine.events import Event
    from ..engine.facade import Engine
    from ..engine.types import Finding, StageResult
    from .projects import LocalProject
    from .server import QuantumLayerServer

_MOST_NAMED = 5


def start_file(server: "QuantumLayerServer", uri: str) -> Job:
    """Checks one file, as the editor shows it, against what it imports."""
    opened = server.documents.all_opened()

    async def work(job: Job) -> Ending:
        return await _file(server, job, uri, opened)

    name = uri.rpartition("/")[2]
    return server.jobs.start(f"validate {name}", work, key=f"validate {uri} {hash(opened)}")


def start_workspace(server: "QuantumLayerServer") -> Job:
    """Checks every project in the workspace's folders."""
    opened = server.documents.all_opened()

    async def work(job: Job) -> Ending:
        return await _workspace(server, job, opened)

    return server.jobs.start("validate workspace", work, key=f"validate workspace {hash(opened)}")


async def _file(server: "QuantumLayerServer", job: Job, uri: str, opened: Sequence[Snapshot]) -> Ending:
    from ..engine.errors import StorageError

    path = path_of(uri)
    snapshot = next((document for document in opened if document.uri == uri), None)
    if path is None:
        raise StorageError(f"{uri} is not a file", "Save it first.")
    folder = server.folder_of(uri)
    limit = path_of(folder) if folder else None
    async with server.session.engine(uri) as engine:
        from .projects import around

        project = await asyncio.to_thread(around, path, limit, _overlay(opened))
        inside = path.relative_to(project.root).as_posix()
        if inside not in project.files:
            raise StorageError(f"{path} cannot be read", "Check that it exists and is a file.")
        if not is_usable(inside):
            step = "Rename it, or open a folder nearer to it as the workspace."
            raise StorageError(f"{inside} cannot be checked: the path is too long or not portable", step)
        results = await _validate(engine, job, project, runtime=False)
    findings = [found for result in results for found in result.findings if found.path == inside]
    ran = [str(result.stage) for result in results if result.status != "skipped"]
    shown = _publish(server, uri, findings, ran, project.files[inside], snapshot)
    return _ending(path.name, findings, results, stale=() if shown else (path.name,))


async def _workspace(server: "QuantumLayerServer", job: Job, opened: Sequence[Snapshot]) -> Ending:
    from ..engine.errors import StorageError

    folders = [(uri, path) for uri in server.documents.folder_uris() if (path := path_of(uri))]
    if not folders:
        raise StorageError("there is no workspace folder", "Open a folder in the editor.")
    versions = {path_of(document.uri): document for document in opened}
    findings: list[Finding] = []
    results: list[StageResult] = []
    stale: list[str] = []
    left_out: list[str] = []
    for uri, folder in folders:
        async with server.session.engine(uri) as engine:
            from .projects import within

            for project in await asyncio.to_thread(within, folder, _overlay(opened)):
                left_out += unusable(project)
                if not is_utf8(project.root):
                    continue
                job.progress.report(f"{project.root.name}: {len(project.files)} files")
                found = await _validate(engine, job, project, runtime=True)
                results += found
                findings += [finding for result in found for finding in result.findings]
                stale += await _publish_project(server, project, found, versions)
    for uri in await asyncio.to_thread(_gone, server.shown.uris()):
        if server.documents.opened(uri) is None:
            server.shown.clear(uri)
    return _ending("the workspace", findings, results, stale, left_out)


async def _validate(
    engine: "Engine", job: Job, project: "LocalProject", *, runtime: bool
) -> "tuple[StageResult, ...]":
    from ..engine.types import SourceFile, Stage

    def emit(event: "Event") -> None:
        if event.kind == "stage_finished":
            job.progress.report(f"{event.result.stage}: {event.result.status}")

    # The engine judges nothing where one file is too large for it; what is only read can be left out.
    most = engine.settings.validate_.max_file_kb * 1024
    files = [
        SourceFile(path=path, text=text)
        for path, text in project.files.items()
        if is_usable(path) and (language_of(path) == "python" or len(text) <= most)
    ]
    wanted = [Stage(name) for name in engine.settings.validate_.stages]
    stages = [stage for stage in wanted if runtime or stage is not Stage.RUNTIME]
    folder = str(project.root)
    return await engine.validate(files, stages, packages=project.packages, folder=folder, emit=emit)


def _gone(uris: Iterable[str]) -> list[str]:
    """Documents that were deleted or renamed since they were shown as faulty."""
    return [uri for uri in uris if (path := path_of(uri)) is None or not path.is_file()]


def _declaring(root: Path) -> str:
    """Where a finding about the project's packages is shown: it has no file of its own."""
    names = ("pyproject.toml", "requirements.txt")
    return next((name for name in names if (root / name).is_file()), names[0])


def is_usable(path: str) -> bool:
    """Whether the engine takes a file of this path."""
    from ..engine.types import check_path

    try:
        return bool(check_path(path))
    except ValueError:
        return False


def unusable(project: "LocalProject") -> list[str]:
    """The files that cannot be checked because of their names, or all because of their folder's."""
    return [path for path in project.files if not (is_usable(path) and is_utf8(project.root))]


def not_checked(left_out: Sequence[str]) -> str:
    """A sentence that names files, also those whose names no message can hold."""
    names = ", ".join(left_out[:_MOST_NAMED]).encode("utf-8", "replace").decode()
    more = f" and {len(left_out) - _MOST_NAMED} more" if len(left_out) > _MOST_NAMED else ""
    return f"Not checked, because of their names: {names}{more}."


def _overlay(opened: Iterable[Snapshot]) -> Mapping[Path, str]:
    return {path: document.text for document in opened if (path := path_of(document.uri))}


async def _publish_project(
    server: "QuantumLayerServer",
    project: "LocalProject",
    results: "Sequence[StageResult]",
    versions: Mapping[Path | None, Snapshot],
) -> list[str]:
    """Returns the names of the files that changed meanwhile."""

    shown = {path_of(uri) for uri in server.shown.uris()}
    ran = [str(result.stage) for result in results if result.status != "skipped"]
    usable = filter(is_usable, project.files)
    cleared = (path for path in usable if is_code(path) or project.root / path in shown)
    by_path: dict[str, list[Finding]] = {path: [] for path in cleared}
    for result in results:
        for finding in result.findings:
            by_path.setdefault(finding.path or _declaring(project.root), []).append(finding)
    stale = []
    for inside, findings in by_path.items():
        await asyncio.sleep(0)  # there may be thousands
        snapshot = versions.get(project.root / inside)
        uri = snapshot.uri if snapshot else str(from_fs_path(str(project.root / inside)))
        if not _publish(server, uri, findings, ran, project.files.get(inside, ""), snapshot):
            stale.append(inside)
    return stale


def _publish(
    server: "QuantumLayerServer",
    uri: str,
    findings: "Sequence[Finding]",
    ran: Sequence[str],
    text: str,
    snapshot: Snapshot | None,
) -> bool:
    """Shows the findings of the stages that ran, unless the document is another one by now."""
    now = server.documents.opened(uri)
    if (now.text if now else None) != (snapshot.text if snapshot else None) and (now or snapshot):
        return False
    by_stage = {stage: [found for found in findings if found.stage == stage] for stage in ran}
    server.shown.judge(uri, text, by_stage)
    server.shown.tell(uri, even_nothing=True)
    return True


def _ending(
    what: str,
    findings: "Sequence[Finding]",
    results: "Sequence[StageResult]",
    stale: Sequence[str],
    left_out: Sequence[str] = (),
) -> Ending:
    counts = Counter(str(finding.severity) for finding in findings)
    counted = [f"{counts[kind]} {kind}{'s' if counts[kind] != 1 else ''}" for kind in ("error", "warning")]
    parts = [f"{what}: {', '.join(counted)}."]
    skipped = {str(result.stage): result.reason for result in results if result.status == "skipped"}
    parts += [f"Not checked: {stage} ({reason})." for stage, reason in skipped.items()]
    if left_out:
        parts.append(not_checked(left_out))
    if stale:
        parts.append(f"Changed meanwhile, so not shown: {', '.join(stale)}. Run it again.")
    return Ending("done", " ".join(parts))

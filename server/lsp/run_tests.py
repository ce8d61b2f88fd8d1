"""The tests that concern a file, run in the sandbox: on request, and after a save where that is wanted."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.uris import from_fs_path

from ..engine.errors import QuantumLayerError, StorageError
from .concerned import has_tests, is_test_file, tests_of
from .documents import path_of
from .jobs import Ending, Job, Outcome
from .output import Output
from .shown import Common
from .validate import is_usable, not_checked, unusable

if TYPE_CHECKING:
    from ..engine.events import Event
    from ..engine.facade import Engine
    from ..engine.types import Finding, StageResult
    from .projects import LocalProject
    from .server import QuantumLayerServer

_STAGE = "runtime"
_PATIENCE_S = 5.0
_OTHERS = {"tests_skipped": "skipped", "tests_not_run": "not run"}


@dataclass
class _Asked:
    """One workspace folder: whose tests are to be run, and the job that does it."""

    waiting: set[Path] = field(default_factory=set)
    """Files that were saved, or asked about, since their tests were run to the end."""
    job: Job | None = None


@dataclass
class _Tested:
    """One project: what was printed last, and which files have failures."""

    output: Output
    finished: set[str] = field(default_factory=set)
    """Files of which a test has ended in the newest run."""
    shown: set[str] = field(default_factory=set)


class Tests:
    """The tests of one connection's projects."""

    def __init__(self, server: "QuantumLayerServer") -> None:
        self._server = server
        self._asked: dict[str, _Asked] = {}
        self._tested: dict[Path, _Tested] = {}
        self._said: set[str] = set()

    def saved(self, uri: str) -> None:
        """Runs the tests that concern the file, if the user's settings say so."""
        if uri.startswith("file:") and has_tests(uri):
            self._server.keep(self._saved(uri))

    def start(self, uri: str, *, quiet: bool = False) -> Job:
        """A newer run takes over what an older one was asked for, and ends it."""
        path = path_of(uri) if uri.startswith("file:") else None
        if path is None:
            raise StorageError(f"{uri} is not a file", "Save it first.")
        asked = self._asked.setdefault(self._server.folder_of(uri) or str(path.parent), _Asked())
        asked.waiting.add(path)
        older, names = asked.job, ", ".join(sorted(one.name for one in asked.waiting))
        if older is not None:
            older.quiet = True
            older.cancel()

        async def work(job: Job) -> Ending:
            if older is not None and older.running is not None:
                await asyncio.wait({older.running})
            asked.waiting.add(path)  # the older run may have ended with it before it could be cancelled
            return await self._run(job, asked, uri)

        asked.job = self._server.jobs.start(f"tests of {names}", work, quiet=quiet)
        return asked.job

    async def are_offered(self, uri: str) -> bool:
        """Whether to show that they can be run; not where the settings are wrong, which is told elsewhere."""
        try:
            return await self.are_wanted(uri)
        except QuantumLayerError:
            return False

    async def are_wanted(self, uri: str) -> bool:
        """Whether they may be run when somebody asks."""
        async with self._server.session.engine(uri) as engine:
            return engine.settings.live.tests != "never"

    def text(self, uri: str) -> str:
        """What the newest run of a project printed."""
        return next((one.output.text for one in self._tested.values() if one.output.uri == uri), "")

    async def show_output(self) -> bool:
        """Asks the client to show the output of the newest run; False if there is none, or it cannot."""
        if not self._tested or not self._server.features.show_document:
            return False
        newest = tuple(self._tested.values())[-1]
        params = types.ShowDocumentParams(uri=newest.output.link, take_focus=True)
        try:
            answer = await self._server.protocol.ask(types.WINDOW_SHOW_DOCUMENT, params, _PATIENCE_S)
        except (JsonRpcException, TimeoutError):
            return False
        return bool(answer and answer.success)

    async def _saved(self, uri: str) -> None:
        async with self._server.session.engine(uri) as engine:
            wanted = engine.settings.live.tests == "on_save"
        if wanted:
            self.start(uri, quiet=True)

    # -- one run -------------------------------------------------------------------------------

    async def _run(self, job: Job, asked: _Asked, uri: str) -> Ending:
        changed = frozenset(asked.waiting)
        documents = self._server.documents.all_opened()
        overlay = {path: one.text for one in documents if (path := path_of(one.uri))}
        folder = self._server.folder_of(uri)
        limit = path_of(folder) if folder else None
        endings = []
        async with self._server.session.engine(uri) as engine:
            for root, paths in (await asyncio.to_thread(_by_root, changed, limit)).items():
                endings.append(await self._project(job, engine, root, paths, overlay))
        asked.waiting -= changed
        worst: Outcome = "failed" if any(ending.outcome == "failed" for ending in endings) else "done"
        return Ending(worst, " ".join(ending.message for ending in endings))

    async def _project(
        self, job: Job, engine: "Engine", root: Path, paths: Collection[Path], overlay: Mapping[Path, str]
    ) -> Ending:
        project, tests, unnamed = await asyncio.to_thread(_chosen, root, overlay, paths)
        left_out = f" {not_checked(unnamed)}" if unnamed else ""
        if not tests:
            names = ", ".join(sorted(path.name for path in paths))
            return Ending("done", left_out.strip() or f"No test imports {names}, so none was run.")
        tested = self._tested.pop(root, None) or _Tested(Output(self._server, root))
        self._tested[root] = tested  # the newest is the last
        result = await self._watched(job, engine, tested, project, tests)
        if result.status == "skipped" and not result.tools:
            return self._not_run(job, result.reason)
        await self._publish(tested, project, tests, result)
        return Ending("done", f"{_in_words(result, tested.output.place)}{left_out}")

    async def _watched(
        self, job: Job, engine: "Engine", tested: _Tested, project: "LocalProject", tests: Sequence[str]
    ) -> "StageResult":
        from ..engine.types import SourceFile

        def told(event: "Event") -> None:
            if event.kind == "test_finished":
                if event.outcome != "not_run":
                    tested.finished.add(event.test.partition("::")[0])
                tested.output.add(f"{event.test} {event.outcome}\n")
                counted = f"{event.done} of {event.total}"
                job.progress.report(f"{counted}: {event.test} {event.outcome}", event.done / event.total)
            elif event.kind == "sandbox_output":
                tested.output.add(event.text)

        job.progress.report(f"{len(tests)} test {'file' if len(tests) == 1 else 'files'}, in the sandbox")
        tested.output.restart()
        tested.finished.clear()
        files = [SourceFile(path=path, text=text) for path, text in project.files.items() if is_usable(path)]
        folder = str(project.root)
        try:
            return await engine.run_tests(files, tests, packages=project.packages, folder=folder, emit=told)
        finally:
            await asyncio.shield(tested.output.flush())

    def _not_run(self, job: Job, reason: str) -> Ending:
        """Whoever asked is told each time; whoever only saved, once."""
        message = f"Tests were not run: {reason}"
        if job.quiet and reason not in self._said:
            self._said.add(reason)
            self._server.show(types.MessageType.Warning, message)
        return Ending("failed", message)

    # -- what is shown -------------------------------------------------------------------------

    async def _publish(
        self, tested: _Tested, project: "LocalProject", tests: Sequence[str], result: "StageResult"
    ) -> None:
        """What these tests found, in place of what they found before.

        Of a run that was cut off, only files with a test that has ended; what else is shown stays as it is.
        """
        whole = _is_whole(result)
        gone = {
            path for path in tested.shown if path not in project.files or (whole and not is_test_file(path))
        }
        found: dict[str, list[Finding]] = {
            path: [] for path in gone | (set(tests) if whole else tested.finished)
        }
        for one in result.findings:
            found.setdefault(one.path, []).append(self._placed(one, project.root))
        for path, findings in sorted(found.items()):
            await asyncio.sleep(0)
            await self._show(project, path, findings)
        tested.shown = (tested.shown - found.keys()) | {path for path, part in found.items() if part}

    async def _show(self, project: "LocalProject", path: str, findings: Sequence["Finding"]) -> None:
        """Where the text has changed meanwhile, findings keep to their lines."""
        uri = str(from_fs_path(str(project.root / path)))
        document = next(
            (one for one in self._server.documents.all_opened() if path_of(one.uri) == project.root / path),
            None,
        )
        before = project.files.get(path, "")
        text = document.text if document else before
        shown = findings if text == before else Common(before, text).moved(findings)
        self._server.shown.judge(document.uri if document else uri, text, {_STAGE: shown})
        self._server.shown.tell(document.uri if document else uri, even_nothing=True)

    def _placed(self, finding: "Finding", root: Path) -> "Finding":
        """Related places have whole paths from here on, for clients that show them."""
        related = finding.related if self._server.features.related_information else ()
        whole = tuple(one.model_copy(update={"path": str(root / one.path)}) for one in related)
        return finding.model_copy(update={"related": whole})


def _by_root(paths: Collection[Path], limit: Path | None) -> dict[Path, set[Path]]:
    from .projects import find_root

    found: dict[Path, set[Path]] = {}
    for path in sorted(paths):
        found.setdefault(find_root(path, limit), set()).add(path)
    return found


def _chosen(
    root: Path, overlay: Mapping[Path, str], changed: Collection[Path]
) -> "tuple[LocalProject, tuple[str, ...], tuple[str, ...]]":
    """The whole project, and which of its tests concern the files; those whose names nothing can be told of
    stand apart. Raises StorageError if it is too large."""
    from .projects import within

    project = next((one for one in within(root, overlay) if one.root == root), None)
    if project is None:
        raise StorageError(f"there is no code in {root}", "Save the file first.")
    inside = {path.relative_to(root).as_posix() for path in changed if path.is_relative_to(root)}
    tests = tests_of(project.files, inside)
    unnamed = frozenset(unusable(project))
    return (
        project,
        tuple(test for test in tests if test not in unnamed),
        tuple(test for test in tests if test in unnamed),
    )


def _is_whole(result: "StageResult") -> bool:
    """Whether every test was run; one that passes is, also where it says that there were none."""
    return result.status == "passed" or not (result.reason or result.facts.get("tests_not_run"))


def _in_words(result: "StageResult", place: str) -> str:
    facts = result.facts
    names = {"tests_passed": "passed", "tests_failed": "failed", "tests_errors": "could not run"}
    counted = [f"{facts[key]} {word}" for key, word in names.items() if facts.get(key)]
    counted += [f"{facts[key]} {word}" for key, word in _OTHERS.items() if facts.get(key)]
    reason = f" {result.reason}." if result.reason else ""
    return f"Tests: {', '.join(counted) or 'none was run'}.{reason} Output: {place}"

"""`workspace/diagnostic`: what is found in open documents, and, where the user wants it, in all other files.

Other files are looked at by the mesh, for the stages that come at once. Its results are remembered by
content, so that a pull after an edit costs one file; and where no file has changed since the last pull, none
is read at all.
"""

import asyncio
import hashlib
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import from_fs_path

from ..engine.errors import QuantumLayerError
from .diagnostics import to_diagnostics
from .documents import path_of, split_lines
from .noqa import silences
from .shown import MOST_FINDINGS, key_of, report_id

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from ..engine.types import Finding
    from ..settings import Settings
    from .projects import LocalProject
    from .server import QuantumLayerServer

log = logging.getLogger(__name__)
_AT_ONCE = ("syntax", "style", "security")
_TOGETHER = 50
Report = types.WorkspaceFullDocumentDiagnosticReport | types.WorkspaceUnchangedDocumentDiagnosticReport


class _Report:
    """All that was found in one file; what of it is pulled is decided with each answer."""

    def __init__(self, by_stage: Mapping[str, list[types.Diagnostic]]) -> None:
        self._by_stage = by_stage
        self._whole = self._made(())

    def without(self, stages: Collection[str]) -> tuple[str, list[types.Diagnostic]]:
        """The id of the report, and what is in it."""
        return self._made(stages) if stages else self._whole

    def _made(self, without: Collection[str]) -> tuple[str, list[types.Diagnostic]]:
        kept = [one for stage, part in self._by_stage.items() if stage not in without for one in part]
        return report_id(kept[:MOST_FINDINGS]), kept[:MOST_FINDINGS]


@dataclass
class _Looked:
    """A folder as it was looked at last."""

    signature: str
    reports: dict[str, _Report] = field(default_factory=dict)
    """By URI."""


class WorkspaceDiagnostics:
    """The pulls of one connection; one at a time, as each would do the same work."""

    def __init__(self, server: "QuantumLayerServer") -> None:
        self._server = server
        self._looked: dict[str, _Looked] = {}
        self._turn = asyncio.Lock()
        self._said: set[str] = set()

    async def pull(self, params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        """Everything, or nothing where all of it went ahead as partial results."""
        sink = _Sink(self._server, params)
        for document in self._server.documents.all_opened():
            if self._server.shown.page(document.uri) is not None:
                ident, diagnostics = self._server.shown.listed(document.uri)
                await sink.add(document.uri, ident, diagnostics, document.version)
        async with self._turn:
            for folder in self._server.documents.folder_uris():
                for uri, report in (await self._folder(folder)).items():
                    if not self._server.documents.is_open(uri):
                        await sink.add(uri, *report.without(self._pushed(uri)), None)
        return await sink.end()

    # -- files that are not open ---------------------------------------------------------------

    async def _folder(self, uri: str) -> Mapping[str, _Report]:
        path = path_of(uri)
        if path is None:
            return {}
        try:
            async with self._server.session.engine(uri) as engine:
                if engine.settings.live.files != "all":
                    self._looked.pop(uri, None)
                    return {}
                signature = await asyncio.to_thread(_signature, path, engine.settings)
                looked = self._looked.get(uri)
                if looked is None or looked.signature != signature:
                    looked = self._looked[uri] = await self._look(engine, path, signature)
                return looked.reports
        except QuantumLayerError as error:
            self._say(f"Files that are not open are not checked: {error}")
            return {}

    async def _look(self, engine: "Engine", folder: Path, signature: str) -> _Looked:
        """Where a tool failed, the next pull asks again; what is switched off or missing stays so."""
        from .projects import is_validated, within
        from .validate import not_checked, unusable

        looked = _Looked(signature)
        left_out: set[str] = set()
        for project in await asyncio.to_thread(within, folder, {}):
            unnamed = {path for path in unusable(project) if is_validated(Path(path))}
            left_out |= unnamed
            by_path, whole = await _findings(engine, project, unnamed)
            looked.signature = looked.signature if whole else ""
            for inside, text in project.files.items():
                if is_validated(Path(inside)) and inside not in unnamed:
                    await asyncio.sleep(0)  # there may be thousands
                    uri = str(from_fs_path(str(project.root / inside)))
                    codec, lines = self._server.documents.position_codec, split_lines(text)
                    by_stage = {
                        stage: to_diagnostics(part[:MOST_FINDINGS], lines, codec)
                        for stage, part in _by_stage(by_path.get(inside, ())).items()
                    }
                    looked.reports[uri] = _Report(by_stage)
        if left_out:
            self._say(not_checked(sorted(left_out)))
        return looked

    def _say(self, message: str) -> None:
        """Once, in the client's log."""
        if message not in self._said:
            self._said.add(message)
            self._server.log_message(message)

    def _pushed(self, uri: str) -> Collection[str]:
        """The stages that a validation has told of a closed file by a push; the client shows both."""
        page = self._server.shown.page(uri)
        return page.judged if page is not None and page.pushed else ()


def _by_stage(findings: Iterable["Finding"]) -> dict[str, list["Finding"]]:
    found: dict[str, list[Finding]] = {}
    for one in findings:
        found.setdefault(str(one.stage), []).append(one)
    return found


class _Sink:
    """Where reports go: into the answer, or ahead of it to clients that take partial results."""

    def __init__(self, server: "QuantumLayerServer", params: types.WorkspaceDiagnosticParams) -> None:
        self._server = server
        self._token = params.partial_result_token
        self._known = {key_of(one.uri): (one.uri, one.value) for one in params.previous_result_ids}
        self._items: list[Report] = []

    async def add(
        self, uri: str, ident: str, diagnostics: list[types.Diagnostic], version: int | None
    ) -> None:
        """Files without findings are told of only where the client may have had some."""
        _, known = self._known.pop(key_of(uri), ("", None))
        if known == ident:
            self._items.append(
                types.WorkspaceUnchangedDocumentDiagnosticReport(uri=uri, result_id=ident, version=version)
            )
        elif diagnostics or known is not None or version is not None:
            self._items.append(
                types.WorkspaceFullDocumentDiagnosticReport(
                    uri=uri, items=diagnostics, result_id=ident, version=version
                )
            )
        if self._token is not None and len(self._items) >= _TOGETHER:
            self._send()
            await asyncio.sleep(0)

    async def end(self) -> types.WorkspaceDiagnosticReport:
        """What the client had findings of, and is no more, has none."""
        for uri, _ in tuple(self._known.values()):
            await self.add(uri, report_id(()), [], None)
        if self._token is not None and self._items:
            self._send()
        return types.WorkspaceDiagnosticReport(items=self._items)

    def _send(self) -> None:
        assert self._token is not None
        value = types.WorkspaceDiagnosticReportPartialResult(items=self._items)
        self._server.protocol.notify(types.PROGRESS, types.ProgressParams(token=self._token, value=value))
        self._items = []


async def _findings(
    engine: "Engine", project: "LocalProject", left_out: Collection[str]
) -> tuple[dict[str, list["Finding"]], bool]:
    """By path, and whether asking again would tell no more; what a comment silences is left out."""
    from ..engine.types import SourceFile, Stage
    from .projects import is_validated

    most = engine.settings.validate_.max_file_kb * 1024
    files = [
        SourceFile(path=path, text=text)
        for path, text in project.files.items()
        if is_validated(Path(path)) and path not in left_out and len(text) <= most
    ]
    stages = [Stage(name) for name in engine.settings.live.stages if name in _AT_ONCE]
    results = await engine.validate(files, stages, folder=str(project.root)) if files and stages else ()
    found: dict[str, list[Finding]] = {}
    lines: dict[str, list[str]] = {}
    looked_at = 0
    for one in (one for result in results for one in result.findings):
        if one.path not in lines:
            lines[one.path] = project.files.get(one.path, "").split("\n")
        if not _is_silenced(one, lines[one.path]):
            found.setdefault(one.path, []).append(one)
        if (looked_at := looked_at + 1) % _TOGETHER == 0:
            await asyncio.sleep(0)
    return found, all(result.status != "skipped" or "lasting" in result.facts for result in results)


def _is_silenced(finding: "Finding", lines: Sequence[str]) -> bool:
    """Only of ruff's rules: the comment is ruff's, and other tools show what they find all the same."""
    if finding.stage != "security" or not finding.tool.startswith("ruff"):
        return False
    its_own = lines[finding.range.start.line : finding.range.end.line + 1]
    return any(silences(line, finding.rule) for line in its_own)


def _signature(folder: Path, settings: "Settings") -> str:
    """Of the files as the file system tells of them, and of the settings."""
    from .projects import validated_files

    told = [repr(settings)]
    told += [f"{path}\0{size}\0{changed}" for path, size, changed in _stats(validated_files(folder))]
    return hashlib.sha256("\n".join(told).encode("utf-8", "surrogatepass")).hexdigest()


def _stats(paths: Iterable[Path]) -> Iterable[tuple[Path, int, int]]:
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        yield path, stat.st_size, stat.st_mtime_ns

"""What is shown of each document: findings by who found them, in the text they were found in.

A stage's result replaces what the same tool said before and nothing else. When the text changes, findings
move with their lines and those in changed lines go, so that nothing flickers and nothing stands in the
wrong place until its tool has looked again.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from .diagnostics import to_diagnostics
from .documents import Snapshot, split_lines

if TYPE_CHECKING:
    from ..engine.types import Finding
    from .server import QuantumLayerServer

Source = tuple[str, str]
"""A stage and a tool of it; the tool is empty for the stage as a whole."""


@dataclass
class Page:
    """One document."""

    text: str
    found: dict[Source, tuple["Finding", ...]] = field(default_factory=dict)
    pulled: str = ""
    """The id of the report that the client has."""
    pushed: bool = False
    """Whether the client has findings that were pushed."""

    def findings(self) -> list["Finding"]:
        return [finding for part in self.found.values() for finding in part]


class Shown:
    """The pages of one connection. The client pulls those of open documents if it can; others are pushed."""

    def __init__(self, server: "QuantumLayerServer") -> None:
        self._server = server
        self._pages: dict[str, Page] = {}
        self._refreshing = False

    def page(self, uri: str) -> Page | None:
        return self._pages.get(uri)

    def uris(self) -> tuple[str, ...]:
        """Documents that have diagnostics of ours."""
        return tuple(uri for uri, page in self._pages.items() if page.findings())

    def put(self, uri: str, text: str, stage: str, tool: str, findings: Sequence["Finding"]) -> None:
        """What a tool found in `text`; without a tool, all that its stage found. `tell` shows it."""
        page = self._page(uri, text)
        for source in tuple(page.found):
            if source[0] == stage and (not tool or not source[1]):
                del page.found[source]
        page.found[(stage, tool)] = tuple(findings)

    def drop(self, uri: str, stage: str) -> None:
        """The stage cannot be looked at any more."""
        if (page := self._pages.get(uri)) is not None:
            page.found = {source: part for source, part in page.found.items() if source[0] != stage}

    def change(self, uri: str, text: str) -> None:
        """The document has another text now. A client that pulls does so for it, without being asked."""
        if uri in self._pages:
            self._page(uri, text).pulled = ""

    def open(self, uri: str) -> None:
        """A client that pulls would show what was pushed a second time."""
        if self._server.features.pull_diagnostics and uri in self._pages:
            self._push(uri, [], None)
        if (document := self._server.documents.opened(uri)) is not None:
            self.change(uri, document.text)

    def clear(self, uri: str) -> None:
        """Nothing is shown of it."""
        if (page := self._pages.pop(uri, None)) is not None and page.findings():
            self._push(uri, [], self._server.documents.opened(uri))

    def tell(self, uri: str, *, even_nothing: bool = False) -> None:
        """Brings the client up to date; `even_nothing`: also that there is nothing where nothing was."""
        document = self._server.documents.opened(uri)
        page = self._pages.get(uri)
        if page is None:
            return
        if document is not None and self._server.features.pull_diagnostics:
            if page.pulled and _report_id(self._diagnostics(page)) != page.pulled:
                self._refresh()
            return
        diagnostics = self._diagnostics(page)
        if diagnostics or page.pushed or even_nothing:
            page.pushed = bool(diagnostics)
            self._push(uri, diagnostics, document)

    def pull(self, uri: str, known: str | None) -> types.DocumentDiagnosticReport:
        """What `textDocument/diagnostic` answers."""
        page = self._pages.get(uri) or Page("")
        diagnostics = self._diagnostics(page)
        page.pulled = _report_id(diagnostics)
        if known == page.pulled:
            return types.RelatedUnchangedDocumentDiagnosticReport(result_id=page.pulled)
        return types.RelatedFullDocumentDiagnosticReport(items=diagnostics, result_id=page.pulled)

    def _page(self, uri: str, text: str) -> Page:
        page = self._pages.setdefault(uri, Page(text))
        if page.text != text:
            page.found = {source: tuple(moved(part, page.text, text)) for source, part in page.found.items()}
            page.text = text
        return page

    def _diagnostics(self, page: Page) -> list[types.Diagnostic]:
        return to_diagnostics(page.findings(), page.text, self._server.documents.position_codec)

    def _push(self, uri: str, diagnostics: list[types.Diagnostic], document: Snapshot | None) -> None:
        version = document.version if document else None
        params = types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics, version=version)
        self._server.text_document_publish_diagnostics(params)

    def _refresh(self) -> None:
        """Asks the client to pull again; once, however often there is news meanwhile."""
        if not self._refreshing:
            self._refreshing = True
            self._server.keep(self._ask_to_refresh())

    async def _ask_to_refresh(self) -> None:
        self._refreshing = False
        try:
            await self._server.protocol.ask(types.WORKSPACE_DIAGNOSTIC_REFRESH, None, 5.0)
        except (JsonRpcException, TimeoutError):
            return  # it pulls with the next change


def moved(findings: Iterable["Finding"], before: str, after: str) -> list["Finding"]:
    """The findings that stand in lines both texts have at their beginning, or at their end."""
    old, new = split_lines(before), split_lines(after)
    most = min(len(old), len(new))
    head = next((number for number in range(most) if old[number] != new[number]), most)
    tail = next(
        (number for number in range(most - head) if old[-1 - number] != new[-1 - number]), most - head
    )
    kept = []
    for finding in findings:
        start, end = finding.range.start, finding.range.end
        if end.line < head:
            kept.append(finding)
        elif start.line >= len(old) - tail:
            kept.append(_shifted(finding, len(new) - len(old)))
    return kept


def _shifted(finding: "Finding", lines: int) -> "Finding":
    if lines == 0:
        return finding
    places = {
        name: place.model_copy(update={"line": place.line + lines})
        for name, place in (("start", finding.range.start), ("end", finding.range.end))
    }
    # Their edits would change other lines than they were made for.
    changed = {"range": finding.range.model_copy(update=places), "fix": None, "suppress": None}
    return finding.model_copy(update=changed)


def _report_id(diagnostics: Sequence[types.Diagnostic]) -> str:
    told = [
        (one.range.start, one.range.end, one.severity, one.code, one.message, one.tags) for one in diagnostics
    ]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]

"""What is shown of each document: findings by who found them, in the text they were found in.

There are two kinds. *Live* findings come while someone types; a tool's replace what it said before and
nothing else. *Judged* ones come from a validation that was asked for, and are the stricter: while the text is
the one that was judged, they stand in place of live ones of the same stage. When the text changes, findings
move with their lines and those in changed lines go, so that nothing flickers and nothing stands in the wrong
place until its tool has looked again.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from .diagnostics import to_diagnostics
from .documents import Snapshot, split_lines

if TYPE_CHECKING:
    from ..engine.types import Finding
    from .server import QuantumLayerServer

MOST_FINDINGS = 1000
"""Of one document; nobody reads more, and editors are slow with them."""
_RANKS = {"error": 0, "warning": 1, "info": 2, "hint": 3}
_PATIENCE_S = 5.0
_DRIVE = re.compile(r"^(file:///)([A-Za-z])(:)")
Found = dict[tuple[str, str], tuple["Finding", ...]]
"""Findings by stage and tool."""


@dataclass
class Page:
    """One document."""

    uri: str
    """As the client spelled it last."""
    text: str
    live: Found = field(default_factory=dict)
    judged: dict[str, tuple["Finding", ...]] = field(default_factory=dict)
    """By stage, in `judged_text`."""
    judged_text: str = ""
    drifted: dict[str, tuple["Finding", ...]] = field(default_factory=dict)
    """The judged ones as far as they still stand in `text`."""
    pulled: str = ""
    """The id of the report that the client has."""
    pushed: bool = False
    """Whether the client has findings that were pushed."""

    coming: str | None = None
    """The text that it has by now, before anybody has asked what that means for the findings."""
    _lines: tuple[str, ...] | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """Of `text`; each keystroke asks for them several times."""
        if self._lines is None:
            self._lines = split_lines(self.text)
        return self._lines

    def rest(self) -> None:
        """Nobody types into it: to keep its lines would double its size."""
        self._lines = None

    def findings(self) -> list["Finding"]:
        looked_at = {stage for stage, _ in self.live}
        as_judged = self.text == self.judged_text
        found: list[Finding] = []
        for stage, part in self.drifted.items():
            if as_judged or stage not in looked_at:
                found += part
        for (stage, _), part in self.live.items():
            if not (as_judged and stage in self.judged):
                found += part
        if len(found) > MOST_FINDINGS:  # the worst, and not the first tool's
            found.sort(key=lambda one: _RANKS[one.severity])
        return found[:MOST_FINDINGS]

    def catch_up(self) -> "Page":
        if self.coming is not None:
            text, self.coming = self.coming, None
            self.become(text)
        return self

    def become(self, text: str) -> None:
        if text == self.text:
            return
        lines = split_lines(text)
        if self.live or self.drifted:
            keep = Common.of_lines(self.lines, lines)
            self.live = {source: keep.moved(part) for source, part in self.live.items()}
            self.drifted = {stage: keep.moved(part) for stage, part in self.drifted.items()}
        if text == self.judged_text:
            self.drifted = dict(self.judged)
        self.text, self._lines = text, lines


class Shown:
    """The pages of one connection. The client pulls those of open documents if it can; others are pushed."""

    def __init__(self, server: "QuantumLayerServer") -> None:
        self._server = server
        self._pages: dict[str, Page] = {}
        self._refreshing = False

    def page(self, uri: str) -> Page | None:
        page = self._pages.get(key_of(uri))
        return page.catch_up() if page is not None else None

    def uris(self) -> tuple[str, ...]:
        """Documents that have diagnostics of ours."""
        return tuple(page.uri for page in self._pages.values() if page.catch_up().findings())

    def look(self, uri: str, text: str, stage: str, tool: str, findings: Sequence["Finding"]) -> None:
        """What a live tool found in `text`; `tell` shows it."""
        self._page(uri, text).live[(stage, tool)] = tuple(findings[:MOST_FINDINGS])

    def judge(self, uri: str, text: str, findings: Mapping[str, Sequence["Finding"]]) -> None:
        """What a validation found in `text`, by the stages that ran; `tell` shows it."""
        page = self._page(uri, text)
        earlier = page.judged if page.judged_text == text else {}
        page.judged = _worst({**earlier, **{stage: tuple(part) for stage, part in findings.items()}})
        page.judged_text = text
        page.drifted = dict(page.judged)

    def drop(self, uri: str, stage: str) -> None:
        """The stage cannot be looked at any more."""
        if (page := self.page(uri)) is not None:
            page.live = {source: part for source, part in page.live.items() if source[0] != stage}

    def change(self, uri: str, text: str) -> None:
        """The document has another text now: its findings move when they are asked for next.

        A client that pulls does so for it, without being asked.
        """
        if (page := self.page(uri)) is not None:
            page.coming = text
            page.pulled = ""

    def open(self, uri: str, text: str) -> None:
        """What was pushed under another spelling, or to a client that will pull, would be shown twice."""
        page = self.page(uri)
        if page is None:
            return
        if page.pushed and (page.uri != uri or self._server.features.pull_diagnostics):
            self._push(page.uri, [], None)
            page.pushed = False
        page.uri = uri
        page.become(text)

    def close(self, uri: str) -> None:
        """Live findings end with their document; judged ones stay if it is closed as it was judged."""
        page = self.page(uri)
        if page is None:
            return
        page.live = {}
        if page.text != page.judged_text:
            page.drifted = {}
        self.tell(uri)

    def clear(self, uri: str) -> None:
        """Nothing is shown of it."""
        page = self._pages.pop(key_of(uri), None)
        if page is not None and page.pushed:
            self._push(page.uri, [], self._server.documents.opened(uri))

    def tell(self, uri: str, *, even_nothing: bool = False) -> None:
        """Brings the client up to date; `even_nothing`: also that there is nothing where nothing was."""
        document = self._server.documents.opened(uri)
        page = self.page(uri)
        if page is None:
            return
        diagnostics = self._diagnostics(page)
        if document is None:
            page.rest()
        elif self._server.features.pull_diagnostics:
            if page.pulled and report_id(diagnostics) != page.pulled:
                self._refresh()
            return
        if diagnostics or page.pushed or even_nothing:
            page.pushed = bool(diagnostics)
            self._push(page.uri, diagnostics, document)
        if document is None and not diagnostics:
            del self._pages[key_of(uri)]

    def pull(self, uri: str, known: str | None) -> types.DocumentDiagnosticReport:
        """What `textDocument/diagnostic` answers; nothing for a document that is not open."""
        document = self._server.documents.opened(uri)
        # Kept also where nothing has been found yet: what comes later is news for whoever has pulled.
        page = self._page(uri, document.text) if document is not None else Page(uri, "")
        diagnostics = self._diagnostics(page)
        page.pulled = report_id(diagnostics)
        if known == page.pulled:
            return types.RelatedUnchangedDocumentDiagnosticReport(result_id=page.pulled)
        return types.RelatedFullDocumentDiagnosticReport(items=diagnostics, result_id=page.pulled)

    def listed(self, uri: str) -> tuple[str, list[types.Diagnostic]]:
        """The id of what is shown of a document, and the diagnostics; nothing changes by asking."""
        page = self.page(uri) or Page(uri, "")
        diagnostics = self._diagnostics(page)
        return report_id(diagnostics), diagnostics

    def _page(self, uri: str, text: str) -> Page:
        page = self._pages.setdefault(key_of(uri), Page(uri, text)).catch_up()
        page.become(text)
        return page

    def _diagnostics(self, page: Page) -> list[types.Diagnostic]:
        return to_diagnostics(page.findings(), page.lines, self._server.documents.position_codec)

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
            await self._server.protocol.ask(types.WORKSPACE_DIAGNOSTIC_REFRESH, None, _PATIENCE_S)
        except (JsonRpcException, TimeoutError):
            return  # it pulls with the next change


def _worst(found: dict[str, tuple["Finding", ...]]) -> dict[str, tuple["Finding", ...]]:
    """No more than are shown: each of them moves with its lines at every key that is pressed."""
    every = [(stage, one) for stage, part in found.items() for one in part]
    if len(every) <= MOST_FINDINGS:
        return found
    every.sort(key=lambda placed: _RANKS[placed[1].severity])
    return {stage: tuple(one for at, one in every[:MOST_FINDINGS] if at == stage) for stage in found}


def key_of(uri: str) -> str:
    """Clients spell the same document in several ways: escapes, and the case of a drive's letter."""
    return _DRIVE.sub(lambda match: match[1] + match[2].lower() + match[3], unquote(uri))


class Common:
    """The lines that two texts have at their beginning and at their end."""

    def __init__(self, before: str, after: str) -> None:
        self._compare(split_lines(before), split_lines(after))

    @classmethod
    def of_lines(cls, old: Sequence[str], new: Sequence[str]) -> Self:
        """The same of texts that have been split already."""
        common = cls.__new__(cls)
        common._compare(old, new)
        return common

    def _compare(self, old: Sequence[str], new: Sequence[str]) -> None:
        most = min(len(old), len(new))
        self.head = next((number for number in range(most) if old[number] != new[number]), most)
        rest = most - self.head
        self.tail = next((number for number in range(rest) if old[-1 - number] != new[-1 - number]), rest)
        self._tail_begins = len(old) - self.tail
        self._shift = len(new) - len(old)

    def moved(self, findings: Iterable["Finding"]) -> tuple["Finding", ...]:
        """Those that stand in common lines, where they are now.

        Without their fixes: what a fix changes may be elsewhere.
        """
        kept = []
        for finding in findings:
            start, end = finding.range.start, finding.range.end
            if end.line < self.head:
                kept.append(_moved(finding, 0))
            elif start.line >= self._tail_begins:
                kept.append(_moved(finding, self._shift))
        return tuple(kept)


def _moved(finding: "Finding", lines: int) -> "Finding":
    if not (lines or finding.fix or finding.suppress):
        return finding
    changed: dict[str, object] = {"fix": None, "suppress": None}
    if lines:
        places = {
            name: place.model_copy(update={"line": place.line + lines})
            for name, place in (("start", finding.range.start), ("end", finding.range.end))
        }
        changed["range"] = finding.range.model_copy(update=places)
    return finding.model_copy(update=changed)


def report_id(diagnostics: Sequence[types.Diagnostic]) -> str:
    told = [
        (one.range.start, one.range.end, one.severity, one.code, one.message, one.tags) for one in diagnostics
    ]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]

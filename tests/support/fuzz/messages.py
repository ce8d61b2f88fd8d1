"""What a strange editor sends: edits of documents, requests of every kind, mutations of both, and noise."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, unquote

from lsprotocol import types

from .reference import Reference, end_of

LETTERS = ["a", "b", " ", "\t", "é", "\N{GRINNING FACE}", "\ud83d", "\ude00", "\u2028", "\x0c", "\x85", "字"]
ENDS = ["\n", "\n", "\r\n", "\r"]
WRONG: list[Any] = [
    None,
    True,
    -1,
    2**31 - 1,
    2**40,
    1.5,
    "",
    "\ud800",
    "http://[",
    [],
    {},
    [[]],
    {"a": None},
]
KINDS = (
    ("edit", 40),
    ("open", 5),
    ("close", 3),
    ("request", 22),
    ("mutated", 16),
    ("cancel", 6),
    ("envelope", 4),
    ("noise", 3),
    ("look", 3),
)
AROUND = ("import os\nx = '''", "'''\nimport sys\n")
"""Put around a text to look at it; see `Steps._look`."""
_OURS = {
    "textDocument/codeAction",
    "textDocument/formatting",
    "textDocument/diagnostic",
    "codeAction/resolve",
    "workspace/executeCommand",
}
"""Requests that are counted for themselves."""
_NOT_MUTATED = {"exit", "shutdown", "initialize"}
"""They end the conversation or begin it: sessions send them in their place."""


@dataclass(frozen=True)
class Step:
    """What is written at once, and the bodies that the server must read of it."""

    kind: str
    data: bytes
    bodies: tuple[bytes, ...] = ()
    looks_at: str | None = None
    """The URI of the document whose text its answer tells."""


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def message(kind: str, content: Any) -> Step:
    body = json.dumps(content).encode()
    return Step(kind, framed(body), (body,))


def text(chance: Random, longest: int = 40) -> str:
    """Sometimes one of many lines, sometimes one long line."""
    if chance.random() < 0.004:
        return "".join(chance.choices(LETTERS, k=50)) * chance.randrange(1, 4000)
    letters = chance.choices(LETTERS + ENDS * 2, k=chance.randrange(longest))
    return "".join(letters)


class Steps:
    """An endless series of steps; the same for the same chance, folder and encoding."""

    def __init__(self, chance: Random, folder: str, encoding: str) -> None:
        self._chance = chance
        self._known = Reference(encoding)
        self._number = 0
        names = ("a.py", "b.py", "sub/c.py", "notes.md", "x.brief.md")
        self._uris = [f"{folder}/{quote(name)}" for name in names]
        self._uris += ["untitled:Untitled-1", "vscode-notebook-cell:/n.ipynb#W0", f"{folder}/%C3%BC%20x.py"]
        self._kinds = {
            "edit": self._edit,
            "open": self._open,
            "close": self._close,
            "request": self._request,
            "mutated": self._mutated,
            "cancel": self._cancel,
            "envelope": self._envelope,
            "noise": self._noise,
            "look": self._look,
        }

    def __iter__(self) -> Iterator[Step]:
        for uri in self._uris[:2]:
            yield from self._taken([self._opening("open", uri)])
        names, weights = zip(*KINDS, strict=True)
        while True:
            (kind,) = self._chance.choices(names, weights)
            yield from self._taken(self._kinds[kind]())

    def _taken(self, steps: list[Step]) -> Iterator[Step]:
        for step in steps:
            for body in step.bodies:
                self._known.take(body)
            yield step

    # -- documents -----------------------------------------------------------------------------

    def _uri(self, *, opened: bool) -> str:
        known = [uri for uri in self._uris if (unquote(uri) in self._known.texts) == opened]
        uri = self._chance.choice(known or self._uris)
        return uri.replace("%20", " ") if self._chance.random() < 0.1 else uri

    def _opening(self, kind: str, uri: str) -> Step:
        item = {
            "uri": uri,
            "languageId": "python",
            "version": self._version(),
            "text": text(self._chance, 300),
        }
        return message(kind, _notification("textDocument/didOpen", {"textDocument": item}))

    def _open(self) -> list[Step]:
        return [self._opening("open", self._uri(opened=self._chance.random() < 0.2))]

    def _close(self) -> list[Step]:
        uri = self._uri(opened=self._chance.random() < 0.7)
        note = _notification("textDocument/didClose", {"textDocument": {"uri": uri}})
        return [message("close", note)] * (2 if self._chance.random() < 0.2 else 1)

    def _edit(self) -> list[Step]:
        uri = self._uri(opened=self._chance.random() < 0.95)
        return [message("edit", self._editing(uri, self._chance.choice((1, 1, 1, 2, 5, 30))))]

    def _editing(self, uri: str, changes: int) -> dict[str, Any]:
        shown = self._known.texts.get(unquote(uri), "")
        content: list[dict[str, Any]] = []
        for _ in range(changes):
            change: dict[str, Any] = {"text": text(self._chance, 6)}
            if self._chance.random() < 0.95:
                change["range"] = {"start": self._place(shown), "end": self._place(shown)}
                if self._chance.random() < 0.2:
                    change["rangeLength"] = self._chance.choice((0, 3, 2**31 - 1))
            content.append(change)
        document = {"uri": uri, "version": self._version()}
        return _notification("textDocument/didChange", {"textDocument": document, "contentChanges": content})

    def _place(self, shown: str) -> dict[str, int]:
        if self._chance.random() < 0.1:
            return {part: self._chance.choice((0, 1, 10_000, 2**31 - 1)) for part in ("line", "character")}
        lines = shown.count("\n") + shown.count("\r") + 1
        return {"line": self._chance.randrange(lines + 1), "character": self._chance.randrange(12)}

    def _version(self) -> int:
        return self._chance.choice((1, 1, 2, self._number, -1, 2**31 - 1))

    def _look(self) -> list[Step]:
        """The text of a document, by way of its editor's fixes.

        Two imports that nobody uses are put around it, and all is asked to be fixed: the edit that takes
        them away says every line between them.
        """
        uris = [uri for uri in self._uris if uri.endswith(".py") and unquote(uri) in self._known.texts]
        if not uris:
            return []
        uri = self._chance.choice(uris)
        shown = self._known.texts[unquote(uri)]
        if "'''" in shown or "\\" in shown or len(shown) > 100_000:
            return [self._opening("open", uri)]
        begin, end = {"line": 0, "character": 0}, end_of(shown, self._known.encoding)
        changes = [
            {"range": {"start": end, "end": end}, "text": AROUND[1]},
            {"range": {"start": begin, "end": begin}, "text": AROUND[0]},
        ]
        document = {"uri": uri, "version": self._version()}
        wrap = _notification("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        only = {"diagnostics": [], "only": ["source.fixAll.quantumlayer"]}
        params = {"textDocument": {"uri": uri}, "range": {"start": begin, "end": begin}, "context": only}
        asked = message("look", self._asking("textDocument/codeAction", params))
        found = Step("look", asked.data, asked.bodies, uri)
        return [message("edit", wrap), found, self._opening("open", uri)]

    # -- requests ------------------------------------------------------------------------------

    def _asking(self, method: str, params: Any) -> dict[str, Any]:
        self._number += 1
        asked = {"jsonrpc": "2.0", "id": self._new_id(), "method": method}
        return asked if params is None and self._chance.random() < 0.5 else {**asked, "params": params}

    def _new_id(self) -> Any:
        return self._number if self._chance.random() < 0.7 else f"{self._chance.choice('aé😀')}{self._number}"

    def _request(self) -> list[Step]:
        return [self._asked()]

    def _asked(self) -> Step:
        method, params = self._chance.choice(self._requests())
        return message(method if method in _OURS else "other request", self._asking(method, params))

    def _requests(self) -> list[tuple[str, Any]]:
        uri = self._uri(opened=self._chance.random() < 0.8)
        document = {"uri": uri}
        place = {"start": self._place(""), "end": self._place("")}
        data = {"uri": uri, "version": self._version(), "kind": "source.organizeImports.quantumlayer"}
        kinds = self._chance.choice(([], [""], ["quickfix"], ["refactor"], ["unknown.kind"]))
        listed = {"textDocument": document, "range": place, "context": {"diagnostics": [], "only": kinds}}
        return [
            ("textDocument/codeAction", listed),
            ("textDocument/codeAction", {**listed, "context": {"diagnostics": []}}),
            ("textDocument/formatting", {"textDocument": document, "options": _OPTIONS}),
            ("codeAction/resolve", {"title": "x", "data": self._chance.choice((data, *WRONG))}),
            ("textDocument/diagnostic", {"textDocument": document}),
            ("workspace/executeCommand", {"command": "quantumlayer.cancel", "arguments": ["none"]}),
            ("workspace/executeCommand", {"command": self._chance.choice(_COMMANDS), "arguments": WRONG[:3]}),
            ("textDocument/hover", {"textDocument": document, "position": place["start"]}),
            (self._chance.choice(sorted(types.METHOD_TO_TYPES.keys() - _NOT_MUTATED)), listed),
            ("unknown/method", self._chance.choice(WRONG)),
            ("initialize", {"processId": None, "rootUri": None, "capabilities": {}}),
        ]

    def _notices(self) -> list[tuple[str, Any]]:
        uri = self._uri(opened=self._chance.random() < 0.8)
        folder = {"uri": uri.rpartition("/")[0], "name": "f"}
        notebook = {"uri": "file:///n.ipynb", "notebookType": "jupyter", "version": 1, "cells": []}
        cell = {"uri": uri, "languageId": "python", "version": 1, "text": "x"}
        return [
            ("textDocument/didSave", {"textDocument": {"uri": uri}}),
            ("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 2}]}),
            ("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder]}}),
            ("workspace/didChangeConfiguration", {"settings": {"quantumlayer": {}}}),
            ("window/workDoneProgress/cancel", {"token": "quantumlayer/none"}),
            ("$/setTrace", {"value": "verbose"}),
            ("$/unknown", {"value": 1}),
            ("unknown/notice", None),
            ("initialized", {}),
            ("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": [cell]}),
            ("notebookDocument/didChange", {"notebookDocument": notebook, "change": {"cells": {}}}),
            ("notebookDocument/didClose", {"notebookDocument": notebook, "cellTextDocuments": [cell]}),
        ]

    def _mutated(self) -> list[Step]:
        """One place of a message is something else, or gone."""
        if self._chance.random() < 0.4:
            content = self._asking(*self._chance.choice(self._requests()))
        elif self._chance.random() < 0.5:
            content = _notification(*self._chance.choice(self._notices()))
            if self._chance.random() < 0.3:
                return [message("mutated", content)]
        else:
            content = self._editing(self._uri(opened=True), 1)
        content = deepcopy(content)  # of it may be shared
        _mutate(content, self._chance)
        return [message("mutated", content)]

    def _cancel(self) -> list[Step]:
        """Of what runs, of what has been answered, of what never was."""
        asked = [self._asked()]
        given = json.loads(asked[0].bodies[0])["id"] if self._chance.random() < 0.7 else self._number - 5
        cancel = message("cancel", _notification("$/cancelRequest", {"id": given}))
        return [*asked, cancel] if self._chance.random() < 0.8 else [cancel, *asked, cancel]

    def _envelope(self) -> list[Step]:
        """What stands around the parameters."""
        usual: dict[str, Any] = self._asking("textDocument/hover", {})
        strange: list[Any] = [
            *WRONG,
            [usual],
            [usual, usual],
            {**usual, "id": self._chance.choice([None, True, 1.5, -1, 2**70, "", "\ud800", [], {}])},
            {**usual, "jsonrpc": self._chance.choice(["1.0", None, 2.0])},
            {**usual, "method": self._chance.choice(WRONG)},
            {**usual, "method": "textDocument/codeAction", "error": self._chance.choice([None, {}, 5])},
            {**usual, "result": None},
            {**usual, "method": "textDocument/didOpen"},
            {"jsonrpc": "2.0", "id": self._chance.choice(["quantumlayer-1", 5, None, "é"]), "result": WRONG},
            {"jsonrpc": "2.0", "id": "quantumlayer-2", "error": self._chance.choice(WRONG)},
            {"jsonrpc": "2.0"},
        ]
        return [message("envelope", self._chance.choice(strange))]

    def _noise(self) -> list[Step]:
        """Bytes that are no message, or lengths that are wrong."""
        body = json.dumps(self._asking("unknown/noise", {"x": "é" * self._chance.randrange(50)})).encode()
        short = self._chance.randrange(1, len(body))
        deep = self._chance.choice((500, 900, 100_000))
        nested = b'{"jsonrpc":"2.0","id":"n%d","method":"codeAction/resolve","params":{"title":"","data":%b}}'
        return [
            self._chance.choice(
                [
                    Step("noise", b"noise\r\n\r\nX-Header: 1\r\n\n"),
                    Step("noise", b"long" * 30_000 + b"\n"),
                    Step("noise", b"Content-Length: -5\r\n\r\nContent-Length: x\r\n\r\n"),
                    Step("noise", b"\xff\xfe\x00\n"),
                    Step("noise", b"content-LENGTH:%d \r\nX: 1\r\n\r\n%b" % (len(body), body), (body,)),
                    Step("noise", b"Content-Length: %d\r\n\r\n%b" % (short, body), (body[:short],)),
                    Step(
                        "noise", b"Content-Length: %d\r\n\r\n%b{}{" % (len(body) + 3, body), (body + b"{}{",)
                    ),
                    *(_whole(each) for each in (b"", b"{", b"\xff", b"NaN", b'{"jsonrpc": "2.0", "id": 1')),
                    _whole(nested % (self._number, b"[" * deep + b"]" * deep)),
                    _whole(nested % (self._number, b"NaN")),
                    _whole(b'{"jsonrpc":"2.0","id":1%b}' % (b"0" * 5000)),
                    _whole(b"[" * deep),
                ]
            )
        ]


_OPTIONS = {"tabSize": 4, "insertSpaces": True}
_COMMANDS = (
    "quantumlayer.generateCapsule",
    "quantumlayer.exportCapsule",
    "quantumlayer.validateFile",
    "none",
)


def _whole(body: bytes) -> Step:
    return Step("noise", framed(body), (body,))


def _notification(method: str, params: Any) -> dict[str, Any]:
    note = {"jsonrpc": "2.0", "method": method}
    return note if params is None else {**note, "params": params}


def _mutate(content: dict[str, Any], chance: Random) -> None:
    place: Any = content
    key: Any = "params"
    while isinstance(place.get(key) if isinstance(place, dict) else place[key], dict | list) and place[key]:
        if place is not content and chance.random() < 0.2:
            break
        place = place[key]
        key = chance.choice(list(place)) if isinstance(place, dict) else chance.randrange(len(place))
    if isinstance(place, dict) and chance.random() < 0.25:
        place.pop(key, None)
    else:
        place[key] = deepcopy(chance.choice(WRONG))

"""The server's texts beside a reference that is written without its code, whatever editors send."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from lsprotocol import types
from pygls.workspace import PositionCodec
from quantumlayer.lsp.converter import exact_converter
from quantumlayer.lsp.documents import Codec, Document
from quantumlayer.lsp.server import QuantumLayerServer
from support.fuzz.messages import ENDS, LETTERS, WRONG
from support.fuzz.reference import Reference, as_file, joined

URIS = ("file:///w/a.md", "file:///w/%C3%BC%20b.md", "file:///w/ü b.md", "untitled:1", "http://[", "\ud800")
TEXTS = st.lists(st.sampled_from([*LETTERS, *ENDS, "\r", "\n"]), max_size=25).map("".join)
COLUMNS = st.integers(0, 12) | st.sampled_from([10_000, 2**31 - 1])
PLACES = st.fixed_dictionaries({"line": st.integers(0, 8) | COLUMNS, "character": COLUMNS})
RANGES = st.fixed_dictionaries({"start": PLACES, "end": PLACES})
CHANGES = st.fixed_dictionaries({"text": TEXTS}, optional={"range": RANGES, "rangeLength": COLUMNS})
VERSIONS = st.sampled_from([1, 2, 0, -1, 2**31 - 1])
CONVERTER = exact_converter()
"""Shared, as by the clients of a port: it learns each type once."""


class Kept:
    """Where the server's answers go."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.answers.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    async def close(self) -> None: ...


class Editing(RuleBasedStateMachine):
    """One editor, with documents that need no tools."""

    @initialize(encoding=st.sampled_from(["utf-8", "utf-16", "utf-32"]))
    def begin(self, encoding: str) -> None:
        self.server = QuantumLayerServer(converter=lambda: CONVERTER)
        self.out = Kept()
        self.server.protocol.connect(self.out)
        self.reference = Reference(encoding)
        capabilities = {"general": {"positionEncodings": [encoding]}}
        params = {"processId": None, "rootUri": None, "capabilities": capabilities}
        self.send({"id": 0, "method": "initialize", "params": params})

    def send(self, message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.reference.take(body)
        self.server.protocol.receive(body)

    def tell(self, method: str, params: Any) -> None:
        self.send({"method": f"textDocument/{method}", "params": params})

    @rule(uri=st.sampled_from(URIS), version=VERSIONS, text=TEXTS)
    def open(self, uri: str, version: int, text: str) -> None:
        item = {"uri": uri, "languageId": "markdown", "version": version, "text": text}
        self.tell("didOpen", {"textDocument": item})

    @rule(uri=st.sampled_from(URIS), version=VERSIONS, changes=st.lists(CHANGES, max_size=4))
    def change(self, uri: str, version: int, changes: list[Any]) -> None:
        self.tell("didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes})

    @rule(uri=st.sampled_from(URIS))
    def close(self, uri: str) -> None:
        self.tell("didClose", {"textDocument": {"uri": uri}})

    @rule(uri=st.sampled_from(URIS), first=CHANGES, wrong=st.sampled_from(WRONG), place=st.integers(0, 5))
    def change_wrongly(self, uri: str, first: Any, wrong: Any, place: int) -> None:
        """One part is of another type; then no change of the message is done."""
        change: Any = {"text": "x", "range": {"start": {"line": 0, "character": 0}}}
        change["range"]["end"] = {"line": 0, "character": 1}
        params: Any = {"textDocument": {"uri": uri, "version": 1}, "contentChanges": [first, change]}
        holders = [params["textDocument"], change, change["range"]["end"], change["range"], params, params]
        keys = ["version", "text", "line", "start", "contentChanges", "textDocument"]
        holders[place][keys[place]] = wrong
        self.tell("didChange", params)

    @rule(wrong=st.sampled_from(WRONG), key=st.sampled_from(["uri", "text", "version"]))
    def open_wrongly(self, wrong: Any, key: str) -> None:
        item = {"uri": URIS[0], "languageId": "markdown", "version": 1, "text": "other"}
        self.tell("didOpen", {"textDocument": {**item, key: wrong}})

    @rule(msg_id=st.sampled_from([1, "é", None, 1.5, True, [], {}]), uri=st.sampled_from(URIS))
    def close_as_a_request(self, msg_id: Any, uri: str) -> None:
        params = {"textDocument": {"uri": uri}}
        self.send({"id": msg_id, "method": "textDocument/didClose", "params": params})

    @invariant()
    def the_texts_are_those_of_the_editor(self) -> None:
        documents = self.server.documents.all_opened()
        shown = {uri: as_file(text) for uri, text in self.reference.texts.items()}
        found = dict(zip(self.server.documents.text_documents, [one.text for one in documents], strict=True))
        assert found == shown

    @invariant()
    def every_request_is_answered_once(self) -> None:
        assert [answer["id"] for answer in self.out.answers] == self.reference.owed
        assert not [one for one in self.out.answers if one.get("error", {}).get("code") == -32603]


Editing.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
TestEditing = Editing.TestCase


def test_halves_of_a_character_that_come_one_by_one_are_that_character() -> None:
    document = Document("file:///a.md", "a", position_codec=Codec(types.PositionEncodingKind.Utf16))
    for column, half in ((1, "\ud83d"), (2, "\ude00")):
        place = types.Position(0, column)
        document.apply_change(types.TextDocumentContentChangePartial(types.Range(place, place), half))
    assert document.source == "a\N{GRINNING FACE}"


def test_a_range_the_wrong_way_round_is_turned() -> None:
    document = Document("file:///a.md", "one two", position_codec=Codec(types.PositionEncodingKind.Utf16))
    span = types.Range(types.Position(0, 7), types.Position(0, 3))
    document.apply_change(types.TextDocumentContentChangePartial(span, "!"))
    assert document.source == "one!"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_columns_are_counted_as_the_library_counts_them(encoding: str) -> None:
    text = "aé\N{GRINNING FACE}\ud83d字"
    ours, theirs = Codec(encoding), PositionCodec(encoding)
    for column in range(len(text) + 2):
        place = types.Position(0, column)
        assert ours.position_to_client_units([text], place) == theirs.position_to_client_units([text], place)


@pytest.mark.parametrize("text", ["", "\ud800", "a\ud83d", "\ude00\ud83d"])
def test_the_reference_joins_only_halves_that_belong_together(text: str) -> None:
    assert joined(text) == text
    assert joined(f"{text}\n\ud83d\ude00") == f"{text}\n\N{GRINNING FACE}"

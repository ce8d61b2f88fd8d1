"""Findings in a text that changes."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from quantumlayer.engine.types import Finding, Severity, Stage
from quantumlayer.engine.validation.types import finding
from quantumlayer.lsp.documents import split_lines
from quantumlayer.lsp.server import QuantumLayerServer
from quantumlayer.lsp.shown import MOST_FINDINGS, Common, Page, key_of
from quantumlayer.lsp.tidying import smallest_edits

PULLS = {
    "capabilities": {
        "workspace": {"diagnostics": {"refreshSupport": True}},
        "textDocument": {"diagnostic": {}},
    }
}
TEXTS = st.lists(st.sampled_from(["a", "b", "a\n", "b\n", "c\r\n", "\n"]), max_size=12).map("".join)


class Written:
    """A client that only listens."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.messages.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    async def close(self) -> None: ...

    def tell(self, server: QuantumLayerServer, message: dict[str, Any]) -> None:
        server.protocol.receive(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def methods(self) -> list[str]:
        return [message["method"] for message in self.messages if "method" in message]


def at(line: int, end: int | None = None) -> Finding:
    last = (line if end is None else end) + 1
    return finding(Stage.STYLE, "t", "R", Severity.HINT, "a.py", "", start=(line + 1, 0), end=(last, 1))


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb\nc\n", "a\nb\nc\n", [0, 1, 2]),
        ("a\nb\nc\n", "new\na\nb\nc\n", [1, 2, 3]),
        ("a\nb\nc\n", "a\nB\nc\n", [0, 2]),
        ("a\nb\nc\n", "a\nc\n", [0, 1]),
        ("a\nb\nc\n", "a\nb\nc\nd\n", [0, 1, 2]),
        ("a\nb\nc\n", "", []),
        ("a\nb\nc\n", "x\ny\n", []),
    ],
)
def test_findings_keep_to_their_lines(before: str, after: str, lines: list[int]) -> None:
    kept = Common(before, after).moved([at(0), at(1), at(2)])
    assert [found.range.start.line for found in kept] == lines


def test_a_finding_over_a_changed_line_goes() -> None:
    assert Common("a\nb\nc\n", "a\nB\nc\n").moved([at(0, 2)]) == ()


@given(TEXTS, TEXTS)
def test_a_finding_never_leaves_the_text_of_its_line(before: str, after: str) -> None:
    old, new = split_lines(before), split_lines(after)
    for line in range(len(old)):
        for kept in Common(before, after).moved([at(line)]):
            assert new[kept.range.start.line] == old[line]


def replaced(text: str, edits: list[types.TextEdit]) -> str:
    for edit in edits:
        lines = split_lines(text)
        assert edit.range.start.character == edit.range.end.character == 0
        text = "".join((*lines[: edit.range.start.line], edit.new_text, *lines[edit.range.end.line :]))
    return text


@given(TEXTS, TEXTS)
def test_the_smallest_edit_makes_the_one_text_the_other(before: str, after: str) -> None:
    edits = smallest_edits(before, after)
    assert replaced(before, edits) == after
    assert (edits == []) == (before == after)


def test_the_smallest_edit_leaves_equal_lines_alone() -> None:
    (edit,) = smallest_edits("a\nb\nc\n", "a\nB\nc\n")
    assert (edit.range.start.line, edit.range.end.line, edit.new_text) == (1, 2, "B\n")


def test_while_the_text_is_the_judged_one_the_judge_is_right() -> None:
    live, judged = at(0), at(1)
    page = Page("file:///a.py", "a\nb\n")
    page.judged, page.judged_text = {"style": (judged,)}, "a\nb\n"
    page.drifted = dict(page.judged)
    page.live = {("style", "ruff"): (live,)}
    assert page.findings() == [judged]
    page.become("a\nb\nc\n")
    assert page.findings() == [live]
    page.become("a\nb\n")
    assert page.findings() == [judged]


def test_of_too_many_findings_the_worst_are_shown() -> None:
    """Those of the first tool filled the page, and no type error was seen."""
    wrong = at(7).model_copy(update={"severity": Severity.ERROR})
    page = Page("file:///a.py", "")
    page.live = {("style", "ruff"): (at(1),) * MOST_FINDINGS, ("types", "pyrefly"): (wrong,)}
    found = page.findings()
    assert len(found) == MOST_FINDINGS
    assert found[0] == wrong


def test_no_more_is_kept_than_is_shown_and_the_worst_is() -> None:
    """Each of them moves with its lines at every key that is pressed."""
    shown = QuantumLayerServer().shown
    text = "x\n" * 20_000
    many = [at(line) for line in range(20_000)]
    worst = at(19_999).model_copy(update={"severity": Severity.ERROR})
    shown.judge("file:///a.py", text, {"style": [*many, worst], "types": many})
    shown.look("file:///a.py", text, "security", "t", many)
    page = shown.page("file:///a.py")
    assert page is not None
    assert sum(map(len, page.judged.values())) == MOST_FINDINGS
    assert sum(map(len, page.live.values())) == MOST_FINDINGS
    assert worst in page.judged["style"]
    page.become("new\n" + text)
    assert len(page.findings()) == MOST_FINDINGS
    assert worst.range.start.line + 1 in {one.range.start.line for one in page.findings()}


async def test_who_pulled_before_anything_was_found_is_told_to_pull_again() -> None:
    server = QuantumLayerServer()
    out = Written()
    server.protocol.connect(out)
    document = {"uri": "file:///w/a.md", "languageId": "python", "version": 1, "text": "a\n"}
    out.tell(
        server, {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None} | PULLS}
    )
    out.tell(server, {"method": "textDocument/didOpen", "params": {"textDocument": document}})
    server.shown.pull("file:///w/a.md", None)
    server.shown.look("file:///w/a.md", "a\n", "style", "ruff", [at(0)])
    server.shown.tell("file:///w/a.md")
    await asyncio.sleep(0)
    assert out.methods()[-1] == "workspace/diagnostic/refresh"
    server.protocol.abandon_replies()


async def test_findings_follow_each_of_several_changes_that_nobody_asked_between() -> None:
    """Two edits as one would part all that stands between them."""
    uri = "file:///w/a.md"
    server = QuantumLayerServer()
    out = Written()
    server.protocol.connect(out)
    out.tell(
        server, {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None} | PULLS}
    )
    document = {"uri": uri, "languageId": "python", "version": 1, "text": "a\nb\nc\n"}
    out.tell(server, {"method": "textDocument/didOpen", "params": {"textDocument": document}})
    server.shown.look(uri, "a\nb\nc\n", "style", "ruff", [at(1)])
    for version, line in ((2, 0), (3, 4)):
        place = {"line": line, "character": 0}
        change = {"range": {"start": place, "end": place}, "text": "new\n"}
        told = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]}
        out.tell(server, {"method": "textDocument/didChange", "params": told})
    report = server.shown.pull(uri, None)
    assert [one.range.start.line for one in report.items] == [2]
    assert server.shown.page(uri).pulled == report.result_id
    server.protocol.abandon_replies()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("file:///w/a%2Bb.py", "file:///w/a+b.py"),
        ("file:///C%3A/a.py", "file:///c:/a.py"),
        ("file:///w/%C3%B6.py", "file:///w/ö.py"),
    ],
)
def test_one_document_has_one_key_however_it_is_spelled(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)

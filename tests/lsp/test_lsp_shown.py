"""Findings in a text that changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from quantumlayer.engine.types import Finding, Severity, Stage
from quantumlayer.engine.validation.types import finding
from quantumlayer.lsp.documents import split_lines
from quantumlayer.lsp.shown import moved
from quantumlayer.lsp.tidying import smallest_edits

TEXTS = st.lists(st.sampled_from(["a", "b", "a\n", "b\n", "c\r\n", "\n"]), max_size=12).map("".join)


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
    kept = moved([at(0), at(1), at(2)], before, after)
    assert [found.range.start.line for found in kept] == lines


def test_a_finding_over_a_changed_line_goes() -> None:
    assert moved([at(0, 2)], "a\nb\nc\n", "a\nB\nc\n") == []


@given(TEXTS, TEXTS)
def test_a_finding_never_leaves_the_text_of_its_line(before: str, after: str) -> None:
    old, new = split_lines(before), split_lines(after)
    for line in range(len(old)):
        for kept in moved([at(line)], before, after):
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

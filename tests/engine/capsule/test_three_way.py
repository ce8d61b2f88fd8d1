"""Merging three texts: nothing of either side is lost, and git agrees."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantumlayer.engine.capsule.three_way import has_marks, lines_of, merge_text

LABELS = ("ours", "theirs")
texts = st.text(alphabet="ab\n\r\x0c", max_size=40)


@given(texts, texts)
def test_what_only_one_side_changed_is_taken(base: str, changed: str) -> None:
    assert merge_text(base, changed, base, LABELS) == (changed, 0)
    assert merge_text(base, base, changed, LABELS) == (changed, 0)
    assert merge_text(base, changed, changed, LABELS) == (changed, 0)


@given(texts, texts, texts)
def test_every_line_of_the_result_is_somebodys_and_a_conflict_has_its_marks(
    base: str, ours: str, theirs: str
) -> None:
    merged = merge_text(base, ours, theirs, LABELS)
    known = {line.rstrip("\n") for text in (base, ours, theirs) for line in lines_of(text)}
    marks = {"<<<<<<< ours", "=======", ">>>>>>> theirs"}
    assert {line.rstrip("\n") for line in lines_of(merged.text)} <= known | marks
    assert has_marks(merged.text) == bool(merged.conflicts)


@given(st.lists(st.integers(0, 9), min_size=3, max_size=30), st.data())
def test_changes_far_from_each_other_are_both_taken(numbers: list[int], data: st.DataObject) -> None:
    base = [f"{place} {number}\n" for place, number in enumerate(numbers)]
    first = data.draw(st.integers(0, len(base) - 3))
    second = data.draw(st.integers(first + 2, len(base) - 1))
    ours, theirs, both = [*base], [*base], [*base]
    ours[first] = both[first] = "ours\n"
    theirs[second] = both[second] = "theirs\n"
    assert merge_text("".join(base), "".join(ours), "".join(theirs), LABELS) == ("".join(both), 0)


@given(texts)
def test_lines_put_together_are_the_text(text: str) -> None:
    assert "".join(lines_of(text)) == text
    assert all(line.endswith("\n") for line in lines_of(text)[:-1])


BASE = "import os\n\n\ndef a():\n    return 1\n\n\ndef b():\n    return 2\n\n\ndef c():\n    return 3\n"
CASES = {
    "apart": (BASE.replace("1", "10"), BASE.replace("3", "30")),
    "same": (BASE.replace("1", "10"), BASE.replace("1", "10").replace("3", "30")),
    "clash": (BASE.replace("2", "20"), BASE.replace("2", "22")),
    "clash and apart": (BASE.replace("2", "20").replace("1", "5"), BASE.replace("2", "22")),
    "removed and changed": (BASE.replace("def b():\n    return 2\n\n\n", ""), BASE.replace("2", "22")),
    "added at the ends": ("# first\n" + BASE, BASE + "# last\n"),
    "added in one place": (BASE + "x = 1\n", BASE + "y = 1\n"),
    "no newline at the end": (BASE + "x = 1", BASE + "y = 1"),
    "emptied": ("", BASE.replace("1", "10")),
    "carriage returns": (BASE.replace("\n", "\r\n"), BASE),
}


@pytest.mark.parametrize("case", CASES)
def test_git_merges_the_same_and_finds_the_same_conflicts(case: str, tmp_path: Path) -> None:
    ours, theirs = CASES[case]
    for name, text in (("ours", ours), ("base", BASE), ("theirs", theirs)):
        (tmp_path / name).write_bytes(text.encode())
    command = [
        "git",
        "merge-file",
        "-p",
        "-L",
        "ours",
        "-L",
        "base",
        "-L",
        "theirs",
        "ours",
        "base",
        "theirs",
    ]
    git = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    merged = merge_text(BASE, ours, theirs, LABELS)
    assert (merged.text, merged.conflicts) == (git.stdout.decode(), git.returncode)


def test_marks_in_a_document_about_marks_are_not_a_conflict_by_themselves() -> None:
    assert not has_marks("Title\n=======\n\ntext\n")
    assert not has_marks("<<<<<<< in a sentence\n")
    assert has_marks("a\n<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\n")

"""Reading briefs: names, front matter, and everything that is not a brief."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantumlayer.engine.brief import MAX_BYTES, is_brief, parse_brief, read_brief, safe_name
from quantumlayer.engine.errors import BriefError
from quantumlayer.engine.types import check_path


def test_front_matter_says_name_and_constraints_and_is_no_part_of_the_text() -> None:
    front = "name: notes\nlanguage: Python\nconstraints:\n  - no globals\n  - stdlib only\ntitle: x"
    brief = parse_brief(f"---\n{front}\n---\nMake it.\n", default_name="file")
    assert brief.model_dump() == {
        "text": "Make it.",
        "name": "notes",
        "language": "python",
        "constraints": ("no globals", "stdlib only"),
    }


def test_an_explicit_name_wins_then_front_matter_then_the_file_then_the_words() -> None:
    text = "---\nname: front\n---\nA parser for dates."
    assert parse_brief(text, name="flag", default_name="file").name == "flag"
    assert parse_brief(text, default_name="file").name == "front"
    assert parse_brief("A parser for dates.", default_name="My File").name == "my-file"
    assert parse_brief("A parser for dates.").name == "parser-dates"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# Word counter\n\nMake it.", "word-counter"),
        ("Write a module `wordfreq.py` that counts words. Use it.", "wordfreq"),
        ("Make a REST API for notes with FastAPI, in `main.py`.", "rest-api-notes-fastapi"),
        ("Build src/pkg/date_tools.py.", "date_tools"),
        ("Ein Zähler für Wörter", "ein-zahler-fur-worter"),
        ("CON", "con-project"),
    ],
)
def test_a_name_comes_from_the_briefs_own_words(text: str, name: str) -> None:
    assert parse_brief(text).name == name


def test_words_without_latin_letters_still_give_a_stable_name() -> None:
    name = parse_brief("制作一个程序").name
    assert name == parse_brief("制作一个程序").name != parse_brief("制作两个程序").name
    assert check_path(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (" \n\t\n", "is empty"),
        ("---\nname: x\n---\n \n", "below its front matter"),
        ("a\x00b", "control characters"),
        ("\x1b[31mred", "control characters"),
        ("\ud800", "not valid Unicode"),
        ("x" * (MAX_BYTES + 1), "larger than 64 KB"),
        ("---\nname: [a\n---\nx", "not YAML"),
        ("---\n- a\n---\nx", "is a list"),
        ("---\nname: 7\n---\nx", "name in the front matter is int 7"),
        ("---\nname: a/b\n---\nx", "cannot be the name"),
        ("---\nlanguage: rust\n---\nx", "'rust' cannot be generated yet"),
        ("---\nconstraints: {a: b}\n---\nx", "constraints"),
        ("---\nconstraints: [1]\n---\nx", "constraints"),
        ("---\nconstrains: x\n---\nx", "'constrains'"),
        ("---\nx: !!python/object/apply:os.getcwd []\n---\nx", "not YAML"),
        ("---\n" + "[" * 8000 + "\n---\nx", "not YAML"),
        ("---\nx: " + "y" * 9000 + "\n---\nx", "larger than 8 KB"),
    ],
)
def test_what_is_no_brief_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(BriefError) as caught:
        parse_brief(text)
    assert said in caught.value.cause
    assert caught.value.next_step


def test_aliases_that_stand_for_terabytes_cost_nothing() -> None:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    letters = "abcdefghijklmnopqrst"
    rows += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise(letters)]
    with pytest.raises(BriefError):
        parse_brief("---\n" + "\n".join(rows) + "\nname: *t\n---\nx")


@pytest.mark.parametrize("name", ["..", "a/b", "a\\b", "x y", "con", "-x", ".git", "a" * 65, "é", "a\nb"])
def test_names_that_no_folder_should_have_are_refused(name: str) -> None:
    with pytest.raises(BriefError):
        parse_brief("Make it.", name=name)


def test_a_rule_that_nothing_closes_is_text() -> None:
    assert parse_brief("---\n\nMake it.").text == "---\n\nMake it."


def test_line_ends_and_byte_order_marks_do_not_matter() -> None:
    assert parse_brief("\ufeff---\r\nname: a\r\n---\r\nOne\r\ntwo").text == "One\ntwo"


def test_a_file_gives_its_name(tmp_path: Path) -> None:
    for file_name, name in (
        ("parser.brief.md", "parser"),
        ("Parser 2.md", "parser-2"),
        ("x.txt", "x"),
        ("brief.md", "it"),
    ):
        file = tmp_path / file_name
        file.write_text("Make it: it")
        assert read_brief(file).name == (name if name != "it" else parse_brief("Make it: it").name)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x89PNG\r\n", b"x" * (MAX_BYTES + 10), b""])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.md"
    file.write_bytes(content)
    with pytest.raises(BriefError):
        read_brief(file)
    with pytest.raises(BriefError):
        read_brief(tmp_path / "missing.md")


def test_what_counts_as_a_brief_document() -> None:
    assert is_brief("a.brief.md", "")
    assert is_brief("a.md", "---\nquantumlayer: brief\n---\nx")
    assert not is_brief("a.md", "---\ntitle: brief\n---\nx")
    assert not is_brief("a.md", "x")
    assert not is_brief("a.py", "---\nquantumlayer: brief\n---\nx")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_brief_with_a_safe_name_or_is_refused(text: str) -> None:
    try:
        brief = parse_brief(text)
    except BriefError:
        return
    assert check_path(brief.name)
    assert "/" not in brief.name


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=100))
def test_a_made_name_is_safe_or_nothing(text: str) -> None:
    name = safe_name(text)
    assert name == "" or (check_path(name) and "/" not in name)

"""Usage lines of a brief become the arguments of a command."""

import argparse
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantumlayer.engine.brief.usage import usage_of
from quantumlayer.engine.python.command import parser_lines
from quantumlayer.engine.python.skeleton import skeleton


def parsed(brief: str, *argv: str) -> dict[str, object]:
    """What the command's parser makes of some arguments."""
    names: dict[str, object] = {"argparse": argparse, "argv": list(argv)}
    lines = parser_lines(brief, "tool.py")
    assert lines
    exec("\n".join(lines), names)
    return vars(names["args"])  # type: ignore[arg-type]


COLUMNS = """It is called as `python tool.py --column NAME [--count]
[--top N] [FILE ...]`, or without a file."""
STORE = """Use it so:

    $ python tool.py add NAME <amount>
    $ python tool.py list [--all]
"""


def test_required_options_switches_numbers_and_files() -> None:
    found = parsed(COLUMNS, "--column", "price", "--top", "3", "a.csv", "b.csv")
    assert found == {"column": "price", "count": False, "top": 3, "file": ["a.csv", "b.csv"]}
    assert parsed(COLUMNS, "--column", "x", "--count")["file"] == []
    with pytest.raises(SystemExit) as stopped:
        parsed(COLUMNS)
    assert stopped.value.code == 2


def test_subcommands() -> None:
    assert parsed(STORE, "add", "rent", "12") == {"command": "add", "name": "rent", "amount": "12"}
    assert parsed(STORE, "list") == {"command": "list", "all": False}


@pytest.mark.parametrize(
    ("brief", "argv", "name", "value"),
    [
        ("`python tool.py [-n N | --lines N] FILE`", ["-n", "4", "x"], "n", 4),
        ("`python tool.py FILE [FILE ...]`", ["a", "b"], "file", ["a", "b"]),
        ("`python tool.py FILE...`", ["a"], "file", ["a"]),
        ("`python tool.py [FILE]`", [], "file", None),
        ("`python tool.py [--sep=CHAR] FILE`", ["--sep", ";", "a"], "sep", ";"),
        ("`python3 tool.py <source-file>`", ["a"], "source_file", "a"),
        ("`python tool.py [--tag TAG]... FILE`", ["--tag", "a", "--tag", "b", "c"], "tag", ["a", "b"]),
        (
            "Usage: python tool.py [options] FILE\n\n- `--from DATE`: since",
            ["--from", "x", "a"],
            "from_",
            "x",
        ),
        ("`python tool.py FILE`. With `-q, --quiet` it says nothing.", ["-q", "a"], "quiet", True),
        ("`python tool.py FILE`. With `--top N` fewer; `--top` is positive.", ["a", "--top", "2"], "top", 2),
        ("`python tool.py [-h] FILE`; `--help` shows that.", ["a"], "file", "a"),
    ],
)
def test_notations(brief: str, argv: list[str], name: str, value: object) -> None:
    assert parsed(brief, *argv)[name] == value


@pytest.mark.parametrize(
    "brief",
    [
        "`python tool.py --top 3 book.txt`",
        "`python tool.py`",
        "`python other.py FILE`",
        "`python tool.py 'a b' FILE`",
        "`python tool.py [FILE`",
        "`python tool.py ...`",
        "`python tool.py FILE` or `python tool.py list`",
        "tool.py is a module with `f(x)`.",
    ],
)
def test_what_is_no_usage_gives_no_arguments(brief: str) -> None:
    assert parser_lines(brief, "tool.py") == ()


def test_of_two_usages_the_fuller_one_counts() -> None:
    (command,) = usage_of(
        "`python tool.py FILE`, in full `python tool.py [--json] [--top N] FILE`", "tool.py"
    )
    assert [one.name for one in command.arguments] == ["json", "top", "file"]


def test_the_skeleton_of_a_command_begins_with_its_arguments() -> None:
    code = skeleton(["def total(rows: list[str]) -> int"], COLUMNS, "tool.py")
    assert re.search(r'parser = argparse.*\n    parser\.add_argument\("--column"', code)
    assert code.index("or without a file") < code.index("parse_args(argv)") < code.index("__main__")


_FLAG = st.from_regex(r"--?[a-z]{1,6}", fullmatch=True)
_PLACE = st.from_regex(r"[A-Z]{1,5}|<[a-z]{1,5}>", fullmatch=True)
_PART = st.one_of(
    _PLACE,
    _FLAG,
    st.builds("{} {}".format, _FLAG, _PLACE),
    st.sampled_from(["...", "[", "]", "|", "[options]", "import", "a.txt", "é", "-"]),
)
_GROUP = st.one_of(_PART, st.builds("[{}]".format, _PART), st.builds("[{}]...".format, _PART))


@given(st.lists(_GROUP, max_size=6))
def test_whatever_the_usage_the_arguments_are_sound(parts: list[str]) -> None:
    lines = parser_lines(f"`python tool.py {' '.join(parts)}`", "tool.py")
    names: dict[str, object] = {"argparse": argparse}
    exec("\n".join(lines[:-1]), names)
    assert all(part.isascii() for part in lines)

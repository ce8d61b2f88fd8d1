"""Which function, statement or comment someone points at."""

import pytest
from quantumlayer.engine.python.place import (
    comment_at,
    function_at,
    functions,
    statement_at,
    with_pretended_body,
)

FILE = '''\
import re

LIMIT = (
    3
)


@cache
def first(
    a: int,
    b: dict[str, int] = {"x": 1},
) -> int:
    """Words."""
    # a comment
    return a


class Box:
    def size(self) -> int: ...

    async def fill(self):
        "Fill it."
        raise NotImplementedError("later")
'''


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.split("\n")) if part in line)


def test_a_function_is_found_from_its_decorator_to_its_last_line() -> None:
    for part in ("@cache", "def first", '"x": 1', "Words", "return a"):
        place = function_at(FILE, line_of(FILE, part))
        assert place is not None
        assert place.name == "first"
        assert not place.is_stub
        assert FILE.split("\n")[place.body] == "    # a comment"
    assert function_at(FILE, line_of(FILE, "LIMIT")) is None


def test_methods_are_named_with_their_class_and_stubs_are_known() -> None:
    assert [(place.name, place.is_stub) for place in functions(FILE)] == [
        ("first", False),
        ("Box.size", True),
        ("Box.fill", True),
    ]


@pytest.mark.parametrize(
    "body", ["pass", "...", "raise NotImplementedError", '"""Words."""', '"""Words."""\n    pass']
)
def test_a_body_that_says_nothing_is_a_stub(body: str) -> None:
    (place,) = functions(f"def f():\n    {body}\n")
    assert place.is_stub


@pytest.mark.parametrize("head", ["@abstractmethod\n", "@typing.overload\n"])
def test_what_is_meant_to_be_empty_is_no_stub(head: str) -> None:
    (place,) = functions(f"{head}def f(self):\n    ...\n")
    assert not place.is_stub


def test_a_protocol_is_meant_to_be_empty() -> None:
    (place,) = functions("class P(typing.Protocol[T]):\n    def f(self) -> T: ...\n")
    assert not place.is_stub


@pytest.mark.parametrize(
    "text",
    [
        "def f(x: int) -> int\n",
        "def f(x: int) -> int:\n",
        "a = 1\n\n\ndef f(\n    x: int,\n) -> int:\n\n\nb = 2\n",
    ],
)
def test_a_head_alone_gets_a_body_so_that_the_rest_can_be_read(text: str) -> None:
    line = line_of(text, "def f")
    (place,) = functions(with_pretended_body(text, line))
    assert (place.name, place.is_stub) == ("f", True)


def test_text_that_is_broken_elsewhere_stays_as_it_is() -> None:
    text = "x = (\n\n\ndef f(x):\n"
    assert with_pretended_body(text, 3) == text


def test_a_statement_at_the_top_level_is_found_and_a_class_is_none() -> None:
    assert statement_at(FILE, 3) == (2, 5)
    assert statement_at(FILE, line_of(FILE, "class Box")) is None
    assert statement_at(FILE, 1) is None


COMMENT = """\
x = 1

# A function that adds
# two numbers, one by one.

# Short one

# It belongs to the line below it
y = 2
"""


def test_a_comment_asks_where_it_stands_alone_and_has_words() -> None:
    assert comment_at(COMMENT, 2) == comment_at(COMMENT, 3) == (2, 4)
    assert comment_at(COMMENT, 5) is None
    assert comment_at(COMMENT, 7) is None
    assert comment_at(COMMENT, 0) is None
    assert comment_at("#!/usr/bin/env python three\n", 0) is None

"""Outlines: what one file shows of itself to the writers of others."""

import ast

import pytest
from quantumlayer.engine.python.outline import (
    defined_twice,
    outline,
    public_names,
    routes_of,
    signatures,
)

CODE = '''\
"""Shapes."""

import math
from .base import Base, helper as aid
from os import path

UNIT: int = 1
_HIDDEN = 2
LIMIT = 3


class Circle(Base):
    """A round one.

    More of it.
    """

    radius: float

    def __init__(self, radius: float) -> None:
        self.radius = radius

    @property
    def area(self) -> float:
        """How much it covers."""
        return math.pi * self.radius**2

    def _secret(self) -> None: ...


async def load(name: str, *, strict: bool = False) -> Circle:
    return Circle(1)


def _private() -> None: ...
'''


def test_an_outline_is_python_without_bodies() -> None:
    short = outline(CODE)
    ast.parse(short)
    assert "    @property\n    def area(" in short
    assert "async def load(name: str, *, strict: bool=False) -> Circle: ..." in short
    assert '"""A round one."""' in short
    assert "math.pi" not in short
    assert "More of it" not in short
    assert "LIMIT = 3" in short


def test_public_names_are_what_another_file_may_import() -> None:
    assert public_names(CODE) == ("Base", "aid", "UNIT", "LIMIT", "Circle", "load")


def test_signatures_tell_methods_from_functions() -> None:
    assert signatures(CODE) == (
        "class Circle(Base)",
        "Circle.area() -> float",
        "async def load(name: str, *, strict: bool=False) -> Circle",
    )


@pytest.mark.parametrize("code", ["def (", "x = '", "\x00", "(" * 5000])
def test_code_that_does_not_parse_offers_nothing(code: str) -> None:
    assert public_names(code) == ()
    assert signatures(code) == ()
    assert outline(code) == code


TWICE = """class Shelf:
    @property
    def size(self):
        return 1

    @size.setter
    def size(self, value):
        pass

    def put(self):
        pass

    def put(self, thing):
        pass


@overload
def read(text: str) -> int: ...
@overload
def read(text: bytes) -> int: ...
def read(text):
    return len(text)


def read(text):
    return 0


@read.register
def _(text: str): ...
@read.register
def _(text: bytes): ...
"""


def test_what_is_defined_twice_is_named_but_not_setters_and_overloads() -> None:
    assert defined_twice(TWICE) == ("read", "Shelf.put")
    assert defined_twice(CODE) == defined_twice("def broken(:") == ()


def test_the_requests_a_function_answers() -> None:
    code = '@app.get("/a/{id}")\n@app.head("/a")\n@cached\ndef read(id):\n    pass\n'
    code += '\n\n@app.on("x")\ndef on(): ...\n'
    assert routes_of(code, "read") == (("get", "/a/{id}"), ("head", "/a"))
    assert routes_of(code, "on") == routes_of(code, "missing") == ()

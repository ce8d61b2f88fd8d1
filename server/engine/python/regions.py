"""The functions, methods and classes of a file, known by their source, wherever in the file they stand."""

import ast
import hashlib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from .syntax import parsed

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Placed:
    name: str
    """`parse` or `Ledger.add`."""
    sha256: str
    """Of its source, decorators included, without common indentation and trailing blanks."""
    first: int
    last: int
    """Its lines, from 1."""


def regions(code: str) -> tuple[Placed, ...]:
    """In the order of the file, a class before its methods; none of code that cannot be parsed."""
    if (tree := parsed(code)) is None:
        return ()
    # Not `splitlines`: a form feed ends no line of Python.
    lines = code.split("\n")
    return tuple(_placed(name, node, lines) for name, node in _definitions(tree))


def _definitions(tree: ast.Module) -> Iterator[tuple[str, _Definition]]:
    for node in tree.body:
        if isinstance(node, _Definition):
            yield node.name, node
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{inner.name}", inner


def _placed(name: str, node: _Definition, lines: list[str]) -> Placed:
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    last = node.end_lineno or node.lineno
    source = textwrap.dedent("\n".join(line.rstrip() for line in lines[first - 1 : last]))
    return Placed(name, hashlib.sha256(source.encode()).hexdigest(), first, last)

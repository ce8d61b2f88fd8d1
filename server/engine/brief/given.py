"""Given code: the Python that a brief holds in fenced blocks, as stubs to fill and what goes with them.

A block counts where each statement at its top level defines or imports something, and at least one function
is a stub: a head without a body of its own. Other blocks show how the result is used.
"""

import ast
import copy
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .signature import Signature

_FENCED = re.compile(
    r"^(?P<indent>[ \t]*)```[ \t]*(?P<language>\w*)[^\n]*\n(?P<code>.*?)(?:^(?P=indent)```|\Z)", re.M | re.S
)
_PYTHON = {"", "py", "python", "python3"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BESIDES = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)


@dataclass(frozen=True)
class Given:
    """A function, class or method as it stands in the brief."""

    signature: Signature
    source: str
    words: str
    """Its docstring."""
    is_stub: bool


@dataclass(frozen=True)
class GivenCode:
    definitions: tuple[Given, ...] = ()
    besides: str = ""
    """Imports and constants."""
    outside: str = ""
    """The brief without this code."""

    def of(self, full_name: str) -> Given | None:
        return next((one for one in self.definitions if one.signature.full_name == full_name), None)


@lru_cache(maxsize=64)
def given_code(brief: str) -> GivenCode:
    definitions: dict[str, Given] = {}
    besides: dict[str, None] = {}
    outside, at = [], 0
    for match in _FENCED.finditer(brief):
        code = textwrap.dedent(match["code"])
        tree = _tree(code) if match["language"].lower() in _PYTHON else None
        if tree is None:
            continue
        for node in tree.body:
            if isinstance(node, _DEFINING):
                definitions |= {one.signature.full_name: one for one in _given(node, code)}
            elif isinstance(node, _BESIDES):
                besides[_source(node, code)] = None
        outside.append(brief[at : match.start()])
        at = match.end()
    return GivenCode(tuple(definitions.values()), "\n".join(besides), "".join([*outside, brief[at:]]))


def _tree(code: str) -> ast.Module | None:
    """None for what does not count."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not all(isinstance(node, _DEFINING + _BESIDES) or _is_text(node) for node in tree.body):
        return None
    functions = [node for node in ast.walk(tree) if isinstance(node, _Function)]
    return tree if any(_is_stub(node) for node in functions) else None


def _given(node: ast.stmt, code: str, owner: str = "") -> Iterator[Given]:
    words = ast.get_docstring(node) or "" if isinstance(node, _DEFINING) else ""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        methods = [one for inner in node.body for one in _given(inner, code, node.name)]
        stub = any(one.is_stub for one in methods) or not methods
        yield Given(Signature(name=node.name, is_class=True, bases=bases), _source(node, code), words, stub)
        yield from methods
    elif isinstance(node, _Function):
        yield Given(_signature(node, owner), _source(node, code), words, _is_stub(node))


def _signature(node: _Function, owner: str) -> Signature:
    marks = {ast.unparse(one) for one in node.decorator_list}
    arguments = copy.deepcopy(node.args)
    if owner and "staticmethod" not in marks:
        del (arguments.posonlyargs or arguments.args)[:1]
    return Signature(
        name=node.name,
        owner=owner,
        params=ast.unparse(arguments),
        returns=ast.unparse(node.returns) if node.returns else "",
        is_async=isinstance(node, ast.AsyncFunctionDef),
        on_class=bool(marks & {"classmethod", "staticmethod"}),
    )


def _is_stub(node: _Function) -> bool:
    body = [one for one in node.body if not _is_text(one) and not isinstance(one, ast.Pass)]
    if len(body) == 1 and isinstance(body[0], ast.Raise) and body[0].exc is not None:
        return ast.unparse(body[0].exc).startswith("NotImplementedError")
    return not body


def _is_text(node: ast.stmt) -> bool:
    """A docstring, or `...`."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _source(node: ast.stmt, code: str) -> str:
    """As it is written, with its decorators."""
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return textwrap.dedent("\n".join(code.splitlines()[first - 1 : node.end_lineno]))

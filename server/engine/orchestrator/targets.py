"""Targets: the functions of a file that are worth electing, drawing or proving for themselves."""

import ast
from collections.abc import Iterator

from ..python.syntax import parsed

_LEAST_NODES = 16
"""Below this a function only hands something on: there is nothing to draw."""
_BUILT_WITH = ("__init__", "__post_init__")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def targets_of(code: str) -> Iterator[str]:
    """Functions and methods with something in them, in the order of the file."""
    tree = parsed(code)
    for node in tree.body if tree else ():
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for function in node.body if isinstance(node, ast.ClassDef) else (node,):
            if (
                isinstance(function, _Function)
                and function.name not in _BUILT_WITH
                and sum(1 for _ in ast.walk(function)) >= _LEAST_NODES
            ):
                yield owner + function.name


def called_in(code: str) -> list[str]:
    """Names of what is called, in order of appearance."""
    calls = [node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    calls.sort(key=lambda node: (node.lineno, node.col_offset))
    return [
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in calls
        if isinstance(node, ast.Attribute | ast.Name)
    ]

"""Attributes that hide methods: `self.items = {}` in a class that also has `def items(self)`.

Small models write this often, and what is meant is certain: the attribute gets a leading underscore, the
way a person would mend it. Calls of the method stay calls of the method.
"""

import ast
from collections.abc import Iterator

from .syntax import parsed


def uncover_methods(code: str) -> str:
    """The code with such attributes renamed; code that does not parse is returned as it is."""
    if (tree := parsed(code)) is None:
        return code
    lines = code.encode().splitlines(keepends=True)
    places = {place for node in tree.body if isinstance(node, ast.ClassDef) for place in _renamed(node)}
    for row, column in sorted(places, reverse=True):
        lines[row] = lines[row][:column] + b"_" + lines[row][column:]
    return b"".join(lines).decode()


def _renamed(owner: ast.ClassDef) -> Iterator[tuple[int, int]]:
    """Where the attributes' names begin, as line and byte."""
    methods = {
        node.name
        for node in owner.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not any(
            "property" in ast.unparse(line) or "setter" in ast.unparse(line) for line in node.decorator_list
        )
    }
    found = [node for node in ast.walk(owner) if isinstance(node, ast.Attribute) and _is_self(node.value)]
    hiding = {node.attr for node in found if isinstance(node.ctx, ast.Store) and node.attr in methods}
    taken = {node.attr for node in found} | methods
    called = {id(node.func) for node in ast.walk(owner) if isinstance(node, ast.Call)}
    for node in found:
        if node.attr in hiding and id(node) not in called and f"_{node.attr}" not in taken:
            end = node.end_col_offset or 0
            yield (node.end_lineno or 1) - 1, end - len(node.attr.encode())


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"

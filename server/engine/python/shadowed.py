"""Names that hide what they call: an attribute over a method, a route's handler over a helper.

Small models write both often (`self.items = {}` beside `def items(self)`), and what is meant is certain. The
attribute gets a leading underscore, the handler another name, the way a person would mend it. Calls stay
calls of the method, and of the helper.
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


def uncover_helpers(code: str) -> str:
    """The code with another name for a decorated function that has the name of an earlier plain one.

    A framework that registers it does not care for the name; what it calls by that name is the earlier one.
    """
    if (tree := parsed(code)) is None:
        return code
    lines = code.encode().splitlines(keepends=True)
    taken = {node.name for node in tree.body if isinstance(node, _Named)}
    plain: set[str] = set()
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.decorator_list:
            plain.add(node.name)
        elif node.name in plain and f"{node.name}_route" not in taken and _registers(node):
            row, old = node.lineno - 1, f"def {node.name}".encode()
            lines[row] = lines[row].replace(old, f"{old.decode()}_route".encode(), 1)
    return b"".join(lines).decode()


_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _registers(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator is called with a path or a word: `@app.get("/x")`."""
    return any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and bool(one.args)
        and isinstance(one.args[0], ast.Constant)
        for one in node.decorator_list
    )


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

"""Python's own parser, for text that may be anything."""

import ast


def parsed(code: str) -> ast.Module | None:
    """The syntax tree; None for what is no Python, or too deep for the parser."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def after_docstring(tree: ast.Module) -> int:
    """The line after the docstring and `from __future__` imports."""
    at = 0
    for node in tree.body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not is_text and not is_future:
            break
        at = node.end_lineno or at
    return at


def is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)

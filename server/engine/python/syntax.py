"""Python's own parser, for text that may be anything."""

import ast


def parsed(code: str) -> ast.Module | None:
    """The syntax tree; None for what is no Python, or too deep for the parser."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None

"""Docstrings in the brief's own words, for what a model wrote without any.

Asked for docstrings, a small model copies the specification into each of several samples, and most of its
time goes there. So it is asked for code alone, and the words come from the brief at no cost.
"""

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence

from ..brief.signature import read_signature
from .skeleton import text_of
from .syntax import parsed

_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_WIDTH = 92


def documented(code: str, interface: Sequence[str], brief: str) -> str:
    """The code with the first sentence about each name of the interface as its docstring, if it has none."""
    if (tree := parsed(code)) is None:
        return code
    words = {one.full_name: text_of(one, brief) for line in interface if (one := read_signature(line))}
    lines = code.splitlines()
    for name, node in reversed(list(_definitions(tree))):
        first = node.body[0]
        if words.get(name) and first.lineno > node.lineno and ast.get_docstring(node) is None:
            indent = " " * first.col_offset
            at = min([first.lineno, *(line.lineno for line in getattr(first, "decorator_list", ()))]) - 1
            lines[at:at] = _docstring(words[name], indent)
    return "\n".join(lines) + "\n"


def _definitions(
    tree: ast.Module,
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    """Top-level functions and classes, and methods, in the order of their lines."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{inner.name}", inner


def _docstring(text: str, indent: str) -> list[str]:
    sentence = (
        _SENTENCE.split(" ".join(text.split()))[0].rstrip(";").replace("\\", "\\\\").replace('"""', "'''")
    )
    sentence = sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
    wrapped = textwrap.wrap(sentence, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    if len(wrapped) == 1:
        return [f'{indent}"""{wrapped[0]}"""']
    return [f'{indent}"""{wrapped[0]}', *(indent + line for line in wrapped[1:]), f'{indent}"""']

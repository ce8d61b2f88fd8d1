"""The frame of a file: its skeleton, with gaps where a model is to write.

A model that goes on from a function's head and the words about it misses neither name nor parameters, has
what it must do before its eyes, and spends nothing on what is certain.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .place import Function, functions, split
from .syntax import parsed

_ENDS = ("\nif __name__", "\nprint(", "\nassert ", "\n# Example", "\n# Test", "\n```")
"""What a model adds that nobody asked for begins with one of these."""
_Definition = Function | ast.ClassDef


@dataclass(frozen=True)
class Gap:
    target: str
    """Whose body is to be written: `function`, or `Class.method` of a class that is given."""
    before: str
    """The text since the last gap, whole lines."""
    bare: str
    """The same without the words that were put into docstrings."""
    stops: tuple[str, ...]
    """How what comes behind the gap may begin."""


@dataclass(frozen=True)
class Frame:
    gaps: tuple[Gap, ...]
    end: str
    """The text behind the last gap."""


def frame_of(skeleton: str, is_given: Callable[[str], bool]) -> Frame | None:
    """None if nothing is left to write, or it is not functions alone: what the methods of a class share is
    better thought of at once. `is_given`: whether the words about a function or class are its user's own.
    """
    tree = parsed(skeleton)
    if tree is None or not all(_is_plain(node) or is_given(getattr(node, "name", "")) for node in tree.body):
        return None
    lines = split(skeleton if skeleton.endswith("\n") else f"{skeleton}\n")
    empty = sorted(_gaps(skeleton))
    if not empty:
        return None
    definitions = list(_definitions(tree))
    bare = _without_words(lines, [node for name, node in definitions if not is_given(name)])
    gaps = []
    at = 0
    for begin, end, target in empty:
        after = [_head(lines[node.lineno - 1]) for _, node in definitions if node.lineno - 1 >= end]
        gaps.append(
            Gap(
                target=target,
                before="".join(lines[at:begin]),
                bare="".join(bare[at:begin]),
                stops=tuple(dict.fromkeys([*after, *_ENDS])),
            )
        )
        at = end
    return Frame(tuple(gaps), "".join(lines[at:]))


def _without_words(lines: Sequence[str], definitions: Sequence[_Definition]) -> list[str]:
    """The lines with nothing in those that were the docstrings of these."""
    found = list(lines)
    for node in definitions:
        if ast.get_docstring(node) is not None:
            first, end = node.body[0].lineno - 1, node.body[0].end_lineno or 0
            found[first:end] = [""] * (end - first)
            if isinstance(node, ast.ClassDef) and len(node.body) == 1:
                found[first] = "    pass\n"
    return found


def body_in(answer: str) -> str:
    """What an answer puts into a gap, without the beginning of what comes next."""
    lines = answer.rstrip().split("\n")
    fence = next((number for number, line in enumerate(lines) if line.startswith("```")), len(lines))
    del lines[fence:]
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith(("@", "#"))):
        lines.pop()
    return "".join(f"{line}\n" for line in lines)


def _gaps(skeleton: str) -> Iterator[tuple[int, int, str]]:
    """First line, and the line behind the last one, of what is to be replaced in functions."""
    for place in functions(skeleton):
        last = place.node.body[-1]
        if place.is_stub:
            yield place.body, place.end, place.name
        elif isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant) and last.value.value is ...:
            yield last.lineno - 1, place.end, place.name


def _is_plain(node: ast.stmt) -> bool:
    """Whether nothing is to be written in it but functions: errors need no more than their names."""
    if not isinstance(node, ast.ClassDef):
        return True
    return _is_empty(node) and any(ast.unparse(base).endswith(("Error", "Exception")) for base in node.bases)


def _is_empty(node: ast.ClassDef) -> bool:
    return all(isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in node.body)


def _definitions(tree: ast.Module) -> Iterator[tuple[str, _Definition]]:
    for node in tree.body:
        if isinstance(node, _Definition):
            yield node.name, node
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(inner, Function):
                yield f"{node.name}.{inner.name}", inner  # type: ignore[attr-defined]


def _head(line: str) -> str:
    name = line.partition("(")[0].partition(":")[0].rstrip()
    return f"\n{name}(" if "(" in line else f"\n{name}:"

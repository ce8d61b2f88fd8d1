"""What can be done at a line: read from the text alone, fast enough for every move of a cursor."""

import ast
from collections.abc import Sequence

from ..python.place import Function, comment_at, function_at, statement_at, with_pretended_body
from ..types import Finding, Offer, Stage
from ..validation.types import is_test_module

_MOST_LINES = 120
"""A longer function is more than a small model can write again."""


def offers_at(path: str, text: str, line: int, findings: Sequence[Finding] = ()) -> tuple[Offer, ...]:
    """`findings` are those at the line that is pointed at."""
    whole = with_pretended_body(text, line)
    place = function_at(whole, line)
    if place is None:
        found = [Offer(task="comment", target="")] if comment_at(whole, line) else []
        if findings and (span := statement_at(whole, line)) and span[1] - span[0] <= _MOST_LINES:
            found.append(Offer(task="fix", target=""))
        return tuple(found)
    if place.is_stub:
        return (Offer(task="implement", target=place.name),)
    short = place.end - place.first <= _MOST_LINES
    found = [] if is_test_module(path) else [Offer(task="test", target=place.name)]
    if any(one.stage is Stage.SECURITY for one in findings) and short:
        found.append(Offer(task="harden", target=place.name))
    if any(one.stage is not Stage.SECURITY for one in findings) and short:
        found.append(Offer(task="fix", target=place.name))
    if _lacks(place.node):
        found.append(Offer(task="document", target=place.name))
    return tuple(found)


def _lacks(node: Function) -> bool:
    """Whether a type or the docstring is missing."""
    return ast.get_docstring(node) is None or bool(unannotated(node))


def unannotated(node: Function) -> list[str]:
    """Parameters without a type, and `return`."""
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    names = [one.arg for one in every if one.annotation is None]
    if every and names and every[0].arg in {"self", "cls"}:
        names.remove(every[0].arg)
    return [*names, *([] if node.returns else ["return"])]

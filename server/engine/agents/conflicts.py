"""Contradictions that a brief shows by itself: no project can satisfy it, so they are told before any call.

Found are those that need no understanding: the same call with two results, the same name with other
parameters, and a package beside "standard library only". A call whose results may differ because something
was done in between is no contradiction: calls within one session of the interpreter are not compared with
each other, and calls without arguments and methods are not compared at all.
"""

import ast
import re
from collections.abc import Iterator

from ..brief.signature import read_signature
from ..python.syntax import parsed
from ..types import Brief, Traits
from .examples import examples_in
from .planner import full_text

_SPAN = re.compile(r"`([^`\n]+)`")
_ANNOTATED = re.compile(r"\w\s*:\s*\w")


def conflicts(brief: Brief, traits: Traits) -> tuple[str, ...]:
    """One sentence each."""
    text = full_text(brief)
    return tuple(dict.fromkeys([*_results(text), *_parameters(text), *_packages(traits)]))


def _results(text: str) -> Iterator[str]:
    seen: dict[str, str] = {}
    for block in examples_in(text):
        for call, result in _claims(block).items():
            known = seen.setdefault(call, result)
            if known != result:
                yield f"the brief says that `{call}` {known}, and that it {result}"


def _claims(block: str) -> dict[str, str]:
    """Plain calls and what comes of them; none of a block that does something else, too."""
    found: dict[str, str] = {}
    tree = parsed(block.replace("pytest.raises", "raises"))
    for statement in tree.body if tree else ():
        claim = _claim(statement)
        if claim is None or claim[0] in found:
            return {}
        found[claim[0]] = claim[1]
    return found


def _claim(statement: ast.stmt) -> tuple[str, str] | None:
    match statement:
        case ast.Assert(test=ast.Compare(left=ast.Call() as call, ops=[ast.Eq()], comparators=[value])):
            said = _value(value)
            result = f"gives `{said}`" if said else ""
        case ast.With(
            items=[ast.withitem(context_expr=ast.Call(args=[ast.Name(id=error)]))],
            body=[ast.Expr(value=ast.Call() as call)],
        ):
            result = f"raises `{error}`"
        case _:
            return None
    plain = isinstance(call.func, ast.Name) and (call.args or call.keywords)
    given = [_value(one) for one in (*call.args, *(keyword.value for keyword in call.keywords))]
    return (ast.unparse(call), result) if plain and result and all(given) else None


def _value(node: ast.expr) -> str:
    """As Python shows it, so that `'a'` and `"a"` are the same; empty for what is no plain value."""
    try:
        return repr(ast.literal_eval(node))
    except (ValueError, TypeError, RecursionError, MemoryError):
        return ""


def _parameters(text: str) -> Iterator[str]:
    """Only of signatures with types: without them a call may be an example."""
    seen: dict[str, str] = {}
    for span in _SPAN.findall(text):
        one = read_signature(span)
        if one is None or one.is_class or not _ANNOTATED.search(one.params):
            continue
        known = seen.setdefault(one.full_name, one.params)
        if _bare(known) != _bare(one.params):
            yield f"the brief gives `{one.full_name}` the parameters `({known})`, and also `({one.params})`"


def _bare(params: str) -> str:
    return re.sub(r"\s+", "", params)


def _packages(traits: Traits) -> Iterator[str]:
    if traits.standard_library_only and traits.packages:
        named = ", ".join(f"`{name}`" for name in traits.packages)
        yield f"the brief allows the standard library only, and names {named}"

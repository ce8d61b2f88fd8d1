"""Probes: calls without a claim of what must come of them, made from the calls in checks.

Where candidates differ, what most of them show is worth knowing, and nobody need know the right value for it.
A probe changes one value in the call that a check ends with, to one at the edge or a step beside it.
"""

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from .checks import Check

_MOST_OF_ONE = 6
"""Probes that end with the same call."""
_MOST_OF_CHECK = 3


def probes_of(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Probes for each function that checks call; the same checks give the same probes."""
    known = {ast.unparse(call) for check in checks for call in (_call(check),) if call is not None}
    made: dict[str, Check] = {}
    of_one: Counter[str] = Counter()
    for check in checks:
        call = _call(check)
        if call is None:
            continue
        name, taken = ast.unparse(call.func), 0
        for changed in _variants(call):
            text = ast.unparse(changed)
            if taken == _MOST_OF_CHECK or of_one[name] == _MOST_OF_ONE:
                break
            if text not in known:
                known.add(text)
                taken += 1
                of_one[name] += 1
                probe = _probe(check, text)
                made.setdefault(probe.name, probe)
    return tuple(made.values())


def _probe(check: Check, call: str) -> Check:
    body = (*check.body[:-1], f"shown = {call}", "raise AssertionError(repr(shown))")
    key = hashlib.sha256("\n".join(body).encode()).hexdigest()[:12]
    return Check(name=f"test_probe_{key}", body=body, anchored=False, covers=check.covers)


def _call(check: Check) -> ast.Call | None:
    """The call whose value a check compares, or that it expects to raise."""
    (last,) = ast.parse(check.body[-1]).body
    if isinstance(last, ast.With) and isinstance(last.body[-1], ast.Expr):
        found: ast.expr = last.body[-1].value
    elif isinstance(last, ast.Assert) and isinstance(last.test, ast.Compare):
        found = last.test.left
    else:
        return None
    return found if isinstance(found, ast.Call) else None


def _variants(call: ast.Call) -> Iterator[ast.Call]:
    """The call with one of its values changed."""
    for place, node in enumerate(_values(call)):
        for value in _beside(ast.literal_eval(node)):
            changed = copy.deepcopy(call)
            target = _values(changed)[place]
            _replace(changed, target, ast.Constant(value) if _is_plain(value) else _literal(value))
            yield changed


def _values(call: ast.Call) -> list[ast.expr]:
    """Arguments that are literals."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return [node for node in arguments if _is_literal(node)]


def _replace(call: ast.Call, old: ast.expr, new: ast.expr) -> None:
    call.args = [new if node is old else node for node in call.args]
    for keyword in call.keywords:
        if keyword.value is old:
            keyword.value = new


def _beside(value: Any) -> Iterator[Any]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        yield from (value + 1, 0, -value, value * 10)
    elif isinstance(value, float):
        yield from (value / 2, 0.0, -value)
    elif isinstance(value, str) and not value.startswith(("/", "-")):
        yield from (value[:-1], "", value + value[:1], value[::-1], value.swapcase(), f" {value} ")
    elif isinstance(value, list | tuple):
        kind = type(value)
        yield from (kind(value[:-1]), kind(), kind([*value, *value[:1]]), kind(value[::-1]))


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, int | float) and value >= 0)


def _literal(value: Any) -> ast.expr:
    return ast.parse(repr(value), mode="eval").body


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True

"""Properties: what must hold between functions whose names say that one undoes the other.

Of two such functions the reader must give back what the writer was given, whatever the text between them
looks like, and no one need know that text. The values come from calls in other checks, of which somebody said
what they give; so they are values that the writer takes. (Metamorphic testing: Chen, Cheung and Yiu, 1998.)
"""

import ast
import re
from collections.abc import Iterator, Sequence

from .checks import Check, TestBed, read_checks

_MOST_OF_PAIR = 3
_PAIRS = (
    ("encode", "decode"),
    ("encrypt", "decrypt"),
    ("compress", "decompress"),
    ("serialize", "deserialize"),
    ("serialise", "deserialise"),
    ("marshal", "unmarshal"),
    ("dump", "load"),
    ("dumps", "loads"),
    ("pack", "unpack"),
    ("escape", "unescape"),
    ("format", "parse"),
    ("to", "from"),
)
"""Words of names: what the first writes the second reads."""


def round_trips(bed: TestBed, checks: Sequence[Check]) -> tuple[Check, ...]:
    """Checks for each pair among the names under test, with values that other checks call the writer with."""
    made: dict[str, Check] = {}
    for writer, reader in _pairs(bed.names):
        lines = [f"assert {reader}({writer}({value})) == {value}" for value in _values(writer, checks)]
        for check in read_checks(bed, "", "\n".join(lines[:_MOST_OF_PAIR])):
            # Each for itself: `read_checks` lets earlier calls come along.
            alone = check.model_copy(update={"body": check.body[-1:], "anchored": False})
            made[alone.body[0]] = alone.model_copy(update={"name": f"test_{reader.lower()}_{alone.key}"})
    return tuple(made.values())


def _pairs(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    known = set(names)
    for name in names:
        for other in _readers_of(name):
            if other in known and other != name:
                yield name, other


def _readers_of(name: str) -> Iterator[str]:
    """What the function may be called that reads what `name` writes."""
    for writes, reads in _PAIRS:
        pattern = rf"(?:(?<=^)|(?<=_)){writes}(?=_|$)"
        if re.search(pattern, name):
            yield re.sub(pattern, reads, name, count=1)
    if match := re.fullmatch(r"([a-z0-9]+)_to_([a-z0-9]+)", name):
        yield f"{match[2]}_to_{match[1]}"


def _values(writer: str, checks: Sequence[Check]) -> tuple[str, ...]:
    """Literal values that a check calls the writer with, as its only argument, and names the result of."""
    found: dict[str, None] = {}
    for check in checks:
        (last,) = ast.parse(check.body[-1]).body
        if not (isinstance(last, ast.Assert) and isinstance(last.test, ast.Compare)):
            continue
        call, operator = last.test.left, last.test.ops[0]
        if (
            isinstance(operator, ast.Eq)
            and isinstance(call, ast.Call)
            and ast.unparse(call.func) == writer
            and len(call.args) == 1
            and not call.keywords
            and _is_literal(call.args[0])
        ):
            found[ast.unparse(call.args[0])] = None
    return tuple(found)


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True

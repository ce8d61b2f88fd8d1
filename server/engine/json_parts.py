"""JSON of long lists in small steps.

The standard library reads and writes a text in one go, during which no other thread runs: ten megabytes hold
up an event loop for a third of a second, on whichever thread. Here each entry of a list is a step of its own.
"""

import asyncio
import json
import re
from collections.abc import Generator, Iterator
from typing import Any

_SHORT = 64 * 1024
_FEW = 200
_AT_ONCE = 100
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
Steps = Generator[None, None, tuple[Any, int]]
"""Of one list or object: an entry at each step; at the end the whole, and the place behind it."""


def loads(text: str) -> Any:
    """As `json.loads`, for a list, or an object with lists in it; raises ValueError as it does."""
    steps = _whole(text)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value[0]


async def read(text: str) -> Any:
    """The same on an event loop, which goes on meanwhile."""
    steps = _whole(text)
    for number in range(1, len(text) + 2):
        try:
            next(steps)
        except StopIteration as end:
            return end.value[0]
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    raise AssertionError("more entries than letters")


def entries(text: str, at: int) -> Iterator[Any]:
    """Those of the list whose bracket is at `at`; what stands behind the last one taken is not read."""
    at = _past(text, at + 1)
    first = True
    while not text.startswith("]", at):
        at = at if first else _past(text, _behind(text, at, ","))
        first = False
        value, at = _DECODER.raw_decode(text, at)
        yield value
        at = _past(text, at)


def dumps(value: Any) -> str:
    """Without spaces, and with letters as they are."""
    if not isinstance(value, list) or len(value) <= _FEW:
        return _text(value)
    return f"[{','.join([_text(one) for one in value])}]"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole(text: str) -> Steps:
    start = _past(text, 0)
    if len(text) <= _SHORT or text[start : start + 1] not in {"[", "{"}:
        return json.loads(text), len(text)
    found, end = yield from (_list if text[start] == "[" else _object)(text, start)
    if _past(text, end) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return found, end


def _list(text: str, at: int) -> Steps:
    found: list[Any] = []
    at = _past(text, at + 1)
    while not text.startswith("]", at):
        if found:
            at = _past(text, _behind(text, at, ","))
        value, at = _DECODER.raw_decode(text, at)
        found.append(value)
        at = _past(text, at)
        yield
    return found, at + 1


def _object(text: str, at: int) -> Steps:
    found: dict[str, Any] = {}
    at = _past(text, at + 1)
    while not text.startswith("}", at):
        if found:
            at = _past(text, _behind(text, at, ","))
        key, at = _DECODER.raw_decode(text, at)
        if not isinstance(key, str):
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
        at = _past(text, _behind(text, _past(text, at), ":"))
        if text.startswith("[", at):
            found[key], at = yield from _list(text, at)
        else:
            found[key], at = _DECODER.raw_decode(text, at)
        at = _past(text, at)
    return found, at + 1


def _behind(text: str, at: int, sign: str) -> int:
    if not text.startswith(sign, at):
        raise json.JSONDecodeError(f"Expecting '{sign}' delimiter", text, at)
    return at + 1


def _past(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at

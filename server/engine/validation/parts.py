"""Work over many values, a few at a time: there may be thousands of findings, and somebody may be typing.

On the event loop and not on threads, which would take turns with it for as long as they work.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from ..types import Finding

A = TypeVar("A")
B = TypeVar("B")
_AT_ONCE = 50


async def each(make: Callable[[A], B], values: Iterable[A]) -> list[B]:
    """What `make` says of each value, in order."""
    made = []
    for number, one in enumerate(values, 1):
        made.append(make(one))
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return made


async def as_json(found: Sequence[Finding]) -> list[dict[str, Any]]:
    return await each(lambda one: one.model_dump(mode="json"), found)


async def as_findings(stored: Sequence[dict[str, Any]]) -> list[Finding]:
    return await each(Finding.model_validate, stored)

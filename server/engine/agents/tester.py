"""The tester: the contract becomes checks, written without sight of the implementation.

A small model that writes a whole test file repeats itself until it is cut. Asked for a few lines about one
or two functions it stays with the specification, so there is one short answer per group of public names.
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice

from ..errors import AnswerError, ModelError
from ..llm.gateway import Gateway
from ..llm.types import Answer, Request
from ..types import Brief
from .answers import read_code
from .checks import Check, TestBed, examples, read_checks, varied
from .planner import full_text
from .prompts import render
from .properties import round_trips

_LINES = 8
_MOST_PER_ANSWER = 10


async def write_checks(
    gateway: Gateway,
    brief: Brief,
    bed: TestBed,
    *,
    interface: Sequence[str],
    subjects: Sequence[Sequence[str]],
    max_tokens: int,
) -> tuple[Check, ...]:
    """Checks from the brief's own examples and from one answer per group of `subjects`."""
    text = full_text(brief)
    answers = await asyncio.gather(
        *(
            _ask(gateway, text, bed, interface, group, index, max_tokens)
            for index, group in enumerate(subjects)
        ),
        return_exceptions=True,
    )
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, AnswerError):
            if isinstance(answer, ModelError) and any(isinstance(other, Answer) for other in answers):
                continue
            raise answer
    checks = {check.key: check for check in examples(bed, text)}
    for answer in answers:
        if isinstance(answer, Answer):
            for check in _read(answer, bed, text):
                checks.setdefault(check.key, check)
    for check in round_trips(bed, tuple(checks.values())):
        checks.setdefault(check.key, check)
    return tuple(checks.values())


async def _ask(
    gateway: Gateway,
    text: str,
    bed: TestBed,
    interface: Sequence[str],
    subjects: Sequence[str],
    index: int,
    max_tokens: int,
) -> Answer:
    request = Request(
        purpose="write checks",
        messages=render(
            "tests",
            brief=text,
            shared=bed.shared,
            interface=_interface(interface),
            count=str(_LINES),
            focus=" and ".join(subjects),
        ),
        temperature=0.2,
        max_tokens=max_tokens,
        seed=index,
    )
    (answer,) = await gateway.ask(request)
    return answer


def _read(answer: Answer, bed: TestBed, brief: str) -> Iterator[Check]:
    try:
        code = read_code(answer.model_copy(update={"finish": "stop"}), "checks")
    except AnswerError:
        return
    yield from islice(varied(read_checks(bed, brief, code)), _MOST_PER_ANSWER)


def _interface(interface: Sequence[str]) -> str:
    if not interface:
        return ""
    return "The public interface:\n" + "\n".join(f"- `{line}`" for line in interface)

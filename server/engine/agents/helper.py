"""The helper: short questions about one place in a file that its user is looking at.

The answers are small pieces of code; what is done with them, and whether they are any good, is decided by
those who asked.
"""

from collections.abc import Sequence

from ..errors import AnswerError
from ..llm.gateway import Gateway
from ..llm.types import Request
from ..types import Value
from .answers import read_code
from .prompts import render

_CREATIVE = 0.5


class Piece(Value):
    """One answer: code, or why it is none."""

    code: str
    model: str
    problem: str = ""
    copies: int = 1


async def ask_for_code(
    gateway: Gateway, prompt: str, *, path: str, samples: int, max_tokens: int, draw: int = 0, **values: str
) -> tuple[Piece, ...]:
    """Different answers to one question, each once. Raises AnswerError, BudgetError, ModelError."""
    request = Request(
        purpose=f"{prompt} {path}",
        messages=render(prompt, path=path, **values),
        temperature=_CREATIVE if samples > 1 or draw else 0.0,
        max_tokens=max_tokens,
        seed=draw,
        samples=samples,
    )
    found: dict[tuple[str, str], Piece] = {}
    for answer in await gateway.ask(request):
        try:
            piece = Piece(code=read_code(answer, path), model=answer.model)
        except AnswerError as error:
            piece = Piece(code="", model=answer.model, problem=str(error))
        key = (piece.code, piece.problem)
        copies = found[key].copies + 1 if key in found else 1
        found[key] = piece.model_copy(update={"copies": copies})
    return tuple(found.values())


def earlier_failures(failures: Sequence[str]) -> str:
    """What to say of earlier answers."""
    if not failures:
        return ""
    return "An earlier version was wrong:\n" + "\n".join(f"- {line}" for line in failures)


def may_import(packages: Sequence[str]) -> str:
    installed = f", the installed packages {', '.join(packages)}" if packages else ""
    return f"It may import only the standard library{installed} and what the file imports already."

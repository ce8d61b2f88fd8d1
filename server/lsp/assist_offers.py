"""Code actions that begin a job of the model: what can be done where the cursor is, in Python."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from ..engine.languages import language_of
from .assist import at_lines
from .documents import parts_of
from .names import ASSIST

if TYPE_CHECKING:
    from ..engine.types import Finding, Offer
    from .documents import Snapshot
    from .server import QuantumLayerServer

_REWRITE = f"{types.CodeActionKind.RefactorRewrite.value}.quantumlayer"
_FIX = f"{types.CodeActionKind.QuickFix.value}.quantumlayer"
_KIND_OF = {
    "implement": f"{_REWRITE}.implement",
    "document": f"{_REWRITE}.document",
    "comment": f"{_REWRITE}.comment",
    "test": f"{types.CodeActionKind.Refactor.value}.quantumlayer.test",
    "fix": f"{_FIX}.fix",
    "harden": f"{_FIX}.harden",
}
KINDS = tuple(_KIND_OF.values())


async def actions(
    server: "QuantumLayerServer",
    document: "Snapshot",
    params: types.CodeActionParams,
    wanted: Callable[[str, object], bool],
) -> list[types.CodeAction | types.Command]:
    """None where the client asks for other kinds only; nothing is asked of a model."""
    only = params.context.only
    scheme, name = parts_of(document.uri)
    if scheme != "file" or language_of(name) != "python" or name.endswith(".pyi"):
        return []
    if not any(wanted(kind, only) for kind in KINDS):
        return []
    first, last = params.range.start.line, params.range.end.line
    findings = at_lines(server, document, first, last)
    offers = await asyncio.to_thread(_offers, document, first, findings)
    kept = [one for one in offers if wanted(_KIND_OF[one.task], only)]
    commands = [(_KIND_OF[one.task], _command(document, one, first, last)) for one in kept]
    if not server.features.code_action_literals:
        return [command for _, command in commands]
    return [types.CodeAction(title=one.title, kind=kind, command=one) for kind, one in commands]


def _offers(document: "Snapshot", line: int, findings: "Sequence[Finding]") -> "Sequence[Offer]":
    """On a thread: the engine is imported with it, the first time."""
    from .session import load

    load()
    from ..engine.facade import Engine

    return Engine.offers_at(parts_of(document.uri)[1], document.text, line, findings)


def _command(document: "Snapshot", offer: "Offer", first: int, last: int) -> types.Command:
    name = f"`{offer.target}`" if offer.target else "this"
    titles = {
        "implement": f"Implement {name}",
        "test": f"Write tests for {name}",
        "fix": "Fix this with a model",
        "document": f"Add types and a docstring to {name}",
        "harden": f"Harden {name}",
        "comment": "Generate from this comment",
    }
    given = {"task": offer.task, "uri": document.uri, "line": first, "end": last}
    return types.Command(titles[offer.task], ASSIST, arguments=[given])

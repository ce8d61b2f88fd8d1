"""`textDocument/codeAction`: fixes where the cursor is, the whole file tidied, and what begins jobs:
**Generate capsule from this brief**, **Validate this file**.

The jobs' kind is a refactoring, because that is what every editor lists when asked for all actions.
"""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from ..engine.languages import is_code
from . import fixes, tidying
from .names import GENERATE_CAPSULE, VALIDATE_FILE

if TYPE_CHECKING:
    from .documents import Snapshot
    from .server import QuantumLayerServer

KIND = f"{types.CodeActionKind.Refactor.value}.quantumlayer.generate"
TITLE = "Generate capsule from this brief"
VALIDATE_KIND = f"{types.CodeActionKind.Refactor.value}.quantumlayer.validate"
VALIDATE_TITLE = "Validate this file"
KINDS = (types.CodeActionKind.QuickFix, *tidying.KINDS, KIND, VALIDATE_KIND)


async def code_action(
    server: "QuantumLayerServer", params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    document = server.documents.opened(params.text_document.uri)
    if document is None:
        return None
    found: list[types.CodeAction | types.Command] = []
    if server.features.code_action_literals:
        if _wanted(str(types.CodeActionKind.QuickFix.value), params.context.only):
            found += fixes.at(server, document, params.range)
        wanted = [kind for kind in tidying.KINDS if _wanted(kind, params.context.only)]
        found += await tidying.actions(server, document, wanted, asked=bool(params.context.only))
    found += await _jobs(server, document, params)
    return found or None


async def _jobs(
    server: "QuantumLayerServer", document: "Snapshot", params: types.CodeActionParams
) -> list[types.CodeAction | types.Command]:
    if _wanted(KIND, params.context.only) and await asyncio.to_thread(_is_brief, document):
        title, kind, name = TITLE, KIND, GENERATE_CAPSULE
    elif _wanted(VALIDATE_KIND, params.context.only) and _is_code(document):
        title, kind, name = VALIDATE_TITLE, VALIDATE_KIND, VALIDATE_FILE
    else:
        return []
    command = types.Command(title=title, command=name, arguments=[document.uri])
    if not server.features.code_action_literals:
        return [command]
    return [types.CodeAction(title=title, kind=kind, command=command)]


def _wanted(ours: str, only: object) -> bool:
    """Kinds are hierarchical: asking for `refactor` asks for what is below it too."""
    if not isinstance(only, list | tuple):
        return True
    kinds = (str(getattr(kind, "value", kind)) for kind in only)
    return any(kind == "" or kind == ours or ours.startswith(f"{kind}.") for kind in kinds)


def _is_code(document: "Snapshot") -> bool:
    parts = urlsplit(document.uri)
    return parts.scheme == "file" and is_code(unquote(parts.path))


def _is_brief(document: "Snapshot") -> bool:
    from ..engine.brief import is_brief

    return is_brief(unquote(urlsplit(document.uri).path).rpartition("/")[2], document.text)

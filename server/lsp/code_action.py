"""`textDocument/codeAction`: **Generate capsule from this brief**.

Its kind is a refactoring, because that is what every editor lists when asked for all actions.
"""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from .names import GENERATE_CAPSULE

if TYPE_CHECKING:
    from .documents import Snapshot
    from .server import QuantumLayerServer

KIND = f"{types.CodeActionKind.Refactor.value}.quantumlayer.generate"
TITLE = "Generate capsule from this brief"


async def code_action(
    server: "QuantumLayerServer", params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    document = server.documents.opened(params.text_document.uri)
    if (
        document is None
        or not _wanted(params.context.only)
        or not await asyncio.to_thread(_is_brief, document)
    ):
        return None
    command = types.Command(title=TITLE, command=GENERATE_CAPSULE, arguments=[document.uri])
    if not server.features.code_action_literals:
        return [command]
    return [types.CodeAction(title=TITLE, kind=KIND, command=command)]


def _wanted(only: object) -> bool:
    """Kinds are hierarchical: asking for `refactor` asks for what is below it too."""
    if not isinstance(only, list | tuple):
        return True
    kinds = (str(getattr(kind, "value", kind)) for kind in only)
    return any(kind == "" or kind == KIND or KIND.startswith(f"{kind}.") for kind in kinds)


def _is_brief(document: "Snapshot") -> bool:
    from ..engine.brief import is_brief

    return is_brief(unquote(urlsplit(document.uri).path).rpartition("/")[2], document.text)

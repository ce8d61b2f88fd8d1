"""The whole file at once: every safe fix, imports in order, format.

The edits cost a process, so they are computed when they are chosen, or asked for by their kind (as
editors do on save).
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ..engine.errors import QuantumLayerError
from ..engine.languages import language_of
from .documents import Snapshot, split_lines
from .fixes import edit_of
from .shown import Common

if TYPE_CHECKING:
    from .server import QuantumLayerServer

log = logging.getLogger(__name__)
_FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.quantumlayer"
_IMPORTS = f"{types.CodeActionKind.SourceOrganizeImports.value}.quantumlayer"
KINDS = (_FIX_ALL, _IMPORTS)
_TITLES = {_FIX_ALL: "Fix all that is safe to fix", _IMPORTS: "Organise imports"}
_WAYS: dict[str, Literal["fix", "imports"]] = {_FIX_ALL: "fix", _IMPORTS: "imports"}


async def actions(
    server: "QuantumLayerServer", document: Snapshot, kinds: Sequence[str], *, asked: bool
) -> list[types.CodeAction]:
    """With `asked` (or for clients that cannot resolve) the edit comes along, and only if there is one."""
    found: list[types.CodeAction] = []
    if not _is_python(document):
        return found
    for kind in kinds:
        action = types.CodeAction(title=_TITLES[kind], kind=kind)
        if asked or not server.features.resolve_edits:
            try:
                edits = await _edits(server, document, _WAYS[kind])
            except QuantumLayerError as error:
                log.info("%s cannot be offered: %s", kind, error)
                continue
            if not edits or server.documents.opened(document.uri) != document:
                continue
            action.edit = edit_of(server, document, edits)
        else:
            action.data = {"uri": document.uri, "version": document.version, "kind": kind}
        found.append(action)
    return found


async def resolve(server: "QuantumLayerServer", action: types.CodeAction) -> types.CodeAction:
    """The edit of an action that was offered without; raises if the text is another one by now."""
    data: Any = action.data
    kind = data.get("kind") if isinstance(data, dict) else None
    if action.edit is not None or not isinstance(kind, str) or kind not in _WAYS:
        return action
    document = server.documents.opened(str(data.get("uri")))
    if document is None or document.version != data.get("version"):
        raise JsonRpcException("the document has changed since", types.LSPErrorCodes.ContentModified)
    action.edit = edit_of(server, document, await _edits(server, document, _WAYS[kind]))
    _refuse_if_changed(server, document)
    return action


async def format_document(server: "QuantumLayerServer", uri: str) -> list[types.TextEdit] | None:
    document = server.documents.opened(uri)
    if document is None:
        return None
    edits = await _edits(server, document, "format")
    _refuse_if_changed(server, document)
    return edits


def _refuse_if_changed(server: "QuantumLayerServer", document: Snapshot) -> None:
    """Edits were made for `document`; in another text they would be wrong."""
    if server.documents.opened(document.uri) != document:
        raise JsonRpcException("the document has changed meanwhile", types.LSPErrorCodes.ContentModified)


async def _edits(
    server: "QuantumLayerServer", document: Snapshot, way: Literal["fix", "imports", "format"]
) -> list[types.TextEdit]:
    lent = await server.live.engine(document)
    if lent is None or not _is_python(document):
        return []
    engine, file = lent
    return smallest_edits(document.text, await engine.tidy(file, way))


def _is_python(document: Snapshot) -> bool:
    return language_of(document.uri) == "python"


def smallest_edits(before: str, after: str) -> list[types.TextEdit]:
    """One edit of whole lines; none where nothing changes."""
    if before == after:
        return []
    old, new = split_lines(before), split_lines(after)
    common = Common.of_lines(old, new)
    head, tail = common.head, common.tail
    if head == len(old) and old and not old[-1].endswith(("\n", "\r")):
        head -= 1  # the last line has no end: lines cannot be put behind it
    span = types.Range(types.Position(head, 0), types.Position(len(old) - tail, 0))
    return [types.TextEdit(span, "".join(new[head : len(new) - tail]))]

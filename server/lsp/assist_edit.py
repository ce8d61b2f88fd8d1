"""The edit that help ends in: only lines that change, for the version of the text that was read."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import from_fs_path

from .documents import Snapshot, path_of, read_text, split_lines

if TYPE_CHECKING:
    from ..engine.types import Help, Wish
    from .server import QuantumLayerServer

_NOTE = "quantumlayer.help"


async def edit_for(
    server: "QuantumLayerServer", document: Snapshot, wish: "Wish", help_: "Help", root: Path
) -> types.WorkspaceEdit | None:
    """None if the file that help is for is not as it was when help was asked for."""
    if help_.path == wish.path:
        edits = await asyncio.to_thread(hunks, document.text, help_.text)
        return _edit(server, document.uri, document.version, edits, help_, new=False)
    place = root / help_.path
    asked = next((file.text for file in wish.files if file.path == help_.path), "")
    opened = _opened_at(server, place)
    before = opened.text if opened else await asyncio.to_thread(_on_disk, place)
    if (before or "") != asked:
        return None
    edits = await asyncio.to_thread(hunks, asked, help_.text)
    if _opened_at(server, place) != opened:
        return None
    uri = opened.uri if opened else str(from_fs_path(str(place)))
    return _edit(server, uri, opened.version if opened else None, edits, help_, new=before is None)


def hunks(before: str, after: str) -> list[types.TextEdit]:
    """One edit of whole lines for each part that differs."""
    import difflib

    old, new = split_lines(before), split_lines(after)
    found = []
    for kind, first, last, start, end in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            continue
        text = "".join(new[start:end])
        if first == len(old) and old and not old[-1].endswith(("\n", "\r")):
            first, text = first - 1, old[-1] + "\n" + text  # the last line has no end
        found.append(types.TextEdit(types.Range(types.Position(first, 0), types.Position(last, 0)), text))
    return found


def _edit(
    server: "QuantumLayerServer",
    uri: str,
    version: int | None,
    edits: list[types.TextEdit],
    help_: "Help",
    *,
    new: bool,
) -> types.WorkspaceEdit:
    features = server.features
    if not features.document_changes:
        return types.WorkspaceEdit(changes={uri: edits})
    changes: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = []
    if new and features.create_files:
        changes.append(types.CreateFile(uri=uri))
    target = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
    if not features.change_annotations:
        return types.WorkspaceEdit(document_changes=[*changes, types.TextDocumentEdit(target, list(edits))])
    noted = [types.AnnotatedTextEdit(_NOTE, one.range, one.new_text) for one in edits]
    note = types.ChangeAnnotation("QuantumLayer", needs_confirmation=False, description=help_.said)
    return types.WorkspaceEdit(
        document_changes=[*changes, types.TextDocumentEdit(target, list(noted))],
        change_annotations={_NOTE: note},
    )


def _opened_at(server: "QuantumLayerServer", place: Path) -> Snapshot | None:
    return next((one for one in server.documents.all_opened() if path_of(one.uri) == place), None)


def _on_disk(place: Path) -> str | None:
    return read_text(place) if place.is_file() else None

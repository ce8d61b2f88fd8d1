"""A `WorkspaceEdit` that puts files where they belong, in the richest form the client understands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types

from .documents import whole

if TYPE_CHECKING:
    from .client_features import ClientFeatures

_NEW, _OVER = "quantumlayer.new", "quantumlayer.overwrite"
DocumentChange = types.TextDocumentEdit | types.CreateFile


@dataclass(frozen=True)
class FileChange:
    """One file: what it shall be, what it is now (None: it is not there), and the editor's version."""

    uri: str
    text: str
    current: str | None = None
    version: int | None = None


def build_edit(changes: Sequence[FileChange], features: "ClientFeatures") -> types.WorkspaceEdit:
    """Files to create come before the text that fills them.

    Text that is there is replaced as a whole, marked as needing confirmation where the client can.
    """
    if not features.document_changes:
        return types.WorkspaceEdit(changes={change.uri: [_edit(change)] for change in changes})
    annotated = features.change_annotations
    document_changes: list[DocumentChange] = []
    for change in changes:
        annotation = (_NEW if change.current is None else _OVER) if annotated else None
        if change.current is None and features.create_files:
            document_changes.append(types.CreateFile(uri=change.uri, annotation_id=annotation))
        document_changes.append(_text_edit(change, annotation))
    return types.WorkspaceEdit(
        document_changes=document_changes, change_annotations=_annotations(changes) if annotated else None
    )


def _text_edit(change: FileChange, annotation: str | None) -> types.TextDocumentEdit:
    document = types.OptionalVersionedTextDocumentIdentifier(uri=change.uri, version=change.version)
    edit = _edit(change)
    if annotation is None:
        return types.TextDocumentEdit(text_document=document, edits=[edit])
    annotated = types.AnnotatedTextEdit(annotation, edit.range, edit.new_text)
    return types.TextDocumentEdit(text_document=document, edits=[annotated])


def _edit(change: FileChange) -> types.TextEdit:
    return types.TextEdit(whole(change.current or ""), change.text)


def _annotations(changes: Sequence[FileChange]) -> dict[str, types.ChangeAnnotation]:
    found = {}
    if any(change.current is None for change in changes):
        found[_NEW] = types.ChangeAnnotation("New files", needs_confirmation=False)
    if any(change.current is not None for change in changes):
        found[_OVER] = types.ChangeAnnotation(
            "Overwrite files",
            needs_confirmation=True,
            description="These are there already, with other content.",
        )
    return found

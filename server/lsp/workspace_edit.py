"""A `WorkspaceEdit` that puts files where they belong, in the richest form the client understands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types

from .documents import whole

if TYPE_CHECKING:
    from .client_features import ClientFeatures

_NEW, _OVER = "quantumlayer.new", "quantumlayer.overwrite"
_AGAIN, _GONE = "quantumlayer.restore", "quantumlayer.remove"
DocumentChange = types.TextDocumentEdit | types.CreateFile | types.DeleteFile


@dataclass(frozen=True)
class FileChange:
    """One file: what it shall be, what it is now (None: it is not there), and the editor's version."""

    uri: str
    text: str
    current: str | None = None
    version: int | None = None
    ours: bool = False
    """What is there can be had again at any time: a stored version has it."""

    @property
    def annotation(self) -> str:
        if self.current is None:
            return _NEW
        return _AGAIN if self.ours else _OVER


def build_edit(
    changes: Sequence[FileChange], features: "ClientFeatures", removed: Sequence[str] = ()
) -> types.WorkspaceEdit:
    """Files to create come before the text that fills them; `removed`, URIs, go last, where the client can.

    Text that is there is replaced as a whole, marked as needing confirmation where the client can.
    """
    if not features.document_changes:
        return types.WorkspaceEdit(changes={change.uri: [_edit(change)] for change in changes})
    annotated = features.change_annotations
    document_changes: list[DocumentChange] = []
    for change in changes:
        annotation = change.annotation if annotated else None
        if change.current is None and features.create_files:
            document_changes.append(types.CreateFile(uri=change.uri, annotation_id=annotation))
        document_changes.append(_text_edit(change, annotation))
    document_changes += [
        types.DeleteFile(uri=uri, annotation_id=_GONE if annotated else None)
        for uri in (removed if features.delete_files else ())
    ]
    annotations = _annotations(changes, removed) if annotated else None
    return types.WorkspaceEdit(document_changes=document_changes, change_annotations=annotations)


def _text_edit(change: FileChange, annotation: str | None) -> types.TextDocumentEdit:
    document = types.OptionalVersionedTextDocumentIdentifier(uri=change.uri, version=change.version)
    edit = _edit(change)
    if annotation is None:
        return types.TextDocumentEdit(text_document=document, edits=[edit])
    annotated = types.AnnotatedTextEdit(annotation, edit.range, edit.new_text)
    return types.TextDocumentEdit(text_document=document, edits=[annotated])


def _edit(change: FileChange) -> types.TextEdit:
    return types.TextEdit(whole(change.current or ""), change.text)


def _annotations(changes: Sequence[FileChange], removed: Sequence[str]) -> dict[str, types.ChangeAnnotation]:
    used = {change.annotation for change in changes} | ({_GONE} if removed else set())
    return {key: annotation for key, annotation in _ANNOTATIONS.items() if key in used}


_ANNOTATIONS = {
    _NEW: types.ChangeAnnotation("New files", needs_confirmation=False),
    _AGAIN: types.ChangeAnnotation(
        "Replace files", needs_confirmation=False, description="They are as a stored version has them."
    ),
    _OVER: types.ChangeAnnotation(
        "Overwrite files",
        needs_confirmation=True,
        description="These are there already, with other content.",
    ),
    _GONE: types.ChangeAnnotation(
        "Remove files", needs_confirmation=False, description="They are as a stored version has them."
    ),
}

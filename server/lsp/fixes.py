"""Quick fixes: what the tools offer for the findings where the cursor is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from .diagnostics import to_diagnostics, to_range
from .documents import Snapshot

if TYPE_CHECKING:
    from ..engine.types import Finding, Fix
    from .server import QuantumLayerServer


def at(server: "QuantumLayerServer", document: Snapshot, place: types.Range) -> list[types.CodeAction]:
    """Fixes first, then the comments that silence; none for findings of another text."""
    page = server.shown.page(document.uri)
    if page is None or page.text != document.text:
        return []
    findings = [
        one
        for one in page.findings()
        if one.range.start.line <= place.end.line and place.start.line <= one.range.end.line
    ]
    diagnostics = to_diagnostics(findings, page.lines, server.documents.position_codec)
    here = [
        (finding, diagnostic)
        for finding, diagnostic in zip(findings, diagnostics, strict=True)
        if _touches(diagnostic.range, place)
    ]
    lines = page.lines
    fixes = [_action(server, document, lines, one, told, one.fix) for one, told in here if one.fix]
    silenced = [
        _action(server, document, lines, one, told, one.suppress) for one, told in here if one.suppress
    ]
    return [*fixes, *silenced]


def _action(
    server: "QuantumLayerServer",
    document: Snapshot,
    lines: Sequence[str],
    finding: "Finding",
    diagnostic: types.Diagnostic,
    fix: "Fix",
) -> types.CodeAction:
    codec = server.documents.position_codec
    edits = [types.TextEdit(to_range(edit.range, lines, codec), edit.text) for edit in fix.edits]
    unsafe = "" if fix.safe or fix is finding.suppress else " (may change what the code does)"
    return types.CodeAction(
        title=f"{fix.title}{unsafe}",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic],
        is_preferred=fix.safe or None,
        edit=edit_of(server, document, edits),
    )


def edit_of(
    server: "QuantumLayerServer", document: Snapshot, edits: list[types.TextEdit]
) -> types.WorkspaceEdit:
    """Versioned where the client can: it refuses an edit for a text that it no longer has."""
    if not server.features.document_changes:
        return types.WorkspaceEdit(changes={document.uri: edits})
    target = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(text_document=target, edits=edits)])


def _touches(one: types.Range, other: types.Range) -> bool:
    def before(first: types.Position, second: types.Position) -> bool:
        return (first.line, first.character) < (second.line, second.character)

    return not before(one.end, other.start) and not before(other.end, one.start)

"""Findings as diagnostics."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import from_fs_path
from pygls.workspace import PositionCodec, ServerTextPosition

if TYPE_CHECKING:
    from ..engine.types import Finding, Position, Range, Related

_SEVERITY = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
    "hint": types.DiagnosticSeverity.Hint,
}
_TAG = {"unused": types.DiagnosticTag.Unnecessary, "deprecated": types.DiagnosticTag.Deprecated}


def to_diagnostics(
    findings: "Iterable[Finding]", lines: Sequence[str], codec: PositionCodec
) -> list[types.Diagnostic]:
    """Diagnostics in the client's units, for findings in a text with these lines."""
    return [_diagnostic(finding, lines, codec) for finding in findings]


def _diagnostic(finding: "Finding", lines: Sequence[str], codec: PositionCodec) -> types.Diagnostic:
    start = _position(finding.range.start, lines, codec)
    end = _position(finding.range.end, lines, codec)
    if end == start:
        end = _line_end(start, lines, codec)
    return types.Diagnostic(
        range=types.Range(start, end),
        message=finding.message,
        severity=_SEVERITY[finding.severity],
        source=f"quantumlayer/{finding.stage}",
        code=finding.rule or finding.tool,
        code_description=types.CodeDescription(finding.url) if finding.url else None,
        related_information=[_related(one) for one in finding.related] or None,
        tags=[_TAG[tag] for tag in finding.tags] or None,
    )


def _related(one: "Related") -> types.DiagnosticRelatedInformation:
    """Its range is of lines: the text is another file's."""
    start, end = types.Position(one.range.start.line, 0), types.Position(one.range.end.line, 0)
    uri = str(from_fs_path(one.path))
    return types.DiagnosticRelatedInformation(types.Location(uri, types.Range(start, end)), one.message)


def to_range(span: "Range", lines: Sequence[str], codec: PositionCodec) -> types.Range:
    """A range in the client's units, for an edit: exactly what it says."""
    return types.Range(_position(span.start, lines, codec), _position(span.end, lines, codec))


def _position(place: "Position", lines: Sequence[str], codec: PositionCodec) -> types.Position:
    if place.line >= len(lines):
        return types.Position(len(lines), 0)
    column = min(place.column, len(lines[place.line].rstrip("\r\n")))
    return codec.position_to_client_units(lines, ServerTextPosition(place.line, column))


def _line_end(start: types.Position, lines: Sequence[str], codec: PositionCodec) -> types.Position:
    """A finding without an extent marks the rest of its line, so that it can be seen."""
    if start.line >= len(lines):
        return start
    return types.Position(start.line, codec.client_num_units(lines[start.line].rstrip("\r\n")))

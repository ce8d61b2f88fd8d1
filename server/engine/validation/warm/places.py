"""Positions as language servers count them, in code points."""

from collections.abc import Sequence
from typing import Any

from lsprotocol import types
from pygls.workspace import PositionCodec, ServerTextPosition

from ...types import Position, Range


class Places:
    """Places in one text, for a server that counts in `unit` (a position encoding)."""

    def __init__(self, lines: Sequence[str], unit: str) -> None:
        self._lines = lines
        self._codec = PositionCodec(types.PositionEncodingKind(unit))

    def range(self, span: dict[str, Any]) -> Range:
        return Range(start=self.position(span["start"]), end=self.position(span["end"]))

    def position(self, place: dict[str, int]) -> Position:
        row = place["line"]
        if row >= len(self._lines):
            return Position(line=row, column=0)
        there: ServerTextPosition = self._codec.position_from_client_units(
            (self._lines[row],), types.Position(0, place["character"])
        )
        return Position(line=row, column=there.character)

"""Files: of a project, and as an editor shows them; and places in them."""

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import Field

from .value import SafePath, Value


class SourceFile(Value):
    path: SafePath
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class OpenFile(Value):
    """A file as an editor shows it at one moment."""

    folder: str
    """The folder it belongs to, absolute."""
    path: str
    """Inside that folder, with slashes."""
    text: str
    language: str = "python"

    @property
    def uri(self) -> str:
        return Path(self.folder, self.path).as_uri()


class Position(Value):
    """Zero-based line, and zero-based column counted in Unicode code points."""

    line: Annotated[int, Field(ge=0)]
    column: Annotated[int, Field(ge=0)]


class Range(Value):
    start: Position
    end: Position


class Edit(Value):
    range: Range
    text: str


class Fix(Value):
    title: str
    edits: tuple[Edit, ...]
    safe: bool

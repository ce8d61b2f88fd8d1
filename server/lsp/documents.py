"""Documents: what the editor shows, else what the disk holds.

A `Snapshot` is taken before the first `await` of any work: the editor goes on changing the document
while the engine thinks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lsprotocol import types
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument, Workspace

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True)
class Snapshot:
    """One document at one moment."""

    uri: str
    text: str
    version: int | None = None
    """The editor's version; None when the text is the disk's."""


def split_lines(text: str) -> tuple[str, ...]:
    """Lines with their ends, as LSP counts them: a form feed or U+2028 ends no line."""
    return tuple(_LINE.findall(text))


def whole(text: str) -> types.Range:
    """All of a text, up to the start of the line behind its last one.

    Where the last line has no end, or there is no line, that place is past the text's end. Editors take
    it for the end, and those that keep every buffer's last line ended (Neovim) do not end it twice.
    """
    return types.Range(types.Position(0, 0), types.Position(max(1, len(split_lines(text))), 0))


def path_of(uri: str) -> Path | None:
    """Where a `file:` URI is on disk; None for other schemes."""
    path = to_fs_path(uri)
    return Path(path) if path else None


def read_text(path: Path) -> str:
    """A file's text with its line ends as they are; bytes that are no UTF-8 become U+FFFD."""
    return path.read_bytes().decode("utf-8", "replace")


class Document(TextDocument):
    """A document whose lines and ends of lines are those of the protocol."""

    @property
    def lines(self) -> Sequence[str]:
        return split_lines(self.source)

    def _apply_incremental_change(self, change: types.TextDocumentContentChangePartial) -> None:
        lines, text = self.lines, self.source
        start = self._offset(lines, change.range.start)
        end = max(start, self._offset(lines, change.range.end))
        self._source = text[:start] + change.text + text[end:]

    def _offset(self, lines: Sequence[str], position: types.Position) -> int:
        """Index into the text; a position past a line's end is that end (LSP 3.17, Position)."""
        if position.line >= len(lines):
            return sum(map(len, lines))
        line = lines[position.line].rstrip("\r\n")
        units = min(position.character, self.position_codec.client_num_units(line))
        found = self.position_codec.position_from_client_units((line,), types.Position(0, units))
        return sum(map(len, lines[: position.line])) + found.character


class Documents(Workspace):
    """The workspace as the client describes it."""

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> TextDocument:
        return Document(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )

    @classmethod
    def of(cls, workspace: Workspace) -> "Documents":
        """The same workspace, with documents that are exact."""
        return cls(
            workspace.root_uri,
            workspace_folders=list(workspace.folders.values()),
            position_encoding=workspace.position_encoding,
        )

    def is_open(self, uri: str) -> bool:
        return unquote(uri) in self.text_documents

    def opened(self, uri: str) -> Snapshot | None:
        """What the editor shows, if it has the document open."""
        document: Any = self.text_documents.get(unquote(uri))
        if document is None:
            return None
        return Snapshot(document.uri, _well_formed(document.source), document.version)

    def language_id(self, uri: str) -> str:
        """What the editor calls the language of an open document."""
        document: Any = self.text_documents.get(unquote(uri))
        return str(getattr(document, "language_id", None) or "")

    def all_opened(self) -> tuple[Snapshot, ...]:
        found = (self.opened(uri) for uri in tuple(self.text_documents))
        return tuple(snapshot for snapshot in found if snapshot is not None)

    def folder_uris(self) -> tuple[str, ...]:
        """The workspace's folders, the client's first one first."""
        folders = tuple(folder.uri for folder in self.folders.values())
        return folders or ((self.root_uri,) if self.root_uri else ())


def _well_formed(text: str) -> str:
    """JSON may carry halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")

"""Documents: what the editor shows, else what the disk holds.

A `Snapshot` is taken before the first `await` of any work: the editor goes on changing the document
while the engine thinks.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls.uris import to_fs_path
from pygls.workspace import PositionCodec, ServerTextPosition, TextDocument, Workspace

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Snapshot:
    """One document at one moment."""

    uri: str
    text: str
    version: int | None = None
    """The editor's version; None when the text is the disk's."""


def split_lines(text: str) -> tuple[str, ...]:
    """Lines with their ends, as LSP counts them: a form feed or U+2028 ends no line."""
    return tuple(io.StringIO(text, newline=""))


def whole(text: str) -> types.Range:
    """All of a text, up to the start of the line behind its last one.

    Where the last line has no end, or there is no line, that place is past the text's end. Editors take
    it for the end, and those that keep every buffer's last line ended (Neovim) do not end it twice.
    """
    return types.Range(types.Position(0, 0), types.Position(max(1, len(split_lines(text))), 0))


def path_of(uri: str) -> Path | None:
    """Where a `file:` URI is on disk; None for other schemes, and for what is no URI."""
    try:
        path = to_fs_path(uri)
        if not path or "\0" in path or not path.encode():
            return None
    except ValueError:  # no URI, or half a character
        return None
    return Path(path)


def is_utf8(path: Path) -> bool:
    """Whether a URI can name it: on Linux names are bytes, and Python has others than UTF-8 as surrogates."""
    return not _HALF.search(str(path))


def parts_of(uri: str) -> tuple[str, str]:
    """The scheme of a URI, and the last part of its path without escapes; what is no URI has no scheme."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "", uri.rpartition("/")[2]
    return parts.scheme, unquote(parts.path).rpartition("/")[2]


def read_text(path: Path) -> str:
    """A file's text with its line ends as they are; bytes that are no UTF-8 become U+FFFD."""
    return path.read_bytes().decode("utf-8", "replace")


class Document(TextDocument):
    """A document whose lines and ends of lines are those of the protocol.

    It is kept as lines, so that an edit costs what it changes and not what the document holds: replacing all
    occurrences of a word is one message with thousands of edits.
    """

    def __init__(self, uri: str, source: str | None = None, **more: Any) -> None:
        try:
            super().__init__(uri, None, **more)
        except ValueError:  # no URI at all; what the editor shows is a document all the same
            super().__init__("", None, **more)
            self.uri = uri
        self._parts = list(split_lines(join_halves(source or "")))
        self._whole: str | None = None

    @property
    def source(self) -> str:
        if self._whole is None:
            self._whole = "".join(self._parts)
        return self._whole

    @property
    def lines(self) -> Sequence[str]:
        return tuple(self._parts)

    def _apply_full_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        self._parts = list(split_lines(join_halves(change.text)))
        self._whole = None

    def _apply_incremental_change(self, change: types.TextDocumentContentChangePartial) -> None:
        """A range that is the wrong way round is turned, as other servers do."""
        start, end = _in_order(change.range)
        first, head, _ = self._split(start)
        last, _, tail = self._split(end)
        if first and not self._parts[first - 1].endswith("\n"):  # its end is not there, or half of it is
            first -= 1
            head = self._parts[first] + head
        self._parts[first : last + 1] = split_lines(join_halves(head + change.text + tail))
        self._whole = None

    def _split(self, place: types.Position) -> tuple[int, str, str]:
        """The line's number and its parts before and behind a position; past its end is its end."""
        if place.line >= len(self._parts):
            return len(self._parts), "", ""
        whole = self._parts[place.line]
        line = whole.rstrip("\r\n")
        head, tail = _split_at(line, place.character, self.position_codec.encoding)
        return place.line, head, tail + whole[len(line) :]


class Codec(PositionCodec):
    """Columns as clients count them; a long line costs what it takes to copy it."""

    def client_num_units(self, string: str) -> int:
        if self.encoding == types.PositionEncodingKind.Utf32 or string.isascii():
            return len(string)
        width = 1 if self.encoding == types.PositionEncodingKind.Utf8 else 2
        return len(string.encode(_coding(self.encoding), "surrogatepass")) // width

    def position_to_client_units(
        self, lines: Sequence[str], position: ServerTextPosition | types.Position
    ) -> types.Position:
        if position.line >= len(lines):
            return types.Position(len(lines), 0)
        before = lines[position.line][: position.character]
        return types.Position(position.line, self.client_num_units(before))


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
        documents = cls(
            workspace.root_uri,
            workspace_folders=list(workspace.folders.values()),
            position_encoding=workspace.position_encoding,
        )
        documents._position_codec = Codec(workspace.position_encoding)
        return documents

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


def join_halves(text: str) -> str:
    """Editors count in halves of surrogate pairs, and may send one without the other: those that stand
    together are the character that they mean."""
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _well_formed(text: str) -> str:
    """Without halves of surrogate pairs, which no file can hold; columns stay where they are in UTF-16."""
    return text if text.isascii() else _HALF.sub("\N{REPLACEMENT CHARACTER}", text)


def _in_order(span: types.Range) -> tuple[types.Position, types.Position]:
    start, end = span.start, span.end
    turned = (end.line, end.character) < (start.line, start.character)
    return (end, start) if turned else (start, end)


def _split_at(line: str, units: int, encoding: str | None) -> tuple[str, str]:
    """The parts of a line before and behind a column in the client's units, also within a surrogate pair.

    Within a character of UTF-8 the column counts as behind it.
    """
    if encoding == types.PositionEncodingKind.Utf32 or line.isascii():
        return line[:units], line[units:]
    coding = _coding(encoding)
    coded = line.encode(coding, "surrogatepass")
    at = units if coding == "utf-8" else 2 * units
    while coding == "utf-8" and at < len(coded) and coded[at] & 0xC0 == 0x80:
        at += 1
    return coded[:at].decode(coding, "surrogatepass"), coded[at:].decode(coding, "surrogatepass")


def _coding(encoding: str | None) -> str:
    return "utf-8" if encoding == types.PositionEncodingKind.Utf8 else "utf-16-le"

"""Messages on the wire: `Content-Length` headers and bodies (LSP 3.17, base protocol)."""

import asyncio
import re

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes. A longer message is read and thrown away, so that the ones behind it still arrive."""

_LENGTH = re.compile(rb"content-length\s*:\s*(\d{1,18})\s*\Z", re.IGNORECASE)
_LONGEST_HEADER = 256
_HTTP = re.compile(rb"[A-Z]+ \S+ HTTP/|.* HTTP/\d(\.\d)?\s*\Z", re.DOTALL)
_CHUNK = 64 * 1024


class NotAnEditorError(Exception):
    """The other side speaks HTTP: a web page must not drive the server through a local port."""


class TooLargeError(Exception):
    """A body was longer than `LARGEST_BODY` and was thrown away."""


async def read_body(reader: asyncio.StreamReader) -> bytes | None:
    """The next message's body, or None when the stream has ended.

    Lines that are no header are skipped, as other servers do. A header also counts at the end of such a line:
    what is left of a body that was longer than its header said has no end of its own.

    Raises NotAnEditorError and TooLargeError.
    """
    try:
        length = await _read_headers(reader)
        if length is None:
            return None
        if length > LARGEST_BODY:
            await _skip(reader, length)
            raise TooLargeError
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def _read_headers(reader: asyncio.StreamReader) -> int | None:
    length: int | None = None
    while line := await _read_line(reader):
        # First, and by its end too: of an overlong line no more is left.
        if _HTTP.match(line):
            raise NotAnEditorError
        if found := _LENGTH.search(line[-_LONGEST_HEADER:]):
            length = int(found.group(1))
        elif not line.strip() and length is not None:
            return length
    return None


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    """The next line with its end; of an overlong one the last part."""
    line = b""
    while True:
        try:
            return line + await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            skipped = await reader.readexactly(max(error.consumed, 1))
            line = (line + skipped)[-_LONGEST_HEADER:]


async def _skip(reader: asyncio.StreamReader, length: int) -> None:
    while length:
        length -= len(await reader.readexactly(min(length, _CHUNK)))

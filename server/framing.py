"""Messages on the wire: `Content-Length` headers and bodies (LSP 3.17, base protocol)."""

import asyncio
import re

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes. A longer message is read and thrown away, so that the ones behind it still arrive."""

_LENGTH = re.compile(rb"content-length\s*:\s*(\d{1,18})\s*", re.IGNORECASE)
_HTTP = re.compile(rb"[A-Z]+ \S+ HTTP/")
_CHUNK = 64 * 1024


class NotAnEditorError(Exception):
    """The other side speaks HTTP: a web page must not drive the server through a local port."""


class TooLargeError(Exception):
    """A body was longer than `LARGEST_BODY` and was thrown away."""


async def read_body(reader: asyncio.StreamReader) -> bytes | None:
    """The next message's body, or None when the stream has ended.

    Lines that are no header are skipped, as other servers do. Raises NotAnEditorError and TooLargeError.
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
        if found := _LENGTH.fullmatch(line):
            length = int(found.group(1))
        elif _HTTP.match(line):
            raise NotAnEditorError
        elif not line.strip() and length is not None:
            return length
    return None


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError as error:
        await reader.readexactly(max(error.consumed, 1))
        return b"overlong line\n"


async def _skip(reader: asyncio.StreamReader, length: int) -> None:
    while length:
        length -= len(await reader.readexactly(min(length, _CHUNK)))

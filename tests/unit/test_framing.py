"""Messages are found again after bytes that are none, and after lengths that were wrong."""

import asyncio

import pytest
from quantumlayer.framing import NotAnEditorError, read_body

BODY = b'{"jsonrpc":"2.0"}'


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


async def bodies(stream: bytes) -> list[bytes]:
    reader = asyncio.StreamReader()
    reader.feed_data(stream)
    reader.feed_eof()
    found = []
    while (body := await read_body(reader)) is not None:
        found.append(body)
    return found


@pytest.mark.parametrize("more", [1, 5, 17, 70_000, 200_000])
async def test_the_message_behind_one_that_is_longer_than_it_said_is_read(more: int) -> None:
    """What is left of it stands right before the next header."""
    assert await bodies(b"Content-Length: 2\r\n\r\n{}" + b"x" * more + framed(BODY)) == [b"{}", BODY]


async def test_the_message_behind_one_that_is_shorter_than_it_said_is_lost_and_no_other() -> None:
    stream = b"Content-Length: 30\r\n\r\n{}" + framed(b'{"lost":1}') + framed(BODY)
    assert (await bodies(stream))[1:] == [BODY]


@pytest.mark.parametrize(
    "noise",
    [
        b"\n",
        b"words\r\n\r\n",
        b"X-Header: 1\r\n",
        b"y" * 200_000 + b"\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
        b"\xff\x00\n",
    ],
)
async def test_noise_is_skipped(noise: bytes) -> None:
    assert await bodies(noise + framed(BODY) + noise + framed(b"{}")) == [BODY, b"{}"]


@pytest.mark.parametrize("name", [b"content-length:", b"CONTENT-LENGTH : ", b"Content-Length:\t"])
async def test_headers_are_read_as_others_write_them(name: bytes) -> None:
    stream = b"Content-Type: x; charset=utf-8\r\n%b%d \r\n\r\n%b" % (name, len(BODY), BODY)
    assert await bodies(stream) == [BODY]


@pytest.mark.parametrize("end", [b"", b"Content-Le", b"Content-Length: 9\r\n", b"Content-Length: 9\r\n\r\n{"])
async def test_a_stream_may_end_anywhere(end: bytes) -> None:
    assert await bodies(framed(BODY) + end) == [BODY]


async def test_a_web_page_is_refused() -> None:
    with pytest.raises(NotAnEditorError):
        await bodies(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")


@pytest.mark.parametrize("path", [b"/", b"/" + b"a" * 70_000, b"/" + b"a" * 200_000])
async def test_a_web_page_cannot_hide_a_message_in_its_request(path: bytes) -> None:
    """Neither behind a long path, nor with a length in a header of its own."""
    request = b"POST %b HTTP/1.1\r\nReferer: http://page.example/?content-length:58\r\n\r\n" % path
    with pytest.raises(NotAnEditorError):
        await bodies(request + framed(BODY))

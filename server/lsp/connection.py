"""One client, from its first byte to its last."""

import asyncio
import logging

from pygls.exceptions import JsonRpcInvalidRequest

from ..framing import LARGEST_BODY, NotAnEditorError, TooLargeError, read_body
from .protocol import QuantumLayerProtocol, Writer
from .server import QuantumLayerServer

log = logging.getLogger(__name__)


async def serve(server: QuantumLayerServer, reader: asyncio.StreamReader, writer: Writer) -> int:
    """Returns the exit status once the client has left: 0 if it said so, as the protocol wants."""
    server.protocol.connect(writer)
    listening = asyncio.create_task(_listen(server.protocol, reader), name="listen")
    ending = asyncio.create_task(server.wait_for_end(), name="end")
    try:
        await asyncio.wait({listening, ending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (listening, ending):
            task.cancel()
        await asyncio.gather(listening, ending, return_exceptions=True)
        await server.aclose()
        await writer.close()
    return server.exit_code


async def _listen(protocol: QuantumLayerProtocol, reader: asyncio.StreamReader) -> None:
    while True:
        try:
            body = await read_body(reader)
        except TooLargeError:
            protocol.refuse(None, JsonRpcInvalidRequest(f"a message is longer than {LARGEST_BODY} bytes"))
            continue
        except NotAnEditorError:
            log.warning("the client speaks HTTP; the connection is closed")
            return
        if body is None:
            log.info("the client closed the stream")
            return
        protocol.receive(body)
        await asyncio.sleep(0)  # a client that sends without pause must not keep others waiting


class SocketWriter:
    """Writes to a socket; a client that does not read is cut off, it does not fill the memory."""

    _LARGEST_BACKLOG = 64 * 1024 * 1024

    def __init__(self, stream: asyncio.StreamWriter) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        if self._stream.is_closing():
            return
        self._stream.write(data)
        if self._stream.transport.get_write_buffer_size() > self._LARGEST_BACKLOG:
            self._stream.transport.abort()

    async def close(self) -> None:
        self._stream.close()
        try:
            await asyncio.wait_for(self._stream.wait_closed(), 1.0)
        except (TimeoutError, ConnectionError):
            self._stream.transport.abort()

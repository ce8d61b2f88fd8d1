"""The server on a port: several editors, each with a life of its own."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lsp_editor import SERVER, connect


@dataclass
class Listening:
    host: str
    port: int
    process: asyncio.subprocess.Process


@pytest.fixture
async def listening(environ: dict[str, str], logs: Path) -> AsyncIterator[Listening]:
    process = await asyncio.create_subprocess_exec(
        *SERVER, "--tcp", ":0", stderr=asyncio.subprocess.PIPE, env=environ
    )
    assert process.stderr is not None
    line = (await asyncio.wait_for(process.stderr.readline(), 20)).decode()
    host, _, port = line.rpartition(" ")[2].strip().rpartition(":")
    try:
        yield Listening(host, int(port), process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_listens_on_loopback_only_unless_told_otherwise(listening: Listening) -> None:
    assert listening.host == "127.0.0.1"


async def test_serves_several_editors_at_once_with_documents_of_their_own(
    listening: Listening, workspace: Path
) -> None:
    async with connect("127.0.0.1", listening.port) as one, connect("127.0.0.1", listening.port) as other:
        await asyncio.gather(one.initialize(workspace), other.initialize(workspace))
        uri = one.open(workspace / "a.brief.md", "Write a tool.")
        assert await one.code_actions(uri)
        assert await other.code_actions(uri) == []


async def test_one_editor_leaving_does_not_disturb_the_others(listening: Listening, workspace: Path) -> None:
    async with connect("127.0.0.1", listening.port) as stays:
        await stays.initialize(workspace)
        async with connect("127.0.0.1", listening.port) as leaves:
            await leaves.initialize(workspace)
            await leaves.shut_down()
            await leaves.closed(5)
        async with connect("127.0.0.1", listening.port) as breaks:
            await breaks.initialize(workspace)
        uri = stays.open(workspace / "a.brief.md", "Write a tool.")
        assert await stays.code_actions(uri)
    async with connect("127.0.0.1", listening.port) as comes:
        await comes.initialize(workspace)


async def test_a_web_page_cannot_drive_it(listening: Listening) -> None:
    """A browser may send any text to a local port, within an HTTP request."""
    params = {"processId": 1, "rootUri": None, "capabilities": {}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    body = json.dumps(message).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is POSIX's")
async def test_ends_when_it_is_told_and_lets_its_editors_go(listening: Listening, workspace: Path) -> None:
    async with connect("127.0.0.1", listening.port) as editor:
        await editor.initialize(workspace)
        listening.process.send_signal(signal.SIGTERM)
        await editor.closed(5)
        assert await asyncio.wait_for(listening.process.wait(), 5) == 0


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:", "127.0.0.1:99999"])
async def test_a_wrong_address_is_refused_in_words(environ: dict[str, str], address: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *SERVER, "--tcp", address, stderr=asyncio.subprocess.PIPE, env=environ
    )
    _, said = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert b"HOST:PORT" in said


async def test_a_port_that_is_taken_is_told_in_words(listening: Listening, environ: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *SERVER, "--tcp", f":{listening.port}", stderr=asyncio.subprocess.PIPE, env=environ
    )
    _, said = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert b"Traceback" not in said
    assert b"in use" in said

"""What tests print, as it is kept for whoever reads it."""

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from quantumlayer.lsp import output
from quantumlayer.lsp.output import Output
from quantumlayer.lsp.server import QuantumLayerServer
from test_lsp_shown import Written


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Output:
    monkeypatch.setattr(output.logs, "folder", lambda: tmp_path / "log")
    server = QuantumLayerServer()
    server.protocol.connect(Written())
    return Output(server, Path("/w/Bücher 3"))


def test_its_uri_is_the_same_however_a_client_escapes_it(printed: Output) -> None:
    assert quote(printed.uri, safe=":/") == printed.uri
    assert printed.uri.endswith("/B-cher-3-tests.txt")


async def test_a_slow_disk_keeps_the_order(printed: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    write, begun = output._write, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly(file: Path, text: str, mode: Any) -> None:
        if mode == "w":
            loop.call_soon_threadsafe(begun.set)
            time.sleep(0.5)
        write(file, text, mode)

    monkeypatch.setattr(output, "_write", slowly)
    printed.add("first\n")
    await asyncio.wait_for(begun.wait(), 20)
    printed.add("second\n")
    await printed.flush()
    await printed.flush()
    assert Path(printed.place).read_text() == "first\nsecond\n"


async def test_what_is_too_much_is_left_out_and_said_once(printed: Output) -> None:
    for _ in range(40):
        printed.add("x" * 100_000)
    await printed.flush()
    text = Path(printed.place).read_text()
    assert text == printed.text
    assert text.count("The rest is left out") == 1
    assert text.endswith("more than 2 MB.\n")
    printed.restart()
    printed.add("again\n")
    await printed.flush()
    assert Path(printed.place).read_text() == "again\n"

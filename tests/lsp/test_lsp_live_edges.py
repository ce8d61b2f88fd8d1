"""Live findings with quick hands: documents that come and go, settings that change, an end in the middle."""

import asyncio
from pathlib import Path
from typing import Any

import psutil
from lsp_editor import Editor
from test_lsp_live import actions, applied, edits_of, told

FAULTY = "import os\n\n\ndef half(number: int) -> str:\n    return number\n"


def tools_of(editor: Editor) -> list[str]:
    assert editor.process is not None
    names = [child.name() for child in psutil.Process(editor.process.pid).children(recursive=True)]
    return sorted(name for name in names if name in {"ruff", "pyrefly"})


def close(editor: Editor, uri: str) -> None:
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


async def test_documents_that_come_and_go_leave_no_engine_behind(ready: Editor, workspace: Path) -> None:
    """An engine that is lent for ever is never closed, and its tools run on beside those of the next."""
    for number in range(30):
        uri = ready.open(workspace / f"m{number % 3}.py", FAULTY)
        ready.change(uri, {"text": FAULTY + f"# {number}\n"}, version=2)
        if number % 4 == 0:
            await asyncio.sleep(0.02)
        close(ready, uri)
    uri = ready.open(workspace / "last.py", FAULTY)
    await told(ready, uri, "F401", "bad-return")
    ready.settings = {"live": {"pause_ms": 1}}
    ready.notify("workspace/didChangeConfiguration", {"settings": None})
    ready.change(uri, {"text": FAULTY + "import re\n"}, version=3)
    await told(ready, uri, "F401", "E402", "bad-return", version=3)
    async with asyncio.timeout(30):
        while tools_of(ready) != ["pyrefly", "ruff"]:
            await asyncio.sleep(0.1)


async def test_the_end_comes_in_the_middle_of_typing(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", FAULTY)
    await told(ready, uri, "F401", "bad-return")
    assert ready.process is not None
    children = psutil.Process(ready.process.pid).children(recursive=True)
    for number in range(20):
        ready.change(uri, {"text": FAULTY + f"x = {number}\n"}, version=number + 2)
    assert await ready.shut_down() == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive


async def test_the_end_comes_before_the_first_findings(ready: Editor, workspace: Path) -> None:
    for number in range(5):
        ready.open(workspace / f"m{number}.py", FAULTY)
    ready.writer.close()
    assert await ready.exit_code(10) == 1


async def test_nothing_is_put_into_a_text_of_several_lines_to_silence_it(
    ready: Editor, workspace: Path
) -> None:
    text = 'x = f"""\n{unknown_name}\n"""\n'
    uri = ready.open(workspace / "a.py", text)
    await told(ready, uri, "F821", "unknown-name")
    offered: list[dict[str, Any]] = await actions(ready, uri, 1, 2, only=["quickfix"])
    silenced = [applied(text, edits_of(each)) for each in offered if each["title"].startswith("Suppress")]
    assert silenced == ['x = f"""\n{unknown_name}\n"""  # noqa: F821\n']

"""Findings in the editor."""

import asyncio
import sys
import time
from pathlib import Path

import psutil
import pytest
from lsp_editor import FULL, Editor, start


async def validated(editor: Editor, uri: str) -> list[dict[str, object]]:
    ended = asyncio.create_task(editor.ending(60))
    await editor.command("validateFile", uri)
    await ended
    found = [params for params in editor.received("textDocument/publishDiagnostics") if params["uri"] == uri]
    return found[-1]["diagnostics"] if found else []


async def test_findings_become_diagnostics(ready: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text("import os\n\n\ndef f() -> int:\n    return 'x'\n")
    found = await validated(ready, (workspace / "a.py").as_uri())
    unused = next(each for each in found if each["code"] == "F401")
    wrong = next(each for each in found if each["source"] == "quantumlayer/types")
    assert unused["source"] == "quantumlayer/style"
    assert unused["codeDescription"]["href"].startswith("https://")  # type: ignore[index]
    assert unused["range"]["start"] == {"line": 0, "character": 7}  # type: ignore[index]
    assert unused["range"]["end"] == {"line": 0, "character": 9}  # type: ignore[index]
    assert wrong["severity"] == 1
    assert wrong["range"]["start"]["line"] == 4  # type: ignore[index]


async def test_a_clean_file_clears_what_was_shown(ready: Editor, workspace: Path) -> None:
    file = workspace / "a.py"
    file.write_text("def f(:\n")
    assert await validated(ready, file.as_uri())
    file.write_text("x = 1\n")
    assert await validated(ready, file.as_uri()) == []


async def test_what_is_typed_counts_and_not_what_was_saved(ready: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text("x = 1\n")
    uri = ready.open(workspace / "a.py", "def f(:\n")
    found = await validated(ready, uri)
    assert found
    assert found[0]["source"] == "quantumlayer/syntax"


async def test_unsaved_text_of_imported_files_counts_too(ready: Editor, workspace: Path) -> None:
    (workspace / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")
    (workspace / "tool").mkdir()
    (workspace / "tool" / "__init__.py").touch()
    (workspace / "tool" / "core.py").write_text("")
    (workspace / "tool" / "app.py").write_text("from tool.core import answer\n\nVALUE: int = answer()\n")
    app = (workspace / "tool" / "app.py").as_uri()
    assert any("answer" in str(each["message"]) for each in await validated(ready, app))
    ready.open(workspace / "tool" / "core.py", "def answer() -> int:\n    return 42\n")
    assert await validated(ready, app) == []


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 21), ("utf-16", 18), ("utf-32", 17)])
async def test_positions_are_in_the_editors_encoding(
    editor: Editor, workspace: Path, encoding: str, column: int
) -> None:
    """Behind an é and an emoji: 2 and 4 bytes, 1 and 2 UTF-16 units, 1 and 1 characters."""
    answer = await editor.initialize(workspace, {**FULL, "general": {"positionEncodings": [encoding]}})
    assert answer["capabilities"]["positionEncoding"] == encoding
    uri = editor.open(workspace / "a.py", 'x = "é😀"; import os\n')
    found = next(each for each in await validated(editor, uri) if each["code"] == "F401")
    start = found["range"]["start"]  # type: ignore[index]
    assert start == {"line": 0, "character": column}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_edits_are_applied_in_the_editors_encoding(
    editor: Editor, workspace: Path, encoding: str
) -> None:
    await editor.initialize(workspace, {**FULL, "general": {"positionEncodings": [encoding]}})
    line = '"é😀"; '
    uri = editor.open(workspace / "a.py", f"{line}pass\x0c\nx\u2028 = 1\ny = 2")
    codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
    size = len(line.encode(codec)) // {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    editor.change(
        uri,
        {"range": _range(0, size, 0, size + 5), "text": "import os"},
        {"range": _range(1, 0, 1, 99), "text": "import re"},
        {"range": _range(2, 0, 2, 99), "text": "import sys"},
        {"range": _range(9, 0, 9, 0), "text": "\n"},
    )
    names = [str(each["message"]) for each in await validated(editor, uri) if each["code"] == "F401"]
    assert [name for name in ("os", "re", "sys") if not any(f"`{name}`" in each for each in names)] == []


def _range(line: int, start: int, end_line: int, end: int) -> dict[str, dict[str, int]]:
    return {"start": {"line": line, "character": start}, "end": {"line": end_line, "character": end}}


async def test_results_for_text_that_changed_meanwhile_are_not_shown(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", "import os\n")
    ended = asyncio.create_task(ready.ending(60))
    await ready.command("validateFile", uri)
    ready.change(uri, {"text": "import re\n"})
    assert "Changed meanwhile" in await ended
    assert ready.received("textDocument/publishDiagnostics") == []


async def test_stages_that_could_not_run_are_named(ready: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text("x = 1\n")
    ended = asyncio.create_task(ready.ending(60))
    await ready.command("validateWorkspace")
    message = await ended
    assert message.startswith("the workspace: 0 errors, 0 warnings.")
    assert "Not checked: runtime (" in message


async def test_the_workspace_is_validated_project_by_project(ready: Editor, workspace: Path) -> None:
    for name in ("one", "two"):
        (workspace / name).mkdir()
        (workspace / name / "pyproject.toml").write_text(f"[project]\nname = '{name}'\nversion = '1'\n")
        (workspace / name / "core.py").write_text("VALUE = 1\n")
        (workspace / name / "main.py").write_text(
            f"import os\nfrom core import VALUE as {name}\n\nprint({name})\n"
        )
    for hidden in (".venv", "node_modules"):
        (workspace / hidden).mkdir()
        (workspace / hidden / "x.py").write_text("def f(:\n")
    ended = asyncio.create_task(ready.ending(90))
    await ready.command("validateWorkspace")
    await ended
    shown = {p["uri"]: p["diagnostics"] for p in ready.received("textDocument/publishDiagnostics")}
    assert set(shown) == {
        (workspace / name / file).as_uri() for name in ("one", "two") for file in ("core.py", "main.py")
    }
    codes = {each["code"] for each in shown[(workspace / "one" / "main.py").as_uri()]}
    assert "F401" in codes
    assert not any("import" in str(code) for code in codes), codes


@pytest.mark.parametrize("uri", ["file:///nowhere/x.py", "untitled:Untitled-1"])
async def test_what_cannot_be_read_is_said_in_words(ready: Editor, uri: str) -> None:
    ended = asyncio.create_task(ready.ending(60))
    await ready.command("validateFile", uri)
    assert "failed:" in await ended
    assert ready.received("textDocument/publishDiagnostics") == []


async def test_the_editor_stays_responsive_while_the_engine_works(ready: Editor, workspace: Path) -> None:
    """From the first command on: loading the engine, and then validating."""
    (workspace / "a.py").write_text("import os\n" * 300)
    uri = ready.open(workspace / "a.brief.md", "Write a tool.")
    ended = asyncio.create_task(ready.ending(60))
    await ready.command("validateFile", (workspace / "a.py").as_uri())
    slowest, times = 0.0, 0
    while not ended.done():
        began = time.perf_counter()
        await ready.command("cancel", "never")
        slowest = max(slowest, time.perf_counter() - began)
        times += 1
        await asyncio.sleep(0.005)
    assert times > 20
    assert slowest < 0.25, slowest
    assert await ready.code_actions(uri)


ENDLESS = """\
import ctypes


def test_without_end() -> None:
    ctypes.CDLL(None).prctl(15, b"ql-endless", 0, 0, 0)
    while True:
        pass
"""


def _endless() -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["name"]) if process.info["name"] == "ql-endless"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the sandbox's process by its name")
async def test_cancelling_stops_the_sandbox_within_two_seconds(
    environ: dict[str, str], logs: Path, workspace: Path
) -> None:
    (workspace / "test_endless.py").write_text(ENDLESS)
    async with start(environ | {"QUANTUMLAYER_SANDBOX": "auto"}) as editor:
        await editor.initialize(workspace)
        ended = asyncio.create_task(editor.ending(120))
        job = (await editor.command("validateWorkspace"))["job"]
        while not ended.done() and not _endless():
            await asyncio.sleep(0.1)
        assert not ended.done(), ended.result()
        began = time.monotonic()
        await editor.command("cancel", job)
        assert (await ended).startswith("Cancelled")
        assert time.monotonic() - began < 2
        while _endless():
            assert time.monotonic() - began < 2
            await asyncio.sleep(0.05)

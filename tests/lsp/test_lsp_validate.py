"""Findings in the editor."""

import asyncio
import sys
import time
import unicodedata
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


async def workspace_validated(editor: Editor) -> str:
    """The message at the end."""
    ended = asyncio.create_task(editor.ending(120))
    await editor.command("validateWorkspace")
    return await ended


def shown(editor: Editor) -> dict[str, set[object]]:
    """What the editor lists by now: the findings' names by URI, without documents that have none."""
    last = {p["uri"]: p["diagnostics"] for p in editor.received("textDocument/publishDiagnostics")}
    return {uri: {each["code"] for each in diagnostics} for uri, diagnostics in last.items() if diagnostics}


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
    uri = ready.open(workspace / "a.py", "x: int = ''\n")
    ended = asyncio.create_task(ready.ending(60))
    await ready.command("validateFile", uri)
    ready.change(uri, {"text": "y = 1\n"})
    assert "Changed meanwhile" in await ended
    # What is found while typing may be shown; of the validation, whose mypy says `assignment`, nothing.
    told = ready.received("textDocument/publishDiagnostics")
    shown = [(params["version"], each["code"]) for params in told for each in params["diagnostics"]]
    assert "assignment" not in [code for _, code in shown]
    assert [code for version, code in shown if version == 2] == []


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
        (workspace / name / file).as_uri()
        for name in ("one", "two")
        for file in ("core.py", "main.py", "pyproject.toml")
    }
    codes = {each["code"] for each in shown[(workspace / "one" / "main.py").as_uri()]}
    assert "F401" in codes
    assert not any("import" in str(code) for code in codes), codes


async def test_tests_find_the_files_that_they_read(
    environ: dict[str, str], logs: Path, workspace: Path
) -> None:
    (workspace / "tests" / "data").mkdir(parents=True)
    (workspace / "tests" / "data" / "words.json").write_text('["one", "two"]\n')
    (workspace / "tests" / "test_words.py").write_text(READS_ITS_DATA)
    async with start(environ | {"QUANTUMLAYER_SANDBOX": "auto"}) as editor:
        await editor.initialize(workspace)
        assert await workspace_validated(editor) == "the workspace: 0 errors, 0 warnings."


async def test_a_broken_data_file_is_reported_until_it_is_mended(ready: Editor, workspace: Path) -> None:
    ready.settings = {"validate": {"stages": ["syntax"]}}
    (workspace / "a.py").write_text("x = 1\n")
    data = workspace / "words.json"
    data.write_text('["one",\n')
    assert (await workspace_validated(ready)).startswith("the workspace: 1 error,")
    assert set(shown(ready)) == {data.as_uri()}
    data.write_text('["one"]\n')
    assert (await workspace_validated(ready)).startswith("the workspace: 0 errors,")
    assert shown(ready) == {}


async def test_a_large_data_file_does_not_keep_the_rest_from_being_checked(
    ready: Editor, workspace: Path
) -> None:
    ready.settings = {"validate": {"stages": ["syntax"], "max_file_kb": 1}}
    (workspace / "a.py").write_text("x = 1\n")
    (workspace / "words.json").write_text("[\n" + "1,\n" * 1000 + "2]\n")
    assert await workspace_validated(ready) == "the workspace: 0 errors, 0 warnings."


async def test_findings_of_deleted_files_are_cleared(ready: Editor, workspace: Path) -> None:
    ready.settings = {"validate": {"stages": ["syntax"]}}
    for name in ("kept.py", "renamed.py"):
        (workspace / name).write_text("def f(:\n")
    await workspace_validated(ready)
    (workspace / "renamed.py").rename(workspace / "new.py")
    assert set(shown(ready)) == {(workspace / name).as_uri() for name in ("kept.py", "renamed.py")}
    await workspace_validated(ready)
    assert set(shown(ready)) == {(workspace / name).as_uri() for name in ("kept.py", "new.py")}


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        (
            "pyproject.toml",
            "[project]\nname = 'x'\nversion = '1'\ndependencies = ['no package at all']\n",
            "[project]\nname = 'x'\nversion = '1'\n",
        ),
        ("requirements.txt", "no package at all\n", "\n"),
    ],
    ids=["pyproject", "requirements"],
)
async def test_a_finding_about_packages_is_shown_in_the_file_that_names_them(
    environ: dict[str, str], logs: Path, workspace: Path, name: str, wrong: str, right: str
) -> None:
    (workspace / "a.py").write_text("x = 1\n")
    (workspace / name).write_text(wrong)
    async with start(environ | {"QUANTUMLAYER_SANDBOX": "auto"}) as editor:
        editor.settings = {"validate": {"stages": ["runtime"]}}
        await editor.initialize(workspace)
        assert (await workspace_validated(editor)).startswith("the workspace: 1 error,")
        assert shown(editor) == {(workspace / name).as_uri(): {"no-such-package"}}
        (workspace / name).write_text(right)
        assert (await workspace_validated(editor)).startswith("the workspace: 0 errors,")
        assert shown(editor) == {}


async def test_files_whose_names_cannot_be_used_are_named(ready: Editor, workspace: Path) -> None:
    """As they come from a Mac: letters and their accents apart."""
    ready.settings = {"validate": {"stages": ["syntax"]}}
    (workspace / "a.py").write_text("x = 1\n")
    names = [unicodedata.normalize("NFD", f"é{number}.py") for number in range(7)]
    for name in names:
        (workspace / name).write_text("def f(:\n")
    ended = asyncio.create_task(ready.ending(60))
    await ready.command("validateFile", (workspace / names[0]).as_uri())
    assert f"failed: {names[0]} cannot be checked" in await ended
    assert ready.received("textDocument/publishDiagnostics") == []
    told = ", ".join(names[:5])
    assert await workspace_validated(ready) == (
        f"the workspace: 0 errors, 0 warnings. Not checked, because of their names: {told} and 2 more."
    )


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


READS_ITS_DATA = """\
import json
from pathlib import Path


def test_words() -> None:
    words = json.loads((Path(__file__).parent / "data" / "words.json").read_text())
    assert words == ["one", "two"]
"""
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

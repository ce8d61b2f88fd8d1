"""Tests that are run from the editor: on request, and after a save."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lsp_editor import FULL, Editor, RpcError, start
from quantumlayer.lsp.concerned import tests_of as chosen

ABLE: dict[str, Any] = {
    **FULL,
    "window": {**FULL["window"], "showDocument": {"support": True}},
    "textDocument": {
        **FULL["textDocument"],
        "publishDiagnostics": {**FULL["textDocument"]["publishDiagnostics"], "relatedInformation": True},
    },
}
SHOWS_DOCUMENTS: dict[str, Any] = {
    **ABLE,
    "workspace": {**ABLE["workspace"], "textDocumentContent": {"dynamicRegistration": True}},
}
CALC = "def half(number: int) -> float:\n    return number / 0\n"
TEST = "from calc import half\n\n\ndef test_half() -> None:\n    assert half(2) == 1\n"
ON_SAVE = {"live": {"tests": "on_save"}}


@pytest.fixture
async def running(environ: dict[str, str], logs: Path, workspace: Path) -> AsyncIterator[Editor]:
    """An editor with a sandbox, and a project whose test fails."""
    (workspace / "pyproject.toml").write_text("[project]\nname = 'calc'\nversion = '1'\n")
    (workspace / "calc.py").write_text(CALC)
    (workspace / "test_calc.py").write_text(TEST)
    (workspace / "test_other.py").write_text("def test_other() -> None:\n    pass\n")
    async with start(environ | {"QUANTUMLAYER_SANDBOX": "auto"}) as editor:
        yield editor


def save(editor: Editor, uri: str) -> None:
    editor.notify("textDocument/didSave", {"textDocument": {"uri": uri}})


def runtime(params: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in params["diagnostics"] if each["source"] == "quantumlayer/runtime"]


async def failing(editor: Editor, uri: str) -> dict[str, Any]:
    """The first failure that is shown in a document."""
    found = await editor.wait_for(
        "textDocument/publishDiagnostics", lambda params: params["uri"] == uri and bool(runtime(params)), 60
    )
    return runtime(found)[0]


async def passing(editor: Editor, uri: str) -> None:
    """Waits until no failure is shown in a document any more."""

    def wanted(params: dict[str, Any]) -> bool:
        return params["uri"] == uri and not runtime(params)

    await editor.wait_for("textDocument/publishDiagnostics", wanted, 60)


def logged(editor: Editor) -> str:
    return "\n".join(params["message"] for params in editor.received("window/logMessage"))


async def test_a_failure_is_shown_in_the_test_with_the_line_that_raised(
    running: Editor, workspace: Path
) -> None:
    await running.initialize(workspace, ABLE)
    uri = (workspace / "calc.py").as_uri()
    await running.command("runTests", uri)
    message = await running.ending(60)
    assert "Tests: 1 failed." in message
    shown = await failing(running, (workspace / "test_calc.py").as_uri())
    assert (shown["range"]["start"]["line"], shown["severity"], shown["code"]) == (4, 1, "test-failed")
    (related,) = shown["relatedInformation"]
    assert related["location"]["uri"] == uri
    assert related["location"]["range"]["start"]["line"] == 1
    assert "ZeroDivisionError" in related["message"]
    assert "test_calc.py::test_half failed" in logged(running)
    assert "test_other" not in logged(running), "it does not import the file"


async def test_what_is_typed_counts_and_a_mended_test_is_cleared(running: Editor, workspace: Path) -> None:
    await running.initialize(workspace, ABLE)
    test = (workspace / "test_calc.py").as_uri()
    await running.command("runTests", test)
    await running.ending(60)
    await failing(running, test)
    running.messages.clear()
    uri = running.open(workspace / "calc.py", CALC.replace("/ 0", "/ 2"))
    await running.command("runTests", uri)
    assert "Tests: 1 passed." in await running.ending(60)
    await passing(running, test)


def last_shown(editor: Editor, uri: str) -> list[tuple[int, str]]:
    """The failures that the editor shows now."""
    told = [one for one in editor.received("textDocument/publishDiagnostics") if one["uri"] == uri]
    return [(each["range"]["start"]["line"], each["code"]) for each in runtime(told[-1])]


async def test_a_failure_stays_on_its_line_while_other_tests_run(running: Editor, workspace: Path) -> None:
    await running.initialize(workspace, ABLE)
    test = running.open(workspace / "test_calc.py")
    await running.command("runTests", test)
    await running.ending(60)
    await failing(running, test)
    running.change(test, {"text": f"# a line above\n{TEST}"})
    await running.command("runTests", (workspace / "test_other.py").as_uri())
    assert "Tests: 1 passed." in await running.ending(60)
    assert last_shown(running, test) == [(5, "test-failed")]


async def test_what_a_run_did_not_reach_keeps_its_failures(running: Editor, workspace: Path) -> None:
    running.settings = {"sandbox": {"seconds": 4}}
    await running.initialize(workspace, ABLE)
    test = (workspace / "test_calc.py").as_uri()
    await running.command("runTests", test)
    await running.ending(60)
    slow = workspace / "test_a_slow.py"
    slow.write_text("import time\n\nimport calc\n\n\ndef test_slow() -> None:\n    time.sleep(60)\n")
    await running.command("runTests", (workspace / "calc.py").as_uri())
    assert "not run. the time limit" in await running.ending(60)
    assert last_shown(running, test) == [(4, "test-failed")]


async def test_saving_runs_the_tests_only_where_it_is_wanted(running: Editor, workspace: Path) -> None:
    await running.initialize(workspace, ABLE)
    uri = running.open(workspace / "calc.py")
    save(running, uri)
    await running.command("runTests", (workspace / "test_other.py").as_uri())
    await running.ending(60)
    assert "test_calc.py::test_half" not in logged(running)
    running.settings = ON_SAVE
    running.notify("workspace/didChangeConfiguration", {"settings": None})
    save(running, uri)
    await failing(running, (workspace / "test_calc.py").as_uri())
    assert len(running.received("window/showMessage")) == 1, "nobody asked for the second run"


async def test_a_newer_save_ends_the_older_run_and_takes_over_its_files(
    running: Editor, workspace: Path
) -> None:
    (workspace / "slow.py").write_text("VALUE = 1\n")
    (workspace / "test_slow.py").write_text(
        "import time\n\nimport slow\n\n\ndef test_begun() -> None:\n    pass\n\n\n"
        "def test_slow() -> None:\n    time.sleep(4)\n    assert slow.VALUE == 2\n"
    )
    running.settings = ON_SAVE
    await running.initialize(workspace, ABLE)
    slow, calc = running.open(workspace / "slow.py"), running.open(workspace / "calc.py")
    save(running, slow)

    def begun(params: dict[str, Any]) -> bool:
        value = params["value"]
        return "test_begun passed" in value.get("message", "")

    first = await running.wait_for("$/progress", begun, 60)
    save(running, calc)
    await failing(running, (workspace / "test_slow.py").as_uri())
    await failing(running, (workspace / "test_calc.py").as_uri())
    ended = await running.wait_for(
        "$/progress", lambda params: params["token"] == first["token"] and params["value"]["kind"] == "end"
    )
    assert ended["value"]["message"] == "cancelled"


async def test_without_a_sandbox_saving_says_so_once_and_asking_each_time(
    editor: Editor, workspace: Path
) -> None:
    (workspace / "test_a.py").write_text("def test_a() -> None:\n    pass\n")
    editor.settings = ON_SAVE
    await editor.initialize(workspace)
    uri = editor.open(workspace / "test_a.py")
    save(editor, uri)
    assert "sandbox" in await editor.ending()
    save(editor, uri)

    def again() -> int:
        return logged(editor).count("Tests were not run")

    async with asyncio.timeout(20):
        while again() < 2:
            await asyncio.sleep(0.02)
    assert len(editor.received("window/showMessage")) == 1
    await editor.command("runTests", uri)
    assert "Tests were not run" in await editor.ending()


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes only there")
async def test_a_test_whose_name_is_no_utf8_does_not_keep_the_others_from_running(
    running: Editor, workspace: Path
) -> None:
    (workspace / os.fsdecode(b"test_\xff.py")).write_text(TEST)
    await running.initialize(workspace, ABLE)
    await running.command("runTests", (workspace / "calc.py").as_uri())
    message = await running.ending(60)
    assert "Tests: 1 failed." in message
    assert "Not checked, because of their names: test_?.py." in message
    await failing(running, (workspace / "test_calc.py").as_uri())


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes only there")
async def test_where_no_test_has_a_name_that_can_be_told_it_is_said(running: Editor, workspace: Path) -> None:
    (workspace / "test_calc.py").rename(workspace / os.fsdecode(b"test_\xff.py"))
    await running.initialize(workspace, ABLE)
    await running.command("runTests", (workspace / "calc.py").as_uri())
    assert await running.ending(60) == "Not checked, because of their names: test_?.py."


async def test_the_output_is_in_a_file_that_the_message_names(running: Editor, workspace: Path) -> None:
    await running.initialize(workspace, ABLE)
    shown: list[str] = []
    running.answers["window/showDocument"] = lambda params: (shown.append(params["uri"]), {"success": True})[
        1
    ]
    await running.command("runTests", (workspace / "test_calc.py").as_uri())
    message = await running.ending(60)
    file = Path(message.partition("Output: ")[2])
    assert "ZeroDivisionError" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert await running.command("showTestOutput") == {"shown": True}
    assert shown == [file.as_uri()]


async def test_clients_that_show_a_servers_documents_have_the_output_as_one(
    running: Editor, workspace: Path
) -> None:
    running.answers["workspace/textDocumentContent/refresh"] = lambda _: None
    await running.initialize(workspace, SHOWS_DOCUMENTS)
    await running.command("runTests", (workspace / "test_calc.py").as_uri())
    uri = (await running.ending(60)).partition("Output: ")[2]
    registered = [
        each
        for request in running.requests
        if request["method"] == "client/registerCapability"
        for each in request["params"]["registrations"]
    ]
    schemes = [
        scheme
        for each in registered
        if each["method"] == "workspace/textDocumentContent"
        for scheme in each["registerOptions"]["schemes"]
    ]
    assert uri.partition(":")[0] in schemes
    assert (
        "ZeroDivisionError" in (await running.request("workspace/textDocumentContent", {"uri": uri}))["text"]
    )
    assert (await running.wait_for_request("workspace/textDocumentContent/refresh"))["params"] == {"uri": uri}


async def test_a_file_of_tests_offers_to_run_them(ready: Editor, workspace: Path) -> None:
    test = ready.open(workspace / "test_a.py", "def test_a():\n    pass\n")
    other = ready.open(workspace / "a.py", "x = 1\n")
    (lens,) = await ready.request("textDocument/codeLens", {"textDocument": {"uri": test}})
    assert lens["command"] == {
        "title": "Run the tests of this file",
        "command": "quantumlayer.runTests",
        "arguments": [test],
    }
    assert await ready.request("textDocument/codeLens", {"textDocument": {"uri": other}}) is None
    titles = {action["title"] for action in await ready.code_actions(other)}
    assert "Run the tests of this file" in titles
    ready.settings = {"live": {"tests": "never"}}
    ready.notify("workspace/didChangeConfiguration", {"settings": None})
    assert await ready.request("textDocument/codeLens", {"textDocument": {"uri": test}}) is None
    titles = {action["title"] for action in await ready.code_actions(other)}
    assert "Run the tests of this file" not in titles
    assert "Validate this file" in titles
    with pytest.raises(RpcError, match=r"live\.tests"):
        await ready.command("runTests", test)


# -- which tests concern a file ------------------------------------------------------------------

FILES = {
    "src/pkg/__init__.py": "from .core import run\n",
    "src/pkg/core.py": "from . import deep  # (a comment\n",
    "src/pkg/deep.py": "",
    "src/pkg/alone.py": "",
    "tests/conftest.py": "import helpers\n",
    "tests/helpers.py": "",
    "tests/test_core.py": "from pkg.core import (\n    run,  # one :)\n    stop,\n)\n",
    "tests/test_alone.py": "def test():\n    x = 1; import pkg.alone as other\n",
    "tests/test_nothing.py": "import json\n",
    "tests/test_dynamic.py": "import importlib\n",
    "more/b_test.py": "from pkg import \\\n    alone\n",
}
EVERY = {path for path in FILES if path.rpartition("/")[2].startswith("test_") or path.endswith("_test.py")}


@pytest.mark.parametrize(
    ("changed", "concerned"),
    [
        ("src/pkg/deep.py", {"tests/test_core.py", "tests/test_alone.py", "more/b_test.py"}),
        ("src/pkg/alone.py", {"tests/test_alone.py", "more/b_test.py"}),
        ("tests/test_nothing.py", {"tests/test_nothing.py"}),
        ("tests/helpers.py", {path for path in EVERY if path.startswith("tests/")}),
        ("tests/conftest.py", {path for path in EVERY if path.startswith("tests/")}),
        ("src/pkg/data.json", EVERY),
    ],
)
def test_tests_that_import_a_file_concern_it(changed: str, concerned: set[str]) -> None:
    dynamic = {"tests/test_dynamic.py"}
    assert set(chosen({**FILES, "src/pkg/data.json": "{}"}, {changed})) == concerned | dynamic


def test_what_lies_beside_a_conftest_above_is_imported_by_its_name() -> None:
    files = {
        "app.py": "",
        "tests/conftest.py": "",
        "tests/helpers.py": "import app\n",
        "tests/unit/test_a.py": "from helpers import x\n",
        "tests/unit/test_b.py": "import json\n",
    }
    for changed in ("app.py", "tests/helpers.py"):
        assert chosen(files, {changed}) == ("tests/unit/test_a.py",)


@pytest.mark.parametrize(
    "text",
    [
        "app = pytest.importorskip('app')",
        "monkeypatch.setattr('app.x', 3)",
        "monkeypatch.delattr(target='app.x')",
        "await asyncio.create_subprocess_exec('app')",
        "patch.multiple('app', x=3)",
        "sys.path.insert(0, 'more')",
        "monkeypatch.syspath_prepend('more')",
    ],
)
def test_what_names_a_module_by_a_text_concerns_every_file(text: str) -> None:
    assert chosen({"app.py": "", "test_a.py": f"{text}\n"}, {"app.py"}) == ("test_a.py",)


def test_what_only_looks_like_that_does_not() -> None:
    text = "setattr(thing, 'x', 3)\nmonkeypatch.setattr(thing, 'x', 3)\npatch.object(thing, 'x')\n"
    assert chosen({"app.py": "", "test_a.py": text}, {"app.py"}) == ()

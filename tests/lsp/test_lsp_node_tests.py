"""Tests of JavaScript and TypeScript that are run from the editor, as those of Python are."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lsp_editor import FULL, Editor, start
from quantumlayer.lsp.concerned import tests_of as chosen

ABLE: dict[str, Any] = {
    **FULL,
    "textDocument": {
        **FULL["textDocument"],
        "publishDiagnostics": {**FULL["textDocument"]["publishDiagnostics"], "relatedInformation": True},
    },
}
CALC = "export function half(number) {\n  return number.missing.half;\n}\n"
TEST = (
    "import test from 'node:test';\nimport { half } from './calc.mjs';\n\n"
    "test('halves', () => {\n  console.log('a word');\n  half(2);\n});\n"
)
OTHER = "import test from 'node:test';\ntest('other', () => {});\n"
LENS = "Run the tests of this file"


@pytest.fixture
async def running(environ: dict[str, str], logs: Path, workspace: Path) -> AsyncIterator[Editor]:
    """An editor with a sandbox, and a project whose test fails."""
    (workspace / "package.json").write_text('{"name": "calc"}\n')
    (workspace / "calc.mjs").write_text(CALC)
    (workspace / "calc.test.mjs").write_text(TEST)
    (workspace / "other.test.mjs").write_text(OTHER)
    (workspace / "test_calc.py").write_text("def test_python() -> None:\n    pass\n")
    async with start(environ | {"QUANTUMLAYER_SANDBOX": "auto"}) as editor:
        yield editor


def runtime(params: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in params["diagnostics"] if each["source"] == "quantumlayer/runtime"]


async def shown(editor: Editor, uri: str, *, failing: bool) -> list[dict[str, Any]]:
    def wanted(params: dict[str, Any]) -> bool:
        return params["uri"] == uri and bool(runtime(params)) == failing

    return runtime(await editor.wait_for("textDocument/publishDiagnostics", wanted, 60))


def logged(editor: Editor) -> str:
    return "\n".join(params["message"] for params in editor.received("window/logMessage"))


async def test_a_failure_is_shown_in_the_test_and_cleared_when_it_is_mended(
    running: Editor, workspace: Path
) -> None:
    await running.initialize(workspace, ABLE)
    calc, test = (workspace / "calc.mjs").as_uri(), (workspace / "calc.test.mjs").as_uri()
    await running.command("runTests", calc)
    message = await running.ending(60)
    assert "Tests: 1 failed." in message
    (failure,) = await shown(running, test, failing=True)
    assert (failure["range"]["start"]["line"], failure["severity"], failure["code"]) == (5, 1, "test-failed")
    (related,) = failure["relatedInformation"]
    assert (related["location"]["uri"], related["location"]["range"]["start"]["line"]) == (calc, 1)
    assert "calc.test.mjs::halves failed" in logged(running)
    assert "a word" in Path(message.partition("Output: ")[2]).read_text()
    assert "other.test.mjs" not in logged(running), "it does not import the file"
    assert "test_python" not in logged(running), "it is in another language"
    running.messages.clear()
    running.open(workspace / "calc.mjs", CALC.replace(".missing.half", " / 2"))
    await running.command("runTests", test)
    assert "Tests: 1 passed." in await running.ending(60)
    await shown(running, test, failing=False)


async def test_saving_runs_the_tests_where_it_is_wanted(running: Editor, workspace: Path) -> None:
    running.settings = {"live": {"tests": "on_save"}}
    await running.initialize(workspace, ABLE)
    uri = running.open(workspace / "calc.mjs")
    running.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    await shown(running, (workspace / "calc.test.mjs").as_uri(), failing=True)


async def test_files_of_tests_offer_to_run_them_and_helpers_do_not(ready: Editor, workspace: Path) -> None:
    (workspace / "test").mkdir()
    (workspace / "src").mkdir()

    async def lens(name: str, text: str) -> Any:
        uri = ready.open(workspace / name, text)
        return await ready.request("textDocument/codeLens", {"textDocument": {"uri": uri}}), uri

    for name in ("src/a.test.ts", "src/a_test.cjs", "test-a.mjs", "test/a.js"):
        (found,), uri = await lens(name, OTHER)
        assert found["command"] == {"title": LENS, "command": "quantumlayer.runTests", "arguments": [uri]}
    for name, text in (
        ("test/helper.js", "export const a = 1;\n"),
        ("src/a.js", OTHER),
        ("src/a.test.css", ""),
    ):
        found, uri = await lens(name, text)
        assert found is None, name
    uri = ready.open(workspace / "src/b.mjs", "export const a = 1;\n")
    assert LENS in {action["title"] for action in await ready.code_actions(uri)}


# -- which tests concern a file ------------------------------------------------------------------

FILES = {
    "package.json": "{}",
    "app.py": "",
    "test_app.py": "import app\n",
    "src/core.ts": "export { deep } from './deep';\n",
    "src/deep/index.ts": "export const deep = 1;\n",
    "src/alone.cjs": "module.exports = 1;\n",
    "test/core.test.ts": "import {\n  deep,\n} from '../src/core.js';\n",
    "src/alone.test.cjs": 'const alone = require("./alone");\n',
    "src/lazy.test.mjs": "const one = await import('./alone.cjs');\n",
    "src/nothing.test.mjs": "import fs from 'node:fs';\n",
    "src/dynamic.test.mjs": "const one = await import(`./${process.argv[2]}.mjs`);\n",
}
WEB = {path for path in FILES if ".test." in path}


@pytest.mark.parametrize(
    ("changed", "concerned"),
    [
        ("src/deep/index.ts", {"test/core.test.ts"}),
        ("src/core.ts", {"test/core.test.ts"}),
        ("src/alone.cjs", {"src/alone.test.cjs", "src/lazy.test.mjs"}),
        ("src/nothing.test.mjs", {"src/nothing.test.mjs"}),
        ("package.json", WEB | {"test_app.py"}),
    ],
)
def test_tests_that_import_a_file_concern_it_in_javascript(changed: str, concerned: set[str]) -> None:
    assert set(chosen(FILES, {changed})) == concerned | {"src/dynamic.test.mjs"}


@pytest.mark.parametrize("imported", ["mypkg", "mypkg/deep", "@me/other"])
def test_what_a_package_maps_to_a_file_concerns_the_tests_that_import_it(imported: str) -> None:
    files = {
        "package.json": '{"author": {"name": "me"}, "name": "mypkg", "exports": {".": "./lib.js"}}',
        "other/package.json": '{"name": "@me/other"}',
        "lib.js": "",
        "a.test.js": f"import {{ a }} from '{imported}';\n",
        "b.test.js": "import { a } from 'mypkg2';\n",
    }
    assert chosen(files, {"lib.js"}) == ("a.test.js",)


@pytest.mark.parametrize(
    "text",
    [
        "import {a} from /* the lib */ './lib.js';",
        "import {a} from // the 'lib'\n  './lib.js';",
        "const {a} = require(/* it's */ './lib.js');",
    ],
)
def test_comments_hide_no_import(text: str) -> None:
    assert chosen({"lib.js": "", "a.test.js": text}, {"lib.js"}) == ("a.test.js",)


def test_each_language_has_its_own_tests() -> None:
    assert chosen(FILES, {"app.py"}) == ("test_app.py",)
    assert set(chosen(FILES, {"app.py", "src/core.ts"})) == {
        "test_app.py",
        "test/core.test.ts",
        "src/dynamic.test.mjs",
    }

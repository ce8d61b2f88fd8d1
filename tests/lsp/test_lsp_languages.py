"""Findings in other languages than Python, as editors are told of them."""

from typing import Any

import pytest
from lsp_editor import FULL
from quantumlayer.lsp.projects import within
from test_lsp_live import PULLS, actions, applied, cleared, pulled, told

KEY = "AKIA" + "Z7QH3N5TW2KXR4VB"


async def test_each_open_document_is_told_of_by_its_language(editor, workspace):
    await editor.initialize(workspace)
    for name, text, source in (
        ("main.go", "package main\n\nvar x = (1\n", "quantumlayer/syntax"),
        ("a.ts", "eval('1');\n", "quantumlayer/security"),
        ("a.yaml", "a: 1\na: 2\n", "quantumlayer/style"),
    ):
        uri = editor.open(workspace / name, text)
        found = await editor.wait_for(
            "textDocument/publishDiagnostics",
            lambda params, uri=uri: params["uri"] == uri and params["diagnostics"],
            60,
        )
        assert source in {one["source"] for one in found["diagnostics"]}


async def test_what_is_mended_is_not_told_any_more(editor, workspace):
    await editor.initialize(workspace)
    uri = editor.open(workspace / "main.go", "package main\n\nvar x = (1\n")
    await told(editor, uri, "syntax")
    editor.change(uri, {"text": "package main\n\nvar x = 1\n"})
    await cleared(editor, uri)


async def test_a_file_without_a_suffix_is_what_the_editor_says(editor, workspace):
    await editor.initialize(workspace)
    uri = editor.open(workspace / "deploy", "if true; then\n", language="shellscript")
    await told(editor, uri, "syntax")


async def test_a_suppression_is_offered_in_scripts_too(editor, workspace):
    await editor.initialize(workspace)
    text = "function f() {\n  debugger;\n}\nf();\n"
    uri = editor.open(workspace / "a.js", text, language="javascript")
    await told(editor, uri, "no-debugger")
    offered = await actions(editor, uri, line=1, character=3, only=["quickfix"])
    (one,) = [each for each in offered if each["title"] == "Suppress no-debugger here"]
    edits = one["edit"]["documentChanges"][0]["edits"]
    editor.change(uri, {"text": applied(text, edits)})
    await cleared(editor, uri)


async def test_only_python_is_formatted(editor, workspace):
    await editor.initialize(workspace)
    uri = editor.open(workspace / "a.js", "let   a=1\n", language="javascript")
    options = {"tabSize": 4, "insertSpaces": True}
    params: dict[str, Any] = {"textDocument": {"uri": uri}, "options": options}
    assert not await editor.request("textDocument/formatting", params)
    titles = {each["title"] for each in await actions(editor, uri)}
    assert "Organise imports" not in titles
    assert "Validate this file" in titles


@pytest.mark.parametrize("capabilities", [FULL, PULLS])
async def test_a_validation_on_demand_judges_any_language(editor, workspace, capabilities):
    """A comment keeps the key from what is found while somebody types, and from no validation."""
    await editor.initialize(workspace, capabilities)
    text = f'export const place = "{KEY}"; // pragma: allowlist secret\n'
    uri = editor.open(workspace / "a.ts", text, language="typescript")
    await editor.command("validateFile", uri)
    assert (await editor.ending(60)).startswith("a.ts: ")
    if capabilities is FULL:
        await told(editor, uri, "aws-key")
    else:
        await pulled(editor, uri, "aws-key")


def test_other_files_stay_with_the_python_project_that_reads_them(workspace):
    for name, text in {
        "app/main.py": "x = 1\n",
        "app/data/values.json": "{}",
        "web/src/deep/a.ts": "export const a = 1;\n",
        "web/src/b.ts": "export const b = 1;\n",
    }.items():
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text(text)
    found = {project.root: set(project.files) for project in within(workspace, {})}
    assert found == {
        workspace / "app": {"main.py", "data/values.json"},
        workspace: {"web/src/deep/a.ts", "web/src/b.ts"},
    }

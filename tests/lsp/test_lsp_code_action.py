"""Where **Generate capsule from this brief** and **Validate this file** are offered."""

from pathlib import Path
from typing import Any

import pytest
from lsp_editor import FULL, Editor

TITLE = "Generate capsule from this brief"
VALIDATE = "Validate this file"


async def offered(editor: Editor, path: Path, text: str, **context: Any) -> bool:
    uri = editor.open(path, text, language="markdown")
    return [action["title"] for action in await editor.code_actions(uri, **context)] == [TITLE]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tool.brief.md", "Write a tool."),
        ("tool.brief.md", ""),
        ("notes.md", "---\nquantumlayer: true\n---\nWrite a tool."),
        ("notes.md", "---\r\nname: x\r\nquantumlayer: brief\r\n---\r\nWrite a tool."),
        ("a b/ö.brief.md", "Write a tool."),
    ],
)
async def test_offered_in_a_brief(ready: Editor, workspace: Path, name: str, text: str) -> None:
    assert await offered(ready, workspace / name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("notes.md", "Write a tool."),
        ("notes.md", "quantumlayer: true"),
        ("notes.md", "---\nquantumlayer: false\n---\nWrite a tool."),
        ("notes.md", "---\ntitle: quantumlayer\n---\nWrite a tool."),
        ("notes.md", "---\nquantumlayer: [broken\n---\nWrite a tool."),
        ("code.py", "---\nquantumlayer: true\n---\n"),
    ],
)
async def test_not_offered_elsewhere(ready: Editor, workspace: Path, name: str, text: str) -> None:
    assert not await offered(ready, workspace / name, text)


async def test_offered_by_what_the_editor_shows_and_not_by_what_was_saved(
    ready: Editor, workspace: Path
) -> None:
    file = workspace / "notes.md"
    file.write_text("---\nquantumlayer: true\n---\nSaved.")
    assert not await offered(ready, file, "Typed since.")


@pytest.mark.parametrize(
    "only", [[], ["refactor"], ["refactor.quantumlayer"], ["quickfix", "refactor"], [""]]
)
async def test_offered_when_its_kind_is_asked_for(ready: Editor, workspace: Path, only: list[str]) -> None:
    wanted = {"only": only} if only else {}
    assert await offered(ready, workspace / "a.brief.md", "Write a tool.", **wanted)


@pytest.mark.parametrize(
    "only", [["quickfix"], ["source"], ["refactor.extract"], ["refactor.quantumlayer.validate"], ["ref"]]
)
async def test_not_offered_when_only_others_are_asked_for(
    ready: Editor, workspace: Path, only: list[str]
) -> None:
    assert not await offered(ready, workspace / "a.brief.md", "Write a tool.", only=only)


async def test_its_command_names_the_document(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.brief.md", "Write a tool.")
    (action,) = await ready.code_actions(uri)
    assert action["kind"].startswith("refactor")
    assert action["command"]["command"] == "quantumlayer.generateCapsule"
    assert action["command"]["arguments"] == [uri]


async def test_an_old_editor_gets_a_plain_command(editor: Editor, workspace: Path) -> None:
    await editor.initialize(workspace, {**FULL, "textDocument": {"codeAction": {}}})
    uri = editor.open(workspace / "a.brief.md", "Write a tool.")
    (command,) = await editor.code_actions(uri)
    assert command["command"] == "quantumlayer.generateCapsule"
    assert command["arguments"] == [uri]


# -- validating ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.py", "a.pyi", "a b/ö.py"])
async def test_validating_is_offered_in_a_python_file_and_works(
    ready: Editor, workspace: Path, name: str
) -> None:
    uri = ready.open(workspace / name, "def f(:\n")
    action, *_ = await ready.code_actions(uri)
    assert (action["title"], action["kind"]) == (VALIDATE, "refactor.quantumlayer.validate")
    assert action["command"]["command"] == "quantumlayer.validateFile"
    assert action["command"]["arguments"] == [uri]
    await ready.command("validateFile", *action["command"]["arguments"])
    told = await ready.wait_for("textDocument/publishDiagnostics", seconds=60)
    assert told["uri"] == uri
    assert told["diagnostics"]


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("{workspace}/tool.brief.md", "Write a tool."),
        ("{workspace}/notes.md", "x = 1"),
        ("{workspace}/py", "x = 1"),
        ("{workspace}/a.python", "x = 1"),
        ("untitled:Untitled-1.py", "x = 1"),
        ("git:/elsewhere/a.py", "x = 1"),
    ],
)
async def test_validating_is_not_offered_elsewhere(
    ready: Editor, workspace: Path, uri: str, text: str
) -> None:
    """What is not on disk belongs to no project."""
    uri = uri.format(workspace=workspace.as_uri())
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    ready.notify("textDocument/didOpen", {"textDocument": item})
    assert VALIDATE not in [action["title"] for action in await ready.code_actions(uri)]


@pytest.mark.parametrize(
    ("only", "titles"),
    [
        (["refactor"], [VALIDATE, "Run the tests of this file"]),
        (["refactor.quantumlayer.validate"], [VALIDATE]),
        (["refactor.quantumlayer.generate"], []),
        (["quickfix"], []),
    ],
)
async def test_validating_is_offered_when_its_kind_is_asked_for(
    ready: Editor, workspace: Path, only: list[str], titles: list[str]
) -> None:
    uri = ready.open(workspace / "a.py", "x = 1\n")
    assert [action["title"] for action in await ready.code_actions(uri, only=only)] == titles


async def test_an_old_editor_gets_a_plain_command_to_validate(editor: Editor, workspace: Path) -> None:
    await editor.initialize(workspace, {**FULL, "textDocument": {"codeAction": {}}})
    uri = editor.open(workspace / "a.py", "x = 1\n")
    command, tests = await editor.code_actions(uri)
    assert command == {"title": VALIDATE, "command": "quantumlayer.validateFile", "arguments": [uri]}
    assert tests["command"] == "quantumlayer.runTests"

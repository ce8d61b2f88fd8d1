"""Settings come from the editor, and mistakes in them are named."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsp_editor import FULL, SILENCE, Editor, Refusal


async def stages_run(editor: Editor, workspace: Path) -> set[str]:
    """Which stages a validation told of."""
    (workspace / "a.py").write_text("x = 1\n")
    editor.messages.clear()
    ended = asyncio.create_task(editor.ending(60))
    await editor.command("validateFile", (workspace / "a.py").as_uri())
    await ended
    while not any(p["value"]["kind"] == "end" for p in editor.received("$/progress")):
        await asyncio.sleep(0.01)
    lines = [params["value"].get("message", "") for params in editor.received("$/progress")]
    return {line.partition(":")[0] for line in lines if ": passed" in line}


async def test_the_editors_settings_are_asked_for_and_used(ready: Editor, workspace: Path) -> None:
    ready.settings = {"validate": {"stages": ["syntax"]}}
    assert await stages_run(ready, workspace) == {"syntax"}
    asked = await ready.wait_for_request("workspace/configuration")
    (item,) = asked["params"]["items"]
    assert item == {"scopeUri": workspace.as_uri(), "section": "quantumlayer"}


async def test_changed_settings_are_used_from_then_on(ready: Editor, workspace: Path) -> None:
    ready.settings = {"validate": {"stages": ["syntax"]}}
    assert await stages_run(ready, workspace) == {"syntax"}
    ready.settings = {"validate.stages": ["style"]}
    ready.notify("workspace/didChangeConfiguration", {"settings": None})
    assert await stages_run(ready, workspace) == {"style"}


async def test_settings_may_come_with_initialize(editor: Editor, workspace: Path) -> None:
    options = {"validate": {"stages": ["syntax", "style"]}}
    await editor.initialize(workspace, {"window": {"workDoneProgress": True}}, initializationOptions=options)
    assert await stages_run(editor, workspace) == {"syntax", "style"}


async def test_settings_may_be_pushed(editor: Editor, workspace: Path) -> None:
    await editor.initialize(workspace, {"window": {"workDoneProgress": True}})
    pushed = {"settings": {"quantumlayer": {"validate": {"stages": ["style"]}}}}
    editor.notify("workspace/didChangeConfiguration", pushed)
    assert await stages_run(editor, workspace) == {"style"}


@pytest.mark.parametrize("sent", [None, 5, "text", [], {"quantumlayer": None}, {"quantumlayer": 3}])
async def test_settings_that_are_none_are_ignored(editor: Editor, workspace: Path, sent: Any) -> None:
    await editor.initialize(workspace, {"window": {"workDoneProgress": True}}, initializationOptions=sent)
    editor.notify("workspace/didChangeConfiguration", {"settings": sent})
    assert "syntax" in await stages_run(editor, workspace)
    assert not [m for m in editor.received("window/showMessage") if m["type"] == 2]


@pytest.mark.parametrize("sent", [{"pylsp": {"plugins": {"ruff": {"enabled": True}}}}, {}])
async def test_settings_of_other_servers_change_nothing(
    editor: Editor, workspace: Path, sent: dict[str, Any]
) -> None:
    """Eglot sends all that it is configured with to every server, or an empty object."""
    options = {"validate": {"stages": ["style"]}}
    await editor.initialize(workspace, FULL, initializationOptions=options)
    editor.notify("workspace/didChangeConfiguration", {"settings": sent})
    assert await stages_run(editor, workspace) == {"style"}


async def test_an_editor_that_refused_to_say_its_settings_is_asked_again(
    ready: Editor, workspace: Path
) -> None:
    """A limit that it has must not be lost for good."""
    ready.answers["workspace/configuration"] = lambda _: Refusal(code=-32603, message="not now")
    assert "types" in await stages_run(ready, workspace)
    del ready.answers["workspace/configuration"]
    ready.settings = {"validate": {"stages": ["style"]}}
    assert await stages_run(ready, workspace) == {"style"}


async def test_an_answer_that_a_change_has_overtaken_is_not_kept(ready: Editor, workspace: Path) -> None:
    ready.answers["workspace/configuration"] = lambda _: SILENCE
    (workspace / "a.py").write_text("x = 1\n")
    await ready.command("validateFile", (workspace / "a.py").as_uri())
    asked = await ready.wait_for_request("workspace/configuration")
    ready.settings = {"validate": {"stages": ["style"]}}
    ready.notify("workspace/didChangeConfiguration", {"settings": None})
    ready.send({"jsonrpc": "2.0", "id": asked["id"], "result": [{"validate": {"stages": ["syntax"]}}]})
    await ready.ending(60)
    del ready.answers["workspace/configuration"]
    assert await stages_run(ready, workspace) == {"style"}


async def test_the_workspaces_file_is_a_layer_below_the_editor(ready: Editor, workspace: Path) -> None:
    """It may leave out every stage but security."""
    (workspace / "quantumlayer.toml").write_text('[validate]\nstages = ["style"]\n')
    assert await stages_run(ready, workspace) == {"style", "security"}
    ready.settings = {"validate": {"stages": ["syntax"]}}
    ready.notify("workspace/didChangeConfiguration", {"settings": None})
    assert await stages_run(ready, workspace) == {"syntax"}


async def test_a_wrong_key_is_named_with_the_nearest_right_one_and_nothing_runs(
    ready: Editor, workspace: Path
) -> None:
    """A limit with a misspelt name would be no limit."""
    ready.settings = {"validate": {"stagse": ["syntax"]}}
    (workspace / "a.py").write_text("import os\n")
    ended = asyncio.create_task(ready.ending(60))
    await ready.command("validateFile", (workspace / "a.py").as_uri())
    message = await ended
    assert "validate.stagse" in message
    assert "did you mean validate.stages?" in message
    assert ready.received("textDocument/publishDiagnostics") == []


async def test_a_mistake_in_the_workspaces_file_is_told_with_its_line(ready: Editor, workspace: Path) -> None:
    (workspace / "quantumlayer.toml").write_text("[validate]\n\nstagse = 1\n")
    (workspace / "a.py").write_text("x = 1\n")
    ended = asyncio.create_task(ready.ending(60))
    await ready.command("validateFile", (workspace / "a.py").as_uri())
    message = await ended
    assert "quantumlayer.toml:3" in message
    assert "failed" in message


async def test_an_editor_that_never_says_its_settings_does_not_hold_up_work(
    editor: Editor, workspace: Path
) -> None:
    editor.answers["workspace/configuration"] = lambda _: SILENCE
    editor.answers["client/registerCapability"] = lambda _: SILENCE
    await editor.initialize(workspace, FULL)
    assert "syntax" in await stages_run(editor, workspace)


async def test_a_folders_own_settings_hold_for_the_whole_folder(ready: Editor, workspace: Path) -> None:
    (workspace / "quantumlayer.toml").write_text("[[check.off]]\nstages = ['style', 'runtime']\n")
    (workspace / "a.py").write_text("import os\n")
    await ready.command("validateWorkspace")
    assert "style (switched off by check.off)" in await ready.ending(60)

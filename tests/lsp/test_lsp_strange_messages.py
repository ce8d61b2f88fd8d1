"""Messages that no sound editor sends, each of which once did harm."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from lsp_editor import FULL, SILENCE, Editor, RpcError


async def answer_to(editor: Editor, body: bytes) -> dict[str, Any]:
    """The next answer with an id, to a message that is not one of the protocol's."""
    answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    editor._take_answer = answers.put_nowait  # type: ignore[method-assign]
    editor.send_body(body)
    return await asyncio.wait_for(answers.get(), 20)


@pytest.mark.parametrize("error", ["null", "{}", "5"])
async def test_a_request_that_carries_an_error_is_still_a_request(ready: Editor, error: str) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"textDocument/codeAction","params":{},"error":%b}'
    answer = await answer_to(ready, body % error.encode())
    assert (answer["id"], answer["error"]["code"]) == (1, -32602)
    assert ready.process is not None
    assert ready.process.returncode is None


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
async def test_what_is_no_number_is_no_json(ready: Editor, number: str) -> None:
    """Said back to the client it would break it."""
    params = f'{{"title":"","data":{number}}}'
    body = f'{{"jsonrpc":"2.0","id":1,"method":"codeAction/resolve","params":{params}}}'
    answer = await answer_to(ready, body.encode())
    assert (answer["id"], answer["error"]["code"]) == (None, -32700)


@pytest.mark.parametrize("wrong", [None, 5, True, ["a"]])
async def test_a_text_that_is_none_does_not_become_one(ready: Editor, workspace: Path, wrong: Any) -> None:
    """`null` was taken for the text "None"."""
    uri = ready.open(workspace / "a.py", "x  =  1\n")
    ready.change(uri, {"text": wrong})
    params = {"textDocument": {"uri": uri}, "options": {"tabSize": 4, "insertSpaces": True}}
    edits = await ready.request("textDocument/formatting", params)
    assert [edit["newText"] for edit in edits] == ["x = 1\n"]


async def test_whole_numbers_may_be_written_with_a_point(ready: Editor, workspace: Path) -> None:
    """As libraries of some languages write all of them."""
    uri = ready.open(workspace / "a.brief.md", "")
    place = {"line": 0.0, "character": 0.0}
    ready.change(uri, {"range": {"start": place, "end": place}, "text": "Write a tool."}, version=2.0)  # type: ignore[arg-type]
    assert await ready.code_actions(uri)


async def test_a_reply_with_a_result_and_no_error_is_a_result(editor: Editor, workspace: Path) -> None:
    """Some clients send `"error": null` beside the result."""
    settings = {"live": {"stages": ["security"]}}

    def reply(_: Any) -> Any:
        (asked,) = [one for one in editor.requests if one["method"] == "workspace/configuration"][-1:]
        editor.send({"jsonrpc": "2.0", "id": asked["id"], "result": [settings], "error": None})
        return SILENCE

    editor.answers["workspace/configuration"] = reply
    await editor.initialize(workspace, FULL)
    uri = editor.open(workspace / "a.py", 'import os\npassword = "hunter2xx"\n')
    found = await editor.wait_for("textDocument/publishDiagnostics", lambda params: params["diagnostics"], 60)
    assert (found["uri"], {each["code"] for each in found["diagnostics"]}) == (uri, {"S105"})


@pytest.mark.parametrize("deep", [90, 120, 900, 940, 970])
async def test_what_is_nested_deeply_is_answered(ready: Editor, deep: int) -> None:
    """It could be read, and then not be said again: there was no answer at all."""
    data = "[" * deep + "]" * deep
    params = f'{{"title":"","data":{data}}}'
    body = f'{{"jsonrpc":"2.0","id":1,"method":"codeAction/resolve","params":{params}}}'
    answer = await answer_to(ready, body.encode())
    if deep < 100:
        assert answer["id"] == 1
        assert json.dumps(answer["result"]["data"]).replace(" ", "") == data
    else:
        assert answer["error"]["code"] in {-32602, -32700}


async def test_initialize_may_be_asked_again_when_it_was_refused(editor: Editor, workspace: Path) -> None:
    with pytest.raises(RpcError) as refused:
        await editor.request("initialize", {"processId": None, "rootUri": "http://[", "capabilities": {}})
    assert refused.value.code == -32602
    await editor.initialize(workspace)
    assert await editor.code_actions(editor.open(workspace / "a.brief.md", "Write a tool."))


@pytest.mark.parametrize(
    "uri", ["http://[", "", "file:", "file:///a%00.py", "file:///\ud800.py", "a.py", "file://[/a.py"]
)
async def test_what_is_no_uri_is_a_document_without_a_file(ready: Editor, uri: str) -> None:
    item = {"uri": uri, "languageId": "python", "version": 1, "text": "import os\n"}
    ready.notify("textDocument/didOpen", {"textDocument": item})
    ready.change(uri, {"text": "import re\n"})
    await ready.code_actions(uri)
    await ready.request(
        "textDocument/formatting",
        {"textDocument": {"uri": uri}, "options": {"tabSize": 4, "insertSpaces": True}},
    )
    ended = asyncio.create_task(ready.ending(60))
    await ready.command("validateFile", uri or "x")
    assert "internal error" not in await ended
    ready.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert await ready.code_actions(uri) == []


async def test_notebooks_are_not_followed(ready: Editor, workspace: Path) -> None:
    """The server does not say that it does; a change of one that is not known made an error."""
    uri = (workspace / "cell.py").as_uri()
    cell = {"uri": uri, "languageId": "python", "version": 1, "text": "import os\n"}
    book = {"uri": "file:///n.ipynb", "notebookType": "jupyter", "version": 1, "cells": []}
    ready.notify("notebookDocument/didChange", {"notebookDocument": book, "change": {"cells": {}}})
    ready.notify("notebookDocument/didOpen", {"notebookDocument": book, "cellTextDocuments": [cell]})
    assert await ready.code_actions(uri) == []


async def test_a_folder_that_gets_another_name_stays(ready: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text("import os\n")
    folder = {"uri": workspace.as_uri(), "name": "old"}
    event = {"added": [{**folder, "name": "new"}], "removed": [folder]}
    ready.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    ended = asyncio.create_task(ready.ending(120))
    await ready.command("validateWorkspace")
    assert "there is no workspace folder" not in await ended


@pytest.mark.parametrize("data", [5, [], {"kind": []}, {"kind": {"a": 1}}, {"kind": None, "uri": 1}])
async def test_an_action_of_somebody_else_stays_as_it_is(ready: Editor, data: Any) -> None:
    action = {"title": "theirs", "data": data}
    assert await ready.request("codeAction/resolve", action) == action

"""Commands: what they take, and that they answer at once."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from lsp_editor import FULL, SILENCE, Editor, Refusal, RpcError


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("generateCapsule", [], "one argument"),
        ("generateCapsule", ["file:///a.md", "file:///b.md"], "one argument"),
        ("generateCapsule", [5], "object"),
        ("generateCapsule", [{}], '"uri" or "brief"'),
        ("generateCapsule", [{"uri": "file:///a.md", "brief": "x"}], '"uri" or "brief"'),
        ("generateCapsule", [{"url": "file:///a.md"}], "unknown: url"),
        ("generateCapsule", [{"brief": "x", "name": 5}], "not a text: name"),
        ("validateFile", [], "one argument"),
        ("validateFile", [""], "URI"),
        ("validateWorkspace", ["x"], "no arguments"),
        ("exportCapsule", [{}], '"capsule" and "target"'),
        ("exportCapsule", [{"capsule": "a", "target": "b", "format": "rar"}], "zip"),
        ("cancel", ["one", "other"], "one argument"),
        ("cancel", [""], "job"),
        ("cancel", [{"jobs": "never"}], "job"),
        ("unknown", [], "unknown"),
    ],
)
async def test_wrong_arguments_are_refused_in_words(
    ready: Editor, command: str, arguments: list[Any], said: str
) -> None:
    with pytest.raises(RpcError) as refused:
        await ready.command(command, *arguments)
    assert refused.value.code == -32602
    assert said in refused.value.message


async def test_a_command_answers_at_once_with_a_job(ready: Editor, workspace: Path) -> None:
    """Before the engine is even loaded."""
    (workspace / "a.py").write_text("import os\n")
    began = time.perf_counter()
    answer = await ready.command("validateFile", (workspace / "a.py").as_uri())
    assert time.perf_counter() - began < 0.5
    assert answer["job"]
    assert "a.py: 0 errors" in await ready.ending(60)


async def test_the_same_work_is_not_started_twice(ready: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text("import os\n")
    uri = (workspace / "a.py").as_uri()
    one, other = await asyncio.gather(
        ready.command("validateFile", uri), ready.command("validateFile", {"uri": uri})
    )
    assert one == other


async def test_progress_is_shown_from_begin_to_end(ready: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text("import os\n")
    job = (await ready.command("validateFile", (workspace / "a.py").as_uri()))["job"]
    await ready.ending(60)
    created = await ready.wait_for_request("window/workDoneProgress/create")
    token = created["params"]["token"]
    assert isinstance(token, str)
    assert job in token
    progress = [p["value"] for p in ready.received("$/progress") if p["token"] == token]
    assert progress[0]["kind"] == "begin"
    assert progress[0]["cancellable"]
    assert [value["kind"] for value in progress].count("end") == 1
    assert progress[-1]["kind"] == "end"
    assert any("syntax: passed" in value.get("message", "") for value in progress)


@pytest.mark.parametrize("reply", [Refusal(code=-32601, message="no"), SILENCE])
async def test_an_editor_without_progress_gets_lines_in_its_log(
    ready: Editor, workspace: Path, reply: Any
) -> None:
    ready.answers["window/workDoneProgress/create"] = lambda _: reply
    (workspace / "a.py").write_text("import os\n")
    await ready.command("validateFile", (workspace / "a.py").as_uri())
    await ready.ending(60)
    assert ready.received("$/progress") == []
    assert any("syntax: passed" in line["message"] for line in ready.received("window/logMessage"))


async def test_a_basic_editor_is_not_asked_for_what_it_cannot_do(editor: Editor, workspace: Path) -> None:
    await editor.initialize(workspace, {})
    (workspace / "a.py").write_text("import os\n")
    await editor.command("validateFile", (workspace / "a.py").as_uri())
    await editor.ending(60)
    assert editor.requests == []
    assert {message["method"] for message in editor.messages} == {
        "window/logMessage",
        "window/showMessage",
        "textDocument/publishDiagnostics",
    }


@pytest.mark.parametrize("way", ["command", "answer", "progress"])
async def test_a_job_is_cancelled_by_its_id_or_its_progress(ready: Editor, workspace: Path, way: str) -> None:
    ready.answers["workspace/configuration"] = lambda _: SILENCE
    (workspace / "a.py").write_text("import os\n")
    answer = await ready.command("validateFile", (workspace / "a.py").as_uri())
    token = (await ready.wait_for_request("window/workDoneProgress/create"))["params"]["token"]
    await ready.wait_for_request("workspace/configuration")
    began = time.perf_counter()
    ended = asyncio.create_task(ready.ending(5))
    if way == "progress":
        ready.notify("window/workDoneProgress/cancel", {"token": token})
    else:
        cancelled = await ready.command("cancel", answer["job"] if way == "command" else answer)
        assert cancelled == {"job": answer["job"], "cancelled": True}
    assert (await ended).startswith("Cancelled: validate a.py")
    assert time.perf_counter() - began < 2
    given_up = ready.received("$/cancelRequest")
    assert len(given_up) == 1


async def test_a_late_reply_after_cancelling_does_no_harm(ready: Editor, workspace: Path) -> None:
    """pygls raised InvalidStateError here."""
    ready.answers["workspace/configuration"] = lambda _: SILENCE
    (workspace / "a.py").write_text("import os\n")
    job = (await ready.command("validateFile", (workspace / "a.py").as_uri()))["job"]
    asked = await ready.wait_for_request("workspace/configuration")
    await ready.command("cancel", job)
    await ready.ending(5)
    ready.send({"jsonrpc": "2.0", "id": asked["id"], "result": [{}]})
    assert await ready.command("cancel", job) == {"job": job, "cancelled": False}


async def test_cancelling_an_unknown_job_says_so(ready: Editor) -> None:
    assert await ready.command("cancel", "never") == {"job": "never", "cancelled": False}


@pytest.mark.parametrize("arguments", [[], [None]])
async def test_without_an_argument_every_job_is_cancelled(
    ready: Editor, workspace: Path, arguments: list[Any]
) -> None:
    """A key binding has no id to give: the answer to a code action is thrown away."""
    ready.answers["workspace/configuration"] = lambda _: SILENCE
    (workspace / "a.py").write_text("import os\n")
    await ready.command("validateFile", (workspace / "a.py").as_uri())
    await ready.command("validateWorkspace")
    await ready.wait_for_request("workspace/configuration")
    assert await ready.command("cancel", *arguments) == {"cancelled": True}
    told = {await ready.ending(), await ready.ending()}
    assert {line.partition(".")[0] for line in told} == {
        "Cancelled: validate a",
        "Cancelled: validate workspace",
    }
    assert await ready.command("cancel", *arguments) == {"cancelled": False}


async def test_what_is_started_again_right_after_it_was_cancelled_is_a_new_job(
    ready: Editor, workspace: Path
) -> None:
    """Both messages arrive at once, before the cancelled job has come to its end."""
    ready.answers["workspace/configuration"] = lambda _: SILENCE
    (workspace / "a.py").write_text("import os\n")
    uri = (workspace / "a.py").as_uri()
    first = await ready.command("validateFile", uri)
    await ready.wait_for_request("workspace/configuration")
    del ready.answers["workspace/configuration"]
    cancelled, second = ready.ask_at_once(
        ("workspace/executeCommand", {"command": "quantumlayer.cancel", "arguments": [first]}),
        ("workspace/executeCommand", {"command": "quantumlayer.validateFile", "arguments": [uri]}),
    )
    assert await cancelled == {**first, "cancelled": True}
    assert await second != first
    assert (await ready.ending(60)).startswith("Cancelled: validate a.py")
    assert "a.py: 0 errors" in await ready.ending(60)


async def test_our_own_notifications_go_only_to_those_who_ask(editor: Editor, workspace: Path) -> None:
    await editor.initialize(workspace, {**FULL, "experimental": {"quantumlayer": True}})
    (workspace / "a.py").write_text("import os\n")
    job = (await editor.command("validateFile", (workspace / "a.py").as_uri()))["job"]
    message = await editor.ending(60)
    told = await editor.wait_for("quantumlayer/jobFinished")
    assert told == {"job": job, "outcome": "done", "capsule": "", "message": message}

"""Every request is answered once, whatever arrives, and the server stays."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import psutil
import pytest
from lsp_editor import Editor, RpcError, start


async def test_invalid_parameters_are_refused(ready: Editor) -> None:
    with pytest.raises(RpcError) as refused:
        await ready.request("textDocument/codeAction", {"textDocument": 5})
    assert refused.value.code == -32602
    assert "textDocument/codeAction" in refused.value.message


async def test_broken_json_is_refused_with_a_null_id(ready: Editor) -> None:
    for body in (b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"jsonrpc": "2.0", "id": 1' + b"0" * 6000 + b"}"):
        ready.send_body(body)
    await ready.code_actions("file:///x.md")
    assert [error["code"] for error in ready.refusals] == [-32700] * 4


@pytest.mark.parametrize(
    "message",
    [
        [],
        "text",
        {"jsonrpc": "1.0", "method": "shutdown"},
        {"jsonrpc": "2.0"},
        {"jsonrpc": "2.0", "id": None, "method": "shutdown"},
        {"jsonrpc": "2.0", "id": {"a": 1}, "method": "shutdown"},
        {"jsonrpc": "2.0", "id": True, "method": "shutdown"},
        [{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}],
    ],
)
async def test_what_is_no_request_is_refused(ready: Editor, message: Any) -> None:
    ready.send(message)
    await ready.code_actions("file:///x.md")
    assert [error["code"] for error in ready.refusals] == [-32600]


async def test_an_unknown_method_is_refused_with_or_without_parameters(ready: Editor) -> None:
    for params in (None, {}, [1], {"x": 1}):
        with pytest.raises(RpcError) as refused:
            await ready.request("unknown/method", params)
        assert refused.value.code == -32601


async def test_requests_before_initialize_are_refused(editor: Editor) -> None:
    with pytest.raises(RpcError) as refused:
        await editor.request("textDocument/codeAction", {})
    assert refused.value.code == -32002


async def test_notifications_before_initialize_are_ignored(editor: Editor, workspace: Path) -> None:
    editor.open(workspace / "early.brief.md", "Write a tool.")
    await editor.initialize(workspace)
    assert await editor.code_actions((workspace / "early.brief.md").as_uri()) == []


async def test_a_second_initialize_is_refused_and_changes_nothing(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.brief.md", "Write a tool.")
    with pytest.raises(RpcError) as refused:
        await ready.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    assert refused.value.code == -32600
    assert await ready.code_actions(uri)


async def test_a_request_with_the_id_of_a_running_one_is_refused(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.brief.md", "Write a tool.")
    context = {"textDocument": {"uri": uri}, "context": {"diagnostics": []}}
    place = {"line": 0, "character": 0}
    message = {"jsonrpc": "2.0", "id": "twice", "method": "textDocument/codeAction"}
    message |= {"params": {**context, "range": {"start": place, "end": place}}}
    answers: list[Any] = []
    ready._take_answer = answers.append  # type: ignore[method-assign]
    ready.send_body(json.dumps(message).encode())
    ready.send_body(json.dumps(message).encode())
    while len(answers) < 2:
        await asyncio.sleep(0.02)
    assert sorted("error" in answer for answer in answers) == [False, True]


async def test_a_change_to_a_document_that_is_not_open_is_ignored(ready: Editor, workspace: Path) -> None:
    uri = (workspace / "never.py").as_uri()
    ready.change(uri, {"text": "x"})
    ready.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert await ready.code_actions(uri) == []
    assert ready.received("window/showMessage") == []


async def test_a_cancelled_request_is_answered_once(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.brief.md", "Write a tool.")
    asked = []
    for number in range(50):
        place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
        params = {"textDocument": {"uri": uri}, "range": place, "context": {"diagnostics": []}}
        asked.append(ready.ask("textDocument/codeAction", params, f"r{number}"))
        ready.notify("$/cancelRequest", {"id": f"r{number}"})
        ready.notify("$/cancelRequest", {"id": f"r{number}"})
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(r, list) or (isinstance(r, RpcError) and r.code == -32800) for r in results)
    assert sorted(ready.answered[-50:]) == sorted(f"r{number}" for number in range(50))


async def test_cancelling_what_is_not_running_does_nothing(ready: Editor) -> None:
    ready.notify("$/cancelRequest", {"id": "never"})
    ready.notify("$/cancelRequest", {"id": 7})
    assert await ready.code_actions("file:///x.md") == []


async def test_cancelling_a_command_does_not_stop_its_job(ready: Editor, workspace: Path) -> None:
    """The command is answered at once; only `quantumlayer.cancel` and the progress cancel its job."""
    (workspace / "a.py").write_text("import os\n")
    params = {"command": "quantumlayer.validateFile", "arguments": [(workspace / "a.py").as_uri()]}
    asked = ready.ask("workspace/executeCommand", params, "c1")
    ready.notify("$/cancelRequest", {"id": "c1"})
    assert "job" in await asked
    assert await ready.wait_for("textDocument/publishDiagnostics", seconds=60)


async def test_replies_that_nobody_waits_for_are_ignored(ready: Editor) -> None:
    for message in (
        {"id": "quantumlayer-999", "result": None},
        {"id": 5, "error": {"code": 1, "message": "late"}},
        {"id": None, "result": 1},
    ):
        ready.send({"jsonrpc": "2.0", **message})
    assert await ready.code_actions("file:///x.md") == []


async def test_malformed_replies_do_no_harm(ready: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text("import os\n")
    ready.answers["workspace/configuration"] = lambda _: {"not": ["a", "list"]}
    ready.answers["window/workDoneProgress/create"] = lambda _: ["nonsense"]
    await ready.command("validateFile", (workspace / "a.py").as_uri())
    assert await ready.wait_for("textDocument/publishDiagnostics", seconds=60)


async def test_shutdown_during_jobs_is_answered(ready: Editor, workspace: Path) -> None:
    for number in range(5):
        (workspace / f"m{number}.py").write_text("import os\n" * 200)
        await ready.command("validateFile", (workspace / f"m{number}.py").as_uri())
    assert await asyncio.wait_for(ready.shut_down(), 10) == 0


async def test_internal_errors_are_not_shown_to_the_editor(environ: dict[str, str]) -> None:
    """They are in the log, with what it takes to find them, and without secrets."""
    environ["SOME_API_KEY"] = "abcdefgh-very-secret"
    broken = (
        "import sys\n"
        "from quantumlayer.lsp import launch, server\n"
        "def fail(*_):\n"
        "    raise RuntimeError('at /secret/place with abcdefgh-very-secret')\n"
        "server.code_action = fail\n"
        "sys.exit(launch.main([]))\n"
    )
    async with start(environ, command=(__import__("sys").executable, "-c", broken)) as editor:
        await editor.initialize()
        with pytest.raises(RpcError) as failed:
            await editor.code_actions("file:///x.md")
        assert failed.value.code == -32603
        assert failed.value.data is None
        assert "secret" not in failed.value.message
        await editor.shut_down()
    log = _log(environ)
    assert "RuntimeError" in log
    assert "very-secret" not in log


async def test_bodies_of_messages_are_not_logged(environ: dict[str, str], workspace: Path) -> None:
    async with start(environ, "--log-level", "debug") as editor:
        await editor.initialize(workspace)
        uri = editor.open(workspace / "a.brief.md", "CONFIDENTIAL plans")
        editor.change(uri, {"text": "CONFIDENTIAL as well"})
        await editor.code_actions(uri)
        with pytest.raises(RpcError):
            await editor.request("textDocument/codeAction", {"textDocument": "CONFIDENTIAL"})
        await editor.shut_down()
    log = _log(environ)
    assert "server begins" in log
    assert "CONFIDENTIAL" not in log


def _log(environ: dict[str, str]) -> str:
    folder = Path(environ["XDG_STATE_HOME"]) / "quantumlayer" / "log"
    (file,) = folder.glob("lsp-*.log")
    return file.read_text()


async def test_noise_between_messages_is_skipped(ready: Editor) -> None:
    ready.send_bytes(b"noise\r\n\r\nX-Header: 1\r\n" + b"long" * 100_000 + b"\r\n")
    assert await ready.code_actions("file:///x.md") == []


async def test_a_message_that_is_too_large_is_refused_and_the_next_one_served(ready: Editor) -> None:
    await ready.wait_for_request("client/registerCapability")
    await ready.code_actions("file:///x.md")
    size = 64 * 1024 * 1024 + 1
    ready.send_bytes(b"Content-Length: %d\r\n\r\n" % size)
    for _ in range(size // 2**20):
        ready.send_bytes(b" " * 2**20)
        await ready.writer.drain()
    ready.send_bytes(b" ")
    assert await ready.code_actions("file:///x.md") == []
    assert [error["code"] for error in ready.refusals] == [-32600]


async def test_memory_does_not_grow_with_changes(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.brief.md", "start")
    assert ready.process is not None
    process = psutil.Process(ready.process.pid)

    async def change(times: int) -> int:
        for number in range(times):
            ready.change(uri, {"text": f"text {number}"}, version=number)
            if number % 500 == 0:
                await ready.code_actions(uri)
        await ready.code_actions(uri)
        return int(process.memory_info().rss)

    # It takes some 16,000 changes to have all the room that it will ever have.
    before = await change(25_000)
    after = await change(25_000)
    assert after - before < 2**20


async def test_survives_mutated_messages_and_answers_each_request_once(
    ready: Editor, workspace: Path
) -> None:
    chance = random.Random(20_26)
    uri = ready.open(workspace / "a.brief.md", "Write a tool.")
    answers: list[Any] = []
    ready._take_answer = lambda message: answers.append(message["id"])  # type: ignore[method-assign]
    expected = []
    for number in range(3_000):
        message = {"jsonrpc": "2.0", "id": f"f{number}", **chance.choice(_samples(uri))}
        mutated = _mutate(message, chance)
        if isinstance(mutated.get("id"), str):
            expected.append(mutated["id"])
        ready.send_body(json.dumps(mutated).encode())
        if number % 100 == 0:
            await ready.writer.drain()
    ready.send({"jsonrpc": "2.0", "id": "last", "method": "unknown"})
    async with asyncio.timeout(60):
        while "last" not in answers:
            await asyncio.sleep(0.05)
    for _ in range(100):
        if not set(expected) - set(answers):
            break
        await asyncio.sleep(0.1)
    named = [msg_id for msg_id in answers if isinstance(msg_id, str) and msg_id != "last"]
    assert sorted(named) == sorted(expected)


def _samples(uri: str) -> list[dict[str, Any]]:
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 3}}
    document = {"uri": uri, "version": 3}
    return [
        {
            "method": "textDocument/codeAction",
            "params": {"textDocument": {"uri": uri}, "range": place, "context": {"diagnostics": []}},
        },
        {
            "method": "textDocument/didChange",
            "params": {"textDocument": document, "contentChanges": [{"range": place, "text": "é"}]},
        },
        {
            "method": "workspace/executeCommand",
            "params": {"command": "quantumlayer.cancel", "arguments": ["x"]},
        },
        {"method": "workspace/didChangeConfiguration", "params": {"settings": {"quantumlayer": {}}}},
        {"method": "initialize", "params": {"processId": 1, "rootUri": None, "capabilities": {}}},
        {"method": "$/setTrace", "params": {"value": "verbose"}},
        {"method": "window/workDoneProgress/cancel", "params": {"token": "quantumlayer/1"}},
    ]


def _mutate(message: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """One place becomes something else. Ids stay texts or go, so that answers can be counted."""
    strange = [None, True, -1, 2**70, 1.5, "", "\ud800", "quantumlayer/1", [], {}, [[]], {"jsonrpc": "2.0"}]
    path: list[Any] = []
    node: Any = message
    while isinstance(node, dict | list) and node and (not path or chance.random() < 0.7):
        keys = [key for key in node if key not in {"id", "jsonrpc"}] if isinstance(node, dict) else None
        key = chance.choice(keys) if keys else (chance.randrange(len(node)) if keys is None else None)
        if key is None:
            break
        path.append((node, key))
        node = node[key]
    holder, key = path[-1]
    if chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = chance.choice(strange)
    if chance.random() < 0.05:
        del message["id"]
    return message

"""Help in place, and who wrote what: as an editor sees them, with everything real but the model."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lsp_editor import FULL, Editor, RpcError, apply, start
from support.command import fenced
from support.scripted_server import HANG, Reply, ScriptedServer, Seen, fail

SECONDS = 120.0
ABLE: dict[str, Any] = {
    **FULL,
    "workspace": {**FULL["workspace"], "codeLens": {"refreshSupport": True}},
    "window": {**FULL["window"], "showDocument": {"support": True}},
}
CODE = '''\
import os


def double(number: int) -> int:
    """Twice the number."""
    ...


def half(number: int) -> float:
    """Half of the number."""
    raise NotImplementedError


def mine() :  return os.sep   # the user's own
'''
BODIES = {"double": ["return number * 2", "return number + number"], "half": ["return number / 2"]}


def answer(seen: Seen) -> Any:
    """A model that implements what it is asked for; asked again it answers otherwise."""
    found = re.search(r"Complete this:\s+```python\s+def (\w+)\((.*?)\)", seen.prompt)
    if found is None:
        return Reply([fenced("assert double(2) == 4\n")] * seen.choices)
    bodies = BODIES[found[1]]
    body = bodies[bool(seen.body.get("seed")) % len(bodies)] if seen.choices == 1 else bodies[0]
    return Reply([fenced(f"def {found[1]}({found[2]}):\n    {body}\n")] * seen.choices)


@pytest.fixture
async def helped(environ: dict[str, str], logs: Path, scripted: ScriptedServer) -> AsyncIterator[Editor]:
    """An editor whose server has a scripted model and no sandbox. It tells the server of edits it applies."""
    async with start(with_model(environ, scripted)) as editor:
        tell_of_edits(editor)
        yield editor


def with_model(environ: dict[str, str], scripted: ScriptedServer) -> dict[str, str]:
    return environ | {
        "QUANTUMLAYER_MODEL": "openai/test",
        "QUANTUMLAYER_API_BASE": scripted.base_url,
        "QUANTUMLAYER_GENERATE__SAMPLES": "2",
        "OPENAI_API_KEY": "scripted-key-0000",
    }


def tell_of_edits(editor: Editor) -> None:
    versions: dict[str, int] = {}

    def applied(params: dict[str, Any]) -> dict[str, Any]:
        apply(params["edit"], editor.open_texts)
        for uri, text in editor.open_texts.items():
            versions[uri] = versions.get(uri, 10) + 1
            editor.change(uri, {"text": text}, version=versions[uri])
        return {"applied": True}

    editor.answers["workspace/applyEdit"] = applied
    editor.answers["workspace/codeLens/refresh"] = lambda _: None
    editor.answers["window/showDocument"] = lambda _: {"success": True}


def at(line: int) -> dict[str, Any]:
    return {"start": {"line": line, "character": 4}, "end": {"line": line, "character": 4}}


async def actions(editor: Editor, uri: str, line: int, **context: Any) -> dict[str, dict[str, Any]]:
    """By title."""
    params = {"textDocument": {"uri": uri}, "range": at(line), "context": {"diagnostics": [], **context}}
    found = await editor.request("textDocument/codeAction", params) or []
    return {action["title"]: action for action in found}


async def lenses(editor: Editor, uri: str) -> list[tuple[int, str]]:
    found = await editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) or []
    return [(lens["range"]["start"]["line"], lens["command"]["title"]) for lens in found]


async def run(editor: Editor, action: dict[str, Any]) -> str:
    """The message at the end."""
    command = action["command"]
    ended = asyncio.create_task(editor.ending(SECONDS))
    params = {"command": command["command"], "arguments": command["arguments"]}
    assert "job" in await editor.request("workspace/executeCommand", params)
    return await ended


async def test_a_stub_is_implemented_by_one_versioned_edit_of_its_lines(
    helped: Editor, workspace: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer)
    (workspace / "a.py").write_text(CODE)
    await helped.initialize(workspace, ABLE)
    uri = helped.open(workspace / "a.py")
    offered = await actions(helped, uri, 3)
    assert offered["Implement `double`"]["kind"] == "refactor.rewrite.quantumlayer.implement"
    assert "Write tests for `double`" not in offered, "there is nothing to test yet"

    message = await run(helped, offered["Implement `double`"])
    assert message.startswith("Implemented `double`: 2 of 2 candidates are the same; not run, because")
    assert helped.open_texts[uri] == CODE.replace("    ...\n", "    return number * 2\n")
    (request,) = [one["params"] for one in helped.requests if one["method"] == "workspace/applyEdit"]
    (change,) = request["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": uri, "version": 1}
    (edit,) = change["edits"]
    assert (edit["range"]["start"]["line"], edit["range"]["end"]["line"]) == (5, 6)
    (note,) = request["edit"]["changeAnnotations"].values()
    assert note["description"] == message


async def test_a_lens_says_who_wrote_a_function_until_it_is_changed(
    helped: Editor, workspace: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer)
    (workspace / "a.py").write_text(CODE)
    await helped.initialize(workspace, ABLE)
    uri = helped.open(workspace / "a.py")
    assert await lenses(helped, uri) == []
    await run(helped, (await actions(helped, uri, 3))["Implement `double`"])
    await helped.wait_for_request("workspace/codeLens/refresh")
    (line, title), (_, again) = await lenses(helped, uri)
    assert (line, again) == (3, "Regenerate")
    assert title.startswith("openai/test · ")
    assert "confidence 0." in title

    shown = await helped.request(
        "textDocument/hover", {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 5}}
    )
    assert "generated by QuantumLayer" in shown["contents"]["value"]
    assert "runtime skipped" in shown["contents"]["value"]
    inside = {"textDocument": {"uri": uri}, "position": {"line": 5, "character": 5}}
    assert await helped.request("textDocument/hover", inside) is None

    evidence = await helped.command("showEvidence", {"uri": uri, "name": "double"})
    assert evidence["shown"]
    assert "2 of 2 candidates are the same" in Path(evidence["uri"].removeprefix("file://")).read_text()

    text = helped.open_texts[uri]
    helped.change(uri, {"text": "# more\n\n" + text.replace("os.sep", "os.curdir")}, version=50)
    assert [line for line, _ in await lenses(helped, uri)] == [5, 5], "other lines have changed"
    helped.change(uri, {"text": text.replace("number * 2", "2 * number")}, version=51)
    assert await lenses(helped, uri) == []
    with pytest.raises(RpcError, match="no longer"):
        await helped.command("showEvidence", {"uri": uri, "name": "double"})
    helped.change(uri, {"text": text}, version=52)
    assert len(await lenses(helped, uri)) == 2, "an undo brings it back"


async def test_regenerating_draws_other_candidates(
    environ: dict[str, str], logs: Path, workspace: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer)
    (workspace / "a.py").write_text(CODE)
    async with start(with_model(environ, scripted) | {"QUANTUMLAYER_GENERATE__SAMPLES": "1"}) as editor:
        tell_of_edits(editor)
        await editor.initialize(workspace, ABLE)
        uri = editor.open(workspace / "a.py")
        await run(editor, (await actions(editor, uri, 3))["Implement `double`"])
        assert "return number * 2" in editor.open_texts[uri]
        ended = asyncio.create_task(editor.ending(SECONDS))
        await editor.command("regenerate", {"uri": uri, "name": "double"})
        assert (await ended).startswith("Implemented `double`")
        assert "return number + number" in editor.open_texts[uri]
        with pytest.raises(RpcError, match="no longer"):
            await editor.command("regenerate", {"uri": uri, "name": "half"})


async def test_a_text_that_moved_on_is_not_changed_and_asking_again_asks_no_model(
    helped: Editor, workspace: Path, scripted: ScriptedServer
) -> None:
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly(seen: Seen) -> Any:
        loop.call_soon_threadsafe(arrived.set)
        return Reply([fenced("def double(number):\n    return number * 2\n")] * seen.choices, delay=1.0)

    scripted.script(slowly)
    (workspace / "a.py").write_text(CODE)
    await helped.initialize(workspace, ABLE)
    uri = helped.open(workspace / "a.py")
    ended = asyncio.create_task(helped.ending(SECONDS))
    await helped.command("assist", {"task": "implement", "uri": uri, "line": 3})
    await asyncio.wait_for(arrived.wait(), SECONDS)
    helped.open_texts[uri] = CODE.replace("os.sep", "os.curdir")
    helped.change(uri, {"text": helped.open_texts[uri]}, version=5)
    message = await ended
    assert message.startswith("The text has changed meanwhile, so nothing was changed. Ask again")
    assert not [one for one in helped.requests if one["method"] == "workspace/applyEdit"]

    asked = len(scripted.requests)
    message = await run(helped, (await actions(helped, uri, 3))["Implement `double`"])
    assert message.startswith("Implemented")
    assert len(scripted.requests) == asked
    assert "return number * 2" in helped.open_texts[uri]
    assert "os.curdir" in helped.open_texts[uri]


async def test_it_can_be_cancelled(helped: Editor, workspace: Path, scripted: ScriptedServer) -> None:
    scripted.script(lambda _: HANG)
    (workspace / "a.py").write_text(CODE)
    await helped.initialize(workspace, ABLE)
    uri = helped.open(workspace / "a.py")
    ended = asyncio.create_task(helped.ending(SECONDS))
    job = await helped.command("assist", {"task": "implement", "uri": uri, "line": 3})
    assert await helped.command("assist", {"task": "implement", "uri": uri, "line": 3}) == job, (
        "it runs already"
    )
    await helped.wait_for("$/progress", lambda params: "writing" in params["value"].get("message", ""), 60)
    assert (await helped.command("cancel", job["job"]))["cancelled"]
    assert (await ended).startswith("Cancelled: implement, line 4 of a.py")
    assert helped.open_texts[uri] == CODE


async def test_of_two_at_once_the_second_is_told_that_the_text_moved_on(
    helped: Editor, workspace: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer)
    (workspace / "a.py").write_text(CODE)
    await helped.initialize(workspace, ABLE)
    uri = helped.open(workspace / "a.py")
    for line in (3, 8):
        await helped.command("assist", {"task": "implement", "uri": uri, "line": line})
    messages = sorted([await helped.ending(SECONDS), await helped.ending(SECONDS)])
    assert messages[0].startswith("Implemented `")
    assert messages[1].startswith("The text has changed meanwhile")
    text = helped.open_texts[uri]
    assert ("return number * 2" in text) != ("return number / 2" in text)


async def test_an_edit_that_the_editor_declines_is_told_and_not_remembered(
    helped: Editor, workspace: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer)
    (workspace / "a.py").write_text(CODE)
    await helped.initialize(workspace, ABLE)
    helped.answers["workspace/applyEdit"] = lambda _: {"applied": False, "failureReason": "it is locked"}
    uri = helped.open(workspace / "a.py")
    message = await run(helped, (await actions(helped, uri, 3))["Implement `double`"])
    assert message.startswith("The editor did not take the edit: it is locked.")
    helped.change(uri, {"text": CODE.replace("    ...\n", "    return number * 2\n")}, version=9)
    assert await lenses(helped, uri) == []


async def test_a_read_only_file_costs_no_call(
    helped: Editor, workspace: Path, scripted: ScriptedServer
) -> None:
    (workspace / "a.py").write_text(CODE)
    (workspace / "a.py").chmod(0o444)
    await helped.initialize(workspace, ABLE)
    uri = helped.open(workspace / "a.py")
    assert "a.py is read-only" in await run(helped, (await actions(helped, uri, 3))["Implement `double`"])
    assert not scripted.requests


async def test_a_failing_provider_is_told_with_what_to_do(
    helped: Editor, workspace: Path, scripted: ScriptedServer
) -> None:
    scripted.script(lambda _: fail(401, "wrong key"))
    (workspace / "a.py").write_text(CODE)
    await helped.initialize(workspace, ABLE)
    uri = helped.open(workspace / "a.py")
    message = await run(helped, (await actions(helped, uri, 3))["Implement `double`"])
    assert message.startswith("implement, line 4 of a.py failed: ")
    assert "key" in message


async def test_an_editor_that_takes_no_edits_is_told_at_once(
    helped: Editor, workspace: Path, scripted: ScriptedServer
) -> None:
    plain = {**FULL, "workspace": {**FULL["workspace"], "applyEdit": False}}
    (workspace / "a.py").write_text(CODE)
    await helped.initialize(workspace, plain)
    uri = helped.open(workspace / "a.py")
    assert "takes no edits" in await run(helped, (await actions(helped, uri, 3))["Implement `double`"])
    assert not scripted.requests


async def test_tests_arrive_in_a_new_file_beside_the_code(
    environ: dict[str, str], logs: Path, workspace: Path, scripted: ScriptedServer
) -> None:
    text = "def double(number: int) -> int:\n    return number * 2\n"
    scripted.script(lambda seen: Reply([fenced("assert double(2) == 4\nassert double(0) == 1\n")]))
    (workspace / "a.py").write_text(text)
    (workspace / "tests").mkdir()
    async with start(with_model(environ, scripted) | {"QUANTUMLAYER_SANDBOX": "auto"}) as editor:
        tell_of_edits(editor)
        await editor.initialize(workspace, ABLE)
        uri = editor.open(workspace / "a.py")
        message = await run(editor, (await actions(editor, uri, 0))["Write tests for `double`"])
        assert message.startswith("Tests for `double` in tests/test_a.py: 1 of 2 tests pass")
        written = (workspace / "tests" / "test_a.py").read_text()
        assert "from a import double" in written
        assert "assert double(2) == 4" in written
        assert (workspace / "a.py").read_text() == text


@pytest.mark.parametrize(
    ("text", "line", "titles"),
    [
        (
            "def f(x: int) -> int:\n    return x\n",
            0,
            {"Write tests for `f`", "Add types and a docstring to `f`"},
        ),
        ('def f(x: int) -> int:\n    """Words."""\n    return x\n', 1, {"Write tests for `f`"}),
        ("def f(x: int) -> int\n", 0, {"Implement `f`"}),
        ("# Write a function that adds numbers\n", 0, {"Generate from this comment"}),
        ("x = 1\n", 0, set()),
    ],
)
async def test_what_is_offered_depends_on_what_is_pointed_at(
    ready: Editor, workspace: Path, text: str, line: int, titles: set[str]
) -> None:
    uri = ready.open(workspace / "a.py", text)
    offered = await actions(ready, uri, line, only=["refactor"])
    helps = {title for title, one in offered.items() if one["command"]["command"] == "quantumlayer.assist"}
    assert helps == titles


async def test_findings_are_offered_to_a_model_where_they_are_shown(ready: Editor, workspace: Path) -> None:
    text = (
        "import hashlib\n\n\ndef mark(data: bytes, seen: list[str] = []) -> str:\n"
        "    return hashlib.md5(data).hexdigest()\n"
    )
    uri = ready.open(workspace / "a.py", text)

    def both(params: dict[str, Any]) -> bool:
        return {"B006", "S324"} <= {str(one.get("code")) for one in params["diagnostics"]}

    await ready.wait_for("textDocument/publishDiagnostics", both, 60)
    assert "Fix this with a model" in await actions(ready, uri, 3, only=["quickfix"])
    assert "Harden `mark`" in await actions(ready, uri, 4, only=["quickfix"])
    assert "Harden `mark`" not in await actions(ready, uri, 3, only=["quickfix"])


async def test_wrong_arguments_are_refused(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", CODE)
    for given in ({}, {"task": "dance", "uri": uri, "line": 0}, {"task": "fix", "uri": uri, "line": -1}, "a"):
        with pytest.raises(RpcError) as refused:
            await ready.command("assist", given)
        assert refused.value.code == -32602
    with pytest.raises(RpcError, match="not open"):
        await ready.command("assist", {"task": "fix", "uri": "file:///nowhere.py", "line": 0})

"""From a brief in the editor to files in the editor, with everything real but the model."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lsp_briefs import APP, BRIEF, WORDS, answer_slowly, answer_well
from lsp_editor import FULL, Editor, Refusal, start
from support.scripted_server import ScriptedServer, Seen, fail

SECONDS = 240.0


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Journal, store and cache of many servers: one test generates, the others find it done."""
    return tmp_path_factory.mktemp("memory")


@pytest.fixture
async def writer(
    environ: dict[str, str], logs: Path, scripted: ScriptedServer, memory: Path
) -> AsyncIterator[Editor]:
    """An editor whose server uses the scripted model, the machine's sandbox, and remembers."""
    places = {"QUANTUMLAYER_DATA_DIR": str(memory / "data"), "QUANTUMLAYER_CACHE_DIR": str(memory / "cache")}
    async with start(with_model(environ, scripted) | places) as editor:
        yield editor


@pytest.fixture
async def newcomer(environ: dict[str, str], logs: Path, scripted: ScriptedServer) -> AsyncIterator[Editor]:
    """An editor whose server uses the scripted model for the first time."""
    async with start(with_model(environ, scripted)) as editor:
        yield editor


def with_model(environ: dict[str, str], scripted: ScriptedServer) -> dict[str, str]:
    return environ | {
        "QUANTUMLAYER_MODEL": "openai/test",
        "QUANTUMLAYER_API_BASE": scripted.base_url,
        "QUANTUMLAYER_GENERATE__SAMPLES": "1",
        "OPENAI_API_KEY": "scripted-key-0000",
        "QUANTUMLAYER_SANDBOX": "auto",
    }


async def generated(editor: Editor, *arguments: Any, seconds: float = SECONDS) -> str:
    """The message at the end."""
    ended = asyncio.create_task(editor.ending(seconds))
    await editor.command("generateCapsule", *arguments)
    return await ended


@pytest.fixture
def brief(workspace: Path) -> Path:
    (workspace / "briefs").mkdir()
    file = workspace / "briefs" / "shouting.brief.md"
    file.write_text(BRIEF)
    return file


async def test_a_brief_becomes_a_verified_project_beside_it(
    writer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer_well)
    await writer.initialize(workspace, {**FULL, "experimental": {"quantumlayer": True}})
    uri = writer.open(brief)
    (action,) = await writer.code_actions(uri)
    command = action["command"]
    ended = asyncio.create_task(writer.ending(SECONDS))
    answer = await writer.request(
        "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
    )

    message = await ended
    assert message.startswith("Verified: shouting (")
    folder = brief.parent / "shouting"
    assert str(folder) in message
    assert (folder / "words.py").read_text() == WORDS
    assert (folder / "app.py").read_text() == APP
    assert list((folder / "tests").glob("test_*.py"))

    streamed = {told["path"]: told["text"] for told in writer.received("quantumlayer/fileFinished")}
    assert streamed["words.py"] == WORDS
    assert {told["job"] for told in writer.received("quantumlayer/fileFinished")} == {answer["job"]}
    finished = await writer.wait_for("quantumlayer/jobFinished")
    assert finished["job"] == answer["job"]
    assert finished["outcome"] == "verified"
    assert finished["capsule"]
    lines = [params["value"].get("message", "") for params in writer.received("$/progress")]
    assert any("finished words.py" in line for line in lines)
    shares = [p["value"]["percentage"] for p in writer.received("$/progress") if "percentage" in p["value"]]
    assert shares == sorted(shares)

    (edit,) = [r["params"]["edit"] for r in writer.requests if r["method"] == "workspace/applyEdit"]
    assert [change["kind"] for change in edit["documentChanges"] if "kind" in change] == ["create"] * (
        len(edit["documentChanges"]) // 2
    )
    assert [each["needsConfirmation"] for each in edit["changeAnnotations"].values()] == [False]

    shown = {"textDocument": {"uri": writer.open(folder / "words.py")}}
    lenses = await writer.request("textDocument/codeLens", shown)
    whole, *_, shout, again = [lens["command"] for lens in lenses]
    assert whole["title"].startswith("openai/test (T1) · ")
    assert (shout["arguments"][0]["name"], again["title"]) == ("shout", "Regenerate")
    assert "confidence" in shout["title"]
    evidence = await writer.command("showEvidence", *shout["arguments"])
    assert evidence["capsule"] == finished["capsule"]

    target = workspace / "out.qlcapsule"
    ended = asyncio.create_task(writer.ending())
    await writer.command("exportCapsule", {"capsule": finished["capsule"], "target": target.as_uri()})
    assert str(target) in await ended
    assert target.stat().st_size > 500

    requests = len(scripted.requests)
    assert "are in" in await generated(writer, uri)
    assert len(scripted.requests) == requests, "an exact repeat asks no model"


async def test_what_is_typed_is_generated_and_not_what_was_saved(
    writer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer_well)
    brief.write_text("Saved long ago.")
    await writer.initialize(workspace)
    message = await generated(writer, writer.open(brief, BRIEF))
    assert "erified: shouting" in message
    assert (brief.parent / "shouting" / "words.py").read_text() == WORDS


async def test_a_brief_as_text_goes_to_the_folder_and_name_that_are_asked_for(
    writer: Editor, workspace: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer_well)
    await writer.initialize(workspace)
    await generated(writer, {"brief": BRIEF, "name": "loud", "folder": "made here"})
    assert (workspace / "made here" / "loud" / "app.py").read_text() == APP


async def test_what_has_little_confidence_comes_with_a_warning(
    environ: dict[str, str], logs: Path, scripted: ScriptedServer, memory: Path, workspace: Path, brief: Path
) -> None:
    scripted.script(answer_well)
    places = {"QUANTUMLAYER_DATA_DIR": str(memory / "data"), "QUANTUMLAYER_CACHE_DIR": str(memory / "cache")}
    doubted = {"QUANTUMLAYER_GENERATE__REVIEW_BELOW": "1"}
    async with start(with_model(environ, scripted) | places | doubted) as editor:
        await editor.initialize(workspace, {**FULL, "experimental": {"quantumlayer": True}})
        message = await generated(editor, brief.as_uri())
        shown = [told["type"] for told in editor.received("window/showMessage") if told["message"] == message]
        finished = await editor.wait_for("quantumlayer/jobFinished")
    assert re.match(
        r"Verified: shouting \(\d+ files\), and for review: its confidence of 0\.\d\d is below 1\.00", message
    )
    assert shown == [2], "a warning"
    assert finished["outcome"] == "verified"
    assert finished["review"].startswith("its confidence")


async def test_without_a_sandbox_the_verdict_is_unverified_and_says_why(
    environ: dict[str, str], logs: Path, workspace: Path, brief: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer_well)
    async with start(with_model(environ, scripted) | {"QUANTUMLAYER_SANDBOX": "none"}) as editor:
        await editor.initialize(workspace)
        message = await generated(editor, brief.as_uri())
        assert message.startswith("Not verified: shouting (")
        assert "sandbox" in message
        assert (brief.parent / "shouting" / "words.py").read_text() == WORDS


async def test_a_failure_says_the_cause_and_what_to_do(
    newcomer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer
) -> None:
    scripted.script(lambda _: fail(401, "wrong key scripted-key-0000"))
    await newcomer.initialize(workspace)
    message = await generated(newcomer, brief.as_uri())
    assert message.startswith("generate shouting.brief.md failed:")
    assert "key" in message
    assert "scripted-key-0000" not in message
    assert not (brief.parent / "shouting").exists()


async def test_an_empty_brief_is_refused_in_words(writer: Editor, workspace: Path) -> None:
    await writer.initialize(workspace)
    assert "empty" in await generated(writer, writer.open(workspace / "x.brief.md", "  \n"))


async def test_a_brief_that_was_emptied_is_not_replaced_by_the_saved_one(
    newcomer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer
) -> None:
    """What the editor shows counts, and what was saved would be paid for."""
    scripted.script(answer_well)
    await newcomer.initialize(workspace)
    assert "empty" in await generated(newcomer, newcomer.open(brief, ""))
    assert scripted.requests == []


async def test_tokens_add_up_for_the_file_that_they_are_written_for(
    newcomer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer_slowly)
    await newcomer.initialize(workspace)
    job = (await newcomer.command("generateCapsule", brief.as_uri()))["job"]

    def counts() -> list[int]:
        lines = (params["value"].get("message", "") for params in newcomer.received("$/progress"))
        found = (re.fullmatch(r"write words\.py: (\d+) tokens", line) for line in lines)
        return [int(count[1]) for count in found if count]

    await newcomer.wait_for("$/progress", lambda _: len(counts()) >= 4, SECONDS)
    await newcomer.command("cancel", job)
    assert counts() == sorted(set(counts()))


async def writing(scripted: ScriptedServer) -> Seen:
    """The request for a file, once it is there."""
    async with asyncio.timeout(SECONDS):
        while True:
            for seen in scripted.requests:
                if "Write the complete file" in seen.prompt:
                    return seen
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("way", ["progress", "command", "shutdown", "end of stream"])
async def test_cancelling_stops_the_model_within_two_seconds(
    newcomer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer, way: str
) -> None:
    scripted.script(answer_slowly)
    await newcomer.initialize(workspace)
    job = (await newcomer.command("generateCapsule", brief.as_uri()))["job"]
    seen = await writing(scripted)
    await asyncio.sleep(0.5)
    assert not seen.left.is_set()
    began = time.monotonic()
    ended = asyncio.create_task(newcomer.ending(5))
    if way == "progress":
        newcomer.notify("window/workDoneProgress/cancel", {"token": f"quantumlayer/{job}"})
    elif way == "command":
        await newcomer.command("cancel", job)
    elif way == "shutdown":
        await newcomer.shut_down()
    else:
        newcomer.writer.close()
    assert await asyncio.to_thread(seen.left.wait, 2)
    if way in {"progress", "command"}:
        assert (await ended).startswith("Cancelled: generate shouting.brief.md")
    else:
        ended.cancel()
        await newcomer.exit_code(5)
    assert time.monotonic() - began < 2.5
    assert not (brief.parent / "shouting").exists()


# -- files that are there already ----------------------------------------------------------------


@pytest.fixture
def mine(brief: Path) -> Path:
    folder = brief.parent / "shouting"
    folder.mkdir()
    (folder / "words.py").write_text("MINE = 1\n")
    return folder / "words.py"


async def test_an_overwrite_needs_the_editors_confirmation(
    writer: Editor, workspace: Path, brief: Path, mine: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer_well)
    await writer.initialize(workspace)
    await generated(writer, brief.as_uri())
    (edit,) = [r["params"]["edit"] for r in writer.requests if r["method"] == "workspace/applyEdit"]
    (change,) = [c for c in edit["documentChanges"] if c.get("textDocument", {}).get("uri") == mine.as_uri()]
    (part,) = change["edits"]
    assert edit["changeAnnotations"][part["annotationId"]]["needsConfirmation"]
    assert part["range"]["end"] == {"line": 1, "character": 0}
    assert mine.read_text() == WORDS


@pytest.mark.parametrize("choice", ["Overwrite", "Keep what is there", None])
async def test_an_editor_without_annotations_is_asked_before_an_overwrite(
    writer: Editor, workspace: Path, brief: Path, mine: Path, scripted: ScriptedServer, choice: str | None
) -> None:
    scripted.script(answer_well)
    edits = {"documentChanges": True, "resourceOperations": ["create"]}
    await writer.initialize(workspace, {"workspace": {"applyEdit": True, "workspaceEdit": edits}})
    writer.answers["window/showMessageRequest"] = lambda _: {"title": choice} if choice else None
    await generated(writer, brief.as_uri())
    asked = await writer.wait_for_request("window/showMessageRequest")
    assert "words.py" in asked["params"]["message"]
    assert mine.read_text() == (WORDS if choice == "Overwrite" else "MINE = 1\n")
    assert (mine.parent / "app.py").read_text() == APP


async def test_an_editor_with_plain_edits_gets_plain_edits(
    writer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer_well)
    await writer.initialize(workspace, {"workspace": {"applyEdit": True}})
    await generated(writer, brief.as_uri())
    edit = (await writer.wait_for_request("workspace/applyEdit"))["params"]["edit"]
    assert set(edit) == {"changes"}
    assert (brief.parent / "shouting" / "app.py").read_text() == APP


async def test_an_editor_that_cannot_apply_edits_finds_the_files_on_disk(
    writer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer_well)
    await writer.initialize(workspace, {})
    message = await generated(writer, brief.as_uri())
    assert str(brief.parent / "shouting") in message
    assert (brief.parent / "shouting" / "words.py").read_text() == WORDS
    assert writer.requests == []


async def test_unsaved_text_of_an_existing_file_is_what_the_edit_replaces(
    writer: Editor, workspace: Path, brief: Path, mine: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer_well)
    await writer.initialize(workspace)
    uri = writer.open(mine, "one\ntwo\nthree, not saved")
    await generated(writer, brief.as_uri())
    assert writer.open_texts[uri] == WORDS
    edit = (await writer.wait_for_request("workspace/applyEdit"))["params"]["edit"]
    versions = [c["textDocument"]["version"] for c in edit["documentChanges"] if "textDocument" in c]
    assert 1 in versions


@pytest.mark.parametrize(
    "reply",
    [{"applied": False, "failureReason": "disk is full"}, Refusal(code=-32603, message="disk is full")],
)
async def test_an_edit_that_was_not_applied_is_told_and_the_capsule_kept(
    writer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer, reply: Any
) -> None:
    scripted.script(answer_well)
    await writer.initialize(workspace)
    writer.answers["workspace/applyEdit"] = lambda _: reply
    message = await generated(writer, brief.as_uri())
    assert "disk is full" in message
    assert "kept in the store" in message


async def test_the_editor_stays_responsive_while_a_capsule_is_generated(
    writer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer
) -> None:
    scripted.script(answer_well)
    await writer.initialize(workspace)
    ended = asyncio.create_task(writer.ending(SECONDS))
    await writer.command("generateCapsule", brief.as_uri())
    waited = []
    while not ended.done():
        began = time.perf_counter()
        await writer.command("cancel", "never")
        waited.append(time.perf_counter() - began)
        await asyncio.sleep(0.005)
    assert "erified" in await ended
    assert sorted(waited)[-1] < 0.3, sorted(waited)[-5:]


@pytest.mark.parametrize("choice", ["Overwrite", "Keep what is there"])
async def test_an_export_into_a_folder_asks_before_it_overwrites(
    writer: Editor, workspace: Path, brief: Path, scripted: ScriptedServer, choice: str
) -> None:
    scripted.script(answer_well)
    await writer.initialize(workspace)
    await generated(writer, brief.as_uri())
    mine = workspace / "shouting.zip"
    mine.write_text("mine")
    writer.answers["window/showMessageRequest"] = lambda _: {"title": choice}
    ended = asyncio.create_task(writer.ending())
    await writer.command("exportCapsule", {"capsule": "shouting", "format": "zip", "target": "."})
    assert str(mine) in await ended
    asked = await writer.wait_for_request("window/showMessageRequest")
    assert str(mine) in asked["params"]["message"]
    assert (mine.read_bytes() == b"mine") == (choice == "Keep what is there")

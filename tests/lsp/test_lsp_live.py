"""Findings while someone types, and what can be done about them."""

import asyncio
from pathlib import Path
from typing import Any

import psutil
import pytest
from lsp_editor import FULL, Editor, RpcError

PULLS: dict[str, Any] = {
    **FULL,
    "workspace": {**FULL["workspace"], "diagnostics": {"refreshSupport": True}},
    "textDocument": {**FULL["textDocument"], "diagnostic": {"dynamicRegistration": False}},
}
RESOLVES: dict[str, Any] = {
    **FULL,
    "textDocument": {
        **FULL["textDocument"],
        "codeAction": {
            **FULL["textDocument"]["codeAction"],
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
    },
}
FAULTY = 'import os\n\npassword = "hunter2xx"\n\n\ndef half(number: int) -> str:\n    return number\n'


async def told(editor: Editor, uri: str, *codes: str, version: int | None = None) -> list[dict[str, Any]]:
    """The first diagnostics of a document that hold all of `codes`."""

    def wanted(params: dict[str, Any]) -> bool:
        found = {each["code"] for each in params["diagnostics"]}
        right = version is None or params.get("version") == version
        return params["uri"] == uri and right and set(codes) <= found

    return list((await editor.wait_for("textDocument/publishDiagnostics", wanted, 60))["diagnostics"])


async def pulled(editor: Editor, uri: str, *codes: str, known: str | None = None) -> dict[str, Any]:
    """The first report that holds all of `codes`; one that is asked for early may come without."""
    params = {"textDocument": {"uri": uri}, "previousResultId": known}
    async with asyncio.timeout(60):
        while True:
            report = dict(await editor.request("textDocument/diagnostic", params))
            if set(codes) <= sources(report.get("items", [])).keys():
                return report
            await asyncio.sleep(0.05)


async def cleared(editor: Editor, uri: str) -> None:
    """Waits until a document is told to have no diagnostics."""

    def wanted(params: dict[str, Any]) -> bool:
        return params["uri"] == uri and not params["diagnostics"]

    await editor.wait_for("textDocument/publishDiagnostics", wanted, 60)


def sources(diagnostics: list[dict[str, Any]]) -> dict[str, str]:
    return {each["code"]: each["source"] for each in diagnostics}


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """For texts of plain letters: columns are the same in every encoding."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def offset(place: dict[str, int]) -> int:
        return min(starts[min(place["line"], len(starts) - 1)] + place["character"], len(text))

    for edit in sorted(edits, key=lambda each: offset(each["range"]["start"]), reverse=True):
        first, last = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:first] + edit["newText"] + text[last:]
    return text


async def actions(
    editor: Editor, uri: str, line: int = 0, character: int = 7, **context: Any
) -> list[dict[str, Any]]:
    place = {"line": line, "character": character}
    params = {
        "textDocument": {"uri": uri},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": [], **context},
    }
    return await editor.request("textDocument/codeAction", params) or []


def edits_of(action: dict[str, Any]) -> list[dict[str, Any]]:
    (change,) = action["edit"]["documentChanges"]
    return list(change["edits"])


# -- findings ------------------------------------------------------------------------------------


async def test_opening_a_file_shows_what_every_stage_finds(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", FAULTY)
    found = await told(ready, uri, "F401", "S105", "bad-return")
    assert sources(found) == {
        "F401": "quantumlayer/style",
        "S105": "quantumlayer/security",
        "bad-return": "quantumlayer/types",
    }
    unused = next(each for each in found if each["code"] == "F401")
    assert unused["tags"] == [1]
    assert unused["message"] == "`os` imported but unused"
    assert unused["codeDescription"]["href"].startswith("https://")


async def test_each_change_is_looked_at(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", "import os\n")
    await told(ready, uri, "F401")
    ready.change(uri, {"text": "def f(:\n"}, version=2)
    found = await told(ready, uri, "invalid-syntax", version=2)
    assert set(sources(found).values()) == {"quantumlayer/syntax"}
    ready.change(uri, {"text": "x = 1\n"}, version=3)
    await ready.wait_for(
        "textDocument/publishDiagnostics", lambda params: params["version"] == 3 and not params["diagnostics"]
    )


async def test_bodies_that_were_left_out_are_found_after_a_pause(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", "def total(prices):\n    pass\n")
    found = await told(ready, uri, "empty-body")
    assert sources(found)["empty-body"] == "quantumlayer/style"


async def test_findings_move_with_their_lines(ready: Editor, workspace: Path) -> None:
    """They neither flicker nor stay behind while the slower stages have not looked yet."""
    uri = ready.open(workspace / "a.py", FAULTY)
    await told(ready, uri, "F401", "bad-return")
    ready.change(uri, {"text": "# a line above\n" + FAULTY}, version=2)
    await ready.wait_for("textDocument/publishDiagnostics", lambda params: params["version"] == 2)
    first = next(p for p in ready.received("textDocument/publishDiagnostics") if p["version"] == 2)
    wrong = next(each for each in first["diagnostics"] if each["code"] == "bad-return")
    assert wrong["range"]["start"]["line"] == FAULTY.count("\n")


async def test_a_closed_file_shows_nothing(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", "import os\n")
    await told(ready, uri, "F401")
    ready.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    await ready.wait_for("textDocument/publishDiagnostics", lambda params: not params["diagnostics"])


async def test_columns_are_in_the_units_of_the_client(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", "'\N{GRINNING FACE}é'; x: int = 'y'\n")
    found = await told(ready, uri, "bad-assignment", "E702")
    wrong = next(each for each in found if each["code"] == "bad-assignment")
    assert wrong["range"]["start"] == {"line": 0, "character": 16}


@pytest.mark.parametrize(
    ("stages", "expected"),
    [(["security"], {"S105"}), (["types"], {"bad-return"}), (["style", "syntax"], {"F401"})],
)
async def test_stages_can_be_left_to_others(
    editor: Editor, workspace: Path, stages: list[str], expected: set[str]
) -> None:
    editor.settings = {"live": {"stages": stages}}
    await editor.initialize(workspace)
    uri = editor.open(workspace / "a.py", FAULTY)
    assert sources(await told(editor, uri, *expected)).keys() == expected


async def test_settings_that_change_take_effect_at_once(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", FAULTY)
    await told(ready, uri, "F401", "S105", "bad-return")
    ready.settings = {"live": {"stages": []}}
    ready.notify("workspace/didChangeConfiguration", {"settings": None})
    await ready.wait_for("textDocument/publishDiagnostics", lambda params: not params["diagnostics"])


async def test_a_wrong_setting_is_told_once_and_nothing_breaks(editor: Editor, workspace: Path) -> None:
    editor.settings = {"live": {"stagse": []}}
    await editor.initialize(workspace)
    uri = editor.open(workspace / "a.py", FAULTY)
    line = await editor.wait_for("window/logMessage", lambda params: "stagse" in params["message"])
    assert "stages" in line["message"]
    editor.change(uri, {"text": FAULTY + "\n"}, version=2)
    assert await actions(editor, uri) is not None
    messages = [params["message"] for params in editor.received("window/logMessage")]
    assert sum("stagse" in message for message in messages) == 1


async def test_other_languages_are_left_alone(ready: Editor, workspace: Path) -> None:
    ready.open(workspace / "a.md", "import os\n")
    uri = ready.open(workspace / "a.py", "import os\n")
    await told(ready, uri, "F401")
    assert {params["uri"] for params in ready.received("textDocument/publishDiagnostics")} == {uri}


# -- pulling -------------------------------------------------------------------------------------


async def test_a_client_that_pulls_is_told_when_to_pull_again(editor: Editor, workspace: Path) -> None:
    answer = await editor.initialize(workspace, PULLS)
    assert answer["capabilities"]["diagnosticProvider"]["identifier"] == "quantumlayer"
    uri = editor.open(workspace / "a.py", FAULTY)
    report = await pulled(editor, uri, "F401", "S105")
    assert report["kind"] == "full"
    await editor.wait_for_request("workspace/diagnostic/refresh", 60)
    later = await pulled(editor, uri, "bad-return", known=report["resultId"])
    known = {"textDocument": {"uri": uri}, "previousResultId": later["resultId"]}
    again = await editor.request("textDocument/diagnostic", known)
    assert again == {"kind": "unchanged", "resultId": later["resultId"]}
    assert editor.received("textDocument/publishDiagnostics") == []


async def test_a_client_that_pulls_gets_the_newest_text(editor: Editor, workspace: Path) -> None:
    await editor.initialize(workspace, PULLS)
    uri = editor.open(workspace / "a.py", "import os\n")
    editor.change(uri, {"text": "import re\n"}, version=2)
    report = await pulled(editor, uri, "F401")
    assert [each["message"] for each in report["items"]] == ["`re` imported but unused"]


async def test_a_client_that_cannot_be_told_to_pull_is_pushed_to(editor: Editor, workspace: Path) -> None:
    pulls_only = {**FULL, "textDocument": PULLS["textDocument"]}
    answer = await editor.initialize(workspace, pulls_only)
    assert "diagnosticProvider" not in answer["capabilities"]
    await told(editor, editor.open(workspace / "a.py", FAULTY), "bad-return")


async def test_pulling_for_a_file_that_is_not_watched_is_answered(editor: Editor, workspace: Path) -> None:
    await editor.initialize(workspace, PULLS)
    uri = editor.open(workspace / "notes.md", "words\n")
    report = await editor.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    assert report["items"] == []


# -- fixes ---------------------------------------------------------------------------------------


async def test_a_quick_fix_mends_what_it_names(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", "import os\nx = 1\n")
    await told(ready, uri, "F401")
    fix = (await actions(ready, uri, only=["quickfix"]))[0]
    assert fix["title"] == "Remove unused import: `os`"
    assert fix["isPreferred"]
    assert [each["code"] for each in fix["diagnostics"]] == ["F401"]
    assert fix["edit"]["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 1}
    assert applied("import os\nx = 1\n", edits_of(fix)) == "x = 1\n"


async def test_suppressing_silences_one_finding(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", FAULTY)
    await told(ready, uri, "F401", "S105", "bad-return")
    text = FAULTY
    for line, code in ((6, "bad-return"), (2, "S105"), (0, "F401")):
        title = f"Suppress {code} here"
        found = await actions(ready, uri, line, 12 if line else 7, only=["quickfix"])
        action = next(each for each in found if each["title"] == title)
        text = applied(text, edits_of(action))
    ready.change(uri, {"text": text + "import re\n"}, version=2)
    await told(ready, uri, "E402", version=2)
    await asyncio.sleep(2)
    last = ready.received("textDocument/publishDiagnostics")[-1]["diagnostics"]
    assert not sources(last).keys() & {"S105", "bad-return"}
    assert {each["range"]["start"]["line"] for each in last if each["code"] == "F401"} == {text.count("\n")}


async def test_fixes_that_may_change_the_code_say_so(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", "def f(a=[]):\n    return a\n")
    await told(ready, uri, "B006")
    fix = next(each for each in await actions(ready, uri, 0, 8) if "None" in each["title"])
    assert fix["title"].endswith("(may change what the code does)")
    assert "isPreferred" not in fix


async def test_all_that_is_safe_is_fixed_at_once(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", "import sys, os\nx = os.sep\n")
    (action,) = await actions(ready, uri, only=["source.fixAll"])
    assert action["kind"] == "source.fixAll.quantumlayer"
    assert applied("import sys, os\nx = os.sep\n", edits_of(action)) == "import os\n\nx = os.sep\n"


async def test_imports_are_put_in_order_when_the_action_is_chosen(editor: Editor, workspace: Path) -> None:
    await editor.initialize(workspace, RESOLVES)
    text = "import sys\nimport os\n\nprint(os, sys)\n"
    uri = editor.open(workspace / "a.py", text)
    found = await actions(editor, uri)
    action = next(each for each in found if each["kind"] == "source.organizeImports.quantumlayer")
    assert "edit" not in action
    resolved = await editor.request("codeAction/resolve", action)
    assert applied(text, edits_of(resolved)) == "import os\nimport sys\n\nprint(os, sys)\n"
    editor.change(uri, {"text": text + "\n"}, version=2)
    with pytest.raises(RpcError) as caught:
        await editor.request("codeAction/resolve", action)
    assert caught.value.code == -32801


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = {  'a':1 }\n", 'x = {"a": 1}\n'),
        ("x = 1\r\ny  = 2\r\n", "x = 1\r\ny = 2\r\n"),
        ("x = 1", "x = 1\n"),
        ("x = 1\n", None),
        ("def f(:\n", None),
    ],
)
async def test_formatting(ready: Editor, workspace: Path, text: str, expected: str | None) -> None:
    uri = ready.open(workspace / "a.py", text)
    options = {"tabSize": 4, "insertSpaces": True}
    params = {"textDocument": {"uri": uri}, "options": options}
    edits = await ready.request("textDocument/formatting", params)
    assert (applied(text, edits) if edits else None) == expected


# -- together with validations, other files, and quick hands --------------------------------------


async def validated(editor: Editor, command: str, *arguments: str) -> None:
    ended = asyncio.create_task(editor.ending(120))
    await editor.command(command, *arguments)
    await ended


def last(editor: Editor, uri: str) -> set[str]:
    """What is shown of a document by now, as far as it was pushed."""
    told_of = [p for p in editor.received("textDocument/publishDiagnostics") if p["uri"] == uri]
    return {each["code"] for each in told_of[-1]["diagnostics"]} if told_of else set()


async def test_what_a_validation_found_outlives_looking_at_the_file(ready: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text(FAULTY)
    uri = (workspace / "a.py").as_uri()
    await validated(ready, "validateWorkspace")
    judged = last(ready, uri)
    assert {"F401", "S105", "return-value"} <= judged
    ready.open(workspace / "a.py")
    await asyncio.sleep(3)
    assert last(ready, uri) == judged
    ready.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    await asyncio.sleep(1)
    assert last(ready, uri) == judged


async def test_a_slow_look_does_not_take_away_what_was_judged(ready: Editor, workspace: Path) -> None:
    text = "import os\n\n\ndef todo():\n    pass\n"
    uri = ready.open(workspace / "a.py", text)
    await told(ready, uri, "empty-body")
    await validated(ready, "validateFile", uri)
    judged = last(ready, uri)
    ready.change(uri, {"text": text + "\n"}, version=2)
    ready.change(uri, {"text": text}, version=3)
    await asyncio.sleep(3)
    assert last(ready, uri) == judged >= {"F401", "empty-body"}


async def test_who_mends_and_closes_at_once_sees_nothing_more(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", "import os\n")
    await told(ready, uri, "F401")
    ready.change(uri, {"text": "x = 1\n"}, version=2)
    ready.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    await ready.wait_for("textDocument/publishDiagnostics", lambda params: not params["diagnostics"])
    await asyncio.sleep(1)
    assert last(ready, uri) == set()


async def test_saving_a_file_looks_again_at_those_that_depend_on_it(ready: Editor, workspace: Path) -> None:
    helper = workspace / "helper.py"
    helper.write_text('name = "text"\n')
    uri = ready.open(workspace / "a.py", "import helper\n\nnumber: int = helper.name\n")
    await told(ready, uri, "bad-assignment")
    other = ready.open(helper)
    helper.write_text("name = 1\n")
    ready.change(other, {"text": "name = 1\n"}, version=2)
    ready.notify("textDocument/didSave", {"textDocument": {"uri": other}})
    await ready.wait_for(
        "textDocument/publishDiagnostics", lambda p: p["uri"] == uri and not p["diagnostics"]
    )


async def test_files_that_change_on_disk_are_asked_for_and_heeded(editor: Editor, workspace: Path) -> None:
    watches = {"didChangeWatchedFiles": {"dynamicRegistration": True}}
    (workspace / "helper.py").write_text('name = "text"\n')
    await editor.initialize(workspace, {**FULL, "workspace": {**FULL["workspace"], **watches}})
    uri = editor.open(workspace / "a.py", "import helper\n\nnumber: int = helper.name\n")
    await told(editor, uri, "bad-assignment")
    registered = [
        each["method"]
        for request in editor.requests
        if request["method"] == "client/registerCapability"
        for each in request["params"]["registrations"]
    ]
    assert "workspace/didChangeWatchedFiles" in registered
    (workspace / "helper.py").write_text("name = 1\n")
    changed = {"uri": (workspace / "helper.py").as_uri(), "type": 2}
    editor.notify("workspace/didChangeWatchedFiles", {"changes": [changed]})
    await editor.wait_for(
        "textDocument/publishDiagnostics", lambda p: p["uri"] == uri and not p["diagnostics"]
    )


async def test_a_document_that_is_spelled_in_another_way_is_the_same(ready: Editor, workspace: Path) -> None:
    (workspace / "a+b.py").write_text("import os\n")
    spelled = (workspace / "a+b.py").as_uri()
    raw = spelled.replace("%2B", "+")
    await validated(ready, "validateWorkspace")
    assert "F401" in last(ready, spelled) | last(ready, raw)
    item = {"uri": raw, "languageId": "python", "version": 1, "text": "import os\n"}
    ready.notify("textDocument/didOpen", {"textDocument": item})
    await asyncio.sleep(2)
    ready.change(raw, {"text": "x = 1\n"}, version=2)
    await asyncio.sleep(2)
    assert last(ready, spelled) | last(ready, raw) == set()


async def test_a_text_that_changes_while_it_is_tidied_is_not_edited(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", "x = {  }\n")
    options = {"tabSize": 4, "insertSpaces": True}
    asked = ready.ask("textDocument/formatting", {"textDocument": {"uri": uri}, "options": options})
    ready.change(uri, {"text": "y = {  }\nx = {  }\n"}, version=2)
    with pytest.raises(RpcError) as caught:
        await asked
    assert caught.value.code == -32801


async def test_tools_that_are_killed_are_not_missed(ready: Editor, workspace: Path) -> None:
    uri = ready.open(workspace / "a.py", FAULTY)
    await told(ready, uri, "F401", "bad-return")
    assert ready.process is not None
    children = psutil.Process(ready.process.pid).children(recursive=True)
    tools = [child for child in children if child.name() in {"ruff", "pyrefly"}]
    assert {tool.name() for tool in tools} == {"ruff", "pyrefly"}
    for tool in tools:
        tool.kill()
    ready.change(uri, {"text": "\n" + FAULTY}, version=2)
    found = await told(ready, uri, "F401", "S105", "bad-return", version=2)
    assert next(each for each in found if each["code"] == "F401")["range"]["start"]["line"] == 1


async def test_what_is_off_is_shown_neither_live_nor_when_validated(editor: Editor, workspace: Path) -> None:
    editor.settings = {"check": {"off": [{"paths": ["a.py"], "stages": ["security"]}]}}
    await editor.initialize(workspace)
    (workspace / "a.py").write_text(FAULTY)
    (workspace / "b.py").write_text(FAULTY)
    other = await told(editor, editor.open(workspace / "b.py"), "S105", "F401")
    assert "quantumlayer/security" in sources(other).values()
    uri = editor.open(workspace / "a.py")
    await told(editor, uri, "F401")
    await editor.command("validateFile", uri)
    assert "security (switched off by check.off)" in await editor.ending(60)
    everything = [each for each in editor.received("textDocument/publishDiagnostics") if each["uri"] == uri]
    assert not any(one["code"] == "S105" for each in everything for one in each["diagnostics"])


async def test_a_name_that_a_module_does_not_have_is_told(ready: Editor, workspace: Path) -> None:
    """But not where the code provides for it."""
    guarded = "try:\n    from itertools import batched\nexcept ImportError:\n    batched = None\n"
    text = f"from itertools import flatten\n\n{guarded}"
    uri = ready.open(workspace / "a.py", text)
    found = await told(ready, uri, "missing-module-attribute")
    lines = [each["range"]["start"]["line"] for each in found if each["code"] == "missing-module-attribute"]
    assert lines == [0]


async def test_a_key_is_told_after_a_pause_and_its_comment_silences_it(
    ready: Editor, workspace: Path
) -> None:
    key = "ghp" + "_" + "Zr3LmT5vXw9YbNcKd7Hf4Gj6Ps1Qa2Wd8Ek0"
    line = f'HEADERS = ["{key}"]'
    uri = ready.open(workspace / "a.py", f"{line}\n")
    found = await told(ready, uri, "github-key")
    (secret,) = [each for each in found if each["code"] == "github-key"]
    assert secret["source"] == "quantumlayer/security"
    assert key not in secret["message"]
    offered = await actions(ready, uri, character=15)
    (allow,) = [each for each in offered if each["title"] == "Allow this secret here"]
    text = applied(f"{line}\n", edits_of(allow))
    assert text == f"{line}  # pragma: allowlist secret\n"
    ready.change(uri, {"text": text}, version=2)
    await cleared(ready, uri)


async def test_an_import_of_an_extra_is_known_and_one_like_it_is_asked_about(
    ready: Editor, workspace: Path
) -> None:
    (workspace / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["nox"]\n'
        '[project.optional-dependencies]\nfast = ["orjson"]\n'
    )
    uri = ready.open(workspace / "a.py", "import orjson\nimport orjsn\n")
    found = await told(ready, uri, "unknown-module")
    (unknown,) = [each for each in found if each["code"] == "unknown-module"]
    assert unknown["range"]["start"]["line"] == 1
    assert unknown["message"].endswith("did you mean `orjson`?")

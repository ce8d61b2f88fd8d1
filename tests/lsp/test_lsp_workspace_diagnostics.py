"""`workspace/diagnostic`: files that are open, and files that are not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lsp_editor import Editor
from quantumlayer.engine.validation.adapters import ruff
from test_lsp_live import PULLS, pulled

ALL = {"live": {"files": "all"}}
KEY = "AKIA" + "Z7QH3N5TW2KXR4VB"
FAULTY = "import os\nexec(input())\n"


async def pull(editor: Editor, *previous: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    params = {"previousResultIds": list(previous), **more}
    answer = await editor.request("workspace/diagnostic", params)
    return list(answer["items"])


def codes(items: list[dict[str, Any]]) -> dict[str, set[str]]:
    return {item["uri"]: {each["code"] for each in item.get("items", ())} for item in items}


def known(items: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"uri": item["uri"], "value": item["resultId"]} for item in items]


@pytest.fixture
async def pulling(editor: Editor, workspace: Path) -> Editor:
    (workspace / "a.py").write_text(FAULTY)
    (workspace / "clean.py").write_text("X = 1\n")
    (workspace / "sub").mkdir()
    (workspace / "sub" / "b.py").write_text("def broken(:\n")
    editor.settings = ALL
    answer = await editor.initialize(workspace, PULLS)
    assert answer["capabilities"]["diagnosticProvider"]["workspaceDiagnostics"] is True
    return editor


async def test_files_that_are_not_open_are_reported(pulling: Editor, workspace: Path) -> None:
    found = codes(await pull(pulling))
    assert found[(workspace / "a.py").as_uri()] >= {"F401", "S102"}
    assert "invalid-syntax" in found[(workspace / "sub/b.py").as_uri()]
    assert (workspace / "clean.py").as_uri() not in found


async def test_what_has_not_changed_is_not_sent_again(pulling: Editor, workspace: Path) -> None:
    first = await pull(pulling)
    again = await pull(pulling, *known(first))
    assert {item["uri"] for item in again} == {item["uri"] for item in first}
    assert {item["kind"] for item in again} == {"unchanged"}
    (workspace / "a.py").write_text("import sys\n")
    later = {item["uri"]: item for item in await pull(pulling, *known(again))}
    assert later[(workspace / "a.py").as_uri()]["kind"] == "full"
    assert codes(list(later.values()))[(workspace / "a.py").as_uri()] == {"F401"}
    assert later[(workspace / "sub/b.py").as_uri()]["kind"] == "unchanged"


async def test_a_mended_and_a_deleted_file_are_cleared(pulling: Editor, workspace: Path) -> None:
    first = await pull(pulling)
    (workspace / "a.py").write_text("X = 1\n")
    (workspace / "sub/b.py").unlink()
    later = {item["uri"]: item for item in await pull(pulling, *known(first))}
    for name in ("a.py", "sub/b.py"):
        assert later[(workspace / name).as_uri()]["items"] == []
    assert await pull(pulling) == []


async def test_reports_go_ahead_where_the_client_takes_them(pulling: Editor, workspace: Path) -> None:
    for number in range(60):
        (workspace / f"more{number}.py").write_text(FAULTY)
    assert await pull(pulling, partialResultToken="there") == []
    parts = [params for params in pulling.received("$/progress") if params["token"] == "there"]
    sent = [item["uri"] for params in parts for item in params["value"]["items"]]
    assert len(parts) == 2
    assert len(sent) == len(set(sent)) == 62


async def test_an_open_file_is_reported_as_it_is_shown(pulling: Editor, workspace: Path) -> None:
    uri = pulling.open(workspace / "a.py", "import json\n")
    report = await pulled(pulling, uri, "F401")
    (item,) = [item for item in await pull(pulling) if item["uri"] == uri]
    assert item["version"] == 1
    assert {each["code"] for each in item["items"]} == {each["code"] for each in report["items"]}
    (same,) = [
        item for item in await pull(pulling, {"uri": uri, "value": item["resultId"]}) if item["uri"] == uri
    ]
    assert same["kind"] == "unchanged"


async def test_closed_files_are_left_alone_unless_they_are_wanted(editor: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text(FAULTY)
    await editor.initialize(workspace, PULLS)
    assert await pull(editor) == []


async def test_what_is_silenced_or_off_is_not_reported(pulling: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text("exec(input())  # noqa: S102\nexec(input())  # noqa: E501\n")
    pulling.settings = {**ALL, "check": {"off": [{"paths": ["sub"]}]}}
    pulling.notify("workspace/didChangeConfiguration", {"settings": None})
    items = await pull(pulling)
    (item,) = items
    assert [each["range"]["start"]["line"] for each in item["items"] if each["code"] == "S102"] == [1]


def reported_by_ruff(file: Path) -> set[int]:
    """The same lines, by the program whose comments they are."""
    command = [ruff.binary(), "check", "--isolated", "--select", "S602", "--output-format", "json", str(file)]
    done = subprocess.run(command, capture_output=True, check=False)
    return {one["location"]["row"] - 3 for one in json.loads(done.stdout)}


async def test_a_comment_silences_what_it_names_and_nothing_else(pulling: Editor, workspace: Path) -> None:
    comments = {
        "# noqa: SIM105": True,
        "# noqa: S105": True,
        "# noqa: Some other day": True,
        "# noqa: E501, S105 and nothing more": True,
        "# noqa-like": True,
        "# noqa: S": True,
        "# noqa: S6": True,
        "# noqa: S60": True,
        "# noqa: s602": True,
        "# noqa: S602x": True,
        "# noqa: S602, S105x": True,
        "# noqa: S, S602": True,
        "# noqa: E501 # noqa: S602": True,
        "# noqa: S602, S": False,
        "# noqa: S602 - why": False,
        "# noqa: S105S602": False,
        "# noqa : ,S602# why": False,
        "# why # noqa: S602": False,
        "# noqa: E501, S602": False,
        "# NoQA:E501 S602, it is ours": False,
        "# noqa": False,
    }
    lines = [f"subprocess.run(c, shell=True)  {comment}" for comment in comments]
    text = "\n".join(["import subprocess", "c = input()", *lines, ""])
    (workspace / "a.py").write_text(text)
    (item,) = [item for item in await pull(pulling) if item["uri"] == (workspace / "a.py").as_uri()]
    reported = {each["range"]["start"]["line"] - 2 for each in item["items"] if each["code"] == "S602"}
    assert reported == {number for number, kept in enumerate(comments.values()) if kept}
    assert reported == reported_by_ruff(workspace / "a.py")


async def test_a_comment_does_not_silence_a_key(pulling: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text(f"KEY = '{KEY}'  # noqa\n")
    (item,) = [item for item in await pull(pulling) if item["uri"] == (workspace / "a.py").as_uri()]
    assert "quantumlayer/security" in {each["source"] for each in item["items"]}


async def test_nothing_is_read_again_where_a_stage_is_left_out(pulling: Editor, workspace: Path) -> None:
    """Of a file that the file system calls unchanged, only whoever read it would tell."""
    pulling.settings = {**ALL, "check": {"off": [{"stages": ["syntax"]}]}}
    pulling.notify("workspace/didChangeConfiguration", {"settings": None})
    file = workspace / "a.py"
    file.write_text("import os\n")
    first = codes(await pull(pulling))[file.as_uri()]
    before = file.stat()
    file.write_text("VALUE = 1\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert codes(await pull(pulling))[file.as_uri()] == first == {"F401"}
    os.utime(file)
    assert file.as_uri() not in codes(await pull(pulling))


async def test_what_is_pushed_is_not_pulled_and_the_other_way_round(pulling: Editor, workspace: Path) -> None:
    file = workspace / "a.py"
    assert "F401" in codes(await pull(pulling))[file.as_uri()]
    await pulling.command("validateFile", file.as_uri())
    await pulling.ending(60)
    pushed = pulling.received("textDocument/publishDiagnostics")[-1]
    assert "F401" in {each["code"] for each in pushed["diagnostics"]}
    assert "F401" not in codes(await pull(pulling)).get(file.as_uri(), set())
    uri = pulling.open(file, "VALUE = 1\n")
    pulling.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert "F401" in codes(await pull(pulling))[uri]
    assert pulling.received("textDocument/publishDiagnostics")[-1]["diagnostics"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
async def test_a_name_that_is_no_text_is_left_out_and_said_once(pulling: Editor, workspace: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(workspace) + b"/odd\xff"))
    odd.mkdir()
    for file in (odd / "c.py", odd / "pyproject.toml", Path(os.fsdecode(os.fsencode(odd) + b"/\xfe.py"))):
        file.write_text("")
    Path(os.fsdecode(os.fsencode(workspace) + b"/b\xff.py")).write_text(FAULTY)
    assert "F401" in codes(await pull(pulling))[(workspace / "a.py").as_uri()]
    (workspace / "a.py").write_text("import sys\n")
    await pull(pulling)
    said = [params["message"] for params in pulling.received("window/logMessage")]
    (once,) = [each for each in said if "because of their names" in each]
    assert "b?.py" in once
    await pulling.command("validateWorkspace")
    ending = await pulling.ending(60)
    assert "because of their names" in ending
    assert "b?.py" in ending


async def test_a_pull_can_be_cancelled_and_the_next_one_works(pulling: Editor, workspace: Path) -> None:
    for number in range(300):
        (workspace / f"more{number}.py").write_text(FAULTY * 20)
    waiting = pulling.ask("workspace/diagnostic", {"previousResultIds": []}, "slow")
    pulling.notify("$/cancelRequest", {"id": "slow"})
    with pytest.raises(Exception, match="-32800"):
        await waiting
    assert len(await pull(pulling)) == 302

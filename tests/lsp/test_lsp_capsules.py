"""`quantumlayer.capsules.*`: versions of what was generated, as an editor has them."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lsp_editor import Editor, RpcError
from quantumlayer.engine.capsule.manifest import build_manifest, make_capsule
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.versions import branch
from quantumlayer.engine.types import (
    Brief,
    Capsule,
    Evidence,
    Finding,
    Plan,
    PlannedFile,
    Position,
    Range,
    Severity,
    SourceFile,
    Stage,
    StageResult,
    Usage,
    Verdict,
)

ONE = {"notes.py": "def add(text):\n    return text\n", "old.py": "GONE = 1\n", "a b/ü.txt": "one\n"}
TWO = {
    "notes.py": "def add(text, mark):\n    return text + mark\n",
    "new.py": "N = 1\n",
    "a b/ü.txt": "one\n",
}


def capsule(files: dict[str, str], parents: tuple[str, ...] = (), *, found: bool = False) -> Capsule:
    asked = Brief(text="Keep notes.", name="notes")
    plan = Plan(summary="Keeps notes.", files=(PlannedFile(path="notes.py", purpose="notes"),))
    sources = tuple(SourceFile(path=path, text=text) for path, text in files.items())
    place = Range(start=Position(line=1, column=0), end=Position(line=1, column=3))
    finding = Finding(
        stage=Stage.STYLE, tool="ruff", rule="X1", severity=Severity.WARNING, path="notes.py", range=place,
        message="so so",
    )  # fmt: skip
    result = StageResult(stage=Stage.STYLE, status="passed", findings=(finding,) if found else ())
    verdict = Verdict(
        status="unverified", stages=(result,), confidence=0.4, evidence=(), reasons=("not run",)
    )
    evidence = Evidence(verdict=verdict, usage=Usage(), plan=plan, created="2026-03-04T05:06:07+00:00")
    manifest = build_manifest(asked, plan, sources, parents=parents)
    return make_capsule(manifest, asked, sources, evidence)


@pytest.fixture
def store(environ: dict[str, str]) -> Store:
    return Store(Path(environ["QUANTUMLAYER_DATA_DIR"]) / "capsules")


@pytest.fixture
def both(store: Store) -> tuple[Capsule, Capsule]:
    first = store.add(capsule(ONE), renew=True)
    return first, store.add(capsule(TWO, (first.id,), found=True), renew=True)


def put(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


# -- looking -----------------------------------------------------------------------------------


async def test_an_empty_store_has_no_capsules(ready: Editor) -> None:
    assert await ready.command("capsules.list") == {"capsules": [], "projects": []}


async def test_capsules_are_listed_with_their_names(
    ready: Editor, store: Store, both: tuple[Capsule, Capsule]
) -> None:
    first, second = both
    await ready.command("capsules.tag", {"capsule": "notes~1", "tag": "v1"})
    listed = await ready.command("capsules.list", {})
    assert [one["id"] for one in listed["capsules"]] == [second.id, first.id]
    newest, oldest = listed["capsules"]
    assert (newest["name"], newest["status"], newest["files"], newest["confidence"]) == (
        "notes",
        "unverified",
        3,
        0.4,
    )
    assert (newest["branches"], newest["current"], newest["parents"]) == (["main"], True, [first.id])
    assert (oldest["tags"], oldest["current"], oldest["problem"]) == (["v1"], False, "")
    project = {"name": "notes", "branch": "main", "branches": {"main": second.id}, "tags": {"v1": first.id}}
    assert listed["projects"] == [project]
    assert await ready.command("capsules.list", {"name": "other"}) == {"capsules": [], "projects": []}
    log = await ready.command("capsules.log", {"name": "notes"})
    assert [one["id"] for one in log["versions"]] == [second.id, first.id]


async def test_one_capsule_is_shown_whole_and_file_by_file(
    ready: Editor, both: tuple[Capsule, Capsule]
) -> None:
    first, _ = both
    shown = await ready.command("capsules.show", {"capsule": first.id[:8]})
    assert shown["id"] == first.id
    assert shown["manifest"] == first.manifest.model_dump(mode="json")
    assert shown["evidence"]["verdict"]["reasons"] == ["not run"]
    given = await ready.command("capsules.file", {"capsule": "notes~1", "path": "a b/ü.txt"})
    uri = f"quantumlayer-capsule:/{first.id}/{quote('a b/ü.txt')}"
    assert given == {"capsule": first.id, "path": "a b/ü.txt", "text": "one\n", "uri": uri}
    for asked in (uri, uri.replace("%20", " ")):
        content = await ready.request("workspace/textDocumentContent", {"uri": asked})
        assert content == {"text": "one\n"}
    with pytest.raises(RpcError, match=r"no file 'x\.py'"):
        await ready.command("capsules.file", {"capsule": "notes", "path": "x.py"})


async def test_an_editor_that_shows_documents_of_servers_is_asked_to_show_versions(
    editor: Editor, workspace: Path
) -> None:
    await editor.initialize(workspace, {"workspace": {"textDocumentContent": {"dynamicRegistration": True}}})
    (asked,) = (await editor.wait_for_request("client/registerCapability"))["params"]["registrations"]
    assert asked["registerOptions"]["schemes"] == ["quantumlayer-output", "quantumlayer-capsule"]


async def test_a_difference_tells_text_and_meaning(ready: Editor, both: tuple[Capsule, Capsule]) -> None:
    found = await ready.command("capsules.diff", {"from": "notes~1", "to": "notes"})
    assert (found["from"]["id"], found["to"]["id"]) == (both[0].id, both[1].id)
    assert {one["path"]: one["change"] for one in found["files"]} == {
        "new.py": "added", "notes.py": "changed", "old.py": "removed",
    }  # fmt: skip
    text = next(one["text"] for one in found["files"] if one["path"] == "notes.py")
    assert text.startswith("--- a/notes.py\n+++ b/notes.py\n")
    (changed,) = found["interface"]
    assert (changed["name"], changed["before"], changed["breaking"]) == ("add", "def add(text)", True)
    (appeared,) = found["findings"]["appeared"]
    assert (appeared["line"], appeared["rule"]) == (2, "X1")
    assert "callers may break: `add`" in found["summary"]


@pytest.mark.parametrize(
    ("command", "argument", "said"),
    [
        ("show", {}, 'give "capsule"'),
        ("show", "notes", "object"),
        ("show", {"capsule": 5}, "not a text: capsule"),
        ("show", {"capsule": "a", "all": True}, "unknown: all"),
        ("diff", {"from": "a"}, 'give "to"'),
        ("log", {"name": "a", "all": "yes"}, "neither true nor false: all"),
        ("rollback", {}, 'give "capsule"'),
        ("merge", {"ours": "a"}, 'give "theirs"'),
    ],
)
async def test_wrong_arguments_are_refused_and_say_why(
    ready: Editor, command: str, argument: Any, said: str
) -> None:
    with pytest.raises(RpcError) as refused:
        await ready.command(f"capsules.{command}", argument)
    assert refused.value.code == -32602
    assert said in refused.value.message


async def test_an_unknown_version_is_said_with_what_to_do(
    ready: Editor, both: tuple[Capsule, Capsule]
) -> None:
    with pytest.raises(RpcError, match="quantumlayer capsule list"):
        await ready.command("capsules.show", {"capsule": "nothing"})
    with pytest.raises(RpcError, match="no version 'v7'"):
        await ready.command("capsules.diff", {"from": "notes@v7", "to": "notes"})


# -- going back --------------------------------------------------------------------------------


async def test_rolling_back_brings_the_older_files_and_asks_about_changed_ones(
    ready: Editor, workspace: Path, store: Store, both: tuple[Capsule, Capsule]
) -> None:
    folder = workspace / "notes"
    put(folder, {**TWO, "a b/ü.txt": "mine\n"})
    await ready.command("capsules.rollback", {"capsule": "notes"})
    said = await ready.ending(60)
    assert both[1].id[:12] in said, "how to go back"
    edit = (await ready.wait_for_request("workspace/applyEdit"))["params"]["edit"]
    by_kind = {str(one.get("kind", "edit")) for one in edit["documentChanges"]}
    assert by_kind == {"create", "edit", "delete"}
    confirmed = {key for key, one in edit["changeAnnotations"].items() if one.get("needsConfirmation")}
    marks = {
        one["textDocument"]["uri"].rpartition("/")[2]: one["edits"][0]["annotationId"]
        for one in edit["documentChanges"]
        if "textDocument" in one
    }
    assert {name for name, mark in marks.items() if mark in confirmed} == {quote("ü.txt")}
    assert (folder / "notes.py").read_text() == ONE["notes.py"]
    assert (folder / "old.py").read_text() == ONE["old.py"]
    assert not (folder / "new.py").exists()
    assert store.resolve("notes") == both[0].id


async def test_an_editor_that_declines_moves_nothing(
    ready: Editor, workspace: Path, store: Store, both: tuple[Capsule, Capsule]
) -> None:
    put(workspace / "notes", TWO)
    ready.answers["workspace/applyEdit"] = lambda _: {"applied": False, "failureReason": "not now"}
    await ready.command("capsules.rollback", {"capsule": "notes"})
    assert "not now" in await ready.ending(60)
    assert store.resolve("notes") == both[1].id
    assert (workspace / "notes/notes.py").read_text() == TWO["notes.py"]


@pytest.mark.parametrize("able", [{}, {"workspace": {"applyEdit": True}}])
async def test_without_confirmation_what_somebody_changed_is_left_alone(
    editor: Editor, workspace: Path, store: Store, both: tuple[Capsule, Capsule], able: dict[str, Any]
) -> None:
    await editor.initialize(workspace, able)
    folder = workspace / "notes"
    put(folder, {**TWO, "notes.py": "mine = 1\n"})
    await editor.command("capsules.rollback", {"capsule": "notes"})
    assert "somebody changed them: notes.py" in await editor.ending(60)
    assert (folder / "notes.py").read_text() == "mine = 1\n"
    assert (folder / "old.py").read_text() == ONE["old.py"]
    assert store.resolve("notes") == both[0].id


async def test_a_version_is_opened_in_a_folder_and_the_branch_stays(
    ready: Editor, workspace: Path, store: Store, both: tuple[Capsule, Capsule]
) -> None:
    await ready.command(
        "capsules.checkout", {"capsule": "notes~1", "folder": (workspace / "before").as_uri()}
    )
    await ready.ending(60)
    assert (workspace / "before/notes.py").read_text() == ONE["notes.py"]
    assert (workspace / "before/a b/ü.txt").read_text() == "one\n"
    assert store.resolve("notes") == both[1].id


# -- merging and deploying ---------------------------------------------------------------------


async def test_a_merge_with_conflicts_puts_them_in_a_folder_and_goes_on_from_there(
    ready: Editor, workspace: Path, store: Store, both: tuple[Capsule, Capsule]
) -> None:
    first, second = both
    branch(store, first.id, "fix")
    text = ONE["notes.py"].replace("return text", "return text.strip()")
    third = store.add(capsule({**ONE, "notes.py": text}, (first.id,)), renew=True)
    settle = workspace / "settle"
    request = {"ours": "notes@fix", "theirs": "notes@main"}
    await ready.command("capsules.merge", {**request, "folder": str(settle)})
    assert "conflicts in notes.py" in await ready.ending(120)
    assert "<<<<<<< notes@fix\n" in (settle / "notes.py").read_text()
    assert not (settle / "old.py").exists(), "the other side removed it"
    assert store.resolve("notes@fix") == third.id

    uri = ready.open(settle / "notes.py", '"""Notes."""\n')
    assert uri
    await ready.command("capsules.merge", {**request, "resolved": settle.as_uri()})
    assert "Merged as" in await ready.ending(120)
    merged = store.get("notes@fix")
    assert merged.manifest.parents == (third.id, second.id)
    assert {file.path: file.text for file in merged.files}["notes.py"] == '"""Notes."""\n'
    assert merged.evidence.verdict.status == "unverified"
    assert any("runtime was skipped" in reason for reason in merged.evidence.verdict.reasons)


async def test_deployment_files_arrive_in_the_project_and_overwrite_nothing_without_a_yes(
    ready: Editor, workspace: Path, store: Store
) -> None:
    code = 'def main():\n    print("hello")\n\n\nif __name__ == "__main__":\n    main()\n'
    store.add(capsule({"notes.py": code}), renew=True)
    await ready.command("capsules.deploy", {"capsule": "notes"})
    assert "Dockerfile" in await ready.ending(120)
    assert 'ENTRYPOINT ["python", "notes.py"]' in (workspace / "notes/Dockerfile").read_text()
    (workspace / "notes/Dockerfile").write_text("FROM scratch\n")
    await ready.command("capsules.deploy", {"capsule": "notes"})
    await ready.ending(120)
    edits = [one["params"]["edit"] for one in ready.requests if one["method"] == "workspace/applyEdit"]
    assert any(one.get("needsConfirmation") for one in edits[-1]["changeAnnotations"].values())

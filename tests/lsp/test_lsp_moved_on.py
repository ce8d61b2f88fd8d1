"""What a user does while files are being read, or while a model thinks, is not taken back by an edit."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types
from quantumlayer.engine.types import Authored, Help, SourceFile, Wish, Written
from quantumlayer.lsp import assist, assist_edit, authored, bring
from quantumlayer.lsp.documents import Documents, Snapshot

CODE = "def f() -> int:\n    return 1\n"
ASKED = "def test_one() -> None:\n    pass\n"
ANSWER = ASKED + "\n\ndef test_two() -> None:\n    pass\n"


class Server:
    """What an edit needs to know of one."""

    def __init__(self, folder: Path) -> None:
        self.documents = Documents(folder.as_uri())
        self.features = SimpleNamespace(
            document_changes=True, create_files=True, change_annotations=True, apply_edit=True
        )
        self.asked: list[Any] = []
        self.protocol = SimpleNamespace(ask=self.ask)

    async def ask(self, method: str, params: Any) -> Any:
        self.asked.append(params)
        return types.ApplyWorkspaceEditResult(applied=True)

    def show(self, file: Path, text: str, version: int) -> str:
        item = types.TextDocumentItem(file.as_uri(), types.LanguageKind.Python, version, text)
        self.documents.put_text_document(item)
        return item.uri


def wished(*files: SourceFile) -> tuple[Wish, Help]:
    wish = Wish(task="test", path="a.py", text=CODE, line=0, files=files, test_file="test_a.py")
    return wish, Help(task="test", target="f", path="test_a.py", text=ANSWER, said="Tests for `f`.")


async def applied(server: Any, folder: Path, *files: SourceFile) -> str:
    wish, help_ = wished(*files)
    document = server.documents.opened(server.show(folder / "a.py", CODE, 1))
    ending = await assist._apply(server, server, document, wish, help_, folder)
    return str(ending.message)


@pytest.mark.parametrize("now", ["", ASKED + "\n\ndef test_mine() -> None:\n    pass\n"])
@pytest.mark.parametrize("opened", [True, False])
async def test_a_file_of_tests_that_was_changed_meanwhile_is_left_alone(
    tmp_path: Path, now: str, opened: bool
) -> None:
    server = Server(tmp_path)
    (tmp_path / "test_a.py").write_text(ASKED if opened else now)
    if opened:
        server.show(tmp_path / "test_a.py", now, 7)
    said = await applied(server, tmp_path, SourceFile(path="test_a.py", text=ASKED))
    assert said.startswith("The text has changed meanwhile, so nothing was changed. Ask again")
    assert not server.asked


async def test_a_file_of_tests_that_was_made_meanwhile_is_left_alone(tmp_path: Path) -> None:
    server = Server(tmp_path)
    (tmp_path / "test_a.py").write_text("import os\n")
    assert (await applied(server, tmp_path)).startswith("The text has changed meanwhile")
    assert not server.asked


async def test_a_file_of_tests_that_is_as_it_was_gets_more(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.show(tmp_path / "test_a.py", ASKED, 7)
    assert await applied(server, tmp_path, SourceFile(path="test_a.py", text=ASKED)) == "Tests for `f`."
    (change,) = server.asked[0].edit.document_changes
    assert change.text_document.version == 7
    (edit,) = change.edits
    assert (edit.range.start.line, edit.new_text) == (2, ANSWER.removeprefix(ASKED))


async def test_an_edit_of_tests_is_dropped_if_they_change_while_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Any = Server(tmp_path)
    uri = server.show(tmp_path / "test_a.py", ASKED, 7)
    made = assist_edit.hunks

    def typed_meanwhile(before: str, after: str) -> list[types.TextEdit]:
        server.show(tmp_path / "test_a.py", ASKED + "# mine\n", 8)
        return made(before, after)

    monkeypatch.setattr(assist_edit, "hunks", typed_meanwhile)
    wish, help_ = wished(SourceFile(path="test_a.py", text=ASKED))
    document = Snapshot((tmp_path / "a.py").as_uri(), CODE, 1)
    assert await assist_edit.edit_for(server, document, wish, help_, tmp_path) is None
    assert server.documents.opened(uri).version == 8


async def test_files_are_brought_for_the_version_whose_text_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Any = Server(tmp_path)
    uri = server.show(tmp_path / "a.py", CODE, 3)
    (tmp_path / "b.py").write_text("b = 1\n")
    uris = {"a.py": uri, "b.py": (tmp_path / "b.py").as_uri(), "c.py": (tmp_path / "c.py").as_uri()}
    read = bring.read_texts

    def typed_meanwhile(closed: list[str]) -> dict[str, str]:
        server.show(tmp_path / "a.py", CODE + "# mine\n", 4)
        return read(closed)

    monkeypatch.setattr(bring, "read_texts", typed_meanwhile)
    there = await bring.texts(server, uris)
    changes, kept = bring.changes_of(server, uris, dict.fromkeys(uris, "new\n"), there)
    assert [(one.current, one.version) for one in changes] == [(CODE, 3), ("b = 1\n", None), (None, None)]
    assert not kept


async def test_a_text_is_split_once_for_all_its_lenses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "@cache\ndef f() -> int:\n    return 1\n\n\nclass A:\n    pass\n"
    places = {"f": (0, 2), "A": (5, 6)}
    known = [
        Authored(
            first=first, last=last, written=Written(name=name, sha256="", path="a.py", how="only", model="m")
        )
        for name, (first, last) in places.items()
    ]
    splits: list[str] = []
    split = authored.split_lines

    async def all_known(server: Any, document: Snapshot) -> list[Authored]:
        return known

    def counted(whole: str) -> tuple[str, ...]:
        splits.append(whole)
        return split(whole)

    monkeypatch.setattr(authored, "_known", all_known)
    monkeypatch.setattr(authored, "split_lines", counted)
    server: Any = Server(tmp_path)
    uri = server.show(tmp_path / "a.py", text, 1)
    found = await authored.lenses(server, server.documents.opened(uri))
    again = [lens.range.start.line for lens in found if lens.command and lens.command.title == "Regenerate"]
    assert (len(found), again, len(splits)) == (3, [0], 1), "a class is not drawn again"
    for line, shown in ((1, True), (2, False), (5, True), (6, False)):
        params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, 0))
        assert bool(await authored.hover(server, params)) == shown
    assert len(splits) == 5

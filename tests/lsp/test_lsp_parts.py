"""Parts that are easier to look at by themselves."""

import random
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.workspace import PositionCodec
from quantumlayer.engine.errors import StorageError
from quantumlayer.lsp.client_features import ClientFeatures
from quantumlayer.lsp.documents import Document, split_lines, whole
from quantumlayer.lsp.projects import around, find_root, within
from quantumlayer.lsp.workspace_edit import FileChange, build_edit

CODECS = [
    PositionCodec(kind)
    for kind in (
        types.PositionEncodingKind.Utf8,
        types.PositionEncodingKind.Utf16,
        types.PositionEncodingKind.Utf32,
    )
]


# -- documents -----------------------------------------------------------------------------------


def test_lines_end_where_the_protocol_says() -> None:
    text = "a\x0c\nb\u2028\r\nc\rd\x85e\n\nf"
    assert split_lines(text) == ("a\x0c\n", "b\u2028\r\n", "c\r", "d\x85e\n", "\n", "f")
    assert split_lines("") == ()


@pytest.mark.parametrize("codec", CODECS)
def test_any_series_of_edits_gives_the_same_text_as_in_the_editor(codec: PositionCodec) -> None:
    chance = random.Random(7)
    letters = ["a", "é", "😀", "\n", "\r\n", "\x0c", "\u2028", " "]
    for _ in range(200):
        text = "".join(chance.choices(letters, k=chance.randrange(30)))
        document = Document("file:///a.txt", text, position_codec=codec)
        for _ in range(5):
            start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
            if any(text[at - 1 : at + 1] == "\r\n" for at in (start, end)):
                continue
            new = "".join(chance.choices(letters, k=chance.randrange(4)))
            places = [_position(text, at, codec) for at in (start, end)]
            document.apply_change(types.TextDocumentContentChangePartial(types.Range(*places), new))
            text = text[:start] + new + text[end:]
            assert document.source == text


def _position(text: str, offset: int, codec: PositionCodec) -> types.Position:
    lines = split_lines(text[:offset])
    if not lines or lines[-1][-1] in "\r\n":
        return types.Position(len(lines), 0)
    return types.Position(len(lines) - 1, codec.client_num_units(lines[-1]))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("text", ["", "a", "a\n", "a\r\n", "é😀", "\n\n", "a\n😀"])
def test_the_whole_of_a_text_is_replaced(text: str, codec: PositionCodec) -> None:
    document = Document("file:///a.txt", text, position_codec=codec)
    document.apply_change(types.TextDocumentContentChangePartial(whole(text), "new\n"))
    assert document.source == "new\n"


# -- edits ---------------------------------------------------------------------------------------


def test_files_are_created_before_they_are_filled() -> None:
    features = ClientFeatures(document_changes=True, create_files=True)
    edit = build_edit([FileChange("file:///new.py", "x\n")], features)
    assert edit.document_changes is not None
    assert [type(change).__name__ for change in edit.document_changes] == ["CreateFile", "TextDocumentEdit"]
    assert edit.change_annotations is None


def test_an_edit_names_the_version_it_was_made_for() -> None:
    features = ClientFeatures(document_changes=True, create_files=True, change_annotations=True)
    edit = build_edit([FileChange("file:///a.py", "x\n", "old", 7)], features)
    assert edit.document_changes is not None
    (change,) = edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document.version == 7


def test_an_editor_that_cannot_create_files_gets_no_such_operation() -> None:
    edit = build_edit([FileChange("file:///a.py", "x\n")], ClientFeatures(document_changes=True))
    assert edit.document_changes is not None
    assert all(isinstance(change, types.TextDocumentEdit) for change in edit.document_changes)


def test_an_editor_that_names_operations_only_gets_them() -> None:
    """As Neovim 0.11 does."""
    edits = types.WorkspaceEditClientCapabilities(resource_operations=[types.ResourceOperationKind.Create])
    workspace = types.WorkspaceClientCapabilities(apply_edit=True, workspace_edit=edits)
    features = ClientFeatures.of(types.ClientCapabilities(workspace=workspace))
    assert features.document_changes
    assert features.create_files


# -- projects ------------------------------------------------------------------------------------


def make(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_the_nearest_project_is_the_root(tmp_path: Path) -> None:
    make(tmp_path, {"pyproject.toml": "", "inner/setup.py": "", "inner/src/pkg/__init__.py": ""})
    assert find_root(tmp_path / "inner/src/pkg/__init__.py", tmp_path) == tmp_path / "inner"
    assert find_root(tmp_path / "other/x.py", tmp_path) == tmp_path


def test_without_a_sign_of_a_project_packages_and_tests_belong_to_what_is_above(tmp_path: Path) -> None:
    make(tmp_path, {"made/pkg/__init__.py": "", "made/tests/test_x.py": "", "made/app.py": ""})
    for name in ("pkg/__init__.py", "tests/test_x.py", "app.py"):
        assert find_root(tmp_path / "made" / name, tmp_path) == tmp_path / "made"


def test_a_files_project_is_what_it_imports(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "pyproject.toml": "[project]\nname='x'\nversion='1'\ndependencies=['requests>=2']\n",
            "pkg/__init__.py": "",
            "pkg/app.py": "from .core import a\nimport pkg.util as u\nimport os\n",
            "pkg/core.py": "from pkg.deep.down import z\n",
            "pkg/util.py": "",
            "pkg/deep/__init__.py": "",
            "pkg/deep/down.py": "from .. import app\n",
            "pkg/unrelated.py": "",
        },
    )
    project = around(tmp_path / "pkg/app.py", tmp_path, {})
    assert sorted(project.files) == [
        "pkg/__init__.py",
        "pkg/app.py",
        "pkg/core.py",
        "pkg/deep/__init__.py",
        "pkg/deep/down.py",
        "pkg/util.py",
    ]
    assert project.packages == ("requests>=2",)


def test_links_and_environments_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path / "outside", {"secret.py": "x = 1\n"})
    make(tmp_path / "work", {"a.py": "", "env/pyvenv.cfg": "", "env/lib.py": "", ".git/x.py": ""})
    (tmp_path / "work/link").symlink_to(tmp_path / "outside")
    (tmp_path / "work/linked.py").symlink_to(tmp_path / "outside/secret.py")
    found = [name for project in within(tmp_path / "work", {}) for name in project.files]
    assert found == ["a.py"]


def test_a_project_has_the_text_files_that_its_tests_may_read(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "notes.txt": "of no project",
            "one/pyproject.toml": "[project]\nname='one'\nversion='1'\n",
            "one/core.py": "",
            "one/tests/test_core.py": "",
            "one/tests/data/words.json": "[]",
            "one/.env": "KEY=1",
            "one/.cache/x.json": "",
            "one/build/made.json": "",
            "two/setup.cfg": "",
            "two/VERSION": "2",
            "two/app.py": "",
        },
    )
    (tmp_path / "one/picture.png").write_bytes(b"\x89PNG\0")
    (tmp_path / "one/latin.txt").write_bytes(b"\xe9")
    (tmp_path / "one/large.csv").write_text("1,2,3\n" * 200_000)
    unsaved = {tmp_path / "two/VERSION": ""}
    one, two = within(tmp_path, unsaved)
    assert (one.root, two.root) == (tmp_path / "one", tmp_path / "two")
    assert sorted(one.files) == ["core.py", "pyproject.toml", "tests/data/words.json", "tests/test_core.py"]
    assert sorted(two.files) == ["VERSION", "app.py", "setup.cfg"]
    assert two.files["VERSION"] == "", "what the editor shows, not what was saved"


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("MOST_FILES", 2, "more than 2 files of code"),
        ("_MOST_SEEN", 4, "more than 4 files"),
        ("_MOST_DATA_IN_ALL", 1, "of text"),
    ],
)
def test_a_workspace_that_is_too_large_is_refused_and_not_judged_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, said: str
) -> None:
    make(tmp_path, {"a.py": "", "b.py": "", "c.txt": "1", "d.txt": ""})
    monkeypatch.setattr(f"quantumlayer.lsp.projects.{limit}", value)
    assert [sorted(project.files) for project in within(tmp_path, {})] == [["a.py", "b.py", "c.txt", "d.txt"]]
    make(tmp_path, {"e.py": "", "f.txt": "2"})
    with pytest.raises(StorageError, match=said):
        within(tmp_path, {})

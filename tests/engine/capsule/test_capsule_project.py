import os
from pathlib import Path

import pytest
from capsule_samples import FILES, make_sample
from quantumlayer.engine.capsule.folder import Folder, HeldFolder, LookingFolder, Obstacle, open_folder
from quantumlayer.engine.capsule.project import write_project
from quantumlayer.engine.errors import CapsuleError, StorageError
from quantumlayer.engine.types import Capsule


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in files}


def test_a_project_is_written_with_every_file_as_it_is(capsule: Capsule, tmp_path: Path) -> None:
    folder = write_project(capsule, tmp_path / "a" / "tally")
    assert folder == tmp_path / "a" / "tally"
    assert contents(folder) == FILES


def test_line_ends_and_marks_are_kept(tmp_path: Path) -> None:
    files = {"dos.txt": "a\r\nb\r\n", "bom.txt": "\ufeffx", "zero.txt": "a\0b"}
    assert contents(write_project(make_sample(files), tmp_path / "x")) == files


def test_writing_again_is_fine_and_touches_nothing(capsule: Capsule, tmp_path: Path) -> None:
    folder = write_project(capsule, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    write_project(capsule, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before


def test_other_files_are_kept(capsule: Capsule, tmp_path: Path) -> None:
    (tmp_path / "tally").mkdir()
    (tmp_path / "tally" / "mine.py").write_text("mine")
    write_project(capsule, tmp_path)
    assert contents(tmp_path) == {**FILES, "tally/mine.py": "mine"}


def test_conflicts_are_all_named_and_nothing_is_written(capsule: Capsule, tmp_path: Path) -> None:
    (tmp_path / "tally").mkdir()
    (tmp_path / "tally" / "core.py").write_text("mine")
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(CapsuleError) as caught:
        write_project(capsule, tmp_path)
    assert "README.md has other content; tally/core.py has other content" in caught.value.cause
    assert contents(tmp_path) == {"README.md": "mine", "tally/core.py": "mine"}


def test_conflicts_are_overwritten_when_asked(capsule: Capsule, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    assert contents(write_project(capsule, tmp_path, overwrite=True)) == FILES


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_where_a_file_should_go_is_in_the_way(
    capsule: Capsule, tmp_path: Path, overwrite: bool
) -> None:
    (tmp_path / "README.md").mkdir()
    with pytest.raises(CapsuleError, match=r"README\.md is not a plain file"):
        write_project(capsule, tmp_path, overwrite=overwrite)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_where_a_folder_should_go_is_in_the_way(
    capsule: Capsule, tmp_path: Path, overwrite: bool
) -> None:
    (tmp_path / "tally").write_text("mine")
    with pytest.raises(CapsuleError, match="tally is not a folder"):
        write_project(capsule, tmp_path, overwrite=overwrite)
    assert contents(tmp_path) == {"tally": "mine"}


@pytest.mark.usefixtures("posix")
@pytest.mark.parametrize("overwrite", [False, True])
def test_links_are_never_followed(capsule: Capsule, tmp_path: Path, overwrite: bool) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    folder.mkdir()
    (outside / "victim").write_text("untouched")
    (folder / "tally").symlink_to(outside, target_is_directory=True)
    (folder / "README.md").symlink_to(outside / "victim")
    with pytest.raises(CapsuleError, match=r"README\.md is not a plain file.*tally is not a folder"):
        write_project(capsule, folder, overwrite=overwrite)
    assert contents(outside) == {"victim": "untouched"}


@pytest.mark.usefixtures("posix")
def test_a_pipe_in_the_way_does_not_make_it_wait(capsule: Capsule, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "README.md")
    with pytest.raises(CapsuleError, match=r"README\.md is not a plain file"):
        write_project(capsule, tmp_path)


@pytest.mark.usefixtures("posix")
def test_the_folder_itself_may_be_reached_through_a_link(capsule: Capsule, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    write_project(capsule, tmp_path / "link")
    assert contents(tmp_path / "real") == FILES


@pytest.mark.usefixtures("posix")
def test_a_link_swapped_in_between_check_and_write_leads_nowhere(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (root / "pkg").mkdir(parents=True)
    with open_folder(root) as folder:
        assert isinstance(folder, HeldFolder)
        assert folder.read("pkg/a.py", 10) is None
        (root / "pkg").rmdir()
        (root / "pkg").symlink_to(outside, target_is_directory=True)
        with pytest.raises(Obstacle, match="pkg is not a folder"):
            folder.write("pkg/a.py", b"x", overwrite=True)
    assert contents(outside) == {}


@pytest.fixture(params=["held", "looking"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    """Both ways of staying inside: with descriptors, and for platforms that have none."""
    root = tmp_path / "root"
    root.mkdir()
    if request.param == "looking":
        return LookingFolder(root)
    return request.getfixturevalue("held")


@pytest.fixture
def held(posix: None, tmp_path: Path) -> object:
    with open_folder(tmp_path / "root") as opened:
        yield opened


def test_a_file_that_appeared_meanwhile_is_not_replaced(folder: Folder) -> None:
    (folder.root / "a.txt").write_text("mine")
    with pytest.raises(Obstacle, match=r"a\.txt has appeared meanwhile"):
        folder.write("a.txt", b"x", overwrite=False)
    assert contents(folder.root) == {"a.txt": "mine"}


def test_files_are_written_and_read_in_folders_made_for_them(folder: Folder) -> None:
    assert folder.read("p/q/a.txt", 10) is None
    folder.write("p/q/a.txt", b"one", overwrite=False)
    folder.write("p/q/a.txt", b"two", overwrite=True)
    assert folder.read("p/q/a.txt", 2) == b"tw"
    assert contents(folder.root) == {"p/q/a.txt": "two"}


@pytest.mark.usefixtures("posix")
def test_neither_way_follows_a_link(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (folder.root / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    (folder.root / "file").symlink_to(tmp_path / "outside" / "x")
    for use in (lambda: folder.read("link/a", 1), lambda: folder.write("link/a", b"x", overwrite=True)):
        with pytest.raises(Obstacle, match="link is not a folder"):
            use()
    with pytest.raises(Obstacle, match="file is not a plain file"):
        folder.read("file", 1)
    assert contents(tmp_path / "outside") == {}


@pytest.mark.usefixtures("posix")
def test_a_folder_that_cannot_be_made_is_an_error_with_its_place(capsule: Capsule, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        write_project(capsule, tmp_path / "file" / "project")

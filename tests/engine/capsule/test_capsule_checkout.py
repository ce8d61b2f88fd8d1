"""Bringing versions into a folder in which somebody works."""

from pathlib import Path

import pytest
from capsule_samples import make_sample
from quantumlayer.engine.capsule.checkout import check_out
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.types import Capsule

ONE = {"a.py": "a = 1\n", "only/one.py": "o = 1\n"}
TWO = {"a.py": "a = 2\n", "two.py": "t = 1\n"}


@pytest.fixture
def first(store: Store) -> Capsule:
    return store.add(make_sample(ONE), renew=True)


@pytest.fixture
def second(store: Store, first: Capsule) -> Capsule:
    return store.add(make_sample(TWO, parents=(first.id,)), renew=True)


def tree(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_versions_take_turns_in_a_folder_and_other_files_stay(
    store: Store, first: Capsule, second: Capsule, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    check_out(store, first, folder)
    (folder / "mine.txt").write_text("mine\n")
    done = check_out(store, second, folder)
    assert tree(folder) == {**TWO, "mine.txt": "mine\n"}
    assert (done.written, done.removed, done.kept) == (("a.py", "two.py"), ("only/one.py",), ())
    assert not (folder / "only").exists(), "a folder that is empty then goes, too"
    check_out(store, first, folder)
    assert tree(folder) == {**ONE, "mine.txt": "mine\n"}
    assert check_out(store, first, folder).written == ()


def test_what_somebody_changed_stops_everything(
    store: Store, first: Capsule, second: Capsule, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    check_out(store, first, folder)
    (folder / "a.py").write_text("a = 5\n")
    (folder / "only/one.py").write_text("o = 5\n")
    before = tree(folder)
    with pytest.raises(CapsuleError, match=r"a\.py was changed; only/one\.py was changed"):
        check_out(store, second, folder)
    assert tree(folder) == before
    kept = check_out(store, second, folder, keep=True)
    assert tree(folder) == {**before, "two.py": "t = 1\n"}
    assert kept.kept == ("a.py", "only/one.py")
    forced = check_out(store, second, folder, overwrite=True)
    assert tree(folder) == {**TWO, "only/one.py": "o = 5\n"}
    assert forced.kept == ("only/one.py",), "what would only be removed is not, by force either"


def test_a_file_that_another_project_has_alike_is_somebodys(
    store: Store, first: Capsule, tmp_path: Path
) -> None:
    store.add(make_sample({"a.py": "other\n"}, name="other"), renew=True)
    (tmp_path / "a.py").write_text("other\n")
    with pytest.raises(CapsuleError, match=r"a\.py was changed"):
        check_out(store, first, tmp_path)


@pytest.mark.usefixtures("posix")
def test_links_are_not_followed(store: Store, first: Capsule, second: Capsule, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "only").mkdir(parents=True)
    (outside / "only/one.py").write_text(ONE["only/one.py"])
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "only").symlink_to(outside / "only")
    with pytest.raises(CapsuleError, match="only is not a folder"):
        check_out(store, second, folder, overwrite=True)
    assert (outside / "only/one.py").exists()
    assert tree(folder) == {}

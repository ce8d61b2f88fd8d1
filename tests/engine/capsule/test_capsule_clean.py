"""What of the store belongs to no capsule goes; what belongs to one stays, also while others add."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from capsule_samples import make_evidence, make_sample
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.verify import verify_stored
from quantumlayer.engine.errors import CapsuleError


def blobs(store_folder: Path) -> set[str]:
    return {path.name for path in (store_folder / "blobs").rglob("*") if path.is_file()}


def leave(folder: Path, letter: str) -> Path:
    """A file as a killed process leaves it."""
    stray = folder / "blobs" / (letter * 2) / (letter * 64)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"left by a killed process")
    return stray


def test_what_belongs_to_no_capsule_goes(store: Store, tmp_path: Path) -> None:
    kept = store.add(make_sample())
    before = blobs(tmp_path / "capsules")
    leave(tmp_path / "capsules", "0")
    told = store.clean()
    assert (told.removed, told.freed, told.reason) == (1, 24, "")
    assert told.kept == sum(path.stat().st_size for path in (tmp_path / "capsules/blobs").rglob("?" * 64))
    assert blobs(tmp_path / "capsules") == before
    assert verify_stored(store, kept.id).ok


def test_evidence_that_was_renewed_goes_once_its_record_is_gone(store: Store, tmp_path: Path) -> None:
    capsule = store.add(make_sample())
    old = blobs(tmp_path / "capsules")
    other = make_sample({"other.py": "x = 1\n"})
    store.add(other)
    store.add(make_sample(evidence=make_evidence(status="unverified")), renew=True)
    assert store.clean().removed == 0, "the record that was renewed is still there for those who read it"
    store.add(other)
    assert store.clean().removed == 1
    assert len(old - blobs(tmp_path / "capsules")) == 1
    assert store.get(capsule.id).evidence.verdict.status == "unverified"
    assert all(verify_stored(store, summary.id).ok for summary in store.list())


@pytest.mark.parametrize("part", ["record", "manifest"])
def test_nothing_goes_while_a_damaged_capsule_hides_what_is_its_own(
    store: Store, tmp_path: Path, part: str
) -> None:
    capsule = store.add(make_sample())
    damaged = {
        "record": next((tmp_path / "capsules/records").iterdir()),
        "manifest": tmp_path / "capsules/blobs" / capsule.id[:2] / capsule.id,
    }[part]
    damaged.write_bytes(damaged.read_bytes().replace(b"tally", b"folly"))
    leave(tmp_path / "capsules", "0")
    before = blobs(tmp_path / "capsules")
    told = store.clean()
    assert told.removed == 0
    assert capsule.id in told.reason
    assert blobs(tmp_path / "capsules") == before


def test_an_empty_store_is_clean_and_stays_unmade(store: Store, tmp_path: Path) -> None:
    assert store.clean().removed == 0
    assert not (tmp_path / "capsules").exists()


def test_capsules_that_come_meanwhile_are_whole(store: Store, tmp_path: Path) -> None:
    adding = Path(__file__).with_name("adding_process.py")
    command = [sys.executable, str(adding), "many", str(tmp_path / "capsules")]
    adders = [
        subprocess.Popen([*command, tag, "15"], stdout=subprocess.PIPE, text=True) for tag in ("one", "two")
    ]
    cleaned = 0
    while any(adder.poll() is None for adder in adders):
        assert store.clean().removed == 0
        cleaned += 1
    ids = [line for adder in adders for line in adder.communicate()[0].split()]
    assert cleaned > 1
    assert len(ids) == 30
    assert all(verify_stored(store, capsule_id).ok for capsule_id in ids)


@pytest.mark.usefixtures("posix")
def test_a_kill_in_the_middle_leaves_every_capsule(store: Store, tmp_path: Path) -> None:
    capsule = store.add(make_sample())
    for letter in "01234":
        leave(tmp_path / "capsules", letter)
    child = os.fork()
    if child == 0:
        unlink, done = os.unlink, []

        def dying(path: Path, **more: int) -> None:
            if path.name == path.parent.name[0] * 64:
                done.append(path)
            if len(done) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            unlink(path, **more)

        os.unlink = dying  # type: ignore[assignment]
        store.clean()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert verify_stored(store, capsule.id).ok
    assert store.clean().removed == 3
    assert verify_stored(store, capsule.id).ok


# -- removing ----------------------------------------------------------------------------------


def test_a_removed_capsule_is_gone_and_takes_no_file_of_another(store: Store, tmp_path: Path) -> None:
    first = store.add(make_sample({"shared.py": "x = 1\n", "own.py": "y = 1\n"}))
    second = store.add(make_sample({"shared.py": "x = 1\n", "other.py": "z = 1\n"}, parents=(first.id,)))
    assert store.remove(first.id).id == first.id
    assert store.clean().removed == 3, "its manifest, its evidence and the file of its own"
    assert [summary.id for summary in store.list()] == [second.id]
    assert verify_stored(store, second.id).ok
    with pytest.raises(CapsuleError, match="There is no capsule"):
        store.remove(first.id)


def test_of_a_name_the_newest_goes_and_the_one_before_is_there_again(store: Store) -> None:
    first = store.add(make_sample({"a.py": "x = 1\n"}))
    second = store.add(make_sample({"a.py": "x = 2\n"}, parents=(first.id,)))
    assert store.remove("tally").id == second.id
    assert store.get("tally").id == first.id


def test_a_renewed_capsule_does_not_come_back_with_its_old_evidence(store: Store, tmp_path: Path) -> None:
    capsule = store.add(make_sample())
    store.add(make_sample({"other.py": "x = 1\n"}, name="other"))
    store.add(make_sample({"b.py": "x = 1\n"}))
    store.add(make_sample(evidence=make_evidence(status="unverified")), renew=True)
    records = list((tmp_path / "capsules/records").glob(f"*{capsule.id}.json"))
    assert len(records) == 2
    store.remove(capsule.id)
    assert capsule.id not in {summary.id for summary in store.list()}


def test_a_damaged_capsule_can_be_removed_and_then_the_store_can_be_cleaned(
    store: Store, tmp_path: Path
) -> None:
    kept = store.add(make_sample({"b.py": "x = 1\n"}, name="other"))
    capsule = store.add(make_sample())
    record = next((tmp_path / "capsules/records").glob(f"*{capsule.id}.json"))
    record.write_bytes(b"{}")
    assert f"capsule remove {capsule.id[:12]}" in store.clean().reason
    assert store.remove(capsule.id[:12]).id == capsule.id
    told = store.clean()
    assert told.reason == ""
    assert told.removed > 3
    assert verify_stored(store, kept.id).ok

"""The store when processes die, meet, or find the disk full."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from capsule_samples import make_sample
from quantumlayer.engine.capsule.archive import read_archive, write_archive
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.verify import verify_stored
from quantumlayer.engine.errors import StorageError

PROGRAM = Path(__file__).with_name("adding_process.py")
BIG = {f"f{number}.txt": f"{number} " * 40_000 for number in range(8)}


def start(*args: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(PROGRAM), *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.usefixtures("posix")
@pytest.mark.parametrize("kind", ["kill", "sealed"])
def test_a_kill_at_any_step_of_adding_leaves_all_or_nothing(tmp_path: Path, kind: str) -> None:
    with start(kind, tmp_path) as process:
        lines = [list(map(int, line.split())) for line in process.stdout or ()]
    assert process.returncode == 0
    assert len(lines) > 20
    assert [killed for _, killed, *_ in lines] == [1] * (len(lines) - 1) + [0]
    for step, _, old_is_there, nothing_else, sound, addable, strays in lines:
        assert (old_is_there, nothing_else, sound, addable, strays) == (1, 1, 1, 1, 0), (
            f"killed at step {step}"
        )


@pytest.mark.usefixtures("posix")
def test_what_was_acknowledged_before_a_kill_at_any_time_is_there(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    for round_number in range(4):
        with start("many", tmp_path / "capsules", round_number, 500) as process:
            assert process.stdout is not None
            acknowledged.append(process.stdout.readline().strip())
            time.sleep(0.05 + 0.07 * round_number)
            process.kill()
            acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    store = Store(tmp_path / "capsules")
    listed = [summary.id for summary in store.list()]
    assert set(acknowledged) <= set(listed)
    assert len(set(listed)) == len(listed)
    assert all(verify_stored(store, ref).ok for ref in listed)


def test_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    processes = [start("many", tmp_path / "capsules", tag, 15) for tag in ("a", "b", "c")]
    printed = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    store = Store(tmp_path / "capsules")
    listed = [summary.id for summary in store.list()]
    assert sorted(listed) == sorted(ref for ids in printed for ref in ids)
    for ids in printed:
        assert [ref for ref in listed if ref in ids] == ids[::-1], "newest first, for each process"
    assert all(verify_stored(store, ref).ok for ref in listed)


def test_reading_while_others_add_never_fails(tmp_path: Path) -> None:
    store = Store(tmp_path / "capsules")
    store.add(make_sample({"own.py": "x = 0\n"}))
    reads = 0
    with start("many", tmp_path / "capsules", "a", 25) as process:
        while process.poll() is None:
            assert all(not summary.problem for summary in store.list())
            store.get("tally")
            reads += 1
    assert reads > 10
    assert len(store.list()) == 26


def test_capsules_that_become_the_newest_in_turn_are_never_out_of_sight(tmp_path: Path) -> None:
    store = Store(tmp_path / "capsules")
    both = [store.add(make_sample({"a.py": f"x = {number}\n"})).id for number in range(2)]
    processes = [start("turns", tmp_path / "capsules", 150) for _ in range(2)]
    while any(process.poll() is None for process in processes):
        assert {summary.id for summary in store.list() if not summary.problem} == set(both)
        assert [store.get(ref).id for ref in both] == both
    assert [process.communicate()[0] for process in processes] == ["", ""]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(list(tmp_path.rglob("records/*.json"))) <= 3, "records that were replaced are swept"


# -- a full disk -------------------------------------------------------------------------------

Disk = tuple[Path, Callable[[], AbstractContextManager[None]]]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """A folder, and a time in which large writes there fail: a tmpfs of its own, or a limit on files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    mounted = (
        sys.platform == "linux" and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    )
    try:
        yield folder, contextlib.nullcontext if mounted else limited_files
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def limited_files() -> Iterator[None]:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("posix")
def test_a_full_disk_is_said_and_loses_nothing(small_disk: Disk) -> None:
    folder, while_full = small_disk
    store = Store(folder / "capsules")
    kept = store.add(make_sample())
    with while_full(), pytest.raises(StorageError, match="is full") as caught:
        store.add(make_sample(BIG))
    assert caught.value.setting == "storage.data_dir"
    assert [summary.id for summary in store.list()] == [kept.id]
    assert verify_stored(store, kept.id).ok
    assert list((folder / "capsules" / "unfinished").iterdir()) == []


@pytest.mark.usefixtures("posix")
def test_a_full_disk_leaves_the_archive_that_was_there(small_disk: Disk) -> None:
    folder, while_full = small_disk
    target = write_archive(make_sample(), "qlcapsule", folder)
    with while_full(), pytest.raises(StorageError, match="is full"):
        write_archive(make_sample(BIG), "qlcapsule", folder)
    assert read_archive(target) == make_sample()
    assert [path.name for path in folder.iterdir()] == ["tally.qlcapsule"]


def test_a_store_where_a_file_stands_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "capsules").write_text("not a folder")
    store = Store(tmp_path / "capsules")
    for use in (store.list, lambda: store.add(make_sample())):
        with pytest.raises(StorageError, match="capsules"):
            use()

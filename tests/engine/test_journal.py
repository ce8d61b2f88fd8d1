"""The journal: what it acknowledged is there, whatever happened to its process, its disk or its files."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from quantumlayer.engine.errors import StorageError
from quantumlayer.engine.journal import Journal

LARGE = "x" * 200_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
async def journal(folder: Path) -> AsyncIterator[Journal]:
    opened = Journal(folder)
    yield opened
    await opened.aclose()


class Work:
    """A step's work that counts how often it was done, and that can be held up."""

    def __init__(self, result: Any = "done") -> None:
        self.result = result
        self.runs = 0
        self.ended = 0
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> Any:
        self.runs += 1
        try:
            await self.go.wait()
        finally:
            self.ended += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def program(text: str, *arguments: object, **more: Any) -> "subprocess.Popen[str]":
    """Another process that uses a journal; `text` is its program, without the common beginning."""
    head = (
        "import asyncio, os, sys\nfrom pathlib import Path\nfrom quantumlayer.engine.journal import Journal\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(text), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def database(folder: Path) -> "contextlib.closing[sqlite3.Connection]":
    return contextlib.closing(sqlite3.connect(folder / "journal.sqlite"))


# -- steps -------------------------------------------------------------------------------------


async def test_a_result_is_reused_whatever_the_order_of_its_inputs(journal: Journal) -> None:
    work = Work({"text": "ünïcode \ud800", "number": 1.5, "none": None})
    first = await journal.step("ask", {"a": 1, "b": 2}, work)
    again = await journal.step("ask", {"b": 2, "a": 1}, work)
    assert first == (work.result, False)
    assert again == (work.result, True)
    assert work.runs == 1


async def test_another_kind_or_other_inputs_are_another_step(journal: Journal) -> None:
    work = Work()
    for kind, inputs in (("ask", 1), ("run", 1), ("ask", "1"), ("ask", [1])):
        assert (await journal.step(kind, inputs, work))[1] is False
    assert work.runs == 4


async def test_nothing_as_a_result_is_a_result(journal: Journal) -> None:
    work = Work(None)
    await journal.step("ask", 1, work)
    assert await journal.step("ask", 1, work) == (None, True)


async def test_a_result_is_reused_in_another_process(folder: Path) -> None:
    writer = program(
        """
        async def work():
            return {"pid": os.getpid(), "large": "x" * 200_000}
        async def main():
            journal = Journal(Path(sys.argv[1]))
            result, reused = await journal.step("ask", {"q": 1}, work)
            print(result["pid"], reused)
        asyncio.run(main())
        os._exit(0)
        """,
        folder,
    )
    out, _ = writer.communicate(timeout=60)
    journal, work = Journal(folder), Work()
    result, reused = await journal.step("ask", {"q": 1}, work)
    await journal.aclose()
    assert out.split() == [str(writer.pid), "False"]
    assert (result["pid"], reused, work.runs) == (writer.pid, True, 0)
    assert result["large"] == LARGE


async def test_processes_that_write_the_same_keys_agree_on_one_result(folder: Path) -> None:
    text = """
        async def main():
            journal = Journal(Path(sys.argv[1]))
            for number in range(40):
                await journal.put("ask", number, {"pid": os.getpid(), "number": number})
            await journal.aclose()
        asyncio.run(main())
    """
    writers = [program(text, folder) for _ in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    journal = Journal(folder)
    first = [await journal.get("ask", number) for number in range(40)]
    await journal.put("ask", 0, "something else")
    again = await journal.get("ask", 0)
    await journal.aclose()
    assert [result["number"] for result in first] == list(range(40))
    assert {result["pid"] for result in first} <= {writer.pid for writer in writers}
    assert again == first[0]


async def test_work_that_raises_is_not_recorded(journal: Journal) -> None:
    failing = Work(RuntimeError("no"))
    with pytest.raises(RuntimeError, match="no"):
        await journal.step("ask", 1, failing)
    assert await journal.get("ask", 1) is None
    assert await journal.step("ask", 1, Work("yes")) == ("yes", False)


async def test_the_same_step_at_once_runs_once(journal: Journal) -> None:
    work = Work()
    results = await asyncio.gather(*(journal.step("ask", 1, work) for _ in range(5)))
    assert work.runs == 1
    assert {result for result, _ in results} == {"done"}


# -- cancelling --------------------------------------------------------------------------------


async def _waiting(journal: Journal, work: Work, count: int) -> "list[asyncio.Task[Any]]":
    work.go.clear()
    tasks = [asyncio.create_task(journal.step("ask", 1, work)) for _ in range(count)]
    async with asyncio.timeout(10):
        while not work.runs:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
    return tasks


async def test_a_cancelled_waiter_leaves_the_work_to_the_others(journal: Journal) -> None:
    work = Work()
    first, second, third = await _waiting(journal, work, 3)
    first.cancel()
    third.cancel()
    await asyncio.wait([first, third], timeout=5)
    assert first.cancelled()
    assert third.cancelled()
    assert work.ended == 0
    work.go.set()
    assert await second == ("done", False)
    assert work.runs == 1


async def test_the_last_waiter_that_is_cancelled_ends_the_work(journal: Journal) -> None:
    work = Work()
    tasks = await _waiting(journal, work, 2)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=5)
    assert all(task.cancelled() for task in tasks)
    assert (work.runs, work.ended) == (1, 1)
    assert await journal.get("ask", 1) is None
    work.go.set()
    assert await journal.step("ask", 1, work) == ("done", False)


async def test_who_joins_a_step_that_is_being_cancelled_gets_a_run_of_its_own(journal: Journal) -> None:
    begun, ending = asyncio.Event(), asyncio.Event()

    async def slow_to_end() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await asyncio.sleep(0.05)
        return "never"

    first = asyncio.create_task(journal.step("ask", 1, slow_to_end))
    await begun.wait()
    first.cancel()
    await ending.wait()
    work = Work("anew")
    results = await asyncio.gather(*(journal.step("ask", 1, work) for _ in range(2)))
    assert results == [("anew", False)] * 2
    assert work.runs == 1
    await asyncio.wait([first], timeout=5)
    assert first.cancelled()


async def test_closing_ends_what_runs(folder: Path) -> None:
    journal, work = Journal(folder), Work()
    (task,) = await _waiting(journal, work, 1)
    await journal.aclose()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    assert work.ended == 1


# -- damage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["garbage", "torn", "page"])
async def test_a_damaged_database_is_set_aside_and_the_journal_works(folder: Path, damage: str) -> None:
    journal = Journal(folder)
    for number in range(200):
        await journal.put("ask", number, "y" * 200)
    await journal.aclose()
    file = folder / "journal.sqlite"
    content = file.read_bytes()
    broken = {
        "garbage": b"this is no database" * 1000,
        "torn": content[:100] + bytes(len(content) - 100),
        "page": content[:4096] + b"\xff" * (len(content) - 4096),
    }[damage]
    file.write_bytes(broken)

    journal, work = Journal(folder), Work()
    assert await journal.step("ask", 1, work) == ("done", False)
    assert await journal.step("ask", 1, work) == ("done", True)
    await journal.aclose()
    (kept,) = folder.glob("journal.sqlite.damaged-*")
    assert kept.read_bytes() == broken


async def test_of_two_who_meet_the_damage_only_the_first_sets_aside(folder: Path) -> None:
    second = Journal(folder)
    many = list(range(1500))  # more than SQLite keeps in memory
    await second.put_many("ask", [(number, "y" * 5000) for number in many])
    file = folder / "journal.sqlite"
    for part in (file, file.with_name("journal.sqlite-wal")):
        with part.open("r+b") as opened:
            opened.write(b"this is no database" * (part.stat().st_size // 19 + 1))
    first = Journal(folder)
    await first.put("ask", -1, "made after it")
    await second.get_many("ask", many)
    await second.put("ask", -2, "by the other one")
    assert await first.get_many("ask", [-1, -2]) == ["made after it", "by the other one"]
    await first.aclose()
    await second.aclose()
    assert len(list(folder.glob("journal.sqlite.damaged-*"))) == 1


async def test_a_result_that_cannot_be_read_is_made_again(folder: Path) -> None:
    journal, work = Journal(folder), Work("good")
    await journal.step("ask", 1, work)
    with database(folder) as opened:
        opened.execute("UPDATE steps SET result = ?", (b'{"cut": "of',))
        opened.commit()
    assert await journal.step("ask", 1, work) == ("good", False)
    assert await journal.step("ask", 1, work) == ("good", True)
    await journal.aclose()


@pytest.mark.parametrize("damage", ["missing", "changed", "empty"])
async def test_a_damaged_large_result_is_made_again(journal: Journal, folder: Path, damage: str) -> None:
    work = Work(LARGE)
    await journal.step("ask", 1, work)
    (blob,) = (path for path in (folder / "blobs").rglob("*") if path.is_file())
    if damage == "missing":
        blob.unlink()
    else:
        blob.write_bytes(b"" if damage == "empty" else blob.read_bytes()[:-2] + b'z"')
    assert await journal.step("ask", 1, work) == (LARGE, False)
    assert await journal.step("ask", 1, work) == (LARGE, True)
    assert work.runs == 2


# -- the disk ----------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB. Needs the right to mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)("cannot mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.parametrize("size", [2_000, 100_000], ids=["small results", "large results"])
async def test_a_full_disk_loses_nothing_that_was_acknowledged(small_disk: Path, size: int) -> None:
    journal = Journal(small_disk / "journal")
    kept = 0

    async def fill() -> None:
        nonlocal kept
        for number in range(10_000):
            await journal.put("ask", number, {"number": number, "text": "x" * size})
            kept = number + 1

    with pytest.raises(StorageError, match="full") as caught:
        await fill()
    assert caught.value.next_step
    assert caught.value.setting == "storage.data_dir"
    assert kept > 2
    await journal.aclose()

    reopened = Journal(small_disk / "journal")
    found = [await reopened.get("ask", number) for number in range(kept)]
    await reopened.aclose()
    assert [result and result["number"] for result in found] == list(range(kept))
    assert not list((small_disk / "journal").glob("*.damaged-*"))
    assert not list((small_disk / "journal").rglob(".??*"))


async def test_many_results_at_once_on_a_full_disk_say_so(small_disk: Path) -> None:
    journal = Journal(small_disk / "journal")
    await journal.put("ask", 1, "first")
    many = [(number, "x" * 2000) for number in range(2, 2000)]
    with pytest.raises(StorageError, match=r"The disk that holds .* is full"):
        await journal.put_many("ask", many)
    assert await journal.get("ask", 1) == "first"
    assert await journal.get_many("ask", [number for number, _ in many]) == [None] * len(many)
    await journal.aclose()


async def test_a_disk_without_room_to_begin_is_told_as_full(small_disk: Path) -> None:
    """SQLite speaks of an I/O error then."""
    (small_disk / "fill").write_bytes(bytes(1024 * 1024 - 28 * 1024))
    journal = Journal(small_disk / "journal")
    with pytest.raises(StorageError, match="is full"):
        await journal.put("ask", 1, "first")
    (small_disk / "fill").unlink()
    await journal.put("ask", 1, "first")
    assert await journal.get("ask", 1) == "first"
    await journal.aclose()


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
async def test_a_file_that_may_not_grow_loses_nothing_that_was_acknowledged(folder: Path) -> None:
    writer = program(
        """
        import resource
        from quantumlayer.engine.errors import StorageError
        async def main():
            journal = Journal(Path(sys.argv[1]))
            await journal.put("ask", -1, "first")
            resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
            try:
                for number in range(10_000):
                    await journal.put("ask", number, "x" * 2000)
                    print(number, flush=True)
            except StorageError as error:
                print(error.setting, flush=True)
        asyncio.run(main())
        os._exit(0)
        """,
        folder,
    )
    *acknowledged, ending = writer.communicate(timeout=60)[0].split()
    assert ending == "storage.data_dir"
    assert len(acknowledged) > 5
    await _holds(folder, [int(number) for number in acknowledged])


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "file" / "journal")
    with pytest.raises(StorageError, match="journal") as caught:
        await journal.put("ask", 1, "x")
    await journal.aclose()
    assert caught.value.next_step


# -- sudden ends -------------------------------------------------------------------------------


async def test_what_was_acknowledged_survives_kill_at_any_moment(folder: Path) -> None:
    writes = """
        async def main():
            journal = Journal(Path(sys.argv[1]))
            number = int(sys.argv[2])
            while True:
                text = "x" * (100_000 if number % 5 == 0 else 300)
                await asyncio.gather(*(journal.put("ask", number + part, text) for part in range(3)))
                print(number, number + 1, number + 2, flush=True)
                number += 3
        asyncio.run(main())
    """
    acknowledged: list[int] = []
    rounds = 0
    end = time.monotonic() + 10
    while time.monotonic() < end and rounds < 25:
        writer = program(writes, folder, rounds * 100_000, start_new_session=True)
        assert writer.stdout is not None
        seen = writer.stdout.readline()
        await asyncio.sleep(random.uniform(0, 0.15))
        writer.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        seen += writer.communicate(timeout=30)[0]
        whole = seen.rpartition("\n")[0]
        acknowledged += [int(number) for number in whole.split()]
        rounds += 1
    assert rounds >= 3
    await _holds(folder, acknowledged)


async def _holds(folder: Path, numbers: list[int]) -> None:
    """Every one of these keys has its result, and the database is whole."""
    journal = Journal(folder)
    missing = [number for number in numbers if await journal.get("ask", number) is None]
    await journal.aclose()
    assert missing == []
    assert not list(folder.glob("*.damaged-*"))
    with database(folder) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = opened.execute("SELECT result FROM steps WHERE result IS NOT NULL")
        for (result,) in rows:
            json.loads(result)

"""What keeps the journal from growing: what goes and what stays, with others at work, killed at any time."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quantumlayer.engine import journal as journal_module
from quantumlayer.engine.database import Database
from quantumlayer.engine.journal import Journal
from quantumlayer.engine.journal_trim import DAY, Keep, Trimmed, trim

LARGE = "x" * 100_000
ALL = Keep(days=30, megabytes=1000)
OLD = time.time() - 40 * DAY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
async def journal(folder: Path) -> AsyncIterator[Journal]:
    opened = Journal(folder)
    yield opened
    await opened.aclose()


def age(folder: Path, kind: str, at: float = OLD) -> None:
    with contextlib.closing(sqlite3.connect(folder / "journal.sqlite", timeout=30)) as opened:
        opened.execute("UPDATE steps SET at = ? WHERE kind = ?", (at, kind))
        opened.commit()


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "blobs").rglob("*") if path.is_file()]


async def until(condition: object) -> None:
    for _ in range(400):
        if condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize("result", ["small", LARGE], ids=["small", "large"])
async def test_what_nobody_used_for_long_goes(journal: Journal, folder: Path, result: str) -> None:
    await journal.put("old", 1, result + "1")
    await journal.put("new", 1, result + "2")
    age(folder, "old")
    told = await journal.trim(ALL)
    assert told.results == 1
    assert told.freed >= len(result)
    assert await journal.get("old", 1) is None
    assert await journal.get("new", 1) == result + "2"
    assert len(files(folder)) == (result == LARGE)


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
async def test_what_is_used_again_stays(journal: Journal, folder: Path, many: bool) -> None:
    await journal.put("old", 1, "kept")
    age(folder, "old")
    assert (await journal.get_many("old", [1])) == ["kept"] if many else await journal.get("old", 1) == "kept"
    assert (await journal.trim(ALL)).results == 0
    assert await journal.get("old", 1) == "kept"


async def test_a_file_that_two_results_share_stays_for_the_second(journal: Journal, folder: Path) -> None:
    await journal.put("old", 1, LARGE)
    await journal.put("new", 1, LARGE)
    age(folder, "old")
    await journal.trim(ALL)
    assert await journal.get("old", 1) is None
    assert await journal.get("new", 1) == LARGE


async def test_beyond_its_size_what_waited_longest_goes_first(journal: Journal, folder: Path) -> None:
    for number in range(30):
        await journal.put(f"at {number}", 1, f"{number}{LARGE}")
        age(folder, f"at {number}", time.time() - (20 - number / 10) * DAY)
    told = await journal.trim(Keep(days=30, megabytes=1))
    left = [number for number in range(30) if await journal.get(f"at {number}", 1) is not None]
    assert 0 < len(left) < 12
    assert left == list(range(30 - len(left), 30))
    assert told.kept <= 1_000_000


async def test_what_was_used_today_stays_however_much_it_is(journal: Journal) -> None:
    for number in range(30):
        await journal.put("new", number, f"{number}{LARGE}")
    told = await journal.trim(Keep(days=1, megabytes=1))
    assert (told.results, told.files) == (0, 0)
    assert await journal.get_many("new", list(range(30))) == [f"{number}{LARGE}" for number in range(30)]


async def test_files_that_no_result_names_go(journal: Journal, folder: Path) -> None:
    await journal.put("new", 1, LARGE)
    [named] = files(folder)
    stray, unfinished = named.with_name("0" * 64), named.with_name(f".{named.name[:40]}.0123456789abcdef")
    stray.write_bytes(b"left by a killed process")
    unfinished.write_bytes(b"left in the middle")
    damaged = folder / "journal.sqlite.damaged-20200101-000000"
    damaged.write_bytes(b"an old one")
    os.utime(damaged, (OLD, OLD))
    told = await journal.trim(ALL)
    assert told.files == 2
    assert files(folder) == [named]
    assert not damaged.exists()
    assert await journal.get("new", 1) == LARGE


async def test_the_room_goes_back_to_the_disk(journal: Journal, folder: Path) -> None:
    await journal.put_many("old", [(number, "y" * 5000) for number in range(1000)])
    age(folder, "old")
    before = (folder / "journal.sqlite").stat().st_size + (folder / "journal.sqlite-wal").stat().st_size
    await journal.trim(ALL)
    after = (folder / "journal.sqlite").stat().st_size + (folder / "journal.sqlite-wal").stat().st_size
    assert before > 5_000_000
    assert after < 500_000


async def test_it_happens_by_itself_once_a_day(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_SETTLED_S", 0.0)

    async def put_and_age(kind: str) -> Journal:
        journal = Journal(folder, ALL)
        await journal.put(kind, 1, kind)
        age(folder, kind)
        return journal

    first = await put_and_age("first")
    await first.aclose()
    second = Journal(folder, ALL)
    await second.get("other", 1)
    await until(lambda: (folder / "trimmed").exists())
    await second.aclose()
    third = await put_and_age("third")
    await asyncio.sleep(0.3)
    await third.aclose()
    with contextlib.closing(sqlite3.connect(folder / "journal.sqlite")) as opened:
        assert [kind for (kind,) in opened.execute("SELECT kind FROM steps")] == ["third"]


async def test_a_journal_that_stays_open_is_trimmed_again(
    journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_SETTLED_S", 0.0)
    monkeypatch.setattr(journal_module, "_LOOK_AGAIN_S", 0.05)
    await journal.put("new", 1, "kept")
    await until(lambda: (folder / "trimmed").exists())
    await journal.put("old", 1, "a day later")
    age(folder, "old", time.time() - 100 * DAY)
    os.utime(folder / "trimmed", (OLD, OLD))
    await until(lambda: (folder / "trimmed").stat().st_mtime > OLD + DAY)
    assert (await journal.get("old", 1), await journal.get("new", 1)) == (None, "kept")


async def test_closing_leaves_nothing_behind(folder: Path) -> None:
    before = asyncio.all_tasks()
    unused, used = Journal(folder), Journal(folder)
    await used.put("ask", 1, 1)
    await unused.aclose()
    await used.aclose()
    assert asyncio.all_tasks() == before


async def test_steps_go_on_while_it_is_trimmed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The background's work is taken in small pieces, and closing does not wait for all of them."""
    monkeypatch.setattr(journal_module, "_SETTLED_S", 0.0)
    journal = Journal(folder, ALL)
    await journal.put_many("old", [(number, "y" * 500) for number in range(5000)])
    age(folder, "old")
    for number in range(20):
        await journal.put("new", number, number)
        await asyncio.sleep(0.01)
    await journal.aclose()
    again = Journal(folder)
    assert await again.get_many("new", list(range(20))) == list(range(20))
    await again.aclose()


# -- others at work, and kills -----------------------------------------------------------------

WRITER = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from quantumlayer.engine.journal import Journal

    async def main():
        journal = Journal(Path(sys.argv[1]))
        for number in range(60):
            await journal.put(sys.argv[2], number, f"{number}" + "x" * 100_000)
        await journal.aclose()

    asyncio.run(main())
""")


async def test_no_file_is_swept_from_under_those_who_write(journal: Journal, folder: Path) -> None:
    """They all write the same texts, which a sweep may find without a name for them at any time."""
    await journal.put("first", 1, 1)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), f"writer {number}"])
        for number in range(2)
    ]
    sweeps = 0
    while any(writer.poll() is None for writer in writers):
        age(folder, "writer 0")
        await journal.trim(ALL)
        sweeps += 1
        await asyncio.sleep(0)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sweeps > 1
    assert await journal.get_many("writer 1", list(range(60))) == [f"{n}" + "x" * 100_000 for n in range(60)]


def trim_and_die(folder: Path, step: int) -> None:
    """Trims in a process that ends with SIGKILL at its `step`th file, transaction or mark."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    class Counting(Database):
        def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
            count()
            return super().execute(statement, values)

    unlink = os.unlink

    def counting(path: str, **more: int) -> None:
        count()
        unlink(path, **more)

    os.unlink = counting  # type: ignore[assignment]
    for _ in trim(Counting(folder / "journal.sqlite", ""), folder, ALL, Trimmed()):
        count()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
async def test_a_kill_at_any_step_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    killed = 0
    for step in range(1, 200):
        folder = tmp_path / str(step)
        journal = Journal(folder)
        for number in range(3):
            await journal.put("old", number, f"old {number}{LARGE}")
            await journal.put("new", number, f"new {number}{LARGE}")
        await journal.aclose()
        age(folder, "old")
        child = os.fork()
        if child == 0:
            trim_and_die(folder, step)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        again = Journal(folder)
        assert await again.get_many("new", [0, 1, 2]) == [f"new {number}{LARGE}" for number in range(3)]
        await again.trim(ALL)
        assert len(files(folder)) == 3
        assert await again.get_many("old", [0, 1, 2]) == [None] * 3
        await again.aclose()
        if ended == 0:
            break
        killed += 1
    assert killed > 10

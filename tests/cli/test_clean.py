"""`quantumlayer clean`: what a user is told, and what is gone afterwards."""

import contextlib
import sqlite3
import time
from pathlib import Path

from support.command import Cli


def old_results(home: Path) -> None:
    """What a journal looks like that was used half a year ago."""
    with contextlib.closing(sqlite3.connect(home / "data/journal/journal.sqlite")) as opened:
        opened.execute("UPDATE steps SET at = ?", (time.time() - 180 * 24 * 3600,))
        opened.commit()


def results(home: Path) -> int:
    with contextlib.closing(sqlite3.connect(home / "data/journal/journal.sqlite")) as opened:
        return int(opened.execute("SELECT COUNT(*) FROM steps").fetchone()[0])


def validated(cli: Cli) -> int:
    (cli.folder / "a.py").write_text("x = 1\n")
    assert cli("validate", "a.py", "--stages", "syntax,style").status == 0
    return results(cli.home)


def test_what_was_not_used_for_long_is_removed_and_made_again(cli: Cli) -> None:
    made = validated(cli)
    assert made > 0
    old_results(cli.home)
    ended = cli("clean")
    assert ended.status == 0
    assert f"journal: {made} piece" in ended.out
    assert "capsules: 0 pieces removed" in ended.out
    assert results(cli.home) == 0
    assert validated(cli) == made


def test_what_is_new_stays_and_scripts_read_json(cli: Cli) -> None:
    made = validated(cli)
    places = {place["what"]: place for place in cli("clean", "--days", "1", "--json").json}
    assert (places["journal"]["removed"], places["capsules"]["removed"]) == (0, 0)
    assert places["journal"]["kept"] > 0
    assert results(cli.home) == made


def test_a_number_of_days_below_one_is_wrong_usage(cli: Cli) -> None:
    assert cli("clean", "--days", "0").status == 2


def test_a_damaged_capsule_is_said_and_keeps_the_files(cli: Cli) -> None:
    record = cli.home / "data/capsules/records" / f"{1:012d}-{'0' * 16}-{'1' * 64}.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    (cli.home / "data/capsules/blobs/ab").mkdir(parents=True)
    blob = cli.home / "data/capsules/blobs/ab" / ("ab" * 32)
    blob.write_text("perhaps a part of it")
    ended = cli("clean")
    assert ended.status == 1
    assert "nothing of the capsules was removed" in ended.err
    assert "quantumlayer capsule remove 111111111111" in ended.err
    assert blob.exists()
    assert cli("capsule", "remove", "111111111111").out == f"removed a damaged capsule, {'1' * 64}\n"
    assert not blob.exists()
    assert cli("clean").status == 0
    assert cli("capsule", "remove", "111111111111").status == 1

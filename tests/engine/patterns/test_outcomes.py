"""What is recorded of runs: kept across processes, by kind, counted once, and gone when it is to be."""

import sqlite3
from pathlib import Path

import pytest
from quantumlayer.engine.errors import StorageError
from quantumlayer.engine.patterns.outcomes import Outcome, Outcomes


def outcome(key: str, *on: str, bucket: str = "simple, clear", share: float = 1.0) -> Outcome:
    return Outcome(
        key=key, bucket=bucket, patterns=on, samples=4, share=share, verified=share == 1, model="m",  # type: ignore[arg-type]
        tokens=10, seconds=1.0,
    )  # fmt: skip


@pytest.fixture
def outcomes(tmp_path: Path) -> Outcomes:
    return Outcomes(tmp_path)


def test_nothing_is_recorded_yet_and_asking_makes_no_file(outcomes: Outcomes, tmp_path: Path) -> None:
    assert (outcomes.count(), outcomes.of("simple, clear"), outcomes.records()) == (0, {}, ())
    assert outcomes.reset() == 0
    assert list(tmp_path.iterdir()) == []


def test_runs_with_a_pattern_are_told_from_those_without(outcomes: Outcomes, tmp_path: Path) -> None:
    outcomes.record(outcome("a", "uncertainty", "abstraction", share=0.8))
    outcomes.record(outcome("b", "uncertainty", share=0.4))
    outcomes.record(outcome("c", share=0.1))
    outcomes.record(outcome("d", share=0.9, bucket="complex, vague"))
    found = Outcomes(tmp_path).of("simple, clear")
    assert found["uncertainty"].with_it.share == pytest.approx(0.6)
    assert found["uncertainty"].without.share == pytest.approx(0.1)
    assert found["abstraction"].without.runs == 2
    assert set(found) == {"uncertainty", "abstraction", "dialectical"}, (
        "what cannot be switched cannot be compared"
    )
    (first, *_) = outcomes.records()
    assert (first.bucket, first.runs_with, first.runs_without) == ("complex, vague", 0, 1)


def test_the_same_run_again_counts_once(outcomes: Outcomes) -> None:
    outcomes.record(outcome("a", "uncertainty", share=0.2))
    outcomes.record(outcome("a", "uncertainty", share=0.7))
    assert outcomes.count() == 1
    assert outcomes.of("simple, clear")["uncertainty"].with_it.share == pytest.approx(0.7)


def test_all_of_it_can_be_forgotten(outcomes: Outcomes) -> None:
    outcomes.record(outcome("a"))
    outcomes.record(outcome("b"))
    assert outcomes.reset() == 2
    assert outcomes.count() == 0
    outcomes.record(outcome("c"))
    assert outcomes.count() == 1


def test_a_damaged_file_is_told_and_goes_with_a_reset(outcomes: Outcomes, tmp_path: Path) -> None:
    outcomes.record(outcome("a"))
    (tmp_path / "patterns.sqlite").write_bytes(b"this is no database at all, and never was one" * 40)
    with pytest.raises(StorageError, match=r"patterns\.sqlite cannot be used"):
        outcomes.records()
    assert outcomes.reset() == 0
    outcomes.record(outcome("b"))
    assert outcomes.count() == 1


def test_nothing_of_a_brief_is_kept(outcomes: Outcomes, tmp_path: Path) -> None:
    outcomes.record(outcome("a" * 64, "uncertainty"))
    with sqlite3.connect(tmp_path / "patterns.sqlite") as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(outcomes)")]
    assert columns == [
        "key", "at", "bucket", "patterns", "samples", "share", "verified", "model", "tokens", "seconds",
    ]  # fmt: skip

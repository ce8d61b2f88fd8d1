"""What came of runs: one row for each, in a file that all processes of a user share.

A row says which kind of brief it was, which patterns were on, and which share of the checks passed. Nothing
of the brief or of the project is in it. The same run again takes the place of its row.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..database import Database, is_damage
from ..disk import guard_disk, storage_error
from ..errors import StorageError
from ..types import PatternName, PatternRecord, Value
from .catalogue import BUILT, META_LEARNING
from .prior import Compared, Counted

T = TypeVar("T")
_SETTING = "storage.data_dir"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outcomes (
    key TEXT PRIMARY KEY, at REAL NOT NULL, bucket TEXT NOT NULL, patterns TEXT NOT NULL,
    samples INTEGER NOT NULL, share REAL NOT NULL, verified INTEGER NOT NULL, model TEXT NOT NULL,
    tokens INTEGER NOT NULL, seconds REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS outcomes_bucket ON outcomes (bucket);
"""
_COMPARED = tuple(one.name for one in BUILT if one.name != META_LEARNING and one.follows is None)


class Outcome(Value):
    key: str
    """Of what decided the run."""
    bucket: str
    patterns: tuple[PatternName, ...]
    samples: int
    share: float
    """Of the checks that passed, those of the brief counting more."""
    verified: bool
    model: str
    tokens: int
    seconds: float


class Outcomes:
    """Each call opens the file and closes it; none may run on an event loop. All raise StorageError."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "patterns.sqlite"

    def record(self, outcome: Outcome) -> None:
        values = (
            outcome.key, time.time(), outcome.bucket, json.dumps(outcome.patterns), outcome.samples,
            outcome.share, outcome.verified, outcome.model, outcome.tokens, outcome.seconds,
        )  # fmt: skip
        statement = "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self._with(lambda database: database.execute(statement, values))

    def count(self) -> int:
        if not self._file.exists():
            return 0
        select = "SELECT COUNT(*) FROM outcomes"
        return int(self._with(lambda database: database.execute(select).fetchone()[0]))

    def of(self, bucket: str) -> dict[PatternName, Compared]:
        """For each pattern what came of such briefs with it and without it."""
        return self._compared(bucket).get(bucket, {})

    def records(self) -> tuple[PatternRecord, ...]:
        return tuple(
            PatternRecord(
                bucket=bucket,
                name=name,
                runs_with=round(seen.with_it.runs),
                share_with=round(seen.with_it.share, 3),
                runs_without=round(seen.without.runs),
                share_without=round(seen.without.share, 3),
            )
            for bucket, compared in sorted(self._compared("").items())
            for name, seen in compared.items()
        )

    def reset(self) -> int:
        """Forgets all of it; returns how many runs that were. A damaged file goes as a whole."""
        try:
            count = self.count()
        except StorageError as error:
            if not isinstance(error.__cause__, sqlite3.Error) or not is_damage(error.__cause__):
                raise
            count = 0
            with guard_disk(self._file, _SETTING):
                for file in self._file.parent.glob(f"{self._file.name}*"):
                    file.unlink()
        if count:
            self._with(lambda database: database.execute("DELETE FROM outcomes"))
        return count

    def _compared(self, bucket: str) -> dict[str, dict[PatternName, Compared]]:
        """By kind of brief; of one alone, or of all where none is named."""
        found: dict[str, dict[PatternName, Compared]] = {}
        if not self._file.exists():
            return found
        select = "SELECT bucket, patterns, share FROM outcomes WHERE ? IN ('', bucket) ORDER BY at"
        rows = self._with(lambda database: database.execute(select, (bucket,)).fetchall())
        for kind, patterns, share in rows:
            on = set(json.loads(patterns))
            one = Counted(runs=1, good=share)
            for name in _COMPARED:
                seen = Compared(with_it=one) if name in on else Compared(without=one)
                mine = found.setdefault(kind, {})
                mine[name] = mine.get(name, Compared()) + seen
        return found

    def _with(self, call: Callable[[Database], T]) -> T:
        database = Database(self._file, _SCHEMA)
        try:
            return call(database)
        except (sqlite3.Error, OSError) as error:
            raise storage_error(error, self._file, _SETTING) from error
        finally:
            database.close()

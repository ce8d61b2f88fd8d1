"""The ledger: every call that was sent, what it took and how it ended. No key, no prompt, no answer.

A call is written before it is sent, at its worst price, and corrected when it ends. So the month's sum
holds across processes, and a call whose process was killed counts in full: it may have been paid.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..database import Database
from ..disk import storage_error

T = TypeVar("T")
ROUNDING = 1e-9
"""Sums of many prices are this far, at most, from their true value, in USD."""
OPEN = "open"
"""Outcome of a call that has not ended, or whose process was killed."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, at REAL NOT NULL, month TEXT NOT NULL,
    purpose TEXT NOT NULL, model TEXT NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    cost_usd REAL NOT NULL, seconds REAL NOT NULL, outcome TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_month ON calls (month, cost_usd);
"""


class Spent(NamedTuple):
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


class Ledger:
    """One SQLite file for all processes of a user; its disk work happens on a thread of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._database = Database(file, _SCHEMA)

    async def reserve(self, run: str, purpose: str, model: str, worst: Spent, month_usd: float) -> int | None:
        """Writes an open call and returns its number, or None if it would pass the month's limit."""
        return await self._on_thread(self._reserve, run, purpose, model, worst, month_usd)

    async def settle(self, call: int, spent: Spent, seconds: float, outcome: str) -> None:
        await self._on_thread(self._settle, call, spent, seconds, outcome)

    async def month_usd(self) -> float:
        """What this calendar month (UTC) cost so far, open calls at their worst."""
        return await self._on_thread(self._month_usd)

    async def aclose(self) -> None:
        await self._on_thread(self._database.close)
        self._thread.shutdown(wait=False)

    async def _on_thread(self, call: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, call, *args)

    # -- on the ledger's thread ----------------------------------------------------------------

    def _guarded(self, call: Callable[..., T], *args: Any) -> T:
        try:
            return call(*args)
        except (sqlite3.Error, OSError) as error:
            raise storage_error(error, self._file, "storage.data_dir") from error

    def _reserve(self, run: str, purpose: str, model: str, worst: Spent, month_usd: float) -> int | None:
        with self._database.transaction():
            if worst.cost_usd > 0 and self._month_usd() + worst.cost_usd > month_usd + ROUNDING:
                return None
            cursor = self._database.execute(
                "INSERT INTO calls (run, at, month, purpose, model, tokens_in, tokens_out, cost_usd,"
                " seconds, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
                (run, time.time(), _month(), purpose, model, *worst, OPEN),
            )
            return cursor.lastrowid

    def _settle(self, call: int, spent: Spent, seconds: float, outcome: str) -> None:
        self._database.execute(
            "UPDATE calls SET tokens_in = ?, tokens_out = ?, cost_usd = ?, seconds = ?, outcome = ?"
            " WHERE id = ?",
            (*spent, round(seconds, 3), outcome, call),
        )

    def _month_usd(self) -> float:
        query = "SELECT COALESCE(SUM(cost_usd), 0) FROM calls WHERE month = ?"
        return float(self._database.execute(query, (_month(),)).fetchone()[0])


def _month() -> str:
    return time.strftime("%Y-%m", time.gmtime())

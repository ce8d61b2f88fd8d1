"""A SQLite file that several processes share and that survives a kill or a loss of power."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path


class Database:
    """Opened on first use, on the thread that uses it."""

    def __init__(self, file: Path, schema: str) -> None:
        self.file = file
        self._schema = schema
        self._connection: sqlite3.Connection | None = None

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        return self._open().execute(statement, values)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """What is executed inside is done whole or not at all; other processes wait for its end."""
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            # A full disk ends a transaction by itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            opened = sqlite3.connect(self.file, isolation_level=None, timeout=30, check_same_thread=False)
            try:
                opened.execute("PRAGMA journal_mode=WAL")
                opened.execute("PRAGMA synchronous=FULL")
                opened.executescript(self._schema)
            except BaseException:
                opened.close()
                raise
            self._connection = opened
        return self._connection


def is_sound(file: Path) -> bool:
    """Whether SQLite finds nothing wrong with a file that nobody of this process has open."""
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=30)) as opened:
            return bool(opened.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return False


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is wrong, as opposed to a disk that is full or a lock that is held."""
    operational = isinstance(error, sqlite3.OperationalError)
    return isinstance(error, sqlite3.DatabaseError) and (not operational or "malformed" in str(error))

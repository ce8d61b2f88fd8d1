"""Gateways over the scripted provider, sharing one folder, and a look at what they leave there."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from quantumlayer.engine.events import Event
from quantumlayer.engine.journal import Journal
from quantumlayer.engine.llm.gateway import Gateway
from quantumlayer.settings import BudgetSettings, ModelSettings, Settings, StorageSettings

from .scripted_server import ScriptedServer


class Bench:
    """Makes gateways that share one folder, and reads what they left there."""

    def __init__(self, folder: Path, server: ScriptedServer) -> None:
        self.folder = folder
        self.server = server
        self.events: list[Event] = []
        self._opened: list[Gateway | Journal] = []

    def settings(
        self, *, usd: float = 1.0, month_usd: float = 50.0, tokens: int = 400_000, **models: Any
    ) -> Settings:
        defaults = {"model": "openai/scripted", "api_base": self.server.base_url, "timeout_s": 5.0}
        return Settings(
            models=ModelSettings(**{**defaults, **models}),
            budget=BudgetSettings(usd=usd, month_usd=month_usd, tokens=tokens),
            storage=StorageSettings(data_dir=self.folder / "data", cache_dir=self.folder / "cache"),
        )

    def gateway(self, settings: Settings | None = None, *, run: str = "run", **options: Any) -> Gateway:
        journal = Journal(self.folder / "data" / "journal")
        gateway = Gateway(settings or self.settings(**options), journal, emit=self.events.append, run=run)
        self._opened += [gateway, journal]
        return gateway

    def ledger(self) -> list[dict[str, Any]]:
        with contextlib.closing(sqlite3.connect(self.folder / "data" / "ledger.sqlite")) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("SELECT * FROM calls ORDER BY id")]

    def kept(self) -> int:
        """How many answers are durable."""
        file = self.folder / "data" / "journal" / "journal.sqlite"
        if not file.exists():
            return 0
        with contextlib.closing(sqlite3.connect(file)) as database:
            made = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'steps'").fetchone()
            return int(database.execute("SELECT COUNT(*) FROM steps").fetchone()[0]) if made else 0

    def outcomes(self) -> list[str]:
        return [row["outcome"] for row in self.ledger()]

    def bytes_on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())

    async def aclose(self) -> None:
        for opened in self._opened:
            await opened.aclose()

"""Wishes to an engine with a scripted model."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quantumlayer import Engine
from quantumlayer.engine.types import Help, Wish
from quantumlayer.settings import (
    BudgetSettings,
    GenerateSettings,
    ModelSettings,
    SandboxSettings,
    Settings,
    StorageSettings,
)
from support.command import fenced
from support.scripted_server import Reply, ScriptedServer, Seen

KINDS = {
    "Complete this:": "implement",
    "test engineer": "checks",
    "has a problem": "mend",
    "Document this:": "annotate",
    "the comment asks for": "comment",
}


class Desk:
    """Wishes of a user whose model says what a test scripts."""

    def __init__(self, engine: Engine, server: ScriptedServer) -> None:
        self.engine = engine
        self.server = server

    def answers(self, **scripted: Any) -> None:
        """By what is asked for, one of `KINDS`: code, a list with one code for each candidate, or a Reply."""

        def answer(seen: Seen) -> Any:
            kind = next(kind for words, kind in KINDS.items() if words in seen.prompt)
            step = scripted[kind]
            step = step(seen) if isinstance(step, Callable) else step  # type: ignore[arg-type]
            if isinstance(step, Reply):
                return step
            codes = step if isinstance(step, list) else [step]
            return Reply([fenced(codes[number % len(codes)]) for number in range(seen.choices)])

        self.server.script(answer)

    async def wish(self, task: str, text: str, at: str, **more: Any) -> Help:
        line = next(number for number, row in enumerate(text.split("\n")) if at in row)
        given = {"path": "mod.py", "test_file": "test_mod.py", **more}
        return await self.engine.assist(Wish(task=task, text=text, line=line, **given))  # type: ignore[arg-type]

    @property
    def asked(self) -> list[str]:
        return [re.sub(r"\s+", " ", seen.prompt) for seen in self.server.requests]


def settings(folder: Path, server: ScriptedServer, sandbox: str, **budget: Any) -> Settings:
    return Settings(
        models=ModelSettings(model="openai/test", api_base=server.base_url, retries=0, timeout_s=20.0),
        budget=BudgetSettings(**budget),
        generate=GenerateSettings(samples=3),
        sandbox=SandboxSettings(engine=sandbox, seconds=20),  # type: ignore[arg-type]
        storage=StorageSettings(data_dir=folder / "data", cache_dir=folder / "cache"),
    )

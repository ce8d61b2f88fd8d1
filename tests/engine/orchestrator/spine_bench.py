"""An engine over a scripted author, with storage of its own, and a record of what it said and did."""

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quantumlayer import Engine
from quantumlayer.engine.events import Event, RunFinished
from quantumlayer.engine.types import Brief, Capsule
from quantumlayer.settings import (
    BudgetSettings,
    GenerateSettings,
    ModelSettings,
    SandboxSettings,
    Settings,
    StorageSettings,
    ValidateSettings,
)
from support.command import fenced
from support.scripted_server import Reply, ScriptedServer, Seen

_FILE = re.compile(r"(?:Write the complete file|Complete the Python code of) `([^`]+)`")
_KINDS = {
    "software architect": "plan",
    "test engineer": "checks",
    "Write a correct `": "repair",
    "Complete this:": "repair",
}


def kind_of(seen: Seen) -> str:
    """`plan`, `checks`, `repair`, or the path of the file that is asked for."""
    if (match := _FILE.search(seen.prompt)) is not None:
        return match[1]
    return next(kind for words, kind in _KINDS.items() if words in seen.prompt)


class Author:
    """Answers by what is asked for. An answer is a step of the scripted server, or a list of steps for
    one request after the other, whose last one stays."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.prompts: list[str] = []

    def __call__(self, seen: Seen) -> Any:
        kind = kind_of(seen)
        self.asked.append(kind)
        self.prompts.append(seen.prompt)
        answer = self.answers[kind]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer(seen) if callable(answer) else answer


def dealt(*answers: str) -> Callable[[Seen], Reply]:
    """One text after the other, as many as are asked for; the last one again and again."""
    left = list(answers)
    return lambda seen: Reply(text=[left.pop(0) if len(left) > 1 else left[0] for _ in range(seen.choices)])


class Spine:
    """Runs briefs through engines that share one folder and one provider."""

    def __init__(self, folder: Path, cache: Path, server: ScriptedServer, sandbox: str) -> None:
        self.folder = folder
        self.cache = cache
        self.server = server
        self.sandbox = sandbox
        self.events: list[Event] = []

    def script(self, **answers: Any) -> Author:
        """`slug=...` is the answer for `slug.py`; `plan`, `checks` and `repair` are those steps."""
        steps = ("plan", "checks", "repair")
        author = Author({name if name in steps else f"{name}.py": step for name, step in answers.items()})
        self.server.script(author)
        return author

    def settings(self, **sections: dict[str, Any]) -> Settings:
        models = {
            "model": "openai/test",
            "api_base": self.server.base_url,
            "retries": 0,
            "timeout_s": 20.0,
            **sections.get("models", {}),
        }
        return Settings(
            models=ModelSettings(**models),
            budget=BudgetSettings(**sections.get("budget", {})),
            generate=GenerateSettings(
                **{
                    "samples": 1,
                    "waves": 0,
                    "draws": 0,
                    "search": False,
                    "repair_rounds": 1,
                    **sections.get("generate", {}),
                }
            ),
            validate=ValidateSettings(**sections.get("validate", {})),
            sandbox=SandboxSettings(**{"engine": self.sandbox, "seconds": 20, **sections.get("sandbox", {})}),
            storage=StorageSettings(data_dir=self.folder / "data", cache_dir=self.cache),
        )

    async def generate(
        self, brief: str, emit: Callable[[Event], None] | None = None, **sections: dict[str, Any]
    ) -> Capsule:
        def record(event: Event) -> None:
            self.events.append(event)
            if emit is not None:
                emit(event)

        self.events.clear()
        async with Engine(self.settings(**sections)) as engine:
            return await engine.generate(Brief(text=brief), emit=record)

    @property
    def kinds(self) -> list[str]:
        """The kinds of the last run's events, in order, each once where it repeats itself."""
        kinds = [event.kind for event in self.events]
        return [kind for kind, before in zip(kinds, ["", *kinds], strict=False) if kind != before]

    @property
    def finished(self) -> RunFinished:
        (event,) = (event for event in self.events if isinstance(event, RunFinished))
        assert event is self.events[-1]
        return event

    @property
    def prompts(self) -> list[str]:
        return [seen.prompt for seen in self.server.requests]

    def answers_kept(self) -> int:
        file = self.folder / "data" / "journal" / "journal.sqlite"
        with contextlib.closing(sqlite3.connect(file)) as database:
            return int(database.execute("SELECT COUNT(*) FROM steps WHERE kind = 'model'").fetchone()[0])

    def bytes_on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in (self.folder / "data").rglob("*") if path.is_file())


def reason(capsule: Capsule) -> str:
    assert capsule.evidence.verdict.status == "unverified"
    return "; ".join(capsule.evidence.verdict.reasons)


def texts(capsule: Capsule) -> dict[str, str]:
    return {file.path: file.text for file in capsule.files}


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def code(text: str) -> str:
    return fenced(text)

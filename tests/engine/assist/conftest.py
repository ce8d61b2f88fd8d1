"""An engine with a scripted model and this machine's quickest sandbox."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from assist_desk import Desk, settings
from quantumlayer import Engine
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import open_sandbox
from quantumlayer.settings import SandboxSettings, Settings
from support.scripted_server import ScriptedServer


@pytest.fixture(autouse=True)
def only_our_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QUANTUMLAYER_API_KEY", "sk-test-0123456789abcdef")


@pytest.fixture(scope="session")
def engine_of_sandbox() -> str:
    """The quickest engine of this machine; without one the test is skipped, or fails if all is required."""

    async def attempt(engine: str) -> None:
        opened = await open_sandbox(Settings(sandbox=SandboxSettings(engine=engine)))  # type: ignore[arg-type]
        await opened.aclose()

    errors = []
    for engine in ("bubblewrap", "docker"):
        try:
            asyncio.run(attempt(engine))
        except SandboxError as error:
            errors.append(str(error))
        else:
            return engine
    (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(" ".join(errors))


@pytest.fixture
async def desk(tmp_path: Path, scripted: ScriptedServer, engine_of_sandbox: str) -> AsyncIterator[Desk]:
    async with Engine(settings(tmp_path, scripted, engine_of_sandbox)) as engine:
        yield Desk(engine, scripted)


@pytest.fixture
async def dry(tmp_path: Path, scripted: ScriptedServer) -> AsyncIterator[Desk]:
    """Without a sandbox."""
    async with Engine(settings(tmp_path, scripted, "none")) as engine:
        yield Desk(engine, scripted)


@pytest.fixture
async def poor(tmp_path: Path, scripted: ScriptedServer) -> AsyncIterator[Desk]:
    """With a budget that no call fits into."""
    async with Engine(settings(tmp_path, scripted, "none", tokens=1)) as engine:
        yield Desk(engine, scripted)

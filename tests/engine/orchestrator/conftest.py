"""A spine with a real sandbox, and one without any."""

import asyncio
import os
from pathlib import Path

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import open_sandbox
from quantumlayer.settings import SandboxSettings, Settings
from spine_bench import Spine
from support.scripted_server import ScriptedServer

KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def only_our_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QUANTUMLAYER_API_KEY", KEY)


@pytest.fixture(scope="session")
def sandbox_engine() -> str:
    """The quickest engine of this machine; without one the test is skipped, or fails if all is required."""
    errors = []
    for engine in ("bubblewrap", "docker"):
        try:
            asyncio.run(_try(engine))
        except SandboxError as error:
            errors.append(str(error))
        else:
            return engine
    (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(" ".join(errors))


async def _try(engine: str) -> None:
    opened = await open_sandbox(Settings(sandbox=SandboxSettings(engine=engine)))  # type: ignore[arg-type]
    await opened.aclose()


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what can be made again (wheels, caches), one for all tests of this folder."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def spine(tmp_path: Path, wheels: Path, scripted: ScriptedServer, sandbox_engine: str) -> Spine:
    return Spine(tmp_path, wheels, scripted, sandbox_engine)


@pytest.fixture
def dry(tmp_path: Path, wheels: Path, scripted: ScriptedServer) -> Spine:
    """Without a sandbox: for what happens before anything is run."""
    return Spine(tmp_path, wheels, scripted, "none")

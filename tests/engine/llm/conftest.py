"""A gateway over the scripted provider, with storage of its own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from quantumlayer.engine.llm.types import Message, Request
from support.gateway_bench import Bench
from support.scripted_server import ScriptedServer

KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def only_our_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "AZURE_API_KEY", "AZURE_API_BASE", "GROQ_API_KEY"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "OLLAMA_HOST"),
        *("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QUANTUMLAYER_API_KEY", KEY)


@pytest.fixture
async def bench(tmp_path: Path, scripted: ScriptedServer) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path, scripted)
    yield bench
    await bench.aclose()


@pytest.fixture
def question() -> Callable[..., Request]:
    def make(text: str = "What is two and two?", **fields: Any) -> Request:
        return Request(purpose="test", messages=(Message(role="user", content=text),), **fields)

    return make

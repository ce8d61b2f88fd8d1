"""Which model answers, when the settings leave it open."""

import asyncio
import json
from collections.abc import Callable

import pytest
from quantumlayer.engine.errors import ModelError
from quantumlayer.engine.llm.providers import deployments, is_loopback, list_providers, named
from quantumlayer.engine.llm.types import Request
from support.gateway_bench import Bench
from support.scripted_server import HANG, Reply, ScriptedServer, fail

NOWHERE = "http://127.0.0.1:9"


async def first(bench: Bench, model: str = "auto", api_base: str = "") -> str:
    return (await deployments(bench.settings(model=model, api_base=api_base)))[0].name


@pytest.fixture(autouse=True)
def no_ollama(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", NOWHERE)


@pytest.mark.parametrize(
    ("keys", "model"),
    [
        (("ANTHROPIC_API_KEY",), "anthropic/"),
        (("OPENAI_API_KEY",), "openai/"),
        (("AZURE_API_KEY", "AZURE_API_BASE"), "azure/"),
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"), "bedrock/"),
        (("GROQ_API_KEY",), "groq/"),
        (("OPENAI_API_KEY", "ANTHROPIC_API_KEY"), "anthropic/"),
        (("AZURE_API_KEY",), "embedded/"),
        ((), "embedded/"),
    ],
)
async def test_keys_in_the_environment_choose(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...], model: str
) -> None:
    for key in keys:
        monkeypatch.setenv(key, "x" * 20)
    assert (await first(bench)).startswith(model)


async def test_a_model_that_is_set_wins_over_keys(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "x" * 20)
    assert await first(bench, "groq/some-model") == "groq/some-model"
    assert await first(bench, "embedded/smollm2-135m") == "embedded/smollm2-135m"


async def test_ollama_is_found_and_a_model_for_code_preferred(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer(models=("llama3:8b", "qwen2.5-coder:7b")) as ollama:
        monkeypatch.setenv("OLLAMA_HOST", ollama.url)
        assert await first(bench) == "ollama/qwen2.5-coder:7b"
        infos = {info.name: info for info in await list_providers(bench.settings(model="auto", api_base=""))}
    assert infos["ollama/qwen2.5-coder:7b"].active
    assert infos["ollama/llama3:8b"].available
    assert not infos["ollama/llama3:8b"].active


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("[::1]:9", "http://[::1]:9"),
        ("[::]:9", "http://[::1]:9"),
        ("http://[::1]:9/", "http://[::1]:9"),
        ("0.0.0.0:9", "http://127.0.0.1:9"),
        (":9", "http://127.0.0.1:9"),
        ("127.0.0.1:port", "http://127.0.0.1:port"),
        ("http://[::1", "http://[::1"),
    ],
)
async def test_every_form_of_ollamas_address_is_asked_or_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, host: str, asked: str
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    infos = {info.name: info for info in await list_providers(bench.settings(model="auto", api_base=""))}
    assert infos["ollama/NAME"].detail == f"Ollama: nothing answers at {asked}"
    assert (await first(bench)).startswith("embedded/")


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:11434", True),
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://127.models.example.net/v1", False),
        ("http://127.0.0.1.example.net/v1", False),
        ("http://localhost.example.net/v1", False),
        ("http://127.0.0.1@example.net/v1", False),
        ("http://10.0.0.1/v1", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_only_this_machine_is_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) is here


async def test_a_server_of_ones_own_is_asked_for_its_model(bench: Bench) -> None:
    assert await first(bench, api_base=bench.server.base_url) == "openai/scripted"
    assert await first(bench, "my-model", bench.server.base_url) == "openai/my-model"


async def test_a_server_that_lists_nothing_is_explained(bench: Bench) -> None:
    with pytest.raises(ModelError, match="does not list its models"):
        await first(bench, api_base=NOWHERE)


async def test_what_each_provider_needs_is_listed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "x" * 20)
    infos = {
        info.name.split("/")[0]: info
        for info in await list_providers(bench.settings(model="auto", api_base=""))
    }
    assert (infos["groq"].available, infos["groq"].active) == (True, True)
    assert not infos["anthropic"].available
    assert "ANTHROPIC_API_KEY" in infos["anthropic"].detail
    assert not infos["ollama"].available


def test_well_known_names_need_no_provider() -> None:
    assert named("claude-sonnet-5").name == "anthropic/claude-sonnet-5"
    assert named("gpt-5.4-mini").name == "openai/gpt-5.4-mini"


def test_a_key_is_not_shown_with_its_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    assert "sk-very-secret" not in repr(named("openai/gpt-5.4-mini"))


# -- each protocol on the wire -------------------------------------------------------------------

WIRES = [
    ("anthropic/claude-sonnet-5", "/v1/messages"),
    ("groq/openai/gpt-oss-120b", "/chat/completions"),
    ("azure/gpt-5.4-mini", "/openai/deployments/gpt-5.4-mini/chat/completions"),
    ("ollama/qwen2.5-coder", "/v1/chat/completions"),
]
Ask = Callable[..., Request]


@pytest.fixture
def with_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "GROQ_API_KEY", "AZURE_API_KEY"):
        monkeypatch.setenv(name, "wire-key-0123456789")
    monkeypatch.setenv("AZURE_API_VERSION", "2025-01-01-preview")


@pytest.fixture(params=WIRES, ids=[model.split("/")[0] for model, _ in WIRES])
def wire(request: pytest.FixtureRequest, with_keys: None) -> tuple[str, str]:
    return request.param


async def test_every_protocol_answers(bench: Bench, question: Ask, wire: tuple[str, str]) -> None:
    model, path = wire
    bench.server.script(Reply("one answer", usage=(7, 3)), Reply("def f(", finish="length"))
    gateway = bench.gateway(model=model, api_base=bench.server.url)
    (whole,) = await gateway.ask(question("One?"))
    (short,) = await gateway.ask(question("Two?"))
    assert bench.server.requests[0].path.split("?")[0] == path
    assert (whole.text, whole.finish, whole.model) == ("one answer", "stop", model)
    assert (whole.usage.tokens_in, whole.usage.tokens_out) == (7, 3)
    assert (short.text, short.finish) == ("def f(", "length")


async def test_every_protocol_gives_several_samples(
    bench: Bench, question: Ask, wire: tuple[str, str]
) -> None:
    numbers = iter(range(100))
    bench.server.script(lambda seen: Reply((f"answer {next(numbers)}",)))
    answers = await bench.gateway(model=wire[0], api_base=bench.server.url).ask(question(samples=3))
    assert sorted(answer.text for answer in answers) == ["answer 0", "answer 1", "answer 2"]


@pytest.mark.parametrize(
    "trouble", [fail(500), fail(429, "wait", retry_after="0"), Reply("half an answer", piece=4, cut_after=4)]
)
async def test_every_protocol_is_asked_again_after_trouble(
    bench: Bench, question: Ask, wire: tuple[str, str], trouble: Reply
) -> None:
    bench.server.script(trouble, "whole")
    (answer,) = await bench.gateway(model=wire[0], api_base=bench.server.url).ask(question())
    assert answer.text == "whole"


async def test_every_protocol_stops_at_a_refused_key(
    bench: Bench, question: Ask, wire: tuple[str, str]
) -> None:
    bench.server.script(fail(401, "wire-key-0123456789 is wrong"))
    with pytest.raises(ModelError) as caught:
        await bench.gateway(model=wire[0], api_base=bench.server.url).ask(question())
    assert "refused the key" in caught.value.cause
    assert "wire-key" not in str(caught.value)
    assert len(bench.server.requests) == 1


@pytest.mark.parametrize("reply", [HANG, Reply("word " * 10_000, pace=0.01)], ids=["silent", "writing"])
async def test_every_protocol_is_cancelled_within_two_seconds(
    bench: Bench, question: Ask, wire: tuple[str, str], reply: Reply
) -> None:
    bench.server.script(reply)
    asking = asyncio.create_task(bench.gateway(model=wire[0], api_base=bench.server.url).ask(question()))
    while not bench.server.requests:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await asyncio.to_thread(bench.server.requests[0].left.wait, 2)


async def test_every_protocol_carries_a_schema(bench: Bench, question: Ask, wire: tuple[str, str]) -> None:
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
    bench.server.script({"colour": "red"})
    gateway = bench.gateway(model=wire[0], api_base=bench.server.url)
    (answer,) = await gateway.ask(question(json_schema=schema))
    assert json.loads(answer.text) == {"colour": "red"}
    assert "colour" in json.dumps(bench.server.requests[0].body)

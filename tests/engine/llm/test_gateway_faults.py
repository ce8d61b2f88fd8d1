"""What the gateway does when a provider fails, and that no key is ever told."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from quantumlayer.engine.errors import ModelError
from quantumlayer.engine.events import Notice
from quantumlayer.engine.llm.types import Request
from support.gateway_bench import Bench
from support.scripted_server import HANG, Reply, ScriptedServer, Seen, fail

Ask = Callable[..., Request]
KEY = "sk-test-0123456789abcdef"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_not_tried_again_and_its_variable_is_named(
    bench: Bench, question: Ask, status: int
) -> None:
    bench.server.script(fail(status, "no access"))
    with pytest.raises(ModelError) as caught:
        await bench.gateway().ask(question())
    assert "QUANTUMLAYER_API_KEY" in caught.value.next_step
    assert len(bench.server.requests) == 1
    assert bench.outcomes() == ["auth"]


async def test_a_missing_key_is_named_before_anything_is_sent(bench: Bench, question: Ask) -> None:
    with pytest.raises(ModelError, match="ANTHROPIC_API_KEY is not set"):
        await bench.gateway(model="anthropic/claude-sonnet-5", api_base="").ask(question())


async def test_an_unknown_model_is_named(bench: Bench, question: Ask) -> None:
    bench.server.script(fail(404, "no such model"))
    with pytest.raises(ModelError, match="does not know the model openai/scripted"):
        await bench.gateway().ask(question())
    assert len(bench.server.requests) == 1


async def test_a_model_without_a_provider_is_explained(bench: Bench, question: Ask) -> None:
    with pytest.raises(ModelError, match="names no provider"):
        await bench.gateway(model="wonder", api_base="").ask(question())


async def test_too_many_requests_are_repeated_when_the_server_says(bench: Bench, question: Ask) -> None:
    bench.server.script(fail(429, "slow down", retry_after="1"), "four")
    (answer,) = await bench.gateway().ask(question())
    first, second = bench.server.requests
    assert answer.text == "four"
    assert 1.0 <= second.at - first.at < 3.0
    assert bench.outcomes() == ["rate", "ok"]


async def test_a_date_to_retry_after_is_understood(bench: Bench, question: Ask) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    bench.server.script(fail(503, "busy", retry_after=soon), "four")
    await bench.gateway().ask(question())
    first, second = bench.server.requests
    assert 0.5 <= second.at - first.at < 4.0


async def test_a_wait_that_is_too_long_is_an_error_at_once(bench: Bench, question: Ask) -> None:
    bench.server.script(fail(429, "quota used up", retry_after="86400"))
    started = time.monotonic()
    with pytest.raises(ModelError, match="takes no more requests now: quota used up"):
        await bench.gateway().ask(question())
    assert time.monotonic() - started < 5


async def test_a_server_error_is_repeated(bench: Bench, question: Ask) -> None:
    bench.server.script(fail(500), fail(502), "four")
    (answer,) = await bench.gateway().ask(question())
    assert answer.text == "four"
    assert bench.outcomes() == ["server", "server", "ok"]


async def test_retries_end(bench: Bench, question: Ask) -> None:
    bench.server.script(lambda seen: fail(500, "broken"))
    with pytest.raises(ModelError, match="broken"):
        await bench.gateway(retries=2).ask(question())
    assert len(bench.server.requests) == 3


@pytest.mark.parametrize("after", [0, 1, 3])
async def test_a_silent_server_is_left_and_asked_again(bench: Bench, question: Ask, after: int) -> None:
    bench.server.script(Reply("four " * 20, hang_after=after), "four")
    (answer,) = await bench.gateway(timeout_s=1.0).ask(question())
    assert answer.text == "four"
    assert await asyncio.to_thread(bench.server.requests[0].left.wait, 2)
    assert bench.outcomes() == ["timeout", "ok"]


async def test_a_slow_answer_is_not_a_silent_one(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply("word " * 12, piece=5, pace=0.15))
    (answer,) = await bench.gateway(timeout_s=1.0).ask(question())
    assert answer.text == "word " * 12


async def test_waiting_in_line_for_a_local_model_is_not_silence(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply("four", delay=1.2))
    gateway = bench.gateway(model="ollama/local", api_base=bench.server.url, timeout_s=0.5, retries=0)
    (answer,) = await gateway.ask(question())
    assert answer.text == "four"


@pytest.mark.parametrize("after", [0, 2])
async def test_a_cut_stream_is_asked_again(bench: Bench, question: Ask, after: int) -> None:
    bench.server.script(Reply("half of an answer, no more", cut_after=after), "whole")
    (answer,) = await bench.gateway().ask(question())
    assert answer.text == "whole"
    assert bench.outcomes() == ["cut", "ok"]


async def test_an_answer_without_its_end_is_not_taken_for_whole(bench: Bench, question: Ask) -> None:
    choice = {"index": 0, "delta": {"content": "half"}, "finish_reason": None}
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
    headers = {"Content-Type": "text/event-stream"}
    bench.server.script(Reply(body=f"data: {json.dumps(chunk)}\n\n", headers=headers), "whole")
    (answer,) = await bench.gateway().ask(question())
    assert answer.text == "whole"


@pytest.mark.parametrize("body", ["<html>gateway timeout</html>", "data: {not json\n\n", ""])
async def test_noise_instead_of_a_stream_is_asked_again(bench: Bench, question: Ask, body: str) -> None:
    bench.server.script(Reply(body=body, headers={"Content-Type": "text/event-stream"}), "four")
    (answer,) = await bench.gateway().ask(question())
    assert answer.text == "four"


@pytest.mark.parametrize(
    "chunk",
    [
        {"object": "error", "message": "out of memory"},
        {"choices": None},
        {"choices": [{"index": 0, "delta": None, "finish_reason": None}]},
        {"choices": [{"index": None, "delta": {"content": "half"}, "finish_reason": None}]},
    ],
)
async def test_a_chunk_that_is_no_part_of_an_answer_is_a_cut(
    bench: Bench, question: Ask, chunk: dict[str, object]
) -> None:
    headers = {"Content-Type": "text/event-stream"}
    bench.server.script(Reply(body=f"data: {json.dumps(chunk)}\n\n", headers=headers), "whole")
    (answer,) = await bench.gateway().ask(question())
    assert answer.text == "whole"
    assert bench.outcomes() == ["cut", "ok"]


async def test_a_cut_batch_keeps_the_samples_that_were_whole(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply(("short", "long " * 40), piece=5, cut_after=10), "whole")
    first, second = await bench.gateway().ask(question(samples=2))
    assert (first.text, second.text) == ("short", "whole")
    assert [seen.choices for seen in bench.server.requests] == [2, 1]


async def test_an_unreachable_server_is_named(bench: Bench, question: Ask) -> None:
    with ScriptedServer() as gone:
        address = gone.base_url
    with pytest.raises(ModelError, match="cannot be reached"):
        await bench.gateway(api_base=address, retries=1).ask(question())
    assert bench.outcomes() == ["unreachable", "unreachable"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:port/v1", "http://[::1/v1", "http://a\nb/v1"])
async def test_what_is_no_address_is_told_as_unreachable(
    bench: Bench, question: Ask, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.delenv("QUANTUMLAYER_API_KEY")
    with pytest.raises(ModelError, match="cannot be reached"):
        await bench.gateway(api_base=address, retries=0).ask(question())
    with pytest.raises(ModelError, match="does not list its models"):
        await bench.gateway(model="auto", api_base=address).ask(question())
    monkeypatch.setenv("OLLAMA_HOST", address)
    with pytest.raises(ModelError, match="cannot be reached"):
        await bench.gateway(model="ollama/x", api_base="", retries=0).ask(question())


@pytest.mark.parametrize("who", ["ann:hunter22", "hunter22", "ann:hun:ter22@hunter22"])
async def test_credentials_in_an_address_are_not_told_or_kept(
    bench: Bench, question: Ask, caplog: pytest.LogCaptureFixture, who: str
) -> None:
    caplog.set_level(logging.DEBUG, "quantumlayer")
    with ScriptedServer() as gone:
        address = gone.base_url.replace("://", f"://{who}@")
    with pytest.raises(ModelError, match=r"cannot be reached at http://\[hidden\]@127\.0\.0\.1") as named:
        await bench.gateway(api_base=address, retries=0, fallbacks=("ollama/spare",)).ask(question())
    with pytest.raises(ModelError, match=r"the server at http://\[hidden\]@127\.0\.0\.1") as listed:
        await bench.gateway(model="auto", api_base=address).ask(question())
    told = f"{named.value} {listed.value} {bench.events!r} {caplog.text}"
    assert "ter22" not in told
    assert b"ter22" not in bench.bytes_on_disk()


async def test_the_next_deployment_answers_when_the_first_cannot(
    bench: Bench, question: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as other:
        monkeypatch.setenv("OLLAMA_HOST", other.url)
        other.script(lambda seen: "from the fallback")
        bench.server.script(lambda seen: fail(401))
        gateway = bench.gateway(fallbacks=("ollama/spare",))
        (answer,) = await gateway.ask(question())
        assert (answer.text, answer.model) == ("from the fallback", "ollama/spare")
        assert any(isinstance(event, Notice) and "refused the key" in event.message for event in bench.events)
        await gateway.ask(question("Another?"))
        assert len(bench.server.requests) == 1, "a refused key is not tried again in the same run"
        assert await gateway.model() == "openai/scripted"


async def test_a_fallback_answers_only_what_is_still_missing(
    bench: Bench, question: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as other:
        monkeypatch.setenv("OLLAMA_HOST", other.url)
        other.script("spare")
        bench.server.script(Reply(("short", "long " * 40), piece=5, cut_after=10), fail(401))
        answers = await bench.gateway(fallbacks=("ollama/spare",)).ask(question(samples=2))
    assert [(answer.text, answer.model) for answer in answers] == [
        ("short", "openai/scripted"),
        ("spare", "ollama/spare"),
    ]


async def test_every_failed_deployment_is_told(
    bench: Bench, question: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    bench.server.script(fail(401, "bad key"))
    with pytest.raises(ModelError) as caught:
        await bench.gateway(fallbacks=("ollama/spare",), retries=0).ask(question())
    assert "bad key" in caught.value.cause
    assert "ollama/spare cannot be reached" in caught.value.cause


async def test_one_failed_sample_does_not_lose_the_others(bench: Bench, question: Ask) -> None:
    def server(seen: Seen) -> object:
        return fail(400, "no") if seen.choices > 1 or seen.body["seed"] == 1 else f"seed {seen.body['seed']}"

    bench.server.script(server)
    answers = await bench.gateway().ask(question(samples=3))
    assert [(answer.text, answer.finish) for answer in answers] == [
        ("seed 0", "stop"),
        ("", "refused"),
        ("seed 2", "stop"),
    ]


@pytest.mark.parametrize(
    "reply", [HANG, Reply("word " * 10_000, pace=0.01), fail(429, "wait", retry_after="30")]
)
async def test_cancelling_ends_the_call_within_two_seconds(bench: Bench, question: Ask, reply: Reply) -> None:
    bench.server.script(reply)
    asking = asyncio.create_task(bench.gateway().ask(question()))
    while not bench.server.requests:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    started = time.monotonic()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert time.monotonic() - started < 2
    if reply.status == 200:
        assert await asyncio.to_thread(bench.server.requests[0].left.wait, 2)
        assert bench.outcomes() == ["cancelled"]


async def test_many_calls_are_cancelled_at_once(bench: Bench, question: Ask) -> None:
    bench.server.script(lambda seen: Reply("word " * 10_000, pace=0.01))
    gateway = bench.gateway(parallel=4)
    asking = [asyncio.create_task(gateway.ask(question(f"question {number}"))) for number in range(4)]
    while len(bench.server.requests) < 4:
        await asyncio.sleep(0.01)
    started = time.monotonic()
    for task in asking:
        await asyncio.sleep(0.005)
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    for seen in bench.server.requests:
        assert await asyncio.to_thread(seen.left.wait, 2)
    assert time.monotonic() - started < 2


async def test_no_key_is_told_or_kept(
    bench: Bench, question: Ask, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG, "quantumlayer")

    def echo(seen: Seen) -> Reply:
        return fail(401, f"key {KEY} is wrong; you sent Authorization: {seen.headers['Authorization']}")

    bench.server.script(echo)
    with pytest.raises(ModelError) as caught:
        await bench.gateway().ask(question())
    assert bench.server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    told = "".join(capfd.readouterr()) + caplog.text + str(caught.value) + repr(bench.events)
    chain: BaseException | None = caught.value
    while chain is not None:
        told += repr(chain)
        chain = chain.__cause__
    assert KEY not in told
    assert KEY.encode() not in bench.bytes_on_disk()
    assert "[hidden]" in caught.value.cause


async def test_prompts_and_answers_are_not_in_the_ledger(bench: Bench, question: Ask) -> None:
    bench.server.script("an answer like no other")
    await bench.gateway().ask(question("a prompt like no other"))
    assert "like no other" not in repr(bench.ledger())


async def test_openais_key_does_not_go_to_a_strangers_server(
    bench: Bench, question: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quantumlayer.engine.llm.providers import named

    monkeypatch.delenv("QUANTUMLAYER_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert named("openai/x", "https://models.example.net/v1").api_key == ""
    assert named("openai/x", "https://api.openai.com/v1").api_key == KEY
    assert named("openai/x", bench.server.base_url).api_key == KEY
    assert named("openai/x", "http://127.models.example.net/v1").api_key == ""

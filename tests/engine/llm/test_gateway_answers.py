"""What the gateway gives back: samples, finishes, reuse, events."""

import asyncio
import json
from collections.abc import Callable

import pytest
from quantumlayer.engine.errors import AnswerError
from quantumlayer.engine.events import ModelCalled, TokensStreamed
from quantumlayer.engine.llm.types import Message, Request
from support.gateway_bench import Bench
from support.scripted_server import Reply, Seen, fail

Ask = Callable[..., Request]
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


async def test_an_answer_carries_its_text_model_and_cost(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply("Four. \N{SNOWMAN}", usage=(7, 3)))
    (answer,) = await bench.gateway().ask(question())
    assert (answer.text, answer.finish, answer.model) == ("Four. \N{SNOWMAN}", "stop", "openai/scripted")
    assert (answer.usage.calls, answer.usage.tokens_in, answer.usage.tokens_out) == (1, 7, 3)
    assert not answer.reused


async def test_the_request_reaches_the_server_as_it_was_asked(bench: Bench, question: Ask) -> None:
    bench.server.script("yes")
    await bench.gateway().ask(question("Hi", temperature=0.7, seed=11, max_tokens=99, stop=("END",)))
    body = bench.server.requests[0].body
    assert body["messages"] == [{"role": "user", "content": "Hi"}]
    assert (body["temperature"], body["seed"], body["max_tokens"], body["stop"]) == (0.7, 11, 99, ["END"])
    assert body["stream"] is True


async def test_no_answer_is_longer_than_the_settings_allow(bench: Bench, question: Ask) -> None:
    bench.server.script("yes")
    await bench.gateway(max_tokens=50).ask(question(max_tokens=99))
    assert bench.server.requests[0].body["max_tokens"] == 50


async def test_samples_come_from_one_request_with_its_prompt_paid_once(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply(("one", "two two two two", "three"), usage=(10, 9)))
    gateway = bench.gateway()
    answers = await gateway.ask(question(samples=3, temperature=0.8))
    assert [answer.text for answer in answers] == ["one", "two two two two", "three"]
    assert [answer.sample for answer in answers] == [0, 1, 2]
    assert [seen.choices for seen in bench.server.requests] == [3]
    assert (gateway.usage.tokens_in, gateway.usage.tokens_out) == (10, 9)


async def test_each_sample_ends_in_its_own_way(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply(("loop " * 800, "fine"), piece=40))
    first, second = await bench.gateway().ask(question(samples=2))
    assert (first.finish, second.finish, second.text) == ("loop", "stop", "fine")


async def test_a_server_that_gives_one_answer_at_a_time_is_asked_again(bench: Bench, question: Ask) -> None:
    bench.server.script(lambda seen: Reply((f"seed {seen.body['seed']}",)))
    answers = await bench.gateway().ask(question(samples=3, seed=5))
    assert [answer.text for answer in answers] == ["seed 5", "seed 6", "seed 7"]


async def test_a_server_that_refuses_several_answers_is_asked_for_fewer(bench: Bench, question: Ask) -> None:
    bench.server.script(lambda seen: "yes" if seen.choices <= 2 else fail(400, "n is too large"))
    answers = await bench.gateway().ask(question(samples=4))
    assert [answer.text for answer in answers] == ["yes"] * 4
    assert [seen.choices for seen in bench.server.requests] == [4, 2, 2]


async def test_a_schema_is_sent_as_a_response_format(bench: Bench, question: Ask) -> None:
    bench.server.script({"name": "x"})
    (answer,) = await bench.gateway().ask(question(json_schema=SCHEMA))
    assert json.loads(answer.text) == {"name": "x"}
    assert bench.server.requests[0].body["response_format"]["json_schema"]["schema"] == SCHEMA


async def test_a_server_without_schemas_is_told_in_words(bench: Bench, question: Ask) -> None:
    def server(seen: Seen) -> object:
        return fail(400, "response_format is unknown") if "response_format" in seen.body else {"name": "x"}

    bench.server.script(server)
    (answer,) = await bench.gateway().ask(question(json_schema=SCHEMA))
    assert json.loads(answer.text) == {"name": "x"}
    assert json.dumps(SCHEMA) in bench.server.requests[-1].prompt


async def test_a_cut_answer_says_so(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply("def f(", finish="length"))
    (answer,) = await bench.gateway().ask(question())
    assert (answer.text, answer.finish) == ("def f(", "length")
    assert bench.outcomes() == ["length"]


async def test_a_loop_is_stopped_while_it_is_written(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply("assert f(1) == 2\n" * 20_000, piece=64, pace=0.001))
    (answer,) = await bench.gateway().ask(question())
    assert answer.finish == "loop"
    assert len(answer.text) < 5000
    assert await asyncio.to_thread(bench.server.requests[0].left.wait, 2)
    assert bench.outcomes() == ["loop"]


async def test_an_empty_answer_is_asked_once_more_with_another_seed(bench: Bench, question: Ask) -> None:
    bench.server.script("  \n", "four")
    (answer,) = await bench.gateway().ask(question())
    assert answer.text == "four"
    first, second = bench.server.requests
    assert first.body["seed"] != second.body["seed"]
    assert bench.outcomes() == ["empty", "ok"]


async def test_two_empty_answers_are_an_error(bench: Bench, question: Ask) -> None:
    bench.server.script("", "")
    with pytest.raises(AnswerError, match="empty"):
        await bench.gateway().ask(question())
    assert len(bench.server.requests) == 2


async def test_one_empty_sample_does_not_lose_the_others(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply(("one", "", "three")), "")
    answers = await bench.gateway().ask(question(samples=3))
    assert [(answer.text, answer.finish) for answer in answers] == [
        ("one", "stop"),
        ("", "refused"),
        ("three", "stop"),
    ]


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (("a \ud83d", "\ude00 b"), "a \N{GRINNING FACE} b"),
        (("a \ud83d", " b"), "a \N{REPLACEMENT CHARACTER} b"),
        (("a", "\ude00"), "a\N{REPLACEMENT CHARACTER}"),
    ],
)
async def test_no_answer_holds_half_a_character(
    bench: Bench, question: Ask, pieces: tuple[str, ...], text: str
) -> None:
    bench.server.script(stream(*({"content": piece} for piece in pieces)))
    (answer,) = await bench.gateway().ask(question())
    (again,) = await bench.gateway().ask(question())
    assert (answer.text, again.text, again.reused) == (text, text, True)


def stream(*deltas: dict[str, str] | None) -> Reply:
    """Chunks as they are given here, the last of them with a finish."""
    head = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    ends = [None] * (len(deltas) - 1) + ["stop"]
    choices = [
        {"index": 0, "delta": delta, "finish_reason": end} for delta, end in zip(deltas, ends, strict=True)
    ]
    body = "".join(f"data: {json.dumps({**head, 'choices': [choice]})}\n\n" for choice in choices)
    return Reply(body=body, headers={"Content-Type": "text/event-stream"})


async def test_an_end_that_adds_nothing_ends_the_answer(bench: Bench, question: Ask) -> None:
    bench.server.script(stream({"content": "whole"}, None))
    (answer,) = await bench.gateway().ask(question())
    assert (answer.text, answer.finish) == ("whole", "stop")
    assert len(bench.server.requests) == 1


async def test_a_filtered_answer_is_a_refusal(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply("I cannot", finish="content_filter"))
    (answer,) = await bench.gateway().ask(question())
    assert answer.finish == "refused"


async def test_an_answer_is_never_paid_twice(bench: Bench, question: Ask) -> None:
    bench.server.script("four")
    await bench.gateway().ask(question())
    later = bench.gateway()
    (answer,) = await later.ask(question())
    assert (answer.text, answer.reused) == ("four", True)
    assert len(bench.server.requests) == 1
    assert (later.usage.calls, later.usage.calls_reused, later.usage.cost_usd) == (0, 1, 0.0)


async def test_four_samples_after_two_pay_for_two(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply(("a", "b")), Reply(("c", "d")))
    gateway = bench.gateway()
    await gateway.ask(question(samples=2))
    answers = await gateway.ask(question(samples=4))
    assert [answer.text for answer in answers] == ["a", "b", "c", "d"]
    assert [answer.reused for answer in answers] == [True, True, False, False]
    assert [seen.choices for seen in bench.server.requests] == [2, 2]
    assert bench.server.requests[1].body["seed"] == 2


@pytest.mark.parametrize(
    "change",
    [{"text": "Other?"}, {"seed": 1}, {"temperature": 0.5}, {"max_tokens": 9}, {"json_schema": SCHEMA}],
)
async def test_a_changed_request_is_asked_anew(
    bench: Bench, question: Ask, change: dict[str, object]
) -> None:
    bench.server.script("one", "two")
    gateway = bench.gateway()
    await gateway.ask(question())
    (answer,) = await gateway.ask(question(**change))
    assert answer.text == "two"


async def test_the_same_question_at_once_is_asked_once(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply("four", delay=0.2))
    gateway = bench.gateway()
    first, second = await asyncio.gather(gateway.ask(question()), gateway.ask(question()))
    assert first[0].text == second[0].text == "four"
    assert len(bench.server.requests) == 1


async def test_finished_samples_survive_a_run_that_is_stopped(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply(("short", "long " * 40), piece=5, hang_after=12), "again")
    asking = asyncio.create_task(bench.gateway(timeout_s=60.0).ask(question(samples=2)))
    while not bench.kept():
        await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    first, second = await bench.gateway().ask(question(samples=2))
    assert (first.text, first.reused) == ("short", True)
    assert (second.text, second.reused) == ("again", False)


async def test_progress_is_told_while_and_after_a_model_writes(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply("word " * 100, piece=5, pace=0.01, usage=(10, 100)))
    gateway = bench.gateway()
    await gateway.ask(question())
    await gateway.ask(question())
    streamed = [event for event in bench.events if isinstance(event, TokensStreamed)]
    called = [event for event in bench.events if isinstance(event, ModelCalled)]
    assert 2 <= len(streamed) <= 12
    assert sum(event.tokens for event in streamed) <= 100
    assert [event.usage.calls_reused for event in called] == [0, 1]


async def test_no_more_requests_fly_than_the_settings_allow(bench: Bench, question: Ask) -> None:
    flying = most = 0

    def server(seen: Seen) -> Reply:
        return Reply("yes", delay=0.15)

    bench.server.script(server)
    gateway = bench.gateway(parallel=2)
    await gateway.ask(question("warm up"))
    await asyncio.gather(*(gateway.ask(question(f"question {number}")) for number in range(6)))
    starts = sorted(seen.at for seen in bench.server.requests[1:])
    for start in starts:
        flying = sum(1 for other in starts if start - 0.14 < other <= start)
        most = max(most, flying)
    assert most == 2


async def test_an_answer_that_is_begun_is_gone_on_from_and_may_have_nothing_to_add(
    bench: Bench, question: Ask
) -> None:
    bench.server.script(Reply(("", "a body")))
    asked = question(samples=2, temperature=0.8)
    begun = Message(role="assistant", content="def half(number):\n")
    asked = asked.model_copy(update={"messages": (*asked.messages, begun)})
    gateway = bench.gateway(continues=True)
    answers = await gateway.ask(asked)
    assert [(answer.text, answer.finish) for answer in answers] == [("", "stop"), ("a body", "stop")]
    assert bench.server.requests[0].body["messages"][-1] == {"role": "assistant", "content": begun.content}
    assert len(bench.server.requests) == 1, "an empty answer is not asked for again"


async def test_who_goes_on_from_a_beginning_is_told_by_the_settings_or_known(bench: Bench) -> None:
    assert not await bench.gateway().continues()
    assert await bench.gateway(continues=True).continues()
    assert await bench.gateway(model="embedded", api_base="").continues()
    assert not await bench.gateway(model="anthropic/claude-sonnet-5", api_base="", continues=True).continues()

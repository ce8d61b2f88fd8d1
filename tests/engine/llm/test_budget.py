"""Money and tokens: reserved before a call, settled after it, summed over a month and over processes."""

import asyncio
import sys
from collections.abc import Callable

import pytest
from quantumlayer.engine.errors import BudgetError
from quantumlayer.engine.llm.ledger import Ledger, Spent
from quantumlayer.engine.llm.types import Request
from support.gateway_bench import Bench
from support.scripted_server import Reply, fail

Ask = Callable[..., Request]
PRICED = "anthropic/claude-sonnet-5"
"""2 USD for a million tokens in, 10 for a million out."""


@pytest.fixture(autouse=True)
def with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test-0123456789")


def priced(bench: Bench) -> dict[str, object]:
    return {"model": PRICED, "api_base": bench.server.url}


async def test_what_a_call_really_cost_is_what_counts(bench: Bench, question: Ask) -> None:
    bench.server.script(Reply("four", usage=(1000, 500)))
    gateway = bench.gateway(**priced(bench))
    (answer,) = await gateway.ask(question())
    assert bench.server.requests[0].path == "/v1/messages"
    assert answer.text == "four"
    assert answer.usage.cost_usd == pytest.approx(1000 * 2e-6 + 500 * 1e-5)
    assert gateway.usage.cost_usd == answer.usage.cost_usd
    assert bench.ledger()[0]["cost_usd"] == pytest.approx(answer.usage.cost_usd)


async def test_a_call_that_might_pass_the_budget_is_not_sent(bench: Bench, question: Ask) -> None:
    with pytest.raises(BudgetError, match="USD") as caught:
        await bench.gateway(usd=0.01, max_tokens=2000, **priced(bench)).ask(question())
    assert caught.value.setting == "budget.usd"
    assert bench.server.requests == []


async def test_the_budget_is_reached_in_the_middle(bench: Bench, question: Ask) -> None:
    bench.server.script(lambda seen: Reply("four", usage=(10, 1000)))
    gateway = bench.gateway(usd=0.025, max_tokens=1000, **priced(bench))
    await gateway.ask(question("question 0"))
    await gateway.ask(question("question 1"))
    with pytest.raises(BudgetError, match="USD are spent"):
        await gateway.ask(question("question 2"))
    assert len(bench.server.requests) == 2
    again = bench.gateway(usd=0.025, max_tokens=1000, **priced(bench))
    (answer,) = await again.ask(question("question 1"))
    assert answer.reused


async def test_tokens_are_limited_where_calls_are_free(bench: Bench, question: Ask) -> None:
    bench.server.script(lambda seen: Reply("four", usage=(100, 400)))
    gateway = bench.gateway(tokens=1200, max_tokens=500)
    await gateway.ask(question("one"))
    await gateway.ask(question("two"))
    with pytest.raises(BudgetError) as caught:
        await gateway.ask(question("three"))
    assert caught.value.setting == "budget.tokens"
    assert len(bench.server.requests) == 2


async def test_calls_at_once_never_pass_the_budget_together(bench: Bench, question: Ask) -> None:
    bench.server.script(lambda seen: Reply("four", usage=(10, 1000), delay=0.05))
    gateway = bench.gateway(usd=0.0355, max_tokens=1000, parallel=8, **priced(bench))
    results = await asyncio.gather(
        *(gateway.ask(question(f"question {number}")) for number in range(8)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, BudgetError)]
    assert (len(results) - len(refused), len(refused)) == (3, 5)
    assert len(bench.server.requests) == 3
    assert gateway.usage.cost_usd <= 0.0355


async def test_a_call_waits_when_others_may_turn_out_cheaper(bench: Bench, question: Ask) -> None:
    bench.server.script(lambda seen: Reply("four", usage=(10, 10), delay=0.05))
    gateway = bench.gateway(usd=0.015, max_tokens=1000, parallel=4, **priced(bench))
    answers = await asyncio.gather(*(gateway.ask(question(f"question {number}")) for number in range(4)))
    assert [answer.text for (answer,) in answers] == ["four"] * 4


async def test_a_call_that_failed_gives_its_reservation_back(bench: Bench, question: Ask) -> None:
    bench.server.script(fail(500), fail(500), Reply("four", usage=(10, 10)))
    (answer,) = await bench.gateway(usd=0.0105, max_tokens=1000, **priced(bench)).ask(question())
    assert answer.text == "four"


async def test_the_month_is_one_for_all_runs(bench: Bench, question: Ask) -> None:
    bench.server.script(lambda seen: Reply("four", usage=(10, 1000)))
    limits = {"month_usd": 0.025, "max_tokens": 1000, **priced(bench)}
    await bench.gateway(run="a", **limits).ask(question("one"))
    await bench.gateway(run="b", **limits).ask(question("two"))
    with pytest.raises(BudgetError, match="this month") as caught:
        await bench.gateway(run="c", **limits).ask(question("three"))
    assert caught.value.setting == "budget.month_usd"
    assert [row["run"] for row in bench.ledger()] == ["a", "b"]


async def test_processes_cannot_pass_the_month_together(bench: Bench) -> None:
    file = bench.folder / "ledger.sqlite"
    program = (
        "import asyncio, sys, pathlib\n"
        "from quantumlayer.engine.llm.ledger import Ledger, Spent\n"
        "async def main():\n"
        "    ledger = Ledger(pathlib.Path(sys.argv[1]))\n"
        "    got = [await ledger.reserve('r', 'p', 'm', Spent(1, 1, 0.01), 0.2) for _ in range(15)]\n"
        "    print(sum(call is not None for call in got))\n"
        "    await ledger.aclose()\n"
        "asyncio.run(main())\n"
    )
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, str(file), stdout=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    outputs = [(await process.communicate())[0] for process in processes]
    assert sum(int(output) for output in outputs) == 20


async def test_a_call_whose_process_was_killed_counts_in_full(bench: Bench) -> None:
    file = bench.folder / "ledger.sqlite"
    killed = Ledger(file)
    await killed.reserve("r", "p", "m", Spent(10, 10, 0.75), 1.0)
    await killed.aclose()
    later = Ledger(file)
    assert await later.month_usd() == 0.75
    assert await later.reserve("r", "p", "m", Spent(10, 10, 0.75), 1.0) is None
    await later.aclose()

"""A file with thousands of findings: all are told, and nobody else waits for them."""

import asyncio
import json
from typing import Any

import pytest
from quantumlayer.engine.types import Finding, Stage
from quantumlayer.engine.validation.adapters import oxlint, ruff
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.warm import client

MANY = 5000


class Turns:
    """How often something was done since the loop went round last, at the most."""

    def __init__(self) -> None:
        self.since = 0
        self.most = 0
        self.all = 0

    def count(self) -> None:
        self.since += 1
        self.all += 1
        self.most = max(self.most, self.since)

    async def go_round(self) -> None:
        while True:
            self.since = 0
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("path", "text", "rule", "module", "name"),
    [
        ("a.py", "exec(input())\n" * MANY, "S102", ruff, "read_problem"),
        ("a.js", "eval('1');\n" * MANY, "no-eval", oxlint, "_span"),
    ],
)
async def test_the_loop_goes_round_while_they_are_read(
    mesh: Mesh,
    make: Any,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    text: str,
    rule: str,
    module: Any,
    name: str,
) -> None:
    read, made = Turns(), Turns()
    real, validate = getattr(module, name), Finding.model_validate

    def counted(*args: Any) -> Any:
        read.count()
        return real(*args)

    def counted_too(value: Any) -> Finding:
        made.count()
        return validate(value)

    monkeypatch.setattr(module, name, counted)
    monkeypatch.setattr(Finding, "model_validate", counted_too)
    tasks = [asyncio.create_task(one.go_round()) for one in (read, made)]
    (result,) = await mesh.check(make({path: text}), (Stage.SECURITY,))
    for task in tasks:
        task.cancel()
    assert sum(one.rule == rule for one in result.findings) == MANY
    assert {one.range.start.line for one in result.findings} == set(range(MANY))
    assert read.all >= MANY
    assert max(read.most, made.most) <= 100


@pytest.mark.parametrize("id_first", [True, False])
def test_of_a_long_report_only_what_is_shown_is_read(id_first: bool) -> None:
    """What stands behind is broken here: whoever reads it stumbles."""
    item = json.dumps({"range": {}, "message": 'says "items":[ and "id":9'}, separators=(",", ":"))
    number = '"id":7,'
    head = f'{{"jsonrpc":"2.0",{number if id_first else ""}"result":{{"kind":"full","items":['
    tail = f'] broken [{"" if id_first else ",null,"}{number}"x":0}}'
    body = head + ",".join([item] * client.MOST_FINDINGS) + "," + item * 3 + tail
    message = client._read_long(body.encode())
    assert message["id"] == 7
    assert message["result"]["items"] == [json.loads(item)] * client.MOST_FINDINGS


def test_a_long_message_that_is_no_report_is_read_whole() -> None:
    message = {"jsonrpc": "2.0", "id": 3, "result": {"text": "x" * 1000}}
    assert client._read_long(json.dumps(message).encode()) == message

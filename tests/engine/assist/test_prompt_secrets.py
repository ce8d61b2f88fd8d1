"""Nothing of a secret reaches a model with the findings or with what checks are asked about."""

from types import SimpleNamespace
from typing import Any

import pytest
from assist_desk import Desk
from quantumlayer.engine.assist import checking
from quantumlayer.engine.python.place import function_at
from quantumlayer.engine.types import Finding, Position, Range, Severity, Stage, Wish

SECRET = "hunter2hunter2"
STORE = f'''\
class Store:
    def __init__(self, host: str, password: str = "{SECRET}") -> None:
        self.host = host

    def get(self, name: str, api_key: str = r"{SECRET}") -> str:
        """Words."""
        ...

    def put(self, name: str, password="{SECRET}", token="{SECRET}") -> None:
        ...


def connect(host, password="{SECRET}", *, api_key: bytes = b"{SECRET}"):
    ...
'''


@pytest.mark.parametrize("at", ["def get", "def connect", "def put"])
@pytest.mark.parametrize("whole", [False, True])
async def test_checks_are_asked_for_without_secrets(
    monkeypatch: pytest.MonkeyPatch, at: str, whole: bool
) -> None:
    sent: list[str] = []

    async def write_checks(gateway: Any, brief: Any, bed: Any, **more: Any) -> tuple[()]:
        sent.append(f"{brief.text} {bed.shared} {more['interface']} {more['subjects']}")
        return ()

    monkeypatch.setattr(checking, "write_checks", write_checks)
    line = next(number for number, row in enumerate(STORE.split("\n")) if at in row)
    wish = Wish(task="implement", path="mod.py", text=STORE, line=line)
    place = function_at(STORE, line)
    assert place is not None
    desk: Any = SimpleNamespace(gateway=None, tokens=lambda count: count)
    await checking.ask_for_checks(desk, wish, STORE, place, checking.bed_of(wish, STORE), whole=whole)
    (prompt,) = sent
    assert SECRET not in prompt
    assert "[hidden]" in prompt


@pytest.mark.parametrize(
    "message",
    [
        f"Possible hardcoded password: '{SECRET}'.",
        f"Incompatible default: expression has type Literal['{SECRET}']",
    ],
)
async def test_findings_are_told_without_secrets(dry: Desk, message: str) -> None:
    text = f'def login(\n    name,\n    password: str = (\n        "{SECRET}"\n    ),\n):\n    return name\n'
    here = Range(start=Position(line=3, column=8), end=Position(line=3, column=20))
    one = Finding(
        stage=Stage.SECURITY,
        tool="ruff",
        rule="S107",
        severity=Severity.WARNING,
        message=message,
        path="mod.py",
        range=here,
    )
    dry.answers(mend="def login(name, password):\n    return name\n")
    await dry.wish("fix", text, "def login", findings=(one,))
    assert dry.asked
    assert "S107" in dry.asked[0]
    assert SECRET not in " ".join(dry.asked)

"""One conversation with a server, held against the reference."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import unquote

from .messages import AROUND, Step, framed, message
from .reference import Reference, as_file

PATIENCE_S = 20.0
"""An answer that takes longer is taken for one that does not come."""
_MOST_WAITED_FOR = 12
_PING_EVERY_S = 0.05
_INTERNAL_ERROR = -32603


@dataclass
class Report:
    """What was seen. `violations` is empty where the server did all that it must."""

    sent: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    longest_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    pings_s: list[float] = field(default_factory=list)
    """How long the answer to a request of no known method took: the loop alone gives it."""
    texts: int = 0
    """Texts that were compared."""
    violations: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        self.sent += other.sent
        self.answered += other.answered
        for kind, seconds in other.longest_s.items():
            self.longest_s[kind] = max(self.longest_s[kind], seconds)
        self.pings_s += other.pings_s
        self.texts += other.texts
        self.violations += other.violations


@dataclass(frozen=True)
class Foreseen:
    """What a step must lead to, found before it is sent: working it out must not look like waiting."""

    step: Step
    owed: tuple[Any, ...]
    text: str = ""
    """Of the document that the step looks at."""


def foresee(steps: Iterable[Step], encoding: str) -> list[Foreseen]:
    known, found = Reference(encoding), []
    for step in steps:
        known.owed.clear()
        for body in step.bodies:
            known.take(body)
        text = known.texts.get(unquote(step.looks_at), "") if step.looks_at else ""
        found.append(Foreseen(step, tuple(known.owed), text))
    return found


class Session:
    """An editor with a server: `begin`, then `run`, then `end`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, encoding: str, chance: Random
    ) -> None:
        self.report = Report()
        self._reader, self._writer = reader, writer
        self._encoding = encoding
        self._chance = chance
        self._waiting: dict[str, list[tuple[float, str]]] = defaultdict(list)
        """When the answers that are owed were asked for, and by what kind of step; by id as JSON."""
        self._arrived = asyncio.Event()
        self._kept: dict[str, Any] = {}
        """The answers that are looked into, by id as JSON; None where they have not come yet."""
        self._listening = asyncio.create_task(self._listen())

    async def begin(self, folder: str, capabilities: dict[str, Any]) -> None:
        general = {"positionEncodings": [self._encoding]}
        params = {
            "processId": None,
            "rootUri": folder,
            "workspaceFolders": [{"uri": folder, "name": "work"}],
            "capabilities": {**capabilities, "general": general},
        }
        asked = {"jsonrpc": "2.0", "id": "begin", "method": "initialize", "params": params}
        answer = await self._write_and_wait(message("begin", asked))
        given = answer["result"]["capabilities"]["positionEncoding"]
        if given != self._encoding:
            self.report.violations.append(f"positions are {given}, not {self._encoding}")
        await self._write(message("begin", {"jsonrpc": "2.0", "method": "initialized", "params": {}}))

    async def run(self, steps: Iterable[Foreseen]) -> None:
        pinging = asyncio.create_task(self._ping())
        try:
            for foreseen in steps:
                if foreseen.step.looks_at is None:
                    await self._write(foreseen.step, foreseen.owed)
                else:
                    self._compare(foreseen.text, await self._write_and_wait(foreseen.step))
                await self._wait_until_owed(_MOST_WAITED_FOR)
                if self._listening.done():
                    self.report.violations.append("the server ended")
                    return
        finally:
            pinging.cancel()
        await self._wait_until_owed(0)

    async def end(self, way: str) -> None:
        """By `shutdown` (and requests behind it), `exit` alone, or closing the stream."""
        if way == "shutdown":
            for method in ("shutdown", "shutdown", "textDocument/hover", "unknown"):
                asked = {"jsonrpc": "2.0", "id": f"end {method}", "method": method}
                await self._write(message("end", asked), [asked["id"]])
            await self._wait_until_owed(0)
        if way in {"shutdown", "exit"}:
            await self._write(message("end", {"jsonrpc": "2.0", "method": "exit"}))
        elif way == "within a message":
            self._writer.write(b'Content-Length: 500\r\n\r\n{"jsonrpc"')
        self._writer.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._listening), PATIENCE_S)
        except TimeoutError:
            self.report.violations.append(f"the server goes on after {way}")
            self._listening.cancel()

    # -- sending -------------------------------------------------------------------------------

    async def _write(self, step: Step, owed: Iterable[Any] = ()) -> None:
        self.report.sent[step.kind] += 1
        for msg_id in owed:
            self._waiting[json.dumps(msg_id)].append((time.perf_counter(), step.kind))
        self._writer.write(step.data)
        try:
            await self._writer.drain()
        except ConnectionError:
            return  # said by the end of what it sends

    async def _write_and_wait(self, step: Step) -> Any:
        """The step's answer, when nothing is owed any more."""
        msg_id = json.loads(step.bodies[0])["id"]
        key = json.dumps(msg_id)
        self._kept[key] = {}
        await self._write(step, [msg_id])
        await self._wait_until_owed(0, but="ping")
        return self._kept.pop(key)

    async def _ping(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(_PING_EVERY_S)
            number += 1
            asked = {"jsonrpc": "2.0", "id": f"ping {number}", "method": "ping"}
            await self._write(message("ping", asked), [asked["id"]])

    async def _wait_until_owed(self, most: int, but: str = "") -> None:
        def owed() -> int:
            return sum(kind != but for times in self._waiting.values() for _, kind in times)

        try:
            async with asyncio.timeout(PATIENCE_S):
                while owed() > most and not self._listening.done():
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            missing = [f"{key} ({kind})" for key, times in self._waiting.items() for _, kind in times]
            self.report.violations.append(f"no answer: {', '.join(missing)[:300]}")
            self._waiting.clear()

    def _compare(self, text: str, answer: Any) -> None:
        """What the look's edit says was between the two imports, beside what must have been."""
        if not (text.startswith(AROUND[0]) and text.endswith(AROUND[1])):
            return  # a step before it was left out
        expected = as_file(text.removeprefix("import os\n").removesuffix("import sys\n"))
        actions = answer.get("result") or []
        edits = [edit for action in actions for edit in _edits(action.get("edit") or {})]
        found = edits[0]["newText"] if len(edits) == 1 else None
        self.report.texts += 1
        if found != expected:
            self.report.violations.append(f"a text differs: {found!r:.300} in place of {expected!r:.300}")

    # -- listening -----------------------------------------------------------------------------

    async def _listen(self) -> None:
        try:
            while (received := await self._read()) is not None:
                if "method" not in received:
                    self._take_answer(received)
                elif "id" in received:
                    self._writer.write(framed(json.dumps(self._reply(received)).encode()))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._arrived.set()

    async def _read(self) -> Any:
        head = await self._reader.readuntil(b"\r\n\r\n")
        body = await self._reader.readexactly(int(head.split(b":")[1]))
        return json.loads(
            body, parse_constant=lambda name: self.report.violations.append(f"{name} is no JSON")
        )

    def _take_answer(self, answer: dict[str, Any]) -> None:
        key = json.dumps(answer.get("id"))
        times = self._waiting.get(key)
        if not times:
            self.report.violations.append(f"an answer that nobody waits for: {answer!r:.300}")
            return
        began, kind = times.pop(0)
        if not times:
            del self._waiting[key]
        taken = time.perf_counter() - began
        self.report.answered[kind] += 1
        self.report.longest_s[kind] = max(self.report.longest_s[kind], taken)
        if kind == "ping":
            self.report.pings_s.append(taken)
        if key in self._kept:
            self._kept[key] = answer
        if answer.get("error", {}).get("code") == _INTERNAL_ERROR:
            self.report.violations.append(f"an internal error: {key} ({kind}): {answer['error']['message']}")
        self._arrived.set()

    def _reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        """As an editor would, or, now and then, nonsense."""
        if asked["method"] == "workspace/configuration":
            given: Any = [None] * len(asked["params"]["items"])
        else:
            given = None
        if self._chance.random() < 0.1:
            given = self._chance.choice([5, "x", [[]], {"a": 1}])
        reply = {"jsonrpc": "2.0", "id": asked["id"]}
        if self._chance.random() < 0.1:
            return {**reply, "error": {"code": -32601, "message": "not known"}}
        return {**reply, "result": given}


def _edits(edit: dict[str, Any]) -> list[Any]:
    parts = [
        *(edit.get("changes") or {}).values(),
        *(one["edits"] for one in edit.get("documentChanges", [])),
    ]
    return [one for part in parts for one in part]

"""Servers for strange editors: a process for each conversation, or a port for several."""

import asyncio
import contextlib
import itertools
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil

from .messages import Step, Steps
from .session import PATIENCE_S, Foreseen, Report, Session, foresee

SERVER = (sys.executable, "-m", "quantumlayer", "lsp")
ENCODINGS = ("utf-8", "utf-16", "utf-16", "utf-32")
ENDINGS = ("shutdown", "shutdown", "exit", "end of the stream", "within a message")
_MEMORY_EVERY = 500


@dataclass
class Plan:
    """A conversation, made again by its seed."""

    seed: int
    encoding: str
    ending: str
    capabilities: dict[str, Any]
    steps: list[Step] = field(repr=False)

    @classmethod
    def of(cls, seed: int, steps: int, folder: Path, encoding: str = "", ending: str = "") -> "Plan":
        """What is not given is chosen by the seed."""
        chance = Random(seed)
        encoding = encoding or chance.choice(ENCODINGS)
        ending = ending or chance.choice(ENDINGS)
        pulls = chance.random() < 0.5
        capabilities: dict[str, Any] = {
            "workspace": {"configuration": chance.random() < 0.7, "workspaceEdit": {"documentChanges": True}},
            "textDocument": {
                "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}
            },
        }
        if pulls:
            capabilities["workspace"]["diagnostics"] = {"refreshSupport": True}
            capabilities["textDocument"]["diagnostic"] = {}
        made = itertools.islice(Steps(chance, folder.as_uri(), encoding), steps)
        return cls(seed, encoding, ending, capabilities, list(made))


async def converse(
    plan: Plan, environ: Mapping[str, str], folder: Path, logs: Path
) -> tuple[Report, list[int]]:
    """The whole conversation with a process of its own; also its memory, in bytes, as it went on."""
    foreseen = foresee(plan.steps, plan.encoding)
    process = await asyncio.create_subprocess_exec(
        *SERVER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(environ),
        limit=2**24,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    memory: list[int] = []
    server = psutil.Process(process.pid)
    try:
        session = Session(process.stdout, process.stdin, plan.encoding, Random(plan.seed))
        await session.begin(folder.as_uri(), plan.capabilities)
        await session.run(_weighed(foreseen, server, memory))
        await session.end(plan.ending)
        report = session.report
        await _check_end(process, plan.ending, report)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    report.violations += [f"in the log: {line}" for line in errors_in(logs)]
    return report, memory


def _weighed(steps: Sequence[Foreseen], server: psutil.Process, memory: list[int]) -> Iterator[Foreseen]:
    for number, step in enumerate(steps):
        if number % _MEMORY_EVERY == _MEMORY_EVERY - 1:
            with contextlib.suppress(psutil.Error):
                memory.append(server.memory_info().rss)
        yield step


async def _check_end(process: asyncio.subprocess.Process, ending: str, report: Report) -> None:
    try:
        code = await asyncio.wait_for(process.wait(), PATIENCE_S)
    except TimeoutError:
        report.violations.append(f"the process goes on after {ending}")
        return
    wanted = 0 if ending == "shutdown" else 1
    if code != wanted:
        report.violations.append(f"the process ended with {code} after {ending}, not {wanted}")


def errors_in(logs: Path) -> list[str]:
    """Lines that tell of internal errors; the logs are emptied, so that each is told once."""
    found = []
    for file in logs.glob("*.log*"):
        lines = file.read_text(errors="replace").splitlines()
        for number, line in enumerate(lines):
            if " ERROR " in line:
                traceback = itertools.takewhile(lambda one: not one[:4].isdigit(), lines[number + 1 :])
                found.append(" | ".join([line, *traceback])[-3000:])
        file.write_text("")
    return found


@asynccontextmanager
async def listening(environ: Mapping[str, str]) -> AsyncIterator[tuple[str, int]]:
    """A server on a port of this machine."""
    process = await asyncio.create_subprocess_exec(
        *SERVER, "--tcp", "127.0.0.1:0", stderr=asyncio.subprocess.PIPE, env=dict(environ)
    )
    assert process.stderr is not None
    try:
        line = (await process.stderr.readline()).decode()
        host, _, port = line.removeprefix("listening on ").strip().rpartition(":")
        yield host, int(port)
    finally:
        process.terminate()
        await process.wait()


async def converse_over(host: str, port: int, plan: Plan, folder: Path) -> Report:
    """The whole conversation over a connection of its own."""
    reader, writer = await asyncio.open_connection(host, port, limit=2**24)
    session = Session(reader, writer, plan.encoding, Random(plan.seed))
    await session.begin(folder.as_uri(), plan.capabilities)
    await session.run(foresee(plan.steps, plan.encoding))
    await session.end(plan.ending)
    return session.report

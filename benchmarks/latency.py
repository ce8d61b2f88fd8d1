"""From an edit to its diagnostics, in real sessions over standard input and output, beside other servers.

    python benchmarks/latency.py [--edits 30] [--typing 60] [--only NAME ...] [--json FILE]

A file of the standard library is opened and an edit puts a name that does not exist at its end; the clock
stops at the first diagnostics that tell of that name, and, for ours, at those of the types stage as well. The
servers take turns, edit by edit, so that whatever else the machine does falls on all of them. The peers are
installed into an environment of their own, once.

Then someone types ten keys a second into ours while requests are sent; what they wait for is the loop.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs
import psutil
from quantumlayer.framing import read_body
from rich.console import Console
from rich.table import Table

PEERS = ("ruff==0.17.5", "ty==0.0.104", "python-lsp-server[all]==1.14.0", "basedpyright==1.40.2")
SIZES = (200, 1000, 5000)
LONGEST_S = 5.0
KEYS_PER_S = 10
GOALS_MS = {"first": 50.0, "types": 100.0}


@dataclass
class Session:
    """One server with one open file."""

    name: str
    process: asyncio.subprocess.Process
    uri: str
    text: str
    version: int = 1
    told: "asyncio.Queue[tuple[float, dict[str, Any]]]" = field(default_factory=asyncio.Queue)
    replies: dict[int, "asyncio.Future[Any]"] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], folder: Path, source: Path, home: Path
    ) -> "Session":
        places = ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
        environment = {**os.environ, **{place: str(home / place.lower()) for place in places}}
        pipe, none = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=none, env=environment, cwd=folder
        )
        text = source.read_text(encoding="utf-8").rstrip("\n") + "\n"
        session = cls(name, process, (folder / source.name).as_uri(), text)
        session.listening = asyncio.create_task(session._listen())  # type: ignore[attr-defined]
        await session.ask(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": folder.as_uri(),
                "workspaceFolders": [{"uri": folder.as_uri(), "name": "work"}],
                "capabilities": {
                    "workspace": {"configuration": True, "workspaceFolders": True},
                    "textDocument": {"publishDiagnostics": {"versionSupport": True}},
                },
            },
        )
        session.tell("initialized", {})
        item = {"uri": session.uri, "languageId": "python", "version": 1, "text": text}
        session.tell("textDocument/didOpen", {"textDocument": item})
        return session

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def tell(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    async def ask(self, method: str, params: Any) -> Any:
        number = next(self.numbers)
        self.replies[number] = asyncio.get_running_loop().create_future()
        self.send({"id": number, "method": method, "params": params})
        return await asyncio.wait_for(self.replies[number], LONGEST_S)

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        while (body := await read_body(self.process.stdout)) is not None:
            now = time.perf_counter()
            message = json.loads(body)
            if "method" in message and "id" in message:
                items = (message.get("params") or {}).get("items")
                self.send({"id": message["id"], "result": [None] * len(items) if items else None})
            elif message.get("method") == "textDocument/publishDiagnostics":
                self.told.put_nowait((now, message["params"]))
            elif message.get("id") in self.replies:
                reply = self.replies.pop(message["id"])
                reply.set_result(message.get("result"))

    def change(self, ending: str) -> None:
        """The text with `ending` in place of what the last change put behind it."""
        lines = self.text.count("\n")
        place = {"start": {"line": lines, "character": 0}, "end": {"line": lines + 1, "character": 0}}
        self.version += 1
        changes = [{"range": place, "text": ending}]
        document = {"uri": self.uri, "version": self.version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    async def edit(self, marker: str, sources: Sequence[str]) -> dict[str, float]:
        """Milliseconds until diagnostics name the marker: the first, and those of each of `sources`."""
        began = time.perf_counter()
        self.change(f"print({marker})\n")
        found: dict[str, float] = {}
        async with asyncio.timeout(LONGEST_S):
            while not {"first", *sources} <= found.keys():
                at, params = await self.told.get()
                naming = [one for one in params["diagnostics"] if marker in one["message"]]
                if naming:
                    found.setdefault("first", (at - began) * 1000)
                for one in naming:
                    if one.get("source") in sources:
                        found.setdefault(one["source"], (at - began) * 1000)
        return found

    async def end(self) -> None:
        """With its children, which some servers leave behind, and which keep our pipes open."""
        tree = psutil.Process(self.process.pid).children(recursive=True)
        for one in (self.process, *tree):
            with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
                one.kill()
        await self.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edits", type=int, default=30, help="counted edits per file (default: %(default)s)")
    parser.add_argument("--typing", type=float, default=60.0, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument("--only", action="append", metavar="NAME", help="these servers; the default is all")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    args = parser.parse_args()
    commands = {"quantumlayer": [sys.executable, "-m", "quantumlayer", "lsp"], **peers(args.only)}
    wanted = {name: command for name, command in commands.items() if not args.only or name in args.only}
    figures = asyncio.run(measure(wanted, args.edits, args.typing))
    show(figures)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


def peers(only: Sequence[str] | None) -> dict[str, list[str]]:
    if only is not None and set(only) == {"quantumlayer"}:
        return {}
    home = Path(platformdirs.user_cache_dir("quantumlayer")) / "benchmark-peers"
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    if not (home / "installed").is_file():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(programs / "python"), "-m", "pip", "install", "-q", *PEERS], check=True)
        (home / "installed").touch()
    return {
        "ruff server": [str(programs / "ruff"), "server"],
        "ty server": [str(programs / "ty"), "server"],
        "pylsp": [str(programs / "pylsp")],
        "basedpyright": [str(programs / "basedpyright-langserver"), "--stdio"],
    }


def library_file(lines: int) -> Path:
    """The module of the standard library whose length is nearest."""
    folder = Path(sysconfig.get_path("stdlib"))
    lengths = {path: path.read_bytes().count(b"\n") for path in folder.glob("[a-z_]*.py")}
    return min(lengths, key=lambda path: (abs(lengths[path] - lines), path.name))


async def measure(commands: dict[str, list[str]], edits: int, typing: float) -> dict[str, Any]:
    figures: dict[str, Any] = {"edits": edits, "files": {}}
    for size in SIZES:
        source = library_file(size)
        taken = await taking_turns(commands, source, edits)
        figures["files"][str(size)] = {
            "file": source.name,
            "lines": source.read_bytes().count(b"\n"),
            "servers": {
                name: {kind: spread(values) for kind, values in kinds.items() if values}
                for name, kinds in taken.items()
            },
        }
    if "quantumlayer" in commands and typing > 0:
        figures["typing"] = await type_into(commands["quantumlayer"], library_file(1000), typing)
    return figures


async def taking_turns(
    commands: dict[str, list[str]], source: Path, edits: int
) -> dict[str, dict[str, list[float]]]:
    taken: dict[str, dict[str, list[float]]] = {name: {"first": [], "types": []} for name in commands}
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "work")
        folder.mkdir()
        (folder / source.name).write_bytes(source.read_bytes())
        sessions = [
            await Session.start(name, command, folder, source, Path(home))
            for name, command in commands.items()
        ]
        try:
            for number in range(-3, edits):  # the first ones warm the servers up
                for session in sessions:
                    ours = session.name == "quantumlayer"
                    try:
                        found = await session.edit(
                            f"unknown_{number + 3}x", ["quantumlayer/types"] if ours else []
                        )
                    except TimeoutError:
                        print(f"{session.name}: nothing in {LONGEST_S:g} s", file=sys.stderr)
                        continue
                    if number >= 0:
                        taken[session.name]["first"].append(found["first"])
                        if ours:
                            taken[session.name]["types"].append(found["quantumlayer/types"])
                    await asyncio.sleep(0.05)
        finally:
            for session in sessions:
                await session.end()
    return taken


async def type_into(command: Sequence[str], source: Path, seconds: float) -> dict[str, Any]:
    """Keys and requests at a steady rate; a request of no known method is answered by the loop alone."""
    waits: list[float] = []
    memory: list[int] = []
    with tempfile.TemporaryDirectory() as home:
        session = await Session.start("typing", command, Path(home), source, Path(home))
        try:
            await session.edit("unknown_first", ["quantumlayer/types"])
            server = psutil.Process(session.process.pid)
            ends = time.monotonic() + seconds
            for number in itertools.count():
                if time.monotonic() > ends:
                    break
                session.change("x = " + "1" * (number % 60 + 1) + "\n")
                if number % KEYS_PER_S == 0:
                    tree = [server, *server.children(recursive=True)]
                    memory.append(sum(one.memory_info().rss for one in tree))
                await asyncio.sleep(0.4 / KEYS_PER_S)
                began = time.perf_counter()
                await session.ask("quantumlayer/noSuchRequest", None)
                waits.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(0.6 / KEYS_PER_S)
        finally:
            await session.end()
    third = max(len(memory) // 3, 1)
    return {
        "seconds": seconds,
        "lines": source.read_bytes().count(b"\n"),
        "wait_ms": spread(waits),
        "longest_ms": round(max(waits), 1),
        "memory_mb": {
            "after_a_third": round(memory[third - 1] / 2**20, 1),
            "at_the_end": round(memory[-1] / 2**20, 1),
        },
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": round(ordered[len(ordered) // 2], 1),
        "p95": round(ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)], 1),
    }


def show(figures: dict[str, Any]) -> None:
    console = Console()
    for size, row in figures["files"].items():
        table = Table(title=f"edit to diagnostics, ms: {row['file']}, {row['lines']} lines")
        for heading in ("", "median", "p95", "times ours, by the median"):
            table.add_column(heading, justify="right" if heading else "left")
        ours = row["servers"].get("quantumlayer", {}).get("first")
        for name, kinds in row["servers"].items():
            for kind, values in kinds.items():
                label = f"{name}, {'first' if kind == 'first' else 'and types'}"
                ratio = f"{values['median'] / ours['median']:.2f}" if ours else ""
                table.add_row(label, f"{values['median']:.1f}", f"{values['p95']:.1f}", ratio)
        console.print(table)
        if size == "1000" and ours:
            for kind, goal in GOALS_MS.items():
                p95 = row["servers"]["quantumlayer"][kind]["p95"]
                outcome = "met" if p95 <= goal else "missed"
                console.print(f"{kind}: p95 {p95:.1f} ms; goal: at most {goal:.0f}: {outcome}")
    if typing := figures.get("typing"):
        memory = typing["memory_mb"]
        wait = typing["wait_ms"]
        console.print(
            f"typing {KEYS_PER_S} keys/s for {typing['seconds']:.0f} s into {typing['lines']} lines: "
            f"a request waits {wait['median']:.1f} ms (p95 {wait['p95']:.1f}, longest "
            f"{typing['longest_ms']:.1f}); memory of all processes {memory['after_a_third']:.1f} MB "
            f"after a third, {memory['at_the_end']:.1f} at the end"
        )


if __name__ == "__main__":
    main()

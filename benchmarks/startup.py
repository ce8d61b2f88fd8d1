"""Server start: from spawning the process to its reply to `initialize`, over standard input and output.

    python benchmarks/startup.py [--runs 30] [--json FILE]

Ours and an empty pygls server start in turn, so that whatever else the machine does falls on both; the
difference is taken pair by pair. The first pair, which fills the disk's cache, is not counted.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from figures import spread, table_of
from rich.console import Console

EMPTY = [sys.executable, str(Path(__file__).with_name("empty_server.py"))]
OURS = [sys.executable, "-m", "quantumlayer", "lsp"]
GOAL_MS = 100
_ENDS_WITHIN_S = 10


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=30, help="counted pairs (default: %(default)s)")
    options.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as home:
        environment = isolated(Path(home))
        pairs = [(start(EMPTY, environment), start(OURS, environment)) for _ in range(chosen.runs + 1)][1:]
    figures = summarise(pairs)
    show(figures)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


def isolated(home: Path) -> Mapping[str, str]:
    """The environment, with every folder where a server may keep things made new."""
    places = ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
    return {**os.environ, **{place: str(home / place.lower()) for place in places}}


def start(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Milliseconds until the reply to `initialize` has been read whole; the server is ended after that."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            parameters = {"processId": os.getpid(), "rootUri": None, "capabilities": {}}
            send(server.stdin, {"id": 1, "method": "initialize", "params": parameters})
            reply = receive(server.stdout)
            took = (time.perf_counter() - began) * 1000
            if "result" not in reply:
                raise SystemExit(f"{' '.join(command)} answered {reply}")
            send(server.stdin, {"method": "initialized", "params": {}})
            send(server.stdin, {"id": 2, "method": "shutdown"})
            while receive(server.stdout).get("id") != 2:
                pass
            send(server.stdin, {"method": "exit"})
            server.wait(_ENDS_WITHIN_S)
        finally:
            server.kill()
    return took


def send(stream: BinaryIO, message: Mapping[str, object]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    stream.flush()


def receive(stream: BinaryIO) -> dict[str, object]:
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if not length:
        raise SystemExit("the server ended before it answered")
    answer: dict[str, object] = json.loads(stream.read(length))
    return answer


def summarise(pairs: Sequence[tuple[float, float]]) -> dict[str, object]:
    empty, ours = zip(*pairs, strict=True)
    differences = [mine - theirs for theirs, mine in pairs]
    ratios = [mine / theirs for theirs, mine in pairs]
    return {
        "runs": len(pairs),
        "empty_ms": spread(empty),
        "ours_ms": spread(ours),
        "difference_ms": spread(differences),
        "ratio": statistics.median(ratios),
        "goal_ms": GOAL_MS,
        "goal_met": statistics.median(differences) <= GOAL_MS,
    }


def show(figures: Mapping[str, object]) -> None:
    rows = {
        "empty pygls": figures["empty_ms"],
        "quantumlayer lsp": figures["ours_ms"],
        "difference, pair by pair": figures["difference_ms"],
    }
    console = Console()
    console.print(table_of(f"spawn to initialize reply, {figures['runs']} pairs, ms", rows))
    outcome = "met" if figures["goal_met"] else "missed"
    console.print(f"ratio {figures['ratio']:.2f}; goal: at most {GOAL_MS} ms more than empty: {outcome}")


if __name__ == "__main__":
    main()

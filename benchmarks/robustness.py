"""Strange editors and the real server: no crash, every request answered once, every text as it must be.

    python benchmarks/robustness.py [--messages 100000] [--seed 1] [--each 2000] [--json FILE]

Conversations of random edits, requests, mutated messages and noise, each with a server of its own on
standard input and output; every fifth over a port that several share. The server's texts are looked at by its
own edits: two imports that nobody uses are put around one, and the edit that takes them away says all that is
between them. Status 1 if anything was wrong; then the shortest series of steps that was found to show it is
printed. The same seed and numbers make the same conversations.
"""

import argparse
import asyncio
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.fuzz.messages import Step
from tests.support.fuzz.servers import Plan, converse, converse_over, errors_in, listening
from tests.support.fuzz.session import Report

LONGEST_S = 1.0
"""Goal for every answer but the first, which waits for the program to start."""
EVERY_FIFTH = 5
_MOST_TRIES = 60
_MOST_SHOWN = 10


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument(
        "--each", type=int, default=2000, help="steps of a conversation; default: %(default)s"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        figures = asyncio.run(Run(Path(home), options.each).all(options.messages, options.seed))
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    raise SystemExit(1 if figures["violations"] else 0)


class Run:
    """Conversations in one folder."""

    def __init__(self, home: Path, each: int) -> None:
        self._folder = home / "work"
        self._folder.mkdir()
        self._logs = home / "state" / "quantumlayer" / "log"
        self._each = each
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}
        places = ("STATE", "CONFIG", "DATA", "CACHE")
        self._environ = {**kept, "HOME": str(home), "QUANTUMLAYER_SANDBOX": "none"}
        self._environ |= {f"XDG_{place}_HOME": str(home / place.lower()) for place in places}

    async def all(self, messages: int, seed: int) -> dict[str, Any]:
        whole = Report()
        memory: list[tuple[int, int]] = []
        failed: Plan | None = None
        began = time.monotonic()
        async with listening(self._environ) as (host, port):
            for number in itertools.count():
                if whole.sent.total() >= messages:
                    break
                plan = Plan.of(seed * 100_000 + number, self._each, self._folder)
                if number % EVERY_FIFTH == EVERY_FIFTH - 1:
                    report, weights = await converse_over(host, port, plan, self._folder), []
                    report.violations += [f"in the log: {line}" for line in errors_in(self._logs)]
                else:
                    report, weights = await self._converse(plan)
                if report.violations and failed is None:
                    failed = plan
                if len(weights) > 1:
                    memory.append((weights[0], weights[-1]))
                whole.add(report)
                print(f"{whole.sent.total()} sent, {len(whole.violations)} violations", file=sys.stderr)
        shortest = await self._shortest(failed) if failed else ()
        return figures_of(whole, memory, shortest, time.monotonic() - began)

    async def _converse(self, plan: Plan) -> tuple[Report, list[int]]:
        return await converse(plan, self._environ, self._folder, self._logs)

    async def _shortest(self, plan: Plan) -> Sequence[Step]:
        """Parts of the plan are left out as long as what is left still shows a violation."""
        steps, size, start = plan.steps, len(plan.steps) // 2, 0
        for _ in range(_MOST_TRIES):
            if size == 0:
                break
            fewer = steps[:start] + steps[start + size :]
            report, _ = await self._converse(replace(plan, steps=fewer))
            if report.violations:
                steps = fewer
            else:
                start += size
            if start >= len(steps):
                size, start = min(size, len(steps)) // 2, 0
        return steps


def figures_of(
    whole: Report, memory: Sequence[tuple[int, int]], shortest: Sequence[Step], seconds: float
) -> dict[str, Any]:
    pings = sorted(whole.pings_s)
    late = {kind for kind, longest in whole.longest_s.items() if longest > LONGEST_S and kind != "begin"}
    return {
        "seconds": round(seconds, 1),
        "sent": dict(whole.sent),
        "answered": dict(whole.answered),
        "longest_ms": {kind: round(longest * 1000, 1) for kind, longest in whole.longest_s.items()},
        "later_than_the_goal": sorted(late),
        "texts": whole.texts,
        "ping_ms": {
            "median": round(pings[len(pings) // 2] * 1000, 1),
            "p95": round(pings[int(len(pings) * 0.95)] * 1000, 1),
            "longest": round(pings[-1] * 1000, 1),
        },
        "memory_mb": [[round(part / 2**20, 1) for part in pair] for pair in memory],
        "violations": whole.violations,
        "shortest": [step.data.decode(errors="replace") for step in shortest],
    }


def show(figures: dict[str, Any]) -> None:
    console = Console()
    table = Table(title=f"{sum(figures['sent'].values())} messages in {figures['seconds']:.0f} s")
    for heading in ("", "sent", "answered", "longest answer, ms"):
        table.add_column(heading, justify="right" if heading else "left")
    for kind, sent in sorted(figures["sent"].items()):
        longest = figures["longest_ms"].get(kind)
        table.add_row(
            kind,
            str(sent),
            str(figures["answered"].get(kind, 0)),
            "" if longest is None else f"{longest:.1f}",
        )
    console.print(table)
    ping = figures["ping_ms"]
    console.print(
        f"a request that needs the loop alone waits {ping['median']} ms (p95 {ping['p95']}, longest "
        f"{ping['longest']}); {figures['texts']} texts compared"
    )
    if grown := [after - before for before, after in figures["memory_mb"]]:
        before, after = max(figures["memory_mb"], key=lambda pair: pair[1] - pair[0])
        console.print(
            f"memory of a server from its 500th message to its last: {sum(grown) / len(grown):+.1f} MB on "
            f"average; most: {before:.1f} to {after:.1f} MB"
        )
    goal = f"goal: every answer within {LONGEST_S:.0f} s"
    console.print(
        f"{goal}: {'missed by ' + ', '.join(late) if (late := figures['later_than_the_goal']) else 'met'}"
    )
    for violation in figures["violations"][:_MOST_SHOWN]:
        console.print(f"WRONG: {violation}", markup=False)
    console.print(f"{len(figures['violations'])} violations")
    for part in figures["shortest"]:
        console.print(repr(part)[:2000], markup=False)


if __name__ == "__main__":
    main()

"""Warm tools in other languages than Python: from an edit of a text of 1,000 lines to what a tool says of it.

    python benchmarks/languages.py [--edits 40] [--json FILE]

The tools are asked as the live mesh asks them, without the protocol between editor and server. The first
answer, which starts the tool, is told apart. A tool that is not on this machine is left out, and named.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from quantumlayer.engine.languages import language_of
from quantumlayer.engine.types import OpenFile
from quantumlayer.engine.validation.types import ToolError
from quantumlayer.engine.validation.warm.seats import SEATS, Place, Seat
from quantumlayer.engine.validation.warm.server import WarmServer
from rich.console import Console
from rich.table import Table

LINES = 1000
GOAL_MS = 10
PIECES = {
    "a.go": ("package a\n", "func f{n}(a int) int {\n\tif a > 1 {\n\t\treturn g(a)\n\t}\n\treturn a\n}\n"),
    "A.java": ("class A {\n", "    int f{n}(int a) {\n        return a + {n};\n    }\n", "}\n"),
    "a.rs": ("", "fn f{n}(a: i32) -> i32 {\n    let v = vec![1, 2];\n    v[0] + a\n}\n"),
    "a.sh": ("", 'f{n}() {\n  echo "$1" | grep x\n}\n'),
    "a.sql": ("", "SELECT a{n}, b\nFROM t\nWHERE a = 1;\n"),
    "a.tf": ("", 'resource "a" "b{n}" {\n  x = 1\n}\n'),
    "a.c": ("", "int f{n}(int a) {\n  return a + 1;\n}\n"),
    "a.cpp": ("", "int f{n}(int a) {\n  return a + 1;\n}\n"),
    "a.html": ("", "<div>\n  <p>{n}</p>\n</div>\n"),
    "a.css": ("", "a{n} {\n  color: red;\n}\n"),
    "Dockerfile": ("FROM alpine\n", "RUN echo {n}\n"),
    "a.yaml": ("", "k{n}:\n  - a: 1\n    b: [1, 2]\n  - c: text\n"),
    "a.json": ("[\n", '  {"a": {n}, "b": [1, 2]},\n', '  {"a": 0}\n]\n'),
    "a.toml": ("", "[t{n}]\na = 1\nb = [1, 2]\n"),
    "a.js": ("", "export function f{n}(a) {\n  const b = a + 1;\n  return b * 2;\n}\n"),
    "a.ts": ("", "export function f{n}(a: number): number {\n  const b = a + 1;\n  return b * 2;\n}\n"),
}


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--edits", type=int, default=40, help="counted edits (default: %(default)s)")
    options.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = options.parse_args()
    rows = asyncio.run(measured(chosen.edits))
    show(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n")


async def measured(edits: int) -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in PIECES:
            for seat in SEATS:
                if language_of(path) in seat.languages:
                    rows.append(await one(seat, folder, path, edits))
    return rows


async def one(seat: Seat, folder: Path, path: str, edits: int) -> dict[str, Any]:
    server = WarmServer(seat.make(Place(folder, "3.12", folder / "cache")), folder, 10.0)
    language = language_of(path)
    tool = seat.called(*seat.stages, language) if len(seat.stages) == 1 else seat.name
    row: dict[str, Any] = {"language": language, "tool": tool}
    try:
        first = await asked(server, folder, path, 0)
        times = sorted([await asked(server, folder, path, number + 1) for number in range(edits)])
    except ToolError as error:
        return {**row, "missing": str(error)}
    finally:
        await server.aclose()
    p95 = times[min(len(times) - 1, round(0.95 * len(times)))]
    return {**row, "first_ms": first, "median_ms": statistics.median(times), "p95_ms": p95}


async def asked(server: WarmServer, folder: Path, path: str, number: int) -> float:
    """Milliseconds for a text that was never seen before."""
    file = OpenFile(folder=str(folder), path=path, text=text_of(path, number), language=language_of(path))
    began = time.perf_counter()
    await server.check(file)
    return 1000 * (time.perf_counter() - began)


def text_of(path: str, number: int) -> str:
    head, piece, *tail = PIECES[path]
    count = LINES // piece.count("\n")
    body = "".join(piece.replace("{n}", str(number * count + step)) for step in range(count))
    return head + body + "".join(tail)


def show(rows: list[dict[str, Any]]) -> None:
    table = Table("language", "tool", "first", "median", "p95", title=f"{LINES} lines, ms; goal: {GOAL_MS}")
    for row in rows:
        if "missing" in row:
            table.add_row(row["language"], row["tool"], "not here", "-", "-")
        else:
            figures = (f"{row[name]:.1f}" for name in ("first_ms", "median_ms", "p95_ms"))
            table.add_row(row["language"], row["tool"], *figures)
    Console(width=100 if not sys.stdout.isatty() else None).print(table)


if __name__ == "__main__":
    main()

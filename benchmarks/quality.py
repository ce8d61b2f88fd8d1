"""HumanEval: one greedy answer of the model against the engine, function by function.

    python benchmarks/quality.py humaneval --tasks FILE.jsonl --answers OUT.jsonl [--tier T0|T1|T2|auto]
                                         [--samples N] [--limit N] [--json FILE]

A task is a line with `task_id`, `prompt`, `entry_point` and `test` (HumanEval, arXiv 2107.03374). The engine
is given the prompt as a brief with a stub, and never the test, which runs in the sandbox after its answer.
OUT.jsonl has one line per task with the final code and what it cost, OUT.raw.jsonl the greedy answers, so
that anyone can score them again. A run that was stopped goes on where it was.
"""

import argparse
import asyncio
import json
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantumlayer.engine.agents.answers import read_code
from quantumlayer.engine.errors import AnswerError, QuantumLayerError
from quantumlayer.engine.events import Event
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.journal import Journal
from quantumlayer.engine.llm.gateway import Gateway
from quantumlayer.engine.llm.types import Message, Request
from quantumlayer.engine.sandbox import Job, Sandbox, open_sandbox
from quantumlayer.engine.types import Brief, SourceFile, Usage
from quantumlayer.settings import GenerateSettings, Settings, StorageSettings
from rich.console import Console
from rich.table import Table

MODULE = "solution.py"
BRIEF = "Write `solution.py`: complete this.\n\n```python\n{prompt}\n```\n"
RAW = (
    "Complete this Python code. Answer with one code block that holds all of it.\n\n```python\n{prompt}\n```"
)
SCORE_SECONDS = 20.0
Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """The test is for `score` alone."""

    id: str
    prompt: str
    entry_point: str
    test: str


def read_tasks(path: Path) -> list[Task]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Task(row["task_id"], row["prompt"].strip("\n"), row["entry_point"], row["test"]) for row in rows]


async def raw(task: Task, settings: Settings, journal: Journal) -> Row:
    """One greedy answer, taken as it comes."""
    gateway = Gateway(settings, journal)
    started = time.monotonic()
    try:
        message = Message(role="user", content=RAW.format(prompt=task.prompt))
        request = Request(purpose="raw", messages=(message,), temperature=0.0, max_tokens=1024)
        (answer,) = await gateway.ask(request)
        code = read_code(answer.model_copy(update={"finish": "stop"}), MODULE)
    except AnswerError:
        code = ""
    finally:
        await gateway.aclose()
    # Some answers leave out what stands before the function.
    return {"code": f"{task.prompt}\n    ...\n\n\n{code}\n"} | measured(gateway.usage, started)


async def engine(task: Task, settings: Settings) -> Row:
    """The product, and the prompt as a brief."""
    started = time.monotonic()
    usage: list[Usage] = []

    def emit(event: Event) -> None:
        if event.kind == "run_finished":
            usage.append(event.usage)

    async with Engine(settings) as running:
        try:
            capsule = await running.generate(Brief(text=BRIEF.format(prompt=task.prompt)), emit=emit)
        except QuantumLayerError as error:
            row: Row = {"code": "", "verdict": f"failed: {error.cause}", "confidence": 0.0}
            return row | measured(usage[-1] if usage else Usage(), started)
    code = next((file.text for file in capsule.files if file.path == MODULE), "")
    verdict = capsule.evidence.verdict
    row = {"code": code, "verdict": verdict.status, "confidence": verdict.confidence}
    return row | {"reasons": list(verdict.reasons)} | measured(capsule.evidence.usage, started)


def measured(usage: Usage, started: float) -> Row:
    seconds = round(time.monotonic() - started, 1)
    return {"calls": usage.calls, "tokens": usage.tokens_in + usage.tokens_out, "seconds": seconds}


async def score(sandbox: Sandbox, task: Task, code: str) -> bool:
    word = secrets.token_hex(8)  # nothing that an answer prints before it ends
    text = f"{code}\n\n{task.test}\n\ncheck({task.entry_point})\nprint({word!r})\n"
    files = (SourceFile(path="score.py", text=text),)
    outcome = await sandbox.run(Job(files=files, command=("python3", "score.py"), seconds=SCORE_SECONDS))
    return outcome.exit_code == 0 and outcome.stdout.endswith(f"{word}\n")


async def side(
    name: str, tasks: list[Task], path: Path, sandbox: Sandbox, make: Callable[[Task], Awaitable[Row]]
) -> list[Row]:
    """Rows for all tasks, those of an earlier run included; each is kept as soon as it is known."""
    known: dict[str, Row] = {}
    if path.is_file():
        known = {row["task_id"]: row for row in map(json.loads, path.read_text().splitlines())}
    for number, task in enumerate(tasks, 1):
        if task.id not in known:
            made = await make(task)
            row = {"task_id": task.id, **made, "passed": await score(sandbox, task, made["code"])}
            known[task.id] = row
            with path.open("a", encoding="utf-8") as answers:
                answers.write(json.dumps(row) + "\n")
            passed = sum(known[one.id]["passed"] for one in tasks[:number] if one.id in known)
            print(f"{name} {task.id}: {row['passed']}, {passed} of {number}", file=sys.stderr)
    return [known[task.id] for task in tasks]


async def humaneval(tasks: list[Task], answers: Path, settings: Settings) -> dict[str, list[Row]]:
    journal = Journal(settings.storage.data_dir / "raw")
    sandbox = await open_sandbox(settings)
    try:
        return {
            "raw": await side(
                "raw",
                tasks,
                answers.with_suffix(".raw.jsonl"),
                sandbox,
                lambda task: raw(task, settings, journal),
            ),
            "engine": await side("engine", tasks, answers, sandbox, lambda task: engine(task, settings)),
        }
    finally:
        await journal.aclose()
        await sandbox.aclose()


def show(sides: dict[str, list[Row]]) -> dict[str, Any]:
    table = Table("side", "passed", "pass@1", "calls", "tokens", "seconds")
    summary: dict[str, Any] = {}
    for name, rows in sides.items():
        passed, count = sum(row["passed"] for row in rows), max(len(rows), 1)
        calls, tokens, seconds = (sum(row[key] for row in rows) for key in ("calls", "tokens", "seconds"))
        share = f"{100 * passed / count:.1f} %"
        each = (f"{total / count:.1f}" for total in (calls, tokens, seconds))
        table.add_row(name, f"{passed} of {len(rows)}", share, *each)
        summary[name] = {"passed": passed, "tasks": len(rows), "calls": calls, "tokens": tokens}
        summary[name]["seconds"] = round(seconds, 1)
    Console().print(table)
    verified = [row for row in sides["engine"] if row["verdict"] == "verified"]
    right = sum(row["passed"] for row in verified)
    print(f"called verified: {len(verified)}, of which right: {right}")
    summary["verified"] = {"called": len(verified), "right": right}
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    tasks = commands.add_parser("humaneval")
    tasks.add_argument("--tasks", type=Path, required=True)
    tasks.add_argument("--answers", type=Path, required=True)
    tasks.add_argument("--tier", choices=["T0", "T1", "T2", "auto"], default="auto")
    tasks.add_argument("--samples", type=int, help="answers per wave; default: the setting's")
    tasks.add_argument("--limit", type=int)
    tasks.add_argument("--json", type=Path)
    args = parser.parse_args()
    answers: Path = args.answers.resolve()
    answers.parent.mkdir(parents=True, exist_ok=True)
    wanted = {"tier": args.tier} | ({"samples": args.samples} if args.samples else {})
    settings = Settings(
        storage=StorageSettings(data_dir=answers.with_suffix(".data")), generate=GenerateSettings(**wanted)
    )
    sides = asyncio.run(humaneval(read_tasks(args.tasks)[: args.limit], answers, settings))
    summary = show(sides)
    if args.json:
        args.json.write_text(json.dumps({"summary": summary, "rows": sides}, indent=2) + "\n")


if __name__ == "__main__":
    main()

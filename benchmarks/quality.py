"""HumanEval: one greedy answer of the model against the engine, function by function.

    python benchmarks/quality.py humaneval --tasks FILE.jsonl --answers OUT.jsonl [--tier T0|T1|T2|auto]
                                           [--samples N] [--limit N] [--no-raw] [--json FILE]
    python benchmarks/quality.py routing --tasks FILE.jsonl --answers OUT.jsonl [--samples N] [--limit N]
    python benchmarks/quality.py calibration OUT.jsonl [OUT.jsonl ...] [--json FILE]

A task is a line with `task_id`, `prompt`, `entry_point` and `test` (HumanEval, arXiv 2107.03374). The engine
is given the prompt as a brief with a stub, and never the test, which runs in the sandbox after its answer.
OUT.jsonl has one line per task with the final code and what it cost, OUT.raw.jsonl the greedy answers, so
that anyone can score them again. A run that was stopped goes on where it was. `routing` compares T0, T2 and
`auto`; `calibration` asks of scored answers what the engine's confidence in them was worth.
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

sys.path.insert(0, str(Path(__file__).parent))

import reliability

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


async def humaneval(
    tasks: list[Task], answers: Path, settings: Settings, *, greedy: bool = True
) -> dict[str, list[Row]]:
    """The engine's side, and that of one greedy answer unless it is not wanted."""
    journal = Journal(settings.storage.data_dir / "raw")
    sandbox = await open_sandbox(settings)
    sides: dict[str, list[Row]] = {}
    try:
        if greedy:
            path = answers.with_suffix(".raw.jsonl")
            sides["raw"] = await side("raw", tasks, path, sandbox, lambda task: raw(task, settings, journal))
        name = f"engine {settings.generate.tier}"
        sides[name] = await side(name, tasks, answers, sandbox, lambda task: engine(task, settings))
    finally:
        await journal.aclose()
        await sandbox.aclose()
    return sides


async def routing(tasks: list[Task], answers: Path, samples: int | None) -> dict[str, list[Row]]:
    """Always the cheapest tier, always the dearest, and each brief's own; none has the others' answers."""
    sides: dict[str, list[Row]] = {}
    for tier in ("T0", "T2", "auto"):
        path = answers.with_suffix(f".{tier}.jsonl")
        sides |= await humaneval(tasks, path, settings_for(path, tier, samples), greedy=False)
    return sides


def settings_for(answers: Path, tier: str, samples: int | None) -> Settings:
    # What a run tries in order to learn has no place in a comparison.
    wanted: dict[str, Any] = {"tier": tier, "explore": 0.0} | ({"samples": samples} if samples else {})
    return Settings(
        storage=StorageSettings(data_dir=answers.with_suffix(".data")), generate=GenerateSettings(**wanted)
    )


def show(sides: dict[str, list[Row]]) -> dict[str, Any]:
    table = Table("side", "passed", "pass@1", "calls", "tokens", "seconds", "verified", "of these right")
    summary: dict[str, Any] = {}
    for name, rows in sides.items():
        passed, count = sum(row["passed"] for row in rows), max(len(rows), 1)
        calls, tokens, seconds = (sum(row[key] for row in rows) for key in ("calls", "tokens", "seconds"))
        share = f"{100 * passed / count:.1f} %"
        each = [f"{total / count:.1f}" for total in (calls, tokens, seconds)]
        verified = [row["passed"] for row in rows if row.get("verdict") == "verified"]
        judged = [str(len(verified)), str(sum(verified))] if name != "raw" else ["", ""]
        table.add_row(name, f"{passed} of {len(rows)}", share, *each, *judged)
        summary[name] = {"passed": passed, "tasks": len(rows), "calls": calls, "tokens": tokens}
        summary[name] |= {"seconds": round(seconds, 1), "verified": len(verified), "right": sum(verified)}
    Console().print(table)
    return summary


def calibration(files: list[Path]) -> dict[str, Any]:
    """What the engine's confidence was worth over answers that were scored; the fit is cross-validated."""
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    said = [(float(row["confidence"]), bool(row["passed"])) for row in rows if "confidence" in row]
    if not said:
        raise SystemExit("calibration: none of these files has an answer of the engine")
    table = Table("said", "answers", "mean confidence", "right")
    for one in reliability.bins(said):
        table.add_row(
            f"{one.low:.1f} to {one.low + 0.1:.1f}", str(one.count), f"{one.said:.2f}", f"{one.right:.2f}"
        )
    Console().print(table)
    fitted = reliability.held_out(said)
    summary = {
        "answers": len(said),
        "ece": round(reliability.expected_error(said), 3),
        "brier": round(reliability.brier(said), 3),
        "ece_fitted": round(reliability.expected_error(fitted), 3),
        "brier_fitted": round(reliability.brier(fitted), 3),
        "fit": reliability.isotonic(said),
        "risk_coverage": reliability.risk_coverage(said),
    }
    print(f"expected calibration error {summary['ece']}, with an isotonic fit {summary['ece_fitted']}")
    return summary


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = made.add_subparsers(dest="command", required=True)
    for name in ("humaneval", "routing"):
        tasks = commands.add_parser(name)
        tasks.add_argument("--tasks", type=Path, required=True)
        tasks.add_argument("--answers", type=Path, required=True)
        tasks.add_argument("--samples", type=int, help="answers per wave; default: the setting's")
        tasks.add_argument("--limit", type=int)
        tasks.add_argument("--json", type=Path)
    commands.choices["humaneval"].add_argument("--tier", choices=["T0", "T1", "T2", "auto"], default="auto")
    commands.choices["humaneval"].add_argument(
        "--no-raw", action="store_true", help="only the engine, without the greedy answer beside it"
    )
    scored = commands.add_parser("calibration")
    scored.add_argument("answers", type=Path, nargs="+")
    scored.add_argument("--json", type=Path)
    return made


def main() -> None:
    args = parser().parse_args()
    if args.command == "calibration":
        written: dict[str, Any] = calibration(args.answers)
    else:
        answers: Path = args.answers.resolve()
        answers.parent.mkdir(parents=True, exist_ok=True)
        tasks = read_tasks(args.tasks)[: args.limit]
        if args.command == "routing":
            sides = asyncio.run(routing(tasks, answers, args.samples))
        else:
            settings = settings_for(answers, args.tier, args.samples)
            sides = asyncio.run(humaneval(tasks, answers, settings, greedy=not args.no_raw))
        written = {"summary": show(sides), "rows": sides}
    if args.json:
        args.json.write_text(json.dumps(written, indent=2) + "\n")


if __name__ == "__main__":
    main()

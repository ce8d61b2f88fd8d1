"""Briefs with acceptance tests: one raw answer of the model against the engine, side by side.

    python benchmarks/briefs.py --briefs DIR --projects OUT [--only NAME ...] [--json FILE]

DIR holds one folder per brief: `NAME/brief.md` and `NAME/accept/test_accept.py`, which finds the project in
the environment variable PROJECT_DIR. Each project is left in OUT/baseline/NAME and OUT/engine/NAME. The
acceptance tests run in the sandbox after a project is finished; nothing that generates ever sees them. A run
that was stopped goes on where it was: every answer and every finished row is kept in OUT.
"""

import argparse
import asyncio
import contextlib
import json
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from quantumlayer.engine.errors import QuantumLayerError
from quantumlayer.engine.events import Event
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.journal import Journal
from quantumlayer.engine.llm.gateway import Gateway
from quantumlayer.engine.llm.types import Message, Request
from quantumlayer.engine.sandbox import Job, Sandbox, open_sandbox
from quantumlayer.engine.sandbox.wheels import resolve_wheels
from quantumlayer.engine.types import Brief, SourceFile, Usage, check_path
from quantumlayer.settings import Settings, StorageSettings
from rich.console import Console
from rich.table import Table

RAW = (
    "Write the complete project for this specification. Give every file as a line with its path, followed by "
    "one code block with its content.\n\n"
)
NEEDS = ("pytest", "fastapi", "httpx")
ACCEPT_SECONDS = 60.0


async def baseline(
    brief: Brief, settings: Settings, journal: Journal
) -> tuple[list[SourceFile], dict[str, Any]]:
    """All files in one greedy answer, taken as it comes."""
    gateway = Gateway(settings, journal)
    started = time.monotonic()
    try:
        request = Request(
            purpose="baseline",
            messages=(Message(role="user", content=RAW + brief.text),),
            temperature=0.0,
            max_tokens=settings.models.max_tokens,
        )
        (answer,) = await gateway.ask(request)
        files = split_files(answer.text, brief)
        row = {"finish": answer.finish, "verdict": "", "confidence": None}
    except QuantumLayerError as error:
        files, row = [], {"finish": "error", "verdict": f"failed: {error.cause}", "confidence": None}
    finally:
        await gateway.aclose()
    return files, row | measured(gateway.usage, time.monotonic() - started)


def split_files(text: str, brief: Brief) -> list[SourceFile]:
    """Files in an answer: code blocks under the path named just before them, or parts of a block that each
    begin with their path as a comment. A single block without a path is the file that the brief names."""
    found: dict[str, str] = {}
    named = re.findall(r"`([\w/.-]+\.py)`", brief.text)
    blocks = list(re.finditer(r"```[\w+-]*\n(.*?)(?:```|\Z)", text, re.DOTALL))
    for block in blocks:
        parts = re.split(r"^# *([\w/-]+\.\w+):? *\n", block[1], flags=re.MULTILINE)
        for path, code in zip(parts[1::2], parts[2::2], strict=True):
            found.setdefault(path, code)
        if len(parts) == 1:
            before = text[: block.start()].rstrip().rsplit("\n", 2)[-2:]
            paths = [path for line in reversed(before) for path in re.findall(r"([\w/-]+\.\w+)", line)]
            fallback = named[0] if len(blocks) == 1 and named else ""
            found.setdefault(next(iter(paths), fallback), block[1])
    files = []
    for path, code in found.items():
        with contextlib.suppress(ValueError):
            files.append(SourceFile(path=check_path(path), text=code))
    return files


async def engine(brief: Brief, settings: Settings) -> tuple[list[SourceFile], dict[str, Any]]:
    """The product as a user has it, with default settings."""
    started = time.monotonic()
    usage: list[Usage] = []

    def emit(event: Event) -> None:
        if event.kind == "run_finished":
            usage.append(event.usage)
        elif event.kind in {"phase_started", "file_started", "file_finished"}:
            print(f"  {time.monotonic() - started:6.0f} s  {describe(event)}", file=sys.stderr)

    async with Engine(settings) as running:
        try:
            capsule = await running.generate(brief, emit=emit)
        except QuantumLayerError as error:
            row: dict[str, Any] = {"finish": "error", "verdict": f"failed: {error.cause}", "confidence": None}
            return [], row | measured(usage[-1] if usage else Usage(), time.monotonic() - started)
    verdict = capsule.evidence.verdict
    row = {
        "finish": "stop",
        "verdict": verdict.status,
        "confidence": verdict.confidence,
        "reasons": list(verdict.reasons),
        "evidence": list(verdict.evidence),
    }
    return list(capsule.files), row | measured(capsule.evidence.usage, time.monotonic() - started)


def describe(event: Event) -> str:
    details = getattr(event, "phase", "") or getattr(event, "path", "") or getattr(event, "file", None)
    return f"{event.kind} {details.path if isinstance(details, SourceFile) else details}"


def measured(usage: Usage, seconds: float) -> dict[str, Any]:
    return {"tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out, "seconds": round(seconds, 1)}


async def accept(sandbox: Sandbox, packages: Path, files: list[SourceFile], tests: Path) -> dict[str, Any]:
    """How many acceptance tests pass; one that did not pass counts as failed, whatever the reason."""
    text = tests.read_text(encoding="utf-8")
    placed = [SourceFile(path=f"project/{file.path}", text=file.text) for file in files]
    script = (
        "root=$PWD; export PROJECT_DIR=$root/project PYTHONDONTWRITEBYTECODE=1; "
        "export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1; "
        "mkdir -p run; cd run && exec python3 -m pytest -c /dev/null --rootdir $root/accept "
        "-p no:cacheprovider -v --tb=no --basetemp $root/run/tmp $root/accept/test_accept.py"
    )
    base = (SourceFile(path="accept/test_accept.py", text=text), SourceFile(path="project/.keep", text=""))
    total = Job(
        files=base, command=("sh", "-c", script.replace("-v --tb=no", "--collect-only -q")), packages=packages
    )
    counted = await sandbox.run(total)
    job = Job(files=(*base, *placed), command=("sh", "-c", script), packages=packages, seconds=ACCEPT_SECONDS)
    outcome = await sandbox.run(job)
    passed = set(re.findall(r"test_accept\.py::(\S+) PASSED", outcome.stdout))
    names = set(re.findall(r"test_accept\.py::(\S+)", counted.stdout))
    note = "timeout" if outcome.timed_out else ""
    return {"passed": len(passed), "total": len(names), "note": note}


def read(folder: Path) -> Brief:
    return Brief(text=(folder / "brief.md").read_text(encoding="utf-8"), name=folder.name)


def leave(files: list[SourceFile], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for file in files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.text, encoding="utf-8")


async def run(args: argparse.Namespace) -> dict[str, Any]:
    out: Path = args.projects.resolve()
    out.mkdir(parents=True, exist_ok=True)
    settings = Settings(storage=StorageSettings(data_dir=out / ".data"))
    state = out / "rows.json"
    rows: dict[str, Any] = json.loads(state.read_text()) if state.is_file() else {}
    names = args.only or sorted(path.parent.name for path in args.briefs.glob("*/brief.md"))
    sandbox = await open_sandbox(settings)
    packages = await resolve_wheels(NEEDS, sandbox.python, settings)
    journal = Journal(out / ".data" / "baseline")
    try:
        briefs = {name: read(args.briefs / name) for name in names}

        async def finish(side: str, name: str, files: list[SourceFile], row: dict[str, Any]) -> None:
            leave(files, out / side / name)
            tests = args.briefs / name / "accept" / "test_accept.py"
            rows[f"{side}/{name}"] = row | await accept(sandbox, packages, files, tests)
            state.write_text(json.dumps(rows, indent=1))

        async def raw(name: str) -> None:
            await finish("baseline", name, *await baseline(briefs[name], settings, journal))

        # Greedy answers do not depend on each other: all at once, as one batch of the model's.
        print("baseline", file=sys.stderr)
        await asyncio.gather(*(raw(name) for name in names if f"baseline/{name}" not in rows))
        for name in names:
            if f"engine/{name}" not in rows:
                print(f"engine {name}", file=sys.stderr)
                await finish("engine", name, *await engine(briefs[name], settings))
    finally:
        await journal.aclose()
        await sandbox.aclose()
    return {key: row for key, row in rows.items() if key.split("/", 1)[1] in names}


def show(rows: dict[str, Any]) -> dict[str, Any]:
    table = Table("brief", "baseline", "engine", "verdict", "confidence", "tokens", "seconds")
    for name in sorted({key.split("/", 1)[1] for key in rows}):
        raw, made = rows[f"baseline/{name}"], rows[f"engine/{name}"]
        table.add_row(
            name,
            f"{raw['passed']}/{raw['total']}",
            f"{made['passed']}/{made['total']} {made['note']}",
            made["verdict"],
            str(made["confidence"]),
            f"{raw['tokens_out']} | {made['tokens_out']}",
            f"{raw['seconds']:.0f} | {made['seconds']:.0f}",
        )
    Console().print(table)
    summary: dict[str, Any] = {}
    for side in ("baseline", "engine"):
        mine = [row for key, row in rows.items() if key.startswith(f"{side}/")]
        passed, total = sum(row["passed"] for row in mine), sum(row["total"] for row in mine)
        complete = sum(row["passed"] == row["total"] for row in mine)
        print(f"{side}: {passed} of {total} tests, {complete} of {len(mine)} projects complete")
        summary[side] = {"passed": passed, "total": total, "complete": complete, "projects": len(mine)}
    trusted = {
        key.removeprefix("engine/"): f"{row['passed']}/{row['total']}"
        for key, row in sorted(rows.items())
        if row["verdict"] == "verified"
    }
    said = ", ".join(f"{name} {tests}" for name, tests in trusted.items())
    print(f"called verified, and what the acceptance tests say: {said or 'none'}")
    summary["verified"] = trusted
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--briefs", type=Path, required=True)
    parser.add_argument("--projects", type=Path, required=True)
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = asyncio.run(run(args))
    summary = show(rows)
    if args.json:
        args.json.write_text(json.dumps({"summary": summary, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()

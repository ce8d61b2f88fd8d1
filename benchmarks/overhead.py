"""What the engine adds to the time that models take, for a capsule of 10 files; and an exact repeat.

    python benchmarks/overhead.py [--runs 5] [--repeats 50] [--sandbox auto] [--json FILE]

A server on loopback that speaks OpenAI's protocol answers every request at once: a plan of ten files, the
files, and tests. What is left is the engine: prompts, client library, gate, validators, sandbox, journal,
store; and the server's own work, which shares the process. Each run is another brief, so nothing is
reused; the first one pays for imports and the sandbox's start, and is shown for itself.

The exact repeat asks for the last brief again, in the same process: it must come from the journal.
"""

import argparse
import asyncio
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from figures import spread, table_of
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from quantumlayer.engine.events import Event, PhaseStarted, RunFinished
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.types import Brief, Capsule
from quantumlayer.settings import ModelSettings, SandboxSettings, Settings, StorageSettings

from tests.support.scripted_server import Reply, ScriptedServer, Seen

MODULES = 9
"""With the package's `__init__.py`, which is derived, ten files."""
GOAL_REPEAT_MS = 75


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, help="warm runs (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=50, help="exact repeats (default: %(default)s)")
    parser.add_argument("--sandbox", default="auto", choices=["auto", "docker", "bubblewrap", "none"])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    os.environ.setdefault("OPENAI_API_KEY", "unused")
    with tempfile.TemporaryDirectory() as home, ScriptedServer() as server:
        server.script(answer)
        settings = Settings(
            models=ModelSettings(model="openai/scripted", api_base=server.base_url),
            sandbox=SandboxSettings(engine=options.sandbox),
            storage=StorageSettings(data_dir=Path(home) / "data", cache_dir=Path(home) / "cache"),
        )
        figures = asyncio.run(measure(settings, server, options.runs, options.repeats))
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


# -- what is asked, and what the server answers ------------------------------------------------


def brief_of(number: int) -> Brief:
    """A brief of its own for each run, so that no run finds steps of another one in the journal."""
    rules = "\n".join(
        f"- `steps/step_{n}.py` defines `step_{n}(x)`; `step_{n}(7)` returns {7 + n + number}."
        for n in range(MODULES)
    )
    text = f"# Steps {number}\n\nWrite a Python package `steps` with the standard library only.\n\n{rules}\n"
    return Brief(text=text, name=f"steps-{number}")


def answer(seen: Seen) -> Reply:
    """By what the prompt asks for."""
    number = int(seen.prompt.split("# Steps ", 1)[1].split()[0])
    if "Write the complete file" in seen.prompt:
        path = seen.prompt.split("Write the complete file `", 1)[1].split("`")[0]
        return Reply(fenced(module(path, number)), piece=4096)
    if "pytest file" in seen.prompt:
        return Reply(fenced(tests(number)), piece=4096)
    return Reply(json.dumps(plan()), piece=4096)


def plan() -> Mapping[str, object]:
    files = [
        {
            "path": f"steps/step_{n}.py",
            "purpose": f"adds {n}",
            "interface": [f"def step_{n}(x: int) -> int"],
            "depends_on": [],
        }
        for n in range(MODULES)
    ]
    return {"summary": "Steps that add.", "files": files, "packages": [], "run": []}


def module(path: str, number: int) -> str:
    step = path.removeprefix("steps/step_").removesuffix(".py")
    if not step.isdecimal():
        return '"""Steps that add."""\n'
    return f"def step_{step}(x: int) -> int:\n    return x + {int(step) + number}\n"


def tests(number: int) -> str:
    return "\n\n".join(
        f"def test_step_{n}() -> None:\n    assert step_{n}(7) == {7 + n + number}\n" for n in range(MODULES)
    )


def fenced(code: str) -> str:
    return f"```python\n{code}```\n"


# -- measuring ---------------------------------------------------------------------------------


async def measure(settings: Settings, server: ScriptedServer, runs: int, repeats: int) -> dict[str, object]:
    async with Engine(settings) as engine:
        cold, *warm = [await one_run(engine, server, number) for number in range(runs + 1)]
        calls = len(server.requests)
        repeated = [await one_repeat(engine, runs) for _ in range(repeats)]
        if len(server.requests) != calls:
            raise SystemExit("an exact repeat asked the model again")
    return {
        "sandbox": cold["sandbox"],
        "status": cold["status"],
        "files": cold["files"],
        "calls": cold["calls"],
        "cold": cold,
        "warm_ms": spread([float(str(run["overhead_ms"])) for run in warm]),
        "phases_ms": phases_of(warm),
        "repeat_ms": spread(repeated),
        "goal_repeat_ms": GOAL_REPEAT_MS,
        "goal_repeat_met": statistics.median(repeated) <= GOAL_REPEAT_MS,
    }


async def one_run(engine: Engine, server: ScriptedServer, number: int) -> dict[str, object]:
    before = len(server.requests)
    marks: list[tuple[str, float]] = []

    def note(event: Event) -> None:
        if isinstance(event, PhaseStarted | RunFinished):
            marks.append((getattr(event, "phase", "end"), time.perf_counter()))

    began = time.perf_counter()
    capsule = await engine.generate(brief_of(number), emit=note)
    wall = (time.perf_counter() - began) * 1000
    phases: dict[str, float] = {"start": (marks[0][1] - began) * 1000}
    for (phase, start), (_, end) in itertools.pairwise(marks):
        phases[phase] = phases.get(phase, 0.0) + (end - start) * 1000
    return {
        "overhead_ms": round(wall, 1),
        "phases_ms": {phase: round(took, 1) for phase, took in phases.items()},
        **described(capsule),
        "calls": len(server.requests) - before,
    }


def described(capsule: Capsule) -> dict[str, object]:
    sources = [entry for entry in capsule.manifest.files if entry.role == "source"]
    if len(sources) != MODULES + 1:
        raise SystemExit(f"the capsule has {len(sources)} source files, not {MODULES + 1}")
    verdict = capsule.evidence.verdict
    return {
        "files": len(sources),
        "status": verdict.status,
        "reasons": list(verdict.reasons),
        "sandbox": capsule.evidence.sandbox or "none",
    }


async def one_repeat(engine: Engine, number: int) -> float:
    finished: list[RunFinished] = []
    began = time.perf_counter()
    capsule = await engine.generate(
        brief_of(number),
        emit=lambda event: finished.append(event) if isinstance(event, RunFinished) else None,
    )
    took = (time.perf_counter() - began) * 1000
    if not finished[0].reused:
        skipped = [f"{s.stage}: {s.reason}" for s in capsule.evidence.verdict.stages if s.status == "skipped"]
        raise SystemExit(f"the repeat did not come from the journal; skipped stages: {skipped or 'none'}")
    return took


def phases_of(runs: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """The median of each phase, in milliseconds."""
    found: dict[str, list[float]] = {}
    for run in runs:
        phases = run["phases_ms"]
        assert isinstance(phases, dict)
        for phase, took in phases.items():
            found.setdefault(phase, []).append(took)
    return {phase: round(statistics.median(values), 1) for phase, values in found.items()}


def show(figures: Mapping[str, object]) -> None:
    console = Console()
    cold, warm, repeat = figures["cold"], figures["warm_ms"], figures["repeat_ms"]
    assert isinstance(cold, dict)
    rows = {
        "first run in the process": {"median": cold["overhead_ms"]},
        "another brief, warm": warm,
        "exact repeat, warm": repeat,
    }
    title = f"{figures['files']} files, {figures['calls']} calls, sandbox {figures['sandbox']}, ms"
    console.print(table_of(title, rows))
    phases = figures["phases_ms"]
    assert isinstance(phases, dict)
    console.print("warm, by phase:", ", ".join(f"{name} {took:.0f} ms" for name, took in phases.items()))
    console.print(f"verdict: {figures['status']}", *cold["reasons"])
    outcome = "met" if figures["goal_repeat_met"] else "missed"
    console.print(f"goal: an exact repeat within {GOAL_REPEAT_MS} ms: {outcome}")


if __name__ == "__main__":
    main()

"""The benchmark over HumanEval: what it measures, and that no task's test reaches a model."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from spine_bench import Spine, code
from support.scripted_server import Seen

FILE = Path(__file__).parents[3] / "benchmarks" / "quality.py"
TASKS = [
    {
        "task_id": f"T/{number}",
        "prompt": f'def add{number}(a: int, b: int) -> int:\n    """The sum.\n\n    >>> add{number}(1, 2)\n'
        "    3\n    >>> add"
        f'{number}(0, 0)\n    0\n    """\n',
        "entry_point": f"add{number}",
        "test": "def check(candidate):\n    assert candidate(4711, 1) == 4712\n",
    }
    for number in (1, 2)
]


def benchmark() -> Any:
    spec = importlib.util.spec_from_file_location("quality", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(seen: Seen) -> str:
    """Right for the first task; for the second only the engine's answer is."""
    if "test engineer" in seen.prompt:
        return code("assert add1(2, 2) == 4" if "add1" in seen.prompt else "assert add2(2, 2) == 4")
    right = "add1" in seen.prompt or "Complete this Python code" not in seen.prompt
    name = "add1" if "add1" in seen.prompt else "add2"
    return code(f"def {name}(a: int, b: int) -> int:\n    return a {'+' if right else '-'} b\n")


async def test_both_sides_are_scored_by_tests_that_no_model_sees(spine: Spine, tmp_path: Path) -> None:
    quality = benchmark()
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text("\n".join(json.dumps(task) for task in TASKS))
    spine.server.script(answer)
    sides = await quality.humaneval(quality.read_tasks(tasks), tmp_path / "answers.jsonl", spine.settings())
    assert [row["passed"] for row in sides["raw"]] == [True, False]
    assert [row["passed"] for row in sides["engine auto"]] == [True, True]
    assert all(row["tokens"] > 0 and row["calls"] > 0 for rows in sides.values() for row in rows)
    assert not [prompt for prompt in spine.prompts if "4711" in prompt]
    kept = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [row["task_id"] for row in kept] == ["T/1", "T/2"]
    assert "return a + b" in kept[0]["code"]

    asked = len(spine.server.requests)
    again = await quality.humaneval(quality.read_tasks(tasks), tmp_path / "answers.jsonl", spine.settings())
    assert again == sides
    assert len(spine.server.requests) == asked
    summary = quality.show(sides)
    assert summary["raw"]["passed"] == 1
    assert summary["engine auto"]["passed"] == 2


async def test_a_wrong_answer_is_no_pass_whatever_it_prints(spine: Spine, tmp_path: Path) -> None:
    quality = benchmark()
    task = quality.Task("T", "", "f", "def check(candidate):\n    assert candidate() == 1\n")
    sandbox = await quality.open_sandbox(spine.settings())
    try:
        assert await quality.score(sandbox, task, "def f():\n    return 1\n")
        assert not await quality.score(sandbox, task, "def f():\n    return 2\n")
        assert not await quality.score(
            sandbox, task, "def f():\n    print('all right')\n    raise SystemExit\n"
        )
        assert not await quality.score(sandbox, task, "")
    finally:
        await sandbox.aclose()


async def test_routing_keeps_the_tiers_apart(spine: Spine, tmp_path: Path) -> None:
    quality = benchmark()
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text(json.dumps(TASKS[0]))
    spine.server.script(answer)
    settings = spine.settings()
    quality.settings_for = lambda answers, tier, samples: settings.model_copy(
        update={"generate": settings.generate.model_copy(update={"tier": tier, "samples": 2})}
    )
    sides = await quality.routing(quality.read_tasks(tasks), tmp_path / "answers.jsonl", None)
    assert list(sides) == ["engine T0", "engine T2", "engine auto"]
    assert (tmp_path / "answers.T2.jsonl").is_file()
    assert all(rows[0]["passed"] for rows in sides.values())


def test_a_confidence_is_compared_with_what_came(tmp_path: Path) -> None:
    quality = benchmark()
    rows = [{"confidence": 0.9, "passed": index < 5} for index in range(10)]
    rows += [{"confidence": 0.3, "passed": False} for _ in range(10)]
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    found = quality.calibration([file])
    assert found["answers"] == 20
    assert found["ece"] == pytest.approx(0.5 * 0.4 + 0.5 * 0.3)
    assert found["fit"] == [(0.3, 0.0), (0.9, 0.5)]
    assert found["ece_fitted"] < 0.1
    assert found["risk_coverage"] == [(0.9, 0.5, 0.5), (0.3, 1.0, 0.75)]


def test_a_fit_never_falls() -> None:
    reliability = benchmark().reliability
    said = [(0.1, True), (0.2, False), (0.3, True), (0.4, False), (0.5, True), (0.5, True)]
    steps = reliability.isotonic(said)
    assert [value for _, value in steps] == sorted(value for _, value in steps)
    assert steps == [(0.1, 0.5), (0.5, 1.0)]
    assert reliability.fitted(steps, 0.0) == 0.5
    assert reliability.fitted(steps, 0.45) == 0.5
    assert reliability.fitted(steps, 0.9) == 1.0

"""What decides whether an earlier run's capsule is the answer: the limits it ran under, and our own code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import quantumlayer
from quantumlayer.engine.orchestrator import run as run_module
from spine_bench import Spine, code
from support.command import SLUG_BRIEF, SLUG_CODE, SLUG_TESTS

LIMITS = {"memory_mb": 300, "pids": 63, "seconds": 21.0, "work_mb": 63, "output_kb": 1000}


async def test_a_capsule_that_ran_under_other_limits_is_not_the_answer(spine: Spine) -> None:
    spine.script(slug=code(SLUG_CODE), checks=code(SLUG_TESTS))
    first = await spine.generate(SLUG_BRIEF)
    assert first.evidence.verdict.status == "verified", first.evidence.verdict.reasons
    for limit, value in LIMITS.items():
        again = await spine.generate(SLUG_BRIEF, sandbox={limit: value})
        assert not spine.finished.reused, limit
        assert again.id == first.id, "the project is the same; only what was seen of it is new"
    await spine.generate(SLUG_BRIEF)
    assert spine.finished.reused


async def test_another_engine_makes_the_capsule_again(spine: Spine, monkeypatch: pytest.MonkeyPatch) -> None:
    author = spine.script(slug=code(SLUG_CODE), checks=code(SLUG_TESTS))
    await spine.generate(SLUG_BRIEF)
    asked = len(author.asked)
    monkeypatch.setattr(run_module, "_engine_digest", lambda: "of the next version")
    await spine.generate(SLUG_BRIEF)
    assert not spine.finished.reused
    assert len(author.asked) == asked, "answers of models do not depend on our code"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package somewhere else."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(quantumlayer.__file__).parent, folder / "quantumlayer", ignore=ignored)
    return folder


def engine_of(folder: Path) -> str:
    program = (
        "import quantumlayer; from quantumlayer.engine.orchestrator.run import _engine_digest;"
        "print(quantumlayer.__file__, _engine_digest())"
    )
    environ = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environ, capture_output=True, text=True, check=True
    )
    file, _, found = done.stdout.strip().rpartition(" ")
    assert Path(file).is_relative_to(folder)
    return found


def test_the_same_code_is_the_same_engine_wherever_it_lies(copy: Path) -> None:
    assert engine_of(copy) == run_module._engine_digest()


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("engine/agents/prompts/code.md", True),
        ("engine/validation/mesh.py", True),
        ("engine/sandbox/guest.py", True),
        ("engine/sandbox/seccomp.json", True),
        ("engine/validation/runtime/inside/node.cjs", True),
        ("engine/languages.py", True),
        ("engine/patterns/priors.json", True),
        ("engine/orchestrator/new_step.py", True),
        ("engine/sandbox/__pycache__/guest.cpython-311.pyc", False),
        ("cli/app.py", False),
    ],
)
def test_what_makes_it_another_engine(copy: Path, file: str, counts: bool) -> None:
    path = copy / "quantumlayer" / file
    path.parent.mkdir(exist_ok=True)
    before = path.read_bytes() if path.exists() else None
    path.write_bytes((before or b"") + b"\n# more\n")
    try:
        assert (engine_of(copy) != run_module._engine_digest()) == counts
    finally:
        path.unlink()
        if before is not None:
            path.write_bytes(before)

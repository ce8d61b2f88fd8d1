"""Real engines, opened."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from quantumlayer.engine.sandbox import Outcome, Sandbox
from sandbox_programs import ENGINES, Run, opened, program, settings_for


@pytest.fixture
def work_mb() -> int:
    """A size like no other, by which this test's processes are known among everybody's."""
    return random.randint(16, 60)


@pytest.fixture(params=ENGINES)
async def sandbox(request: pytest.FixtureRequest, tmp_path: Path, work_mb: int) -> AsyncIterator[Sandbox]:
    """Each engine with small limits."""
    limits = {"memory_mb": 128, "pids": 32, "seconds": 10, "output_kb": 64, "work_mb": work_mb}
    sandbox = await opened(settings_for(request.param, tmp_path, **limits))
    yield sandbox
    await sandbox.aclose()


@pytest.fixture
async def docker_sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    sandbox = await opened(settings_for("docker", tmp_path, seconds=30))
    yield sandbox
    await sandbox.aclose()


@pytest.fixture
def run(sandbox: Sandbox) -> Run:
    async def run_program(text: str, **job: Any) -> Outcome:
        return await sandbox.run(program(text, **job))

    return run_program

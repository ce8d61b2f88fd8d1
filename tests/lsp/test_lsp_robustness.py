"""Some thousand strange messages, to real servers. `benchmarks/robustness.py` sends a hundred thousand."""

from pathlib import Path

import pytest
from support.fuzz.servers import ENDINGS, Plan, converse, converse_over, errors_in, listening

STEPS = 500


@pytest.mark.parametrize(("seed", "encoding"), [(101, "utf-8"), (102, "utf-16"), (103, "utf-32")])
async def test_nothing_that_an_editor_sends_does_harm(
    environ: dict[str, str], logs: Path, workspace: Path, seed: int, encoding: str
) -> None:
    """Every request is answered once, every text is as it must be, and the process ends as it should."""
    plan = Plan.of(seed, STEPS, workspace, encoding)
    report, _ = await converse(plan, environ, workspace, logs)
    assert report.violations == []
    assert report.sent.total() >= STEPS
    assert report.texts > 0


@pytest.mark.parametrize("ending", sorted(set(ENDINGS)))
async def test_a_server_ends_with_its_editor(
    environ: dict[str, str], logs: Path, workspace: Path, ending: str
) -> None:
    plan = Plan.of(104, 100, workspace, "utf-16", ending)
    report, _ = await converse(plan, environ, workspace, logs)
    assert report.violations == []


async def test_editors_of_one_port_do_not_disturb_each_other(
    environ: dict[str, str], logs: Path, workspace: Path
) -> None:
    async with listening(environ) as (host, port):
        for seed in (105, 106):
            report = await converse_over(host, port, Plan.of(seed, 300, workspace), workspace)
            assert report.violations == []
    assert errors_in(logs) == []

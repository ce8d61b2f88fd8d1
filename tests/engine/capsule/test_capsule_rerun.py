"""Running a capsule again: honest evidence comes out the same, and a signed lie is found."""

from pathlib import Path

import pytest
from capsule_samples import make_evidence, make_sample, make_sealed
from quantumlayer.engine.capsule.archive import write_archive
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.types import Capsule, SourceFile, Stage, StageResult, Verdict
from quantumlayer.settings import SandboxSettings, Settings, StorageSettings

JUDGED = (Stage.SYNTAX, Stage.STYLE)
SOUND = '"""Counts."""\n\n\ndef count(words: list[str]) -> int:\n    return len(words)\n'
BROKEN = "def count(words:\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    storage = StorageSettings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")
    return Settings(storage=storage, sandbox=SandboxSettings(engine="none"))


async def seen(settings: Settings, text: str) -> tuple[StageResult, ...]:
    async with Engine(settings) as engine:
        return await engine.validate([SourceFile(path="tally/core.py", text=text)], JUDGED)


def signed(text: str, stages: tuple[StageResult, ...]) -> Capsule:
    verdict = Verdict(status="unverified", stages=stages, confidence=0.5, evidence=())
    evidence = make_evidence().model_copy(update={"verdict": verdict})
    return make_sealed(make_sample({"tally/core.py": text}, evidence=evidence))


async def test_honest_evidence_comes_out_the_same(settings: Settings, tmp_path: Path) -> None:
    archive = write_archive(signed(SOUND, await seen(settings, SOUND)), "qlcapsule", tmp_path)
    async with Engine(settings) as engine:
        report = await engine.verify(archive, rerun=True)
        await engine.import_capsule(archive)
        stored = await engine.verify("tally", rerun=True)
    assert report.rerun is not None
    assert report.rerun.outcome == "same", report.rerun
    assert [stage.stage for stage in report.rerun.stages] == list(JUDGED)
    assert stored.rerun == report.rerun


async def test_a_lie_that_was_signed_is_found(settings: Settings, tmp_path: Path) -> None:
    archive = write_archive(signed(BROKEN, await seen(settings, SOUND)), "qlcapsule", tmp_path)
    async with Engine(settings) as engine:
        report = await engine.verify(archive, rerun=True)
    assert report.ok, "it is whole: a signature proves who says it, not that it is so"
    assert report.rerun is not None
    assert report.rerun.outcome == "other"
    syntax = report.rerun.stages[0]
    assert (syntax.recorded, syntax.here) == ("passed", "failed")
    assert any("tally/core.py:1" in difference for difference in syntax.differences)


async def test_what_is_not_whole_is_not_run(settings: Settings, tmp_path: Path) -> None:
    archive = write_archive(signed(SOUND, ()), "qlcapsule", tmp_path)
    archive.write_bytes(archive.read_bytes().replace(b"Counts", b"counts"))
    async with Engine(settings) as engine:
        report = await engine.verify(archive, rerun=True)
    assert (report.ok, report.rerun) == (False, None)


async def test_it_is_said_that_the_runtime_cannot_be_run_without_a_sandbox(
    settings: Settings, tmp_path: Path
) -> None:
    ran = StageResult(stage=Stage.RUNTIME, status="passed")
    archive = write_archive(signed(SOUND, (ran,)), "qlcapsule", tmp_path)
    async with Engine(settings) as engine:
        report = await engine.verify(archive, rerun=True)
    stages = report.steps[-1]
    assert (stages.name, stages.status) == ("stages", "unknown")
    assert "runtime" in stages.detail
    assert report.rerun is not None
    assert report.rerun.outcome == "not run"

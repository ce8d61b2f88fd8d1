"""A capsule as a run leaves it that kept who wrote each file, and how it went."""

import hashlib
from collections.abc import Mapping

from quantumlayer.engine.capsule.manifest import build_manifest, make_capsule
from quantumlayer.engine.types import (
    Authorship,
    Brief,
    CandidateRecord,
    Capsule,
    CheckRecord,
    Evidence,
    Finding,
    Moment,
    Plan,
    PlannedFile,
    Position,
    Range,
    Region,
    Severity,
    SourceFile,
    Stage,
    StageResult,
    ToolRun,
    Usage,
    Verdict,
)

FILES = {
    "README.md": "# Tally\n",
    "tally/__init__.py": "",
    "tally/core.py": "import os\n\n\ndef total(values: list[int]) -> int:\n    return sum(values)\n",
    "tests/test_core.py": "from tally.core import total\n\n\ndef test_total():\n    assert total([]) == 0\n",
}
MODEL = "embedded/small"


def recorded_capsule(
    files: Mapping[str, str] = FILES, *, words: str = "", url: str = "https://example.org/F401"
) -> Capsule:
    """`words` is put into every text that a stranger could have written."""
    sources = tuple(SourceFile(path=path, text=text + words) for path, text in files.items())
    plan = Plan(
        summary=f"Counts things.{words}",
        files=(PlannedFile(path="tally/core.py", purpose="counts"),),
        run=(f"python -m tally{words}",),
    )
    brief = Brief(text=f"Count things.{words}", name="tally")
    manifest = build_manifest(brief, plan, sources)
    evidence = Evidence(
        verdict=_verdict(words, url),
        usage=Usage(calls=7, calls_reused=2, tokens_in=3210, tokens_out=890, cost_usd=0.0123, seconds=61.5),
        models=(f"{MODEL}{words}",),
        plan=plan,
        sandbox=f"bubblewrap 0.8{words}",
        tools={f"ruff{words}": f"0.17{words}"},
        created=f"2026-03-04T05:06:07Z{words}",
        authors=_authors(sources, words),
        timeline=_timeline(words),
        candidates=_candidates(words),
        checks=_checks(words),
    )
    return make_capsule(manifest, brief, sources, evidence)


def _verdict(words: str, url: str) -> Verdict:
    unused = Finding(
        stage=Stage.STYLE,
        tool=f"ruff{words}",
        rule=f"F401{words}",
        severity=Severity.WARNING,
        path="tally/core.py",
        range=Range(start=Position(line=0, column=7), end=Position(line=0, column=9)),
        message=f"`os` imported but unused{words}",
        url=url,
    )
    ruff = ToolRun(name=f"ruff{words}", version=f"0.17{words}", seconds=0.04)
    stages = (
        StageResult(
            stage=Stage.SYNTAX, status="passed", facts={f"files{words}": 4, "python": f"3.12{words}"}
        ),
        StageResult(stage=Stage.STYLE, status="failed", findings=(unused,), tools=(ruff,)),
        StageResult(stage=Stage.RUNTIME, status="skipped", reason=f"no sandbox here{words}"),
    )
    return Verdict(
        status="unverified",
        stages=stages,
        confidence=0.62,
        evidence=(f"4 modules were imported.{words}",),
        reasons=(f"style failed.{words}",),
    )


def _authors(sources: tuple[SourceFile, ...], words: str) -> tuple[Authorship, ...]:
    digests = {source.path: source.digest for source in sources}
    part = Region(
        name=f"total{words}",
        sha256=hashlib.sha256(b"def total").hexdigest(),
        how="elected",
        candidates=3,
        reason=f"Two of three showed the same.{words}",
    )
    core = Authorship(
        path="tally/core.py",
        sha256=digests["tally/core.py"],
        how="composed",
        model=f"{MODEL}{words}",
        tier=f"T0{words}",
        candidates=3,
        checks_passed=5,
        checks_total=6,
        calls=4,
        tokens_in=2210,
        tokens_out=640,
        cost_usd=0.0123,
        seconds=41.5,
        regions=(part,),
        reason=f"Each function comes from the draft most agreed with.{words}",
    )
    tests = Authorship(
        path="tests/test_core.py",
        sha256="0" * 64,
        how="only",
        model=f"{MODEL}{words}",
        candidates=1,
        calls=3,
        tokens_in=1000,
        tokens_out=250,
        seconds=9.0,
    )
    return core, tests


def _timeline(words: str) -> tuple[Moment, ...]:
    return (
        Moment(phase="plan", detail=f"from the brief{words}", at=0, seconds=0.25),
        Moment(phase="write", at=0.25, seconds=45),
        Moment(phase="validate", at=50, seconds=11.5),
    )


def _candidates(words: str) -> tuple[CandidateRecord, ...]:
    def candidate(sample: int, shown: dict[str, str], *, elected: bool = False) -> CandidateRecord:
        return CandidateRecord(
            path="tally/core.py",
            target=f"total{words}",
            sha256="0" * 64,
            sample=sample,
            copies=2 if elected else 1,
            model=f"{MODEL}{words}",
            elected=elected,
            score=0.9 if elected else 0.4,
            passed=3 - len(shown.keys() - {"probe"}),
            total=3,
            shown=shown,
        )

    return (
        candidate(0, {"empty": f"TypeError{words}", "probe": f"7{words}"}),
        candidate(1, {"probe": f"6{words}"}, elected=True),
        candidate(2, {"probe": f"6{words}"}),
    )


def _checks(words: str) -> tuple[CheckRecord, ...]:
    return (
        CheckRecord(name="sums", code=f"assert total([1, 2]) == 3{words}", source="brief", passed=True),
        CheckRecord(name="empty", code=f"assert total([]) == 0{words}", source="model", passed=True),
        CheckRecord(name="wrong", code=f"assert total([1]) == 2{words}", source="model", passed=False),
        CheckRecord(name="probe", code=f"total([1, 2, 3]){words}", source="probe", passed=False),
    )

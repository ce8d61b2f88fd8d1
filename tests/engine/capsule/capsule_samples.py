"""Capsules to test with, built by the code under test from values given here."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from quantumlayer.engine.capsule.archive import ArchiveFormat, write_archive
from quantumlayer.engine.capsule.manifest import build_manifest, make_capsule
from quantumlayer.engine.capsule.provenance import Origin
from quantumlayer.engine.capsule.sealing import make_seal
from quantumlayer.engine.capsule.signing import Signer
from quantumlayer.engine.types import (
    Brief,
    Capsule,
    Evidence,
    Plan,
    PlannedFile,
    SourceFile,
    Stage,
    StageResult,
    ToolRun,
    Usage,
    Verdict,
)

FILES = {
    "README.md": "# Tally\n\nCounts things. Größe, 数.\n",
    "tally/__init__.py": "",
    "tally/__main__.py": "from .core import main\n\nmain()\n",
    "tally/core.py": "def main() -> None:\n    print(sum(range(10)))\n",
    "tests/test_core.py": "from tally.core import main\n\n\ndef test_main() -> None:\n    main()\n",
}


def make_plan(
    *, run: Sequence[str] = (), packages: Sequence[str] = (), summary: str = "Counts things."
) -> Plan:
    planned = PlannedFile(path="tally/core.py", purpose="counts")
    return Plan(summary=summary, files=(planned,), run=tuple(run), packages=tuple(packages))


def make_evidence(
    *, status: str = "verified", seconds: float = 1.25, created: str = "2026-03-04T05:06:07Z"
) -> Evidence:
    passed = StageResult(
        stage=Stage.SYNTAX,
        status="passed",
        tools=(ToolRun(name="compile", version="3.12", seconds=seconds),),
        facts={"files": 4, "ratio": 0.5, "whole": 2.0, "python": "3.12"},
    )
    skipped = StageResult(stage=Stage.RUNTIME, status="skipped", reason="no sandbox on this machine")
    verified = status == "verified"
    verdict = Verdict.model_validate(
        {
            "status": status,
            "stages": (passed,) if verified else (passed, skipped),
            "confidence": 0.91 if verified else 0.35,
            "evidence": ("All modules were imported.",),
            "reasons": () if verified else ("The runtime stage was skipped.",),
        }
    )
    usage = Usage(calls=7, tokens_in=1234, tokens_out=567, cost_usd=0.00123, seconds=seconds)
    return Evidence(verdict=verdict, usage=usage, models=("a-model",), plan=make_plan(), created=created)


def source_files(files: Mapping[str, str]) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(path=path, text=text) for path, text in files.items())


def make_sample(
    files: Mapping[str, str] = FILES,
    *,
    name: str = "tally",
    brief: str = "Count things.",
    parents: Sequence[str] = (),
    evidence: Evidence | None = None,
) -> Capsule:
    asked = Brief(text=brief, name=name)
    sources = source_files(files)
    manifest = build_manifest(asked, make_plan(), sources, parents=parents)
    return make_capsule(manifest, asked, sources, evidence or make_evidence())


def archive_bytes(capsule: Capsule, form: ArchiveFormat) -> bytes:
    """The archive as it lies on a disk."""
    with tempfile.TemporaryDirectory() as folder:
        return write_archive(capsule, form, Path(folder)).read_bytes()


def make_signer(number: int = 1) -> Signer:
    """One of some fixed keys, which are no secrets."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


ORIGIN = Origin(version="1.2.3", prompts_sha256="ab" * 32, settings={"generate.samples": 4})


def make_sealed(capsule: Capsule | None = None, number: int = 1) -> Capsule:
    capsule = capsule or make_sample()
    return capsule.model_copy(update={"seal": make_seal(capsule, make_signer(number), ORIGIN)})

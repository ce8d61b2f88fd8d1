"""The capsule: what it is, and what was observed while it was made."""

from typing import Annotated, Literal

from pydantic import Field

from .asked import Brief, Plan, Usage
from .files import SourceFile
from .findings import Verdict
from .making import Authorship, CandidateRecord, CheckRecord, Moment
from .value import SafePath, Value


class FileEntry(Value):
    path: SafePath
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]
    role: Literal["source", "test", "doc", "config"]


class Manifest(Value):
    """What a capsule is. Its identity is the SHA-256 of its canonical JSON (RFC 8785).

    Times and costs stand outside, so that the same project is the same capsule.
    """

    format: Literal[1] = 1
    name: str
    language: str
    description: str = ""
    entry_points: tuple[str, ...] = ()
    commands: dict[str, str] = Field(default_factory=dict)
    """Named commands, such as run and test."""
    dependencies: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    """Names of environment variables it reads."""
    ports: tuple[int, ...] = ()
    health_check: str = ""
    files: tuple[FileEntry, ...]
    brief_sha256: str
    parents: tuple[str, ...] = ()


class Evidence(Value):
    """What was observed while the capsule was made; packed beside the manifest."""

    verdict: Verdict
    usage: Usage
    models: tuple[str, ...] = ()
    plan: Plan | None = None
    sandbox: str = ""
    tools: dict[str, str] = Field(default_factory=dict)
    created: str = ""
    """RFC 3339, UTC."""
    authors: tuple[Authorship, ...] = ()
    """One for each file; none in capsules that were made before this was kept."""
    candidates: tuple[CandidateRecord, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    timeline: tuple[Moment, ...] = ()


class Capsule(Value):
    id: str
    manifest: Manifest
    files: tuple[SourceFile, ...]
    evidence: Evidence
    brief: Brief


class CapsuleSummary(Value):
    id: str
    name: str
    created: str
    status: Literal["verified", "unverified"]
    confidence: float
    files: int
    parents: tuple[str, ...] = ()
    problem: str = ""
    """Why it cannot be read; then only the id is known. Empty when it can."""


class VerifyReport(Value):
    """Whether an archive or a stored capsule is what it says it is, and every way it is not."""

    ok: bool
    id: str
    name: str
    mismatches: tuple[str, ...] = ()

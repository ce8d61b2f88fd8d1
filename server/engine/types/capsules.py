"""The capsule: what it is, and what was observed while it was made."""

from typing import Annotated, Literal

from pydantic import Field

from .asked import Brief, Plan, Usage
from .files import SourceFile
from .findings import Stage, Verdict
from .making import Authorship, CandidateRecord, CheckRecord, Escalation, Moment
from .patterns import Selection
from .value import SafePath, Value


def _is_empty(value: object) -> bool:
    return not value


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
    # What came later is not written where there is none, so that what was made before keeps its bytes.
    authors: tuple[Authorship, ...] = Field(default=(), exclude_if=_is_empty)
    """One for each file; none in capsules that were made before this was kept."""
    candidates: tuple[CandidateRecord, ...] = Field(default=(), exclude_if=_is_empty)
    checks: tuple[CheckRecord, ...] = Field(default=(), exclude_if=_is_empty)
    timeline: tuple[Moment, ...] = Field(default=(), exclude_if=_is_empty)
    escalations: tuple[Escalation, ...] = Field(default=(), exclude_if=_is_empty)
    """What was asked for again, in the order it was."""
    selection: Selection | None = Field(default=None, exclude_if=_is_empty)
    """Which patterns were used, and why."""


class Seal(Value):
    """What a signature consists of: three documents of the capsule, word for word."""

    sbom: str
    """What the project depends on: CycloneDX 1.6, as JSON."""
    provenance: str
    """Where it comes from: an in-toto statement in a signed DSSE envelope."""
    key: str
    """The public key that fits the signature, in PEM."""


class Signature(Value):
    """Whose word a capsule is. Only `trusted` is the word of somebody whom this user knows."""

    state: Literal["unsigned", "unknown", "trusted", "revoked"] = "unsigned"
    key: str = ""
    """The key's id: SHA-256 of its SubjectPublicKeyInfo."""
    name: str = ""
    """What this user calls the key's owner; nothing in a capsule says it."""
    own: bool = False
    """Whether the key was made on this machine."""


class Key(Value):
    """A public key. `own`: made on this machine; `current`: the one that signs here."""

    id: str
    """SHA-256 of the key as SubjectPublicKeyInfo."""
    public: str
    """In PEM."""
    name: str
    own: bool
    current: bool = False
    standing: Literal["trusted", "revoked"]
    since: str
    """RFC 3339, UTC: when it came to have this standing."""


class Capsule(Value):
    id: str
    manifest: Manifest
    files: tuple[SourceFile, ...]
    evidence: Evidence
    brief: Brief
    seal: Seal | None = None
    """None: it is unsigned."""


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
    signature: Signature | None = Field(default=None, exclude_if=_is_empty)
    """Looked up when capsules are listed, and never stored."""


class VerifyStep(Value):
    """One thing that was looked at. `unknown`: it could not be told, and `detail` says why."""

    name: Literal["archive", "schema", "digests", "signature", "signer", "stages"]
    status: Literal["passed", "failed", "unknown"]
    detail: str


class StageAgain(Value):
    """A stage that was recorded, beside the same stage as it came out here."""

    stage: Stage
    recorded: str
    """Its status then."""
    here: str
    """Its status now."""
    outcome: Literal["same", "other", "not run"]
    differences: tuple[str, ...] = ()
    """What is another outcome now, one sentence each."""
    notes: tuple[str, ...] = ()
    """What is not the same and need not be: versions of tools, the sandbox."""


class Rerun(Value):
    """What validating and running a capsule again showed, against what it says was seen."""

    outcome: Literal["same", "other", "not run"]
    """`other` if any stage came out otherwise; `not run` if any could not be run here."""
    stages: tuple[StageAgain, ...] = ()


class VerifyReport(Value):
    """Whether an archive or a stored capsule is what it says it is, and every way it is not."""

    ok: bool
    """Whether it is whole and unchanged; whose word it is, `signature` says."""
    id: str
    name: str
    mismatches: tuple[str, ...] = ()
    signature: Signature = Signature()
    steps: tuple[VerifyStep, ...] = ()
    """What was looked at, in the order in which it was."""
    rerun: Rerun | None = None
    """What running it again showed, if that was asked for."""

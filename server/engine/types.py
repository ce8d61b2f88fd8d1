"""The vocabulary: frozen values that rooms of the engine hand to each other.

Everything here is data. A `SourceFile` cannot hold an unsafe path, a `StageResult` that was
skipped says why, and every `Event` is one thing that happened, in the order it happened.
"""

import hashlib
import re
import unicodedata
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class Value(BaseModel):
    """A frozen value; equal content is an equal value."""

    # Most of a process's values are of a few kinds; what reads the others is made when one is.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


# -- paths and files ---------------------------------------------------------------------------

_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def check_path(path: str) -> str:
    """Returns `path` if it is safe inside a project on every platform; raises ValueError if not.

    Relative, POSIX separators, no `.` or `..` parts, no control characters, no name that Windows
    reserves, no part with a trailing dot or space, NFC, at most 200 characters and 12 parts.
    """
    if not path or len(path) > 200 or not _is_plain(path):
        raise ValueError(f"unsafe path: {path!r}")
    if "\\" in path or ":" in path:
        raise ValueError(f"unsafe path: {path!r}")
    parts = path.split("/")
    if len(parts) > 12:
        raise ValueError(f"unsafe path: {path!r}")
    for part in parts:
        if part in {"", ".", ".."} or part != part.rstrip(". ") or _RESERVED.match(part):
            raise ValueError(f"unsafe path: {path!r}")
        if part.casefold() == ".git":
            raise ValueError(f"unsafe path: {path!r}")
    return path


def _is_plain(text: str) -> bool:
    """Whether it is NFC and without control characters."""
    if text.isascii():
        return text.isprintable()
    if text != unicodedata.normalize("NFC", text):
        return False
    return not any(unicodedata.category(char).startswith("C") for char in text)


SafePath = Annotated[str, AfterValidator(check_path)]


class SourceFile(Value):
    path: SafePath
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class OpenFile(Value):
    """A file as an editor shows it at one moment."""

    folder: str
    """The folder it belongs to, absolute."""
    path: str
    """Inside that folder, with slashes."""
    text: str
    language: str = "python"

    @property
    def uri(self) -> str:
        return Path(self.folder, self.path).as_uri()


# -- what is asked, and what is planned --------------------------------------------------------


class Brief(Value):
    """What the user asked, in their words, plus what front matter or flags say explicitly."""

    text: Annotated[str, Field(min_length=1)]
    name: str = ""
    language: str = "python"
    constraints: tuple[str, ...] = ()


class Traits(Value):
    """The brief's measured characteristics; no model is asked."""

    words: int
    sentences: int
    paths: tuple[str, ...]
    """File paths the brief names."""
    symbols: tuple[str, ...]
    """Identifiers the brief names in code spans."""
    signatures: tuple[str, ...]
    """Calls the brief names in code spans, as written: `parse(text, strict=False)`."""
    packages: tuple[str, ...]
    """Third-party packages the brief allows or asks for, by distribution name."""
    standard_library_only: bool
    constraints: int
    """How many requirements it states."""
    complexity: Annotated[float, Field(ge=0, le=1)]


class PlannedFile(Value):
    path: SafePath
    purpose: str
    interface: tuple[str, ...] = ()
    """Signatures others may rely on, one per line of Python: `def f(x: int) -> str`, `class A`."""
    depends_on: tuple[SafePath, ...] = ()


class Plan(Value):
    """The files to write, in dependency order, and how to run and check the result."""

    summary: str
    files: Annotated[tuple[PlannedFile, ...], Field(min_length=1, max_length=40)]
    packages: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    """Commands a user would type, such as `python wordcount.py FILE`."""


class Candidate(Value):
    """One agent's answer for one task, and what it cost."""

    file: SourceFile
    model: str
    sample: int = 0
    copies: int = 1
    """How many answers were the same: what a model says often it says for a reason."""
    problems: tuple[str, ...] = ()
    """What the gate found; empty means the candidate may be used."""


# -- findings and verdicts ---------------------------------------------------------------------


class Stage(StrEnum):
    SYNTAX = "syntax"
    STYLE = "style"
    SECURITY = "security"
    TYPES = "types"
    RUNTIME = "runtime"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    HINT = "hint"


class Position(Value):
    """Zero-based line, and zero-based column counted in Unicode code points."""

    line: Annotated[int, Field(ge=0)]
    column: Annotated[int, Field(ge=0)]


class Range(Value):
    start: Position
    end: Position


class Edit(Value):
    range: Range
    text: str


class Fix(Value):
    title: str
    edits: tuple[Edit, ...]
    safe: bool


class Related(Value):
    """Another place that belongs to a finding."""

    path: str
    range: Range
    message: str


class Finding(Value):
    """One problem in one file. It becomes an LSP diagnostic, a SARIF result or a line of text."""

    stage: Stage
    tool: str
    rule: str
    severity: Severity
    path: str
    range: Range
    message: str
    url: str = ""
    tags: tuple[Literal["unused", "deprecated"], ...] = ()
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    suppress: Fix | None = None
    """Puts the tool's own comment there, so that it says this no more."""


class ToolRun(Value):
    name: str
    version: str
    seconds: float
    cached: bool = False


class StageResult(Value):
    """What one stage found. `skipped` always carries its reason and is never a pass."""

    stage: Stage
    status: Literal["passed", "failed", "skipped"]
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    tools: tuple[ToolRun, ...] = ()
    facts: dict[str, int | float | str] = Field(default_factory=dict)
    """Counted evidence, such as tests_passed, tests_failed, modules_imported."""

    @model_validator(mode="after")
    def _skipped_says_why(self) -> "StageResult":
        if self.status == "skipped" and not self.reason:
            raise ValueError("a skipped stage must carry its reason")
        return self


class Verdict(Value):
    """The whole judgement: hard gates, never averaged, and a confidence with its evidence."""

    status: Literal["verified", "unverified"]
    stages: tuple[StageResult, ...]
    confidence: Annotated[float, Field(ge=0, le=1)]
    evidence: tuple[str, ...]
    """What the confidence rests on, one sentence each."""
    reasons: tuple[str, ...] = ()
    """Why it is not verified; empty when it is."""


# -- cost --------------------------------------------------------------------------------------


class Usage(Value):
    """What a run consumed. `calls_reused` came from the journal and cost nothing again."""

    calls: int = 0
    calls_reused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            calls=self.calls + other.calls,
            calls_reused=self.calls_reused + other.calls_reused,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            cost_usd=self.cost_usd + other.cost_usd,
            seconds=self.seconds + other.seconds,
        )


# -- the capsule -------------------------------------------------------------------------------


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


class Capsule(Value):
    id: str
    manifest: Manifest
    files: tuple[SourceFile, ...]
    evidence: Evidence
    brief: Brief


# -- what clients ask about -------------------------------------------------------------------


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


class ModelInfo(Value):
    name: str
    """As `--model` takes it."""
    kind: Literal["embedded", "ollama", "provider"]
    available: bool
    active: bool
    size: int = 0
    """Bytes on disk once pulled; 0 when it is not ours to store."""
    detail: str = ""


class ToolSeat(Value):
    """A tool that judges a language in a stage, in `validate`, while typing, or both."""

    language: str
    stage: Stage
    tool: str
    batch: bool
    live: bool
    version: str = ""
    missing: str = ""
    """Why it is not here, and what to do; empty when it is."""


class Cleaned(Value):
    """What was removed from one place that grows, and what is left there, in bytes."""

    what: Literal["journal", "capsules"]
    removed: int
    freed: int
    kept: int
    reason: str = ""
    """Why nothing could be removed."""


class Check(Value):
    """One line of `doctor` or `sandbox check`."""

    name: str
    status: Literal["ok", "warning", "missing"]
    detail: str = ""
    next_step: str = ""

"""Findings and verdicts."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .files import Fix, Range
from .value import Value


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

"""What a run tells while it goes on: one stream for progress bars, logs and reports."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from .types import (
    CandidateRecord,
    Escalation,
    How,
    Plan,
    Selection,
    Severity,
    SourceFile,
    StageResult,
    Usage,
    Value,
)


class RunStarted(Value):
    kind: Literal["run_started"] = "run_started"
    run: str
    name: str
    model: str


class PhaseStarted(Value):
    """What the run does next."""

    kind: Literal["phase_started"] = "phase_started"
    phase: Literal["plan", "write", "test", "widen", "compose", "search", "validate", "repair", "pack"]
    detail: str = ""


class PatternsChosen(Value):
    """Which patterns the run uses, and why."""

    kind: Literal["patterns_chosen"] = "patterns_chosen"
    selection: Selection


class PlanReady(Value):
    kind: Literal["plan_ready"] = "plan_ready"
    plan: Plan


class FileStarted(Value):
    kind: Literal["file_started"] = "file_started"
    path: str
    attempt: int = 1


class Escalated(Value):
    """Something is asked for again, which costs more calls."""

    kind: Literal["escalated"] = "escalated"
    escalation: Escalation


class FileFinished(Value):
    """A file that passed its gate, or the best there was, with what is still wrong."""

    kind: Literal["file_finished"] = "file_finished"
    file: SourceFile
    problems: tuple[str, ...] = ()


class Chosen(Value):
    """A file, or one function of it, was taken in this form."""

    kind: Literal["chosen"] = "chosen"
    path: str
    target: str = ""
    """The function; empty for the file as a whole."""
    sha256: str
    """Of the file, or of the function's source."""
    how: How
    reason: str
    candidates: tuple[CandidateRecord, ...] = ()
    """What stood for election; empty if there was none."""


class ModelCalled(Value):
    """One answer of a model arrived, from the provider or from the journal."""

    kind: Literal["model_called"] = "model_called"
    purpose: str
    model: str
    usage: Usage


class TokensStreamed(Value):
    """Sent a few times a second while a model writes; `tokens` are those since the last one."""

    kind: Literal["tokens_streamed"] = "tokens_streamed"
    purpose: str
    tokens: int


class StageFinished(Value):
    kind: Literal["stage_finished"] = "stage_finished"
    result: StageResult


class SandboxOutput(Value):
    kind: Literal["sandbox_output"] = "sandbox_output"
    stream: Literal["stdout", "stderr"]
    text: str


class TestFinished(Value):
    """One test ended, of those that are known so far."""

    __test__ = False

    kind: Literal["test_finished"] = "test_finished"
    test: str
    outcome: Literal["passed", "failed", "error", "timeout", "skipped", "not_run"]
    seconds: float = 0.0
    done: int
    total: int


class Downloaded(Value):
    kind: Literal["downloaded"] = "downloaded"
    what: str
    done: int
    total: int


class Notice(Value):
    """Something a user should know that is not a failure."""

    kind: Literal["notice"] = "notice"
    severity: Severity
    message: str


class RunFinished(Value):
    kind: Literal["run_finished"] = "run_finished"
    run: str
    outcome: Literal["verified", "unverified", "failed", "cancelled"]
    capsule: str = ""
    message: str = ""
    usage: Usage = Usage()
    reused: bool = False
    """True when the whole answer came from the journal."""
    review: str = ""
    """Why somebody should look at it first: its confidence is too low. Empty when it is not."""


Event = Annotated[
    RunStarted
    | PhaseStarted
    | PatternsChosen
    | PlanReady
    | FileStarted
    | Escalated
    | FileFinished
    | Chosen
    | ModelCalled
    | TokensStreamed
    | StageFinished
    | SandboxOutput
    | TestFinished
    | Downloaded
    | Notice
    | RunFinished,
    Field(discriminator="kind"),
]
Emit = Callable[[Event], None]
"""Where events go. It must not block and must not raise."""


def ignore(event: Event) -> None:
    """An `Emit` for callers who do not listen."""

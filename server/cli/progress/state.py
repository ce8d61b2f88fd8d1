"""What is known of a run so far: the events, added up."""

import time
from dataclasses import dataclass, field

from ...engine.events import (
    Downloaded,
    Event,
    FileFinished,
    FileStarted,
    ModelCalled,
    Notice,
    PhaseStarted,
    PlanReady,
    RunFinished,
    RunStarted,
    StageFinished,
    TokensStreamed,
)
from ...engine.types import StageResult, Usage

_KEPT_NOTICES = 3


@dataclass
class FileState:
    status: str = "planned"
    """planned, writing, done or problems."""
    attempt: int = 1
    problems: tuple[str, ...] = ()


@dataclass
class RunState:
    name: str = ""
    model: str = ""
    phase: str = ""
    detail: str = ""
    files: dict[str, FileState] = field(default_factory=dict)
    stages: dict[str, StageResult] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    writing: dict[str, int] = field(default_factory=dict)
    """Tokens streamed so far, by purpose, of answers that are not finished."""
    download: Downloaded | None = None
    notices: list[Notice] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    @property
    def tokens_out(self) -> int:
        return self.usage.tokens_out + sum(self.writing.values())

    def take(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.name, self.model = event.name, event.model
            case PhaseStarted():
                self.phase, self.detail = event.phase, event.detail
                if event.phase == "validate":
                    self.stages.clear()
            case PlanReady():
                self.files = {planned.path: FileState() for planned in event.plan.files}
            case FileStarted():
                self.files[event.path] = FileState("writing", event.attempt)
            case FileFinished():
                status = "problems" if event.problems else "done"
                self.files[event.file.path] = FileState(status, problems=event.problems)
            case StageFinished():
                self.stages[event.result.stage] = event.result
            case Downloaded():
                self.download = event if event.done < event.total else None
            case Notice():
                self.notices = [*self.notices, event][-_KEPT_NOTICES:]
            case _:
                self._count(event)

    def _count(self, event: Event) -> None:
        match event:
            case TokensStreamed():
                self.writing[event.purpose] = self.writing.get(event.purpose, 0) + event.tokens
            case ModelCalled():
                self.writing.pop(event.purpose, None)
                self.usage += event.usage
            case RunFinished():
                self.writing.clear()
                self.usage = event.usage
            case _:
                pass

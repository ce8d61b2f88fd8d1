"""What the engine reports while it generates, as lines of progress."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..engine.events import Event
    from .progress import Progress

_PHASES = {
    "plan": ("planning", 0.02),
    "write": ("writing files", 0.10),
    "test": ("writing tests", 0.45),
    "widen": ("sampling more answers", 0.50),
    "compose": ("drawing functions one by one", 0.55),
    "search": ("searching near the best answers", 0.70),
    "validate": ("validating", 0.80),
    "repair": ("repairing", 0.88),
    "pack": ("packing", 0.97),
}
_WRITTEN_FROM, _WRITTEN_TO = 0.10, 0.45


class Narrator:
    """Tells one run's events to one progress."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._planned: frozenset[str] = frozenset()
        self._finished: set[str] = set()
        self._tokens: dict[str, int] = {}

    def tell(self, event: "Event") -> None:
        report = self._progress.report
        match event.kind:
            case "run_started":
                report(f"with {event.model}")
            case "phase_started":
                words, done = _PHASES[event.phase]
                report(f"{words}: {event.detail}" if event.detail else words, done)
            case "patterns_chosen":
                report(f"patterns: {', '.join(event.selection.on) or 'none'}")
            case "plan_ready":
                self._planned = frozenset(file.path for file in event.plan.files)
                report(f"{len(self._planned)} files planned", _WRITTEN_FROM)
            case "file_started":
                again = f" again ({event.attempt})" if event.attempt > 1 else ""
                report(f"writing {event.path}{again}")
            case "escalated":
                one = event.escalation
                report(f"{one.target or one.path} is asked for again: {one.reason}")
            case "file_finished":
                self._file_finished(event.file.path, len(event.problems))
            case "tokens_streamed":
                tokens = self._tokens[event.purpose] = self._tokens.get(event.purpose, 0) + event.tokens
                report(f"{event.purpose}: {tokens} tokens")
            case "model_called":
                self._tokens.pop(event.purpose, None)
            case "stage_finished":
                result = event.result
                report(f"{result.stage}: {result.status}" + (f" ({result.reason})" if result.reason else ""))
            case "downloaded":
                part = f" {event.done * 100 // event.total} %" if event.total else ""
                report(f"fetching {event.what}{part}")
            case "notice":
                report(event.message)
            case _:
                return

    def _file_finished(self, path: str, problems: int) -> None:
        self._finished.add(path)
        total = len(self._planned)
        share = len(self._finished & self._planned) / total if total else 0.0
        line = f"finished {path}" + (f", {problems} problems left" if problems else "")
        self._progress.report(line, _WRITTEN_FROM + share * (_WRITTEN_TO - _WRITTEN_FROM))

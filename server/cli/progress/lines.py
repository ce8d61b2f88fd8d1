"""Progress as lines of text, for logs and pipes: one for each thing that happened, none for ticks."""

import contextlib
from typing import TextIO

from ...engine.events import (
    Downloaded,
    Escalated,
    Event,
    FileFinished,
    FileStarted,
    Notice,
    PatternsChosen,
    PhaseStarted,
    PlanReady,
    RunStarted,
    StageFinished,
)
from ..text import plain, size, stage_line

_LONGEST = 300
_STEP = 10
"""Percent of a download between two lines."""


class LinePrinter:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._told: dict[str, int] = {}

    def take(self, event: Event) -> None:
        if line := self._line(event):
            with contextlib.suppress(OSError, ValueError):
                self._out.write(f"{plain(line)[:_LONGEST].replace(chr(10), ' ')}\n")
                self._out.flush()

    def _line(self, event: Event) -> str:
        match event:
            case RunStarted():
                return f"begin     {event.name}, with {event.model}"
            case PhaseStarted():
                return f"{event.phase:<9} {event.detail or '...'}"
            case PatternsChosen():
                return f"patterns  {', '.join(event.selection.on) or 'none'}"
            case PlanReady():
                return f"planned   {', '.join(file.path for file in event.plan.files)}"
            case FileStarted():
                again = f", attempt {event.attempt}" if event.attempt > 1 else ""
                return f"writing   {event.path}{again}"
            case Escalated():
                one = event.escalation
                return f"{one.step:<9} {one.target or one.path}: {one.reason}"
            case FileFinished():
                problems = f": {'; '.join(event.problems)}" if event.problems else ""
                return f"written   {event.file.path}{problems}"
            case StageFinished():
                return f"{event.result.stage:<9} {event.result.status:<8} {stage_line(event.result)}"
            case Notice():
                return f"{event.severity:<9} {event.message}"
            case Downloaded():
                return self._download(event)
            case _:
                return ""

    def _download(self, event: Downloaded) -> str:
        if not event.total:
            return ""
        percent = 100 * event.done // event.total
        if percent // _STEP <= self._told.get(event.what, -1):
            return ""
        self._told[event.what] = percent // _STEP
        return f"download  {event.what}: {percent} % of {size(event.total)}"

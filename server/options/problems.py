"""What can be wrong with options, and the error that carries all of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..engine.errors import SettingsError


@dataclass(frozen=True)
class Problem:
    """One mistake. `line` is one-based; 0 when the place has no lines (environment, editor, flags)."""

    message: str
    place: str
    """Where it was written, as a user would say it: a file and line, a variable, the editor, a flag."""
    key: str = ""
    file: Path | None = None
    line: int = 0
    next_step: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class OptionsError(SettingsError):
    """Every mistake found in what the user wrote, in `problems`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            cause = str(self.problems[0])
        else:
            cause = "\n  ".join([f"{len(self.problems)} settings are wrong:", *map(str, self.problems)])
        steps = dict.fromkeys(problem.next_step for problem in self.problems if problem.next_step)
        super().__init__(cause, " ".join(steps), self.problems[0].key)

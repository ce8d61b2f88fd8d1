"""The consoles, and the marks and colours that mean the same everywhere."""

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from .text import count, plain

if TYPE_CHECKING:
    from ..engine.types import StageResult

STYLES = {
    "passed": "green",
    "ok": "green",
    "verified": "bold green",
    "failed": "red",
    "missing": "red",
    "skipped": "yellow",
    "warning": "yellow",
    "unverified": "bold yellow",
}
_MARKS = {"passed": "✓", "ok": "✓", "failed": "✗", "missing": "✗", "skipped": "-", "warning": "!"}
_WIDE = 400
_DULL_FACTS = frozenset({"seconds", "errors", "warnings", "files_checked", "lasting"})
_PLAIN_MARKS = {"✓": "+", "✗": "x"}


def console(*, stderr: bool = False) -> Console:
    """rich decides on colour: none with NO_COLOR, none where the output is not a terminal.

    Where there is no terminal there is no width to keep to, so that paths and words stay whole.
    """
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDE
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=True, emoji=False, markup=False)


def mark(status: str, target: Console) -> Text:
    """One character for a status, in its colour; plain ASCII where the terminal has no more."""
    sign = _MARKS.get(status, " ")
    ascii_only = target.options.ascii_only
    return Text(_PLAIN_MARKS.get(sign, sign) if ascii_only else sign, style=STYLES.get(status, ""))


def words(text: str, style: str = "") -> Text:
    """Text that others wrote, made harmless."""
    return Text(plain(text), style=style)


def stage_line(result: "StageResult") -> str:
    """What a stage says for itself, in one line: counts when it ran, the reason when it did not."""
    if result.status == "skipped":
        return result.reason
    told = {name: value for name, value in result.facts.items() if value and name not in _DULL_FACTS}
    facts = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in told.items())
    found = count(len(result.findings), "finding")
    parts = [found if result.findings else "", result.reason, facts]
    return "; ".join(part for part in parts if part)

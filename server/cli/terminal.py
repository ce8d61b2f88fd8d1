"""The consoles, and the marks and colours that mean the same everywhere."""

import sys

from rich.console import Console
from rich.text import Text

from .text import plain

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

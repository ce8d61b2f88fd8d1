"""Lists for people and programs: the same values as a table or as JSON."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from rich.table import Table
from rich.text import Text

from ..engine.types import Check
from .endings import Ending
from .terminal import STYLES, console, mark, words
from .text import one_line


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str), flush=True)  # noqa: T201


def dumped(values: Iterable[BaseModel]) -> list[Any]:
    return [value.model_dump(mode="json") for value in values]


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str | Text]], *, empty: str) -> None:
    """A table without lines around it; `empty` says what to do when there is nothing to show."""
    rows = list(rows)
    out = console()
    if not rows:
        out.print(empty)
        return
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else words(one_line(cell, 400)) for cell in row))
    out.print(table)


def print_checks(checks: Sequence[Check]) -> None:
    out = console()
    table = Table.grid(padding=(0, 2))
    for check in checks:
        detail = words(check.detail)
        if check.next_step and check.status != "ok":
            detail.append_text(
                words(f"\n-> {check.next_step}" if check.detail else f"-> {check.next_step}", "dim")
            )
        title = words(check.status, STYLES[check.status])
        table.add_row(mark(check.status, out), words(check.name, "bold"), title, detail)
    out.print(table)


def checks_ending(checks: Sequence[Check]) -> Ending:
    return Ending.FAILED if any(check.status == "missing" for check in checks) else Ending.DONE

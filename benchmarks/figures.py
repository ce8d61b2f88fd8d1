"""What the benchmarks share: how spread out figures are, and a table of it."""

import statistics
from collections.abc import Mapping, Sequence

from rich.table import Table

COLUMNS = ("median", "p10", "p90")


def spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    tenth = len(ordered) // 10
    return {
        "median": round(statistics.median(ordered), 1),
        "p10": round(ordered[tenth], 1),
        "p90": round(ordered[-1 - tenth], 1),
    }


def table_of(title: str, rows: Mapping[str, object]) -> Table:
    """One row for each spread."""
    table = Table(title=title)
    for heading in ("", *COLUMNS):
        table.add_column(heading, justify="right" if heading else "left")
    for name, values in rows.items():
        assert isinstance(values, dict)
        table.add_row(name, *(f"{values[column]:.1f}" for column in COLUMNS if column in values))
    return table

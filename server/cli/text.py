"""Words for a terminal: what models and strangers wrote may not steer it; numbers are easy to read."""

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..engine.types import StageResult

_DULL_FACTS = frozenset({"seconds", "errors", "warnings", "files_checked", "lasting"})


def plain(text: str) -> str:
    """`text` without control characters and invisible marks, which could move the cursor or hide text."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs"})


def one_line(text: str, longest: int = 200) -> str:
    words = " ".join(plain(text).split())
    return words if len(words) <= longest else words[: longest - 3] + "..."


def seconds(value: float) -> str:
    """`8.4 s`, `2 min 05 s`."""
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value) // 60} min {int(value) % 60:02} s"


def size(count: int) -> str:
    """Bytes in decimal units, as disks and downloads are sold: `1.1 GB`."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def money(usd: float) -> str:
    """`$0.00` means nothing was paid; a fraction of a cent is shown as such."""
    return f"${usd:.2f}" if usd == 0 or usd >= 0.1 else f"${usd:.4f}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def stage_line(result: "StageResult") -> str:
    """What a stage says for itself, in one line: counts when it ran, the reason when it did not."""
    if result.status == "skipped":
        return result.reason
    told = {name: value for name, value in result.facts.items() if value and name not in _DULL_FACTS}
    facts = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in told.items())
    found = count(len(result.findings), "finding")
    parts = [found if result.findings else "", result.reason, facts]
    return "; ".join(part for part in parts if part)

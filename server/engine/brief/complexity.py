"""How much a brief asks for, by how much it says: each sentence, part and file is something to get right."""

import re
from typing import Literal

_STATEMENT = re.compile(r"[.!?:;](?:\s|$)|^\s*[-*] ", re.MULTILINE)
_FILE_WORDS = 15
_PART_WORDS = 2
_ALL = 400
_MODERATE, _COMPLEX = 57 / _ALL, 205 / _ALL


def complexity_of(text: str, words: int, files: int) -> float:
    """0 to 1, which is a page of dense rules and everything beyond it."""
    parts = text.count(",") + len(_STATEMENT.findall(text))
    extra = _FILE_WORDS * files if files > 1 else 0
    return round(min(1.0, (words + _PART_WORDS * parts + extra) / _ALL), 3)


def level_of_complexity(complexity: float) -> Literal["simple", "moderate", "complex"]:
    """`simple`, `moderate` or `complex`."""
    return "simple" if complexity < _MODERATE else "moderate" if complexity < _COMPLEX else "complex"

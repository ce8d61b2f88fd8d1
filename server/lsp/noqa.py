"""ruff's comments that silence rules on their line, read as ruff reads them.

A rule is named by its whole code: `S` and `S6` name none. Where what is named cannot be read as codes,
nothing is silenced; of two comments in a line the first one counts.
"""

import re

_DIRECTIVE = re.compile(r"#\s*noqa(?:(?P<some>\s*:)|(?=[\s#]|$))", re.IGNORECASE)
_CODE = re.compile(r"[A-Z]+[0-9]+")
_JOINED = re.compile(r"(?:[A-Z]+[0-9]+)+")
_BETWEEN = re.compile(r"[\s,]*")
_ENDS = re.compile(r"[\s,#]|$")


def silences(line: str, rule: str) -> bool:
    """Whether a comment in the line silences the rule there."""
    directive = _DIRECTIVE.search(line)
    if directive is None:
        return False
    return directive["some"] is None or rule in _codes(line, directive.end())


def _codes(line: str, at: int) -> set[str]:
    """From that column on, up to the first word that is none; nothing if a code goes on as something else."""
    codes: set[str] = set()
    while (word := _JOINED.match(line, _past(line, at))) is not None:
        at = word.end()
        if _ENDS.match(line, at) is None:
            return set()
        codes.update(_CODE.findall(word[0]))
    return codes


def _past(line: str, at: int) -> int:
    between = _BETWEEN.match(line, at)
    return between.end() if between else at

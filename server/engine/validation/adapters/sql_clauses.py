"""In which clause of SQL a place lies, whatever the dialect."""

import re
from collections.abc import Collection
from itertools import accumulate

_TOKEN = re.compile(
    r"""'[^']*'?|"[^"]*"?|`[^`]*`?|--[^\n]*|/\*(?:.*?\*/|.*)|[();]|[\w@#$.]+""",
    re.DOTALL,
)
_CONDITIONS = {"where", "on", "having"}
_CLAUSE = re.compile(
    r"where|on|having|select|from|join|using|group|order|limit|union|except|intersect|window|returning|with|set|"
    r"values|insert|update|delete|merge|create|alter|drop|declare|exec|execute|call|begin|if|while|return|print|go"
)


def conditions(text: str, places: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of `places`, each a line and a column from one, that lie in WHERE, ON or HAVING."""
    if not places:
        return set()
    starts = [0, *accumulate(len(line) for line in text.split("\n"))]
    left = sorted((starts[line - 1] + line - 1 + column - 1, (line, column)) for line, column in places)
    found = set()
    clauses = [""]
    for token in _TOKEN.finditer(text):
        while left and left[0][0] < token.start():
            _, place = left.pop(0)
            found |= {place} if clauses[-1] in _CONDITIONS else set()
        if not left:
            break
        _enter(token[0].lower(), clauses)
    return found


def _enter(word: str, clauses: list[str]) -> None:
    """What stands in brackets belongs to the clause around them, until it has one of its own."""
    if word == "(":
        clauses.append(clauses[-1])
    elif word == ")" and len(clauses) > 1:
        clauses.pop()
    elif word == ";":
        clauses[:] = [""]
    elif _CLAUSE.fullmatch(word):
        clauses[-1] = word

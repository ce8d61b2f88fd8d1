"""Three versions of a text become one: what only one side changed is taken, the rest is a conflict."""

import difflib
from collections.abc import Sequence
from typing import NamedTuple

MARKS = ("<<<<<<< ", "=======", ">>>>>>> ")
_MOST_LINES = 20_000


class MergedText(NamedTuple):
    text: str
    conflicts: int


class _Agreed(NamedTuple):
    """Lines that all three have: where they begin in each, and how many."""

    base: int
    ours: int
    theirs: int
    size: int


def merge_text(base: str, ours: str, theirs: str, labels: tuple[str, str]) -> MergedText:
    """`labels` stand beside the marks, for what is ours and what is theirs."""
    if ours == theirs or theirs == base:
        return MergedText(ours, 0)
    if ours == base:
        return MergedText(theirs, 0)
    texts = [lines_of(text) for text in (base, ours, theirs)]
    if max(map(len, texts)) > _MOST_LINES:
        return MergedText(marked(ours, theirs, labels), 1)
    return _merge_lines(texts[0], texts[1], texts[2], labels)


def marked(ours: str, theirs: str, labels: tuple[str, str]) -> str:
    """Two texts as one conflict."""
    return "".join(_conflict(lines_of(ours), lines_of(theirs), labels))


def lines_of(text: str) -> list[str]:
    """With their ends; only a newline ends a line, as in diffs."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()
    return lines if last == "\n" else [*lines, last[:-1]]


def has_marks(text: str) -> bool:
    """Whether a conflict is left in a text: a line for each mark, in their order."""
    wanted = iter(MARKS)
    mark = next(wanted)
    for line in text.split("\n"):
        if line.startswith(mark) and (mark != MARKS[1] or line.rstrip() == mark):
            following = next(wanted, None)
            if following is None:
                return True
            mark = following
    return False


def _merge_lines(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], labels: tuple[str, str]
) -> MergedText:
    merged: list[str] = []
    conflicts = 0
    at = _Agreed(0, 0, 0, 0)
    for agreed in _agreements(base, ours, theirs):
        was = base[at.base : agreed.base]
        mine, other = ours[at.ours : agreed.ours], theirs[at.theirs : agreed.theirs]
        if mine == other or other == was:
            merged += mine
        elif mine == was:
            merged += other
        else:
            conflicts += 1
            merged += _conflict(mine, other, labels)
        merged += base[agreed.base : agreed.base + agreed.size]
        at = _Agreed(agreed.base + agreed.size, agreed.ours + agreed.size, agreed.theirs + agreed.size, 0)
    return MergedText("".join(merged), conflicts)


def _agreements(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[_Agreed]:
    """The runs of lines that neither side changed, in order; the last one is empty, at the ends."""
    mine, other = iter(_matches(base, ours)), iter(_matches(base, theirs))
    found: list[_Agreed] = []
    a, b = next(mine, None), next(other, None)
    while a is not None and b is not None:
        start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
        if start < end:
            found.append(_Agreed(start, a.b + start - a.a, b.b + start - b.a, end - start))
        if a.a + a.size <= b.a + b.size:
            a = next(mine, None)
        else:
            b = next(other, None)
    return [*found, _Agreed(len(base), len(ours), len(theirs), 0)]


def _matches(base: Sequence[str], other: Sequence[str]) -> list[difflib.Match]:
    return difflib.SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()


def _conflict(ours: Sequence[str], theirs: Sequence[str], labels: tuple[str, str]) -> list[str]:
    """What both sides say alike at its ends stands outside the marks."""
    start = 0
    while start < min(len(ours), len(theirs)) and ours[start] == theirs[start]:
        start += 1
    end = 0
    while end < min(len(ours), len(theirs)) - start and ours[-1 - end] == theirs[-1 - end]:
        end += 1
    return [
        *ours[:start],
        f"{MARKS[0]}{labels[0]}\n",
        *_ended(ours[start : len(ours) - end]),
        f"{MARKS[1]}\n",
        *_ended(theirs[start : len(theirs) - end]),
        f"{MARKS[2]}{labels[1]}\n",
        *ours[len(ours) - end :],
    ]


def _ended(lines: Sequence[str]) -> list[str]:
    """A mark stands on a line of its own."""
    return [line if line.endswith("\n") else f"{line}\n" for line in lines]

"""Noticing that an answer repeats itself.

Small models sometimes fall into a cycle and write it until they are cut. `LoopWatch` reads an answer
as it grows and looks at its tail only: the shortest period of the tail, from the prefix function of
Knuth, Morris and Pratt over the reversed text, tells how often its last block stands there in a row.
"""

import re

_TAIL = 4000
_STEP = 256
_EXACT = ((10, 600), (4, 1600))
"""(repeats, characters): a block that stands this often in a row, over this much text, is a loop."""
_COUNTING = ((12, 2400),)
"""The same, once numbers are ignored: `test_17`, `test_18`, ... is a loop too, but tables are not."""
_NUMBER = re.compile(r"\d+")


class LoopWatch:
    """Feed it an answer piece by piece; it says once the answer has become a loop."""

    def __init__(self) -> None:
        self._tail = ""
        self._unread = 0

    def feed(self, piece: str) -> bool:
        self._tail = (self._tail + piece)[-_TAIL:]
        self._unread += len(piece)
        if self._unread < _STEP:
            return False
        self._unread = 0
        return is_loop(self._tail)


def is_loop(text: str) -> bool:
    """Whether `text` ends in a block that is repeated so often that nothing else will come."""
    tail = text[-_TAIL:]
    return _repeats(tail, _EXACT) or _repeats(_NUMBER.sub("0", tail), _COUNTING)


def _repeats(text: str, limits: tuple[tuple[int, int], ...]) -> bool:
    reverse = text[::-1]
    borders = [0] * len(reverse)
    border = 0
    for end in range(1, len(reverse)):
        while border and reverse[end] != reverse[border]:
            border = borders[border - 1]
        border += reverse[end] == reverse[border]
        borders[end] = border
        length = end + 1
        period = length - border
        if any(length >= size and length >= times * period for times, size in limits):
            return True
    return False

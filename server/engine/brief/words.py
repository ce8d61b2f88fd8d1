"""The words of a brief, and lists of words that tell something: `word`, or `begin*` for all that begin so."""

import re
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

_WORD = re.compile(r"[^\W\d_][\w+#-]*")
_SHORTEST = 3
Told = TypeVar("Told", bound=str)


def words_of(text: str) -> list[str]:
    """In lower case, in order, without numbers and marks."""
    return _WORD.findall(text.lower())


class Telling(Generic[Told]):
    """Looks words up in lists (what is told, and the words that tell it, between spaces).

    A word may tell several things.
    """

    def __init__(self, lists: Mapping[Told, str]) -> None:
        self._whole: dict[str, list[Told]] = {}
        self._begin: dict[str, list[Told]] = {}
        for told, words in lists.items():
            for word in words.split():
                found = self._begin if word.endswith("*") else self._whole
                found.setdefault(word.removesuffix("*"), []).append(told)
        self._longest = max(map(len, self._begin), default=0)

    def told_by(self, word: str) -> Iterator[Told]:
        yield from self._whole.get(word, ())
        for end in range(_SHORTEST, min(len(word), self._longest) + 1):
            yield from self._begin.get(word[:end], ())

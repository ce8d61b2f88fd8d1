"""Which kinds of limits a brief states; not whether they can be kept."""

import re

from ..types import LimitKind

_PATTERNS: dict[LimitKind, str] = {
    "errors": r"""
        raises?\b | \braise\b | errors?\b | exceptions?\b | refus\w+ | \brejects?\b | \binvalid\b
        | \bunknown\b | \b4\d\d\b | exit\ status | wrong\ (?:use|numbers?|passphrase|shapes?) | \w+Error\b
        | l[èe]ve\b | lanz\w+ | lançar | solleva | \bwirft\b | \blöst\b.{0,60}\baus\b | Fehler\b
        """,
    "limits": r"""
        \bat\ (?:most|least)\b | \bno\ more\ than\b | \bnot\ more\ than\b | \bup\ to\ \d | \bmaximum\b
        | \bminimum\b | \bnever\ (?:more|costs?\ more|exceeds?)\b | \bfrom\ -?\d[\d,.]*\ to\ -?\d
        | -?\d+\.\.-?\d+ | \bgreater\ than\b | \b(?:below|above)\ -?\d | \boutside\b | \blimited\ to\b
        | \bout\ of\ range\b | höchstens | mindestens | au\ (?:moins|plus)\b | como\ máximo | al\ menos
        | minstens | hoogstens | \bbetween\ -?\d | \bmay\ have\ \w+\b
        """,
    "packages": r"""
        standard\ library | \bstdlib\b | \bwithout\ (?:numpy|pandas|any\ packages|dependencies)\b
        | \b(?:use|using|with|into|in)\ (?:fastapi|flask|django|numpy|pandas|pydantic|sqlalchemy)\b
        | \b(?:use|using|with)\ (?:requests|httpx|click|cryptography)\b
        | third[- ]party | \bno\ (?:external|other)\ (?:packages|dependencies|libraries)\b
        """,
    "format": r"""
        \bformat(?:ted|s)?\b | \brounded\b | \brounds?\b | \bdecimals?\b | \b(?:one|two|three)\ decimal
        | \baligned\b | \bcolumns?\ (?:are|is)\b | \bprints?\ (?:a\ )?json\b | iso\ 8601 | look\ like
        | arredond\w+ | gerundet | arrondi\w* | netjes
        | \blines?\b.{0,80}\bprints\b | prints?\b[^.]{0,80}\blines\b
        """,
    "order": r"""
        \bsort(?:ed|s|ing)?\b | \border(?:ed)?\ (?:by|of)\b | \bin\ (?:the\ )?order\b | \balphabetical\w*

        | (?:newest|oldest|highest|lowest|most\ frequent)\ first | \bhigher\ priority\ first\b
        | \btri[ée]e?s?\b | \bordenad\w+ | \bsortiert\w* | \bgesorteerd\b | \bin\ order\b | \bstable\b
        """,
    "performance": r"""
        \bO\([^)]*\) | \b(?:in\ )?(?:under|less\ than|within)\ (?:a|\d+)\ (?:micro|milli)?seconds?\b
        | \d+\ ?ms\b | \bwithout\ loading\b | \d+\ ?GB\b | \blinear\ time\b | \bconstant\ memory\b
        """,
    "security": r"""
        \bescap(?:e|ed|es|ing)\b | \bencrypt\w* | \bhash(?:ed|es|ing)?\b | \bpasswords?\b | \bhmac\b
        | \bsecrets?\b | \bjwt\b | \binjection\b | \bconstant\ time\b
        | \bnever\ (?:be\ )?(?:logged|written\ anywhere)\b | salir\ de | traversal | always\ parameters
        | \beval\b
        """,
    "platform": r"""
        \bpython\ 3\.\d+ | \bwindows\b | \blinux\b | \bmacos\b | \b(?:posix|unix\ and)\b
        """,
}
_KINDS = {kind: re.compile(pattern, re.IGNORECASE | re.VERBOSE) for kind, pattern in _PATTERNS.items()}


def kinds_of_limits(text: str) -> tuple[LimitKind, ...]:
    """Of errors, limits, packages, format, order, performance, security, platform those stated."""
    return tuple(kind for kind, pattern in _KINDS.items() if pattern.search(text))

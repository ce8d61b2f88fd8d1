"""Candidates and checks: who stood for a file or a function, and what each check showed of each of them.

A check that a candidate passed has a mark. Where it showed something else, the same letter is the same thing,
and `A` is the commonest. Checks that every candidate passed are counted and not drawn.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...types import CandidateRecord, CheckRecord

MOST_ELECTIONS = 60
MOST_CHECKS = 30
MOST_CANDIDATES = 24
PASSED = "✓"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WHOSE = {"brief": "the brief says so", "model": "a model says so", "probe": "claims nothing, only looks"}


@dataclass(frozen=True)
class Cell:
    sign: str
    kind: str
    """`passed`; else `agrees` or `differs`, compared with what the elected candidate showed."""


@dataclass(frozen=True)
class Standing:
    record: CandidateRecord
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """One check, and what its letters mean."""

    number: int
    code: str
    whose: str
    meanings: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Election:
    path: str
    target: str
    columns: tuple[Column, ...]
    standings: tuple[Standing, ...]
    passed_by_all: int
    alike: int
    """Probes that showed the same of each candidate."""
    more_checks: int
    more_candidates: int


def elections(records: Sequence[CandidateRecord], checks: Sequence[CheckRecord]) -> tuple[Election, ...]:
    """In the order in which they were held."""
    by_place: dict[tuple[str, str], list[CandidateRecord]] = {}
    for record in records:
        by_place.setdefault((record.path, record.target), []).append(record)
    known = {check.name: check for check in checks}
    return tuple(_election(part, known) for part in by_place.values())


def _election(records: Sequence[CandidateRecord], known: Mapping[str, CheckRecord]) -> Election:
    ranked = sorted(records, key=lambda one: (not one.elected, -one.score, one.sample))
    stood = ranked[:MOST_CANDIDATES]
    named = _in_order({name for record in records for name in record.shown}, known)
    telling = [name for name in named if not _alike(name, records, known)]
    drawn = telling[:MOST_CHECKS]
    letters = [_letters([record.shown.get(name, "") for record in stood]) for name in drawn]
    elected = next((record for record in stood if record.elected), None)
    claims = sum(_source(name, known) != "probe" for name in telling)
    return Election(
        path=records[0].path,
        target=records[0].target,
        columns=tuple(
            _column(number, name, known, of)
            for number, (name, of) in enumerate(zip(drawn, letters, strict=True), 1)
        ),
        standings=tuple(
            Standing(
                record,
                tuple(
                    _cell(name, of, record, elected, probe=_source(name, known) == "probe")
                    for name, of in zip(drawn, letters, strict=True)
                ),
            )
            for record in stood
        ),
        passed_by_all=max(0, max(record.total for record in records) - claims),
        alike=len(named) - len(telling),
        more_checks=len(telling) - len(drawn),
        more_candidates=len(ranked) - len(stood),
    )


def _alike(name: str, records: Sequence[CandidateRecord], known: Mapping[str, CheckRecord]) -> bool:
    return _source(name, known) == "probe" and len({record.shown.get(name) for record in records}) == 1


def _in_order(names: set[str], known: Mapping[str, CheckRecord]) -> list[str]:
    """As the checks were kept; what is not among them comes last."""
    return [name for name in known if name in names] + sorted(names - known.keys())


def _column(number: int, name: str, known: Mapping[str, CheckRecord], of: Mapping[str, str]) -> Column:
    check = known.get(name)
    return Column(
        number,
        check.code if check else name,
        WHOSE[check.source] if check else "",
        tuple((letter, text) for text, letter in of.items()),
    )


def _cell(
    name: str, of: Mapping[str, str], record: CandidateRecord, elected: CandidateRecord | None, *, probe: bool
) -> Cell:
    shown = record.shown.get(name, "")
    if not shown and not probe:
        return Cell(PASSED, "passed")
    alike = elected is not None and shown == elected.shown.get(name, "")
    return Cell(of.get(shown, "-"), "agrees" if alike else "differs")


def _source(name: str, known: Mapping[str, CheckRecord]) -> str:
    return known[name].source if name in known else ""


def _letters(shown: Sequence[str]) -> dict[str, str]:
    """A letter for each thing that was shown, the commonest first."""
    found = [text for text, _ in Counter(filter(None, shown)).most_common()]
    return {text: _LETTERS[at] if at < len(_LETTERS) else f"A{at}" for at, text in enumerate(found)}

"""Bars: lengths out of a thousand, drawn beside the figures that they stand for."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...types import Authorship, Moment, Usage
from .wording import joined

FULL = 1000
_THINNEST = 4
"""What is there is seen, however little it is."""


@dataclass(frozen=True)
class Bar:
    start: int
    length: int


@dataclass(frozen=True)
class Step:
    """A phase of the run on its time line."""

    moment: Moment
    bar: Bar


@dataclass(frozen=True)
class Spent:
    """What a file, or a tier, took."""

    label: str
    calls: int
    tokens_in: int
    tokens_out: int
    cost_usd: float
    seconds: float
    read: Bar = Bar(0, 0)
    written: Bar = Bar(0, 0)
    paid: Bar = Bar(0, 0)


def steps(timeline: Sequence[Moment]) -> tuple[Step, ...]:
    whole = max((moment.at + moment.seconds for moment in timeline), default=0.0)
    return tuple(Step(moment, _bar(moment.at, moment.seconds, whole)) for moment in timeline)


def spent_by_file(authors: Sequence[Authorship], usage: Usage) -> tuple[Spent, ...]:
    """Files that models were asked for, and what was for no single file."""
    return _drawn(
        [*(_sum(author.path, [author]) for author in authors if author.calls), *_rest(authors, usage)]
    )


def spent_by_tier(authors: Sequence[Authorship], usage: Usage) -> tuple[Spent, ...]:
    """By tier and model, and what was for no single file."""
    groups: defaultdict[str, list[Authorship]] = defaultdict(list)
    for author in authors:
        if author.calls:
            groups[joined((author.tier, author.model), ", ") or "a model"].append(author)
    return _drawn([*(_sum(label, part) for label, part in groups.items()), *_rest(authors, usage)])


def _rest(authors: Sequence[Authorship], usage: Usage) -> Iterable[Spent]:
    files = _sum("", authors)
    rest = Spent(
        "planning, checks and other questions",
        calls=max(0, usage.calls + usage.calls_reused - files.calls),
        tokens_in=max(0, usage.tokens_in - files.tokens_in),
        tokens_out=max(0, usage.tokens_out - files.tokens_out),
        cost_usd=max(0.0, usage.cost_usd - files.cost_usd),
        seconds=max(0.0, usage.seconds - files.seconds),
    )
    if authors and (rest.calls or rest.tokens_in or rest.tokens_out):
        yield rest


def _sum(label: str, authors: Sequence[Authorship]) -> Spent:
    return Spent(
        label,
        calls=sum(author.calls for author in authors),
        tokens_in=sum(author.tokens_in for author in authors),
        tokens_out=sum(author.tokens_out for author in authors),
        cost_usd=sum(author.cost_usd for author in authors),
        seconds=sum(author.seconds for author in authors),
    )


def _drawn(rows: Sequence[Spent]) -> tuple[Spent, ...]:
    most = max((row.tokens_in + row.tokens_out for row in rows), default=0)
    dearest = max((row.cost_usd for row in rows), default=0.0)
    return tuple(
        Spent(
            row.label,
            row.calls,
            row.tokens_in,
            row.tokens_out,
            row.cost_usd,
            row.seconds,
            read=_bar(0, row.tokens_in, most),
            written=_bar(row.tokens_in, row.tokens_out, most),
            paid=_bar(0, row.cost_usd, dearest),
        )
        for row in rows
    )


def _bar(start: float, length: float, whole: float) -> Bar:
    if whole <= 0 or length <= 0:
        return Bar(_within(start / whole * FULL if whole > 0 else 0, FULL - _THINNEST), 0)
    drawn = max(_THINNEST, _within(length / whole * FULL, FULL))
    return Bar(_within(start / whole * FULL, FULL - drawn), drawn)


def _within(value: float, most: int) -> int:
    return max(0, min(most, round(value)))

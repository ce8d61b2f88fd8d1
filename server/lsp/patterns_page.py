"""A brief's reading and the guide to patterns, as Markdown.

Of the brief's own text only what contradicts itself is in it, as code.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..engine.types import BriefReading, PatternChoice, PatternPage


def page(reading: "BriefReading") -> str:
    return "\n\n".join(_parts(reading))


def recommendation_page(reading: "BriefReading") -> str:
    return "\n\n".join([_summary(reading), *_advice(reading)])


def guide_page(pages: "Sequence[PatternPage]") -> str:
    rows = [
        f"| **{one.name}** | {'built' if one.built else 'not built'} | {one.idea} Pays when {one.pays_when}. "
        f"| {one.here} | {one.measured or ('unmeasured' if one.built else '')} |"
        for one in pages
    ]
    head = ["| pattern | | what it is | here | measured |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _parts(reading: "BriefReading") -> Iterator[str]:
    traits = reading.traits
    limits = f": {', '.join(traits.limits)}" if traits.limits else ""
    yield (
        f"**A {traits.level} {traits.size}**, {traits.clearness}, about {traits.domain}; "
        f"{traits.constraints} rules{limits}"
    )
    yield _summary(reading)
    yield "\n".join(_line(choice) for choice in reading.selection.choices if choice.built)
    missing = [choice.name for choice in reading.selection.choices if not choice.built]
    if missing:
        yield f"Not built: {', '.join(missing)}."
    yield from _advice(reading)


def _summary(reading: "BriefReading") -> str:
    chosen = reading.selection
    answers = "1 answer" if chosen.samples == 1 else f"{chosen.samples} answers"
    names = ", ".join(chosen.on) or "no pattern"
    return f"Generating uses {names}: {answers} for each file, {chosen.units:g} of {chosen.budget:g} units."


def _line(choice: "PatternChoice") -> str:
    why = f"{choice.fits}; {choice.reason}" if choice.fits else choice.reason
    return f"- **{choice.name}** {'on' if choice.on else 'off'}, {choice.units:g} units: {why}"


def _advice(reading: "BriefReading") -> Iterator[str]:
    if reading.conflicts:
        lines = "\n".join(f"- {line}" for line in reading.conflicts)
        yield f"**What contradicts itself**, so that no project can satisfy it:\n\n{lines}"
    if reading.advice:
        lines = "\n".join(f"- {line}" for line in reading.advice)
        yield f"What would make the brief easier to get right:\n\n{lines}"

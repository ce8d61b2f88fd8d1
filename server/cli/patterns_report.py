"""How patterns are told: what was measured of a brief, what is chosen and why, the guide, the records."""

from collections.abc import Sequence

from rich.text import Text

from ..engine.types import BriefReading, PatternChoice, PatternPage, PatternRecord, Traits
from .endings import Ending
from .tables import dumped, print_json, print_table
from .terminal import console, words
from .text import count

_STATES = {True: ("on", "green"), False: ("off", "yellow")}


def tell_reading(reading: BriefReading, *, json: bool) -> Ending:
    if json:
        print_json(_document(reading))
        return Ending.DONE
    out = console()
    print_table(("the brief", ""), _traits(reading.traits), empty="")
    out.print()
    print_table(
        ("pattern", "", "brings", "costs", "why"),
        [_row(choice) for choice in reading.selection.choices],
        empty="",
    )
    out.print()
    out.print(words(summary_of(reading)))
    _advise(reading)
    return Ending.DONE


def tell_recommendation(reading: BriefReading, *, json: bool) -> Ending:
    if json:
        chosen = reading.selection
        print_json(
            {
                "patterns": list(chosen.on),
                "samples": chosen.samples,
                "units": chosen.units,
                "budget": chosen.budget,
                "reasons": {choice.name: _why(choice) for choice in chosen.choices if choice.on},
                "conflicts": list(reading.conflicts),
                "advice": list(reading.advice),
            }
        )
        return Ending.DONE
    out = console()
    out.print(words(summary_of(reading)))
    for choice in reading.selection.choices:
        if choice.on:
            out.print(words(f"  {choice.name}: {_why(choice)}"))
    _advise(reading)
    return Ending.DONE


def tell_guide(pages: Sequence[PatternPage], *, json: bool) -> Ending:
    if json:
        print_json(dumped(pages))
        return Ending.DONE
    rows = [
        (
            Text(page.name, style="bold"),
            "built" if page.built else words("not built", "yellow"),
            f"{page.idea} Pays when {page.pays_when}.",
            page.here,
            f"{page.units:g}" if page.built else "",
            page.measured or ("unmeasured" if page.built else ""),
        )
        for page in pages
    ]
    print_table(("pattern", "", "what it is", "here", "units", "measured"), rows, empty="")
    return Ending.DONE


def tell_records(records: Sequence[PatternRecord], *, json: bool) -> Ending:
    if json:
        print_json(dumped(records))
        return Ending.DONE
    rows = [
        (
            one.bucket,
            one.name,
            _seen(one.runs_with, one.share_with),
            _seen(one.runs_without, one.share_without),
        )
        for one in records
    ]
    empty = "No run is recorded yet: one is, whenever a project was generated and its checks were run."
    print_table(("kind of brief", "pattern", "checks passed with it", "without it"), rows, empty=empty)
    return Ending.DONE


def tell_forgotten(runs: int, *, json: bool) -> Ending:
    if json:
        print_json({"forgotten": runs})
    else:
        console().print(f"{count(runs, 'recorded run')} forgotten; capsules and journal stay.")
    return Ending.DONE


def summary_of(reading: BriefReading) -> str:
    chosen = reading.selection
    names = ", ".join(chosen.on) or "no pattern"
    answers = count(chosen.samples, "answer")
    return f"generate uses {names}: {answers} for each file, {chosen.units:g} of {chosen.budget:g} units."


def _document(reading: BriefReading) -> dict[str, object]:
    return reading.model_dump(mode="json") | {"on": list(reading.selection.on)}


def _traits(traits: Traits) -> list[tuple[str, str]]:
    return [
        ("about", f"{traits.domain}, written in {traits.written}"),
        ("size", f"a {traits.size}, {count(traits.words, 'word')}, {count(len(traits.paths), 'file')} named"),
        ("complexity", f"{traits.level} ({traits.complexity:.2f})"),
        ("ambiguity", f"{traits.clearness} ({traits.ambiguity:.2f})"),
        ("limits", f"{count(traits.constraints, 'rule')}; kinds: {', '.join(traits.limits) or 'none'}"),
        ("languages", ", ".join(traits.languages) or "none named"),
    ]


def _row(choice: PatternChoice) -> tuple[Text | str, ...]:
    state = words(*_STATES[choice.on]) if choice.built else words("not built", "dim")
    brings = "unmeasured" if choice.gain is None else f"{choice.gain:+.0%} of checks"
    return (
        Text(choice.name, style="bold"),
        state,
        brings if choice.built else "",
        f"{choice.units:g}" if choice.built else "",
        _why(choice).removeprefix("not built: "),
    )


def _why(choice: PatternChoice) -> str:
    return f"{choice.fits}; {choice.reason}" if choice.fits and choice.built else choice.reason


def _advise(reading: BriefReading) -> None:
    out = console()
    if reading.conflicts:
        out.print()
        out.print(Text("What contradicts itself, so that no project can satisfy it", style="bold red"))
        for line in reading.conflicts:
            out.print(words(f"  - {line}"))
    if not reading.advice:
        return
    out.print()
    out.print(Text("What would make the brief easier to get right", style="bold"))
    for line in reading.advice:
        out.print(words(f"  - {line}"))


def _seen(runs: int, share: float) -> str:
    return f"{share:.0%} in {count(runs, 'run')}" if runs else "no run"

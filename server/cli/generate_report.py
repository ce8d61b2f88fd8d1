"""How a generated capsule is told: a page for people, a document for programs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..engine.types import Capsule, Selection, StageResult, Usage
from .terminal import STYLES, console, mark, words
from .text import count, money, one_line, plain, seconds, size, stage_line

if TYPE_CHECKING:
    from .generating import Result

_MOST_FINDINGS = 5


def as_json(result: "Result") -> str:
    """One document; the same keys whatever came of it."""
    capsule, finished = result.capsule, result.finished
    document: dict[str, Any] = {
        "outcome": _outcome(result),
        "capsule": capsule.id if capsule else None,
        "name": capsule.manifest.name if capsule else None,
        "folder": _place(result.folder),
        "archive": _place(result.archive),
        "reused": bool(finished and finished.reused),
        "seconds": round(result.seconds, 3),
        "files": [entry.model_dump(mode="json") for entry in capsule.manifest.files] if capsule else [],
        "verdict": capsule.evidence.verdict.model_dump(mode="json") if capsule else None,
        "usage": _usage(result).model_dump(mode="json"),
        "budget": result.budget.model_dump(mode="json") if result.budget else None,
        "escalations": _escalations(result),
        "models": list(capsule.evidence.models) if capsule else [],
        "patterns": _patterns(result),
        "review": _review(result),
        "error": None,
    }
    if result.error is not None:
        error = result.error
        document["error"] = {"cause": error.cause, "next_step": error.next_step, "setting": error.setting}
    return json.dumps(document, indent=2, ensure_ascii=False)


def print_summary(result: "Result") -> None:
    capsule = result.capsule
    assert capsule is not None
    out = console()
    verdict = capsule.evidence.verdict
    review = _review(result)
    mark_for_review = (", for review", STYLES["warning"]) if review else ""
    out.print(
        Text.assemble(
            (capsule.manifest.name, "bold"), "  ", (verdict.status, STYLES[verdict.status]), mark_for_review,
            f"  confidence {verdict.confidence:.2f}",
        )
    )  # fmt: skip
    _section(out, "Files", _files(capsule))
    print_stages(verdict.stages, out)
    _lines(out, "Why it is not verified", verdict.reasons)
    if review:
        step = "look at what the confidence rests on, or set generate.review_below"
        _lines(out, "Why it is for review", (f"{review}: {step}",))
    _lines(out, "Confidence rests on", verdict.evidence)
    if result.selection is not None:
        _lines(out, "Patterns", tuple(_pattern_lines(result.selection)))
    _lines(out, "Asked for again", tuple(_again(capsule)))
    _section(out, "Cost", _cost(result))
    _lines(out, "Result", _places(result, capsule), bullet="")


def print_stages(stages: tuple[StageResult, ...], out: Console) -> None:
    table = _grid()
    for result in stages:
        title = words(result.status, STYLES[result.status])
        table.add_row("", mark(result.status, out), words(result.stage), title, words(stage_line(result)))
        for finding in [] if result.status == "passed" else result.findings[:_MOST_FINDINGS]:
            where = f"{finding.path}:{finding.range.start.line + 1}"
            table.add_row(
                "", "", "", "", words(f"{where} {one_line(finding.message, 120)} ({finding.rule})", "dim")
            )
        if result.status != "passed" and (more := len(result.findings) - _MOST_FINDINGS) > 0:
            table.add_row("", "", "", "", Text(f"and {more} more", style="dim"))
    _section(out, "Stages", table)


def _files(capsule: Capsule) -> Table:
    table = _grid()
    for entry in capsule.manifest.files:
        table.add_row("", words(entry.path), entry.role, size(entry.size))
    return table


def _cost(result: "Result") -> Table:
    usage = _usage(result)
    table = _grid()
    reused = f" ({usage.calls_reused} from the journal)" if usage.calls_reused else ""
    table.add_row("", "model calls", f"{count(usage.calls, 'call')}{reused}")
    tokens, paid = "", ""
    if result.budget is not None:
        tokens, paid = f" of {result.budget.tokens:,}", f" of {money(result.budget.usd)}"
    table.add_row("", "tokens", f"{usage.tokens_in:,} in, {usage.tokens_out:,} out{tokens}")
    table.add_row("", "paid", f"{money(usage.cost_usd)}{paid}")
    answered = ", answered from the journal" if result.finished and result.finished.reused else ""
    table.add_row("", "time", f"{seconds(result.seconds)}{answered}")
    return table


def _places(result: "Result", capsule: Capsule) -> tuple[str, ...]:
    places = [("project", result.folder), ("capsule", result.archive), ("id", capsule.id)]
    told = [(name, str(place)) for name, place in places if place is not None]
    return tuple(f"{name:<9} {place}" for name, place in [*told, *capsule.manifest.commands.items()])


def _pattern_lines(selection: Selection) -> Iterator[str]:
    """Those that were on, and those that could have been."""
    for choice in selection.choices:
        if choice.built:
            yield f"{choice.name}: {'on' if choice.on else 'off'}; {choice.reason}"
    answers = count(selection.samples, "answer")
    yield f"{answers} for each file; {selection.units:g} of {selection.budget:g} units"


def _again(capsule: Capsule) -> Iterator[str]:
    for one in capsule.evidence.escalations:
        yield f"{one.path}{f', {one.target}' if one.target else ''} ({one.step}): {one_line(one.reason)}"


def _escalations(result: "Result") -> list[Any]:
    return (
        [one.model_dump(mode="json") for one in result.capsule.evidence.escalations] if result.capsule else []
    )


def _patterns(result: "Result") -> dict[str, Any] | None:
    selection = result.selection
    return selection.model_dump(mode="json") | {"on": list(selection.on)} if selection else None


def _review(result: "Result") -> str:
    return result.finished.review if result.finished else ""


def _section(out: Console, title: str, body: Table) -> None:
    out.print()
    out.print(Text(title, style="bold"))
    out.print(body)


def _lines(out: Console, title: str, lines: tuple[str, ...], bullet: str = "- ") -> None:
    if not lines:
        return
    out.print()
    out.print(Text(title, style="bold"))
    for line in lines:
        out.print(words(f"  {bullet}{plain(line)}"))


def _grid() -> Table:
    return Table.grid(padding=(0, 2))


def _usage(result: "Result") -> Usage:
    if result.finished is not None:
        return result.finished.usage
    return result.capsule.evidence.usage if result.capsule else Usage()


def _outcome(result: "Result") -> str:
    if result.cancelled:
        return "cancelled"
    if result.capsule is None or result.error is not None:
        return "failed"
    return result.capsule.evidence.verdict.status


def _place(path: Path | None) -> str | None:
    return str(path.absolute()) if path else None

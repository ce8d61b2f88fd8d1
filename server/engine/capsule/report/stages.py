"""The five stages: what each said, with what, and every finding with its line."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...types import Finding, StageResult
from .sources import Place, Sources
from .wording import count, joined, seconds

MOST_FINDINGS = 200
"""Of one stage; the rest is counted."""
_DULL_FACTS = frozenset({"seconds", "errors", "warnings", "lasting"})
_WORST_FIRST = ("error", "warning", "info", "hint")


@dataclass(frozen=True)
class FoundHere:
    finding: Finding
    place: Place
    url: str
    """What the rule means; only where it is a page of the web."""


@dataclass(frozen=True)
class StageRow:
    name: str
    status: str
    said: str
    tools: tuple[str, ...]
    found: tuple[FoundHere, ...]
    more: int
    """How many findings are not listed."""


def stage_rows(stages: Sequence[StageResult], sources: Sources) -> tuple[StageRow, ...]:
    return tuple(_row(stage, sources) for stage in stages)


def _row(stage: StageResult, sources: Sources) -> StageRow:
    worst_first = sorted(stage.findings, key=lambda one: _WORST_FIRST.index(one.severity))
    listed = worst_first[:MOST_FINDINGS]
    return StageRow(
        name=stage.stage.value,
        status=stage.status,
        said=_said(stage),
        tools=tuple(
            joined(
                (
                    f"{tool.name} {tool.version}",
                    "known from before" if tool.cached else seconds(tool.seconds),
                ),
                ", ",
            )
            for tool in stage.tools
        ),
        found=tuple(
            FoundHere(one, sources.place(one.path, one.range.start), _web(one.url)) for one in listed
        ),
        more=len(worst_first) - len(listed),
    )


def _said(stage: StageResult) -> str:
    facts = (
        f"{name.replace('_', ' ')}: {value:g}"
        if isinstance(value, float)
        else f"{name.replace('_', ' ')}: {value}"
        for name, value in stage.facts.items()
        if value != 0 and name not in _DULL_FACTS
    )
    found = count(len(stage.findings), "finding") if stage.findings else ""
    return joined((found, stage.reason, ", ".join(facts)))


def _web(url: str) -> str:
    """A link runs nothing: addresses of any other kind are not linked."""
    return url if url.startswith(("https://", "http://")) else ""

"""The files of a capsule as the page lists them, and the way from a finding to its line there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...types import Capsule, Finding, Position, SourceFile

MOST_LINES = 6_000
MOST_CHARACTERS = 500_000
_LONGEST_LINE = 1_000
_WORST_FIRST = ("error", "warning", "info", "hint")


@dataclass(frozen=True)
class Line:
    number: int
    text: str
    severity: str = ""
    """Of the worst that was found in it."""


@dataclass(frozen=True)
class Source:
    """A file in the page; without lines where it would make the page too long, and then it says why."""

    anchor: str
    path: str
    lines: tuple[Line, ...]
    left_out: str = ""


@dataclass(frozen=True)
class Place:
    """A line of a file: where the page has it, and what an editor needs to go there."""

    path: str
    line: int
    """Zero-based, as is `column`."""
    column: int
    anchor: str
    """Empty where the page does not list that line."""

    @property
    def label(self) -> str:
        return f"{self.path}:{self.line + 1}"


class Sources:
    """Every file of a capsule, in the manifest's order, as far as there is room."""

    def __init__(self, capsule: Capsule, findings: Iterable[Finding]) -> None:
        texts = {file.path: file for file in capsule.files}
        severities = _severities(findings)
        lines, characters = MOST_LINES, MOST_CHARACTERS
        listed: list[Source] = []
        for number, entry in enumerate(capsule.manifest.files, 1):
            anchor, file = f"f{number}", texts[entry.path]
            rows = _rows(file)
            if len(rows) > lines or len(file.text) > characters:
                why = f"Left out, for the page would be too long: {len(rows):,} lines."
                listed.append(Source(anchor, entry.path, (), why))
                continue
            lines, characters = lines - len(rows), characters - len(file.text)
            worst = severities.get(entry.path, {})
            listed.append(
                Source(
                    anchor,
                    entry.path,
                    tuple(Line(at + 1, _cut(row), worst.get(at, "")) for at, row in enumerate(rows)),
                )
            )
        self.listed = tuple(listed)
        self._by_path = {source.path: source for source in listed}

    def place(self, path: str, at: Position | None = None) -> Place:
        """Where a position is; without one, where its file is."""
        source = self._by_path.get(path)
        line = at.line if at else 0
        anchor = ""
        if source is not None:
            listed = at is not None and line < len(source.lines)
            anchor = f"{source.anchor}-L{line + 1}" if listed else source.anchor
        return Place(path, line, at.column if at else 0, anchor)


def _rows(file: SourceFile) -> list[str]:
    rows = [row.removesuffix("\r") for row in file.text.split("\n")]
    return rows[:-1] if rows[-1] == "" else rows


def _cut(row: str) -> str:
    return row if len(row) <= _LONGEST_LINE else f"{row[:_LONGEST_LINE]} ... ({len(row):,} characters)"


def _severities(findings: Iterable[Finding]) -> Mapping[str, Mapping[int, str]]:
    worst: dict[str, dict[int, str]] = {}
    for finding in sorted(findings, key=lambda one: _WORST_FIRST.index(one.severity), reverse=True):
        worst.setdefault(finding.path, {})[finding.range.start.line] = finding.severity.value
    return worst

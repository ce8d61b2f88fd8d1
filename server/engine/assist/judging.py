"""Judging: what the mesh finds in a new version of a file that it did not find in the old one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..python.place import Place
from ..types import Finding, Severity, SourceFile, Stage, StageResult, Wish
from ..validation.types import Project
from .desk import Desk

STAGES = (Stage.SYNTAX, Stage.STYLE, Stage.SECURITY, Stage.TYPES)


@dataclass(frozen=True)
class Judgement:
    new: tuple[Finding, ...]
    """Findings that the old version did not have."""
    gone: tuple[Finding, ...]
    """Findings that only the old version had."""
    stages: dict[str, str]
    """By stage `passed`, `failed` or `skipped`, of what is new."""

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """New errors, and new findings about security of any weight but a hint."""
        return tuple(one for one in self.new if _is_wrong(one))


async def look(desk: Desk, wish: Wish, text: str) -> tuple[StageResult, ...]:
    """What the stages that run nothing find in the file, given what it imports."""
    tests = set(wish.tests)
    others = [file for file in wish.files if file.path not in tests and file.path != wish.path]
    project = Project.of([*others, SourceFile(path=wish.path, text=text)], wish.packages)
    return await desk.mesh.check(project, STAGES)


async def judge(desk: Desk, wish: Wish, text: str, place: Place | None = None) -> Judgement:
    """`place`: a stub that is replaced; what was found in it does not excuse its successor."""
    old, new = await look(desk, wish, wish.text), await look(desk, wish, text)
    before = Counter(_key(one) for one in _findings(old, wish.path) if not _is_in(one, place))
    after = Counter(_key(one) for one in _findings(new, wish.path))
    fresh = _left(_findings(new, wish.path), before)
    gone = _left(_findings(old, wish.path), after)
    stages = {str(result.stage): "skipped" for result in new if result.status == "skipped"}
    for result in new:
        if result.status != "skipped":
            wrong = any(one.stage is result.stage and _is_wrong(one) for one in fresh)
            stages[str(result.stage)] = "failed" if wrong else "passed"
    return Judgement(tuple(fresh), tuple(gone), stages)


def in_words(finding: Finding) -> str:
    return f"line {finding.range.start.line + 1}: {finding.message} ({finding.rule})"


def _findings(results: Sequence[StageResult], path: str) -> list[Finding]:
    return [one for result in results for one in result.findings if one.path == path]


def _left(findings: Sequence[Finding], known: Counter[tuple[str, str, str]]) -> list[Finding]:
    left, found = Counter(known), []
    for one in findings:
        key = _key(one)
        if left[key]:
            left[key] -= 1
        else:
            found.append(one)
    return found


def _key(one: Finding) -> tuple[str, str, str]:
    """Lines move; what is said of them stays."""
    return str(one.stage), one.rule, one.message


def _is_in(one: Finding, place: Place | None) -> bool:
    return place is not None and place.first <= one.range.start.line < place.end


def _is_wrong(one: Finding) -> bool:
    if one.stage is Stage.SECURITY:
        return one.severity in {Severity.ERROR, Severity.WARNING}
    return one.severity is Severity.ERROR

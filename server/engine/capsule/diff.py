"""How two versions differ: line by line, and in what it means to whoever uses them."""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..types import Capsule, Finding, Stage
from ..types.versions import Change, DependencyChange, Difference, FileChange, InterfaceChange, Side
from .interface import interface_changes
from .three_way import lines_of

_MOST_LINES = 20_000
_TOO_LARGE = f"more than {_MOST_LINES:,} lines: not compared line by line"


def compare(before: Capsule, after: Capsule) -> Difference:
    """The difference from one version to another."""
    files = file_changes(before, after)
    sources = {file.path: file.text for file in before.files if _is_public(before, file.path)}
    others = {file.path: file.text for file in after.files if _is_public(after, file.path)}
    interface = tuple(interface_changes(sources, others))
    dependencies = tuple(_dependencies(before.manifest.dependencies, after.manifest.dependencies))
    appeared, gone = _findings(before, after)
    difference = Difference(
        before=side(before),
        after=side(after),
        files=files,
        interface=interface,
        dependencies=dependencies,
        appeared=appeared,
        gone=gone,
    )
    return difference.model_copy(update={"summary": tuple(_sentences(difference))})


def side(capsule: Capsule) -> Side:
    verdict = capsule.evidence.verdict
    facts = next((stage.facts for stage in verdict.stages if stage.stage == Stage.RUNTIME), {})
    return Side(
        id=capsule.id,
        name=capsule.manifest.name,
        created=capsule.evidence.created,
        status=verdict.status,
        confidence=verdict.confidence,
        reasons=verdict.reasons,
        tests_passed=_count(facts.get("tests_passed")),
        tests_failed=_count(facts.get("tests_failed")),
    )


# -- text --------------------------------------------------------------------------------------


def file_changes(before: Capsule, after: Capsule) -> tuple[FileChange, ...]:
    """The files that are not the same, in the order of their paths."""
    old = {file.path: file.text for file in before.files}
    new = {file.path: file.text for file in after.files}
    return tuple(
        _file_change(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    )


def _file_change(path: str, old: str | None, new: str | None) -> FileChange:
    before, after = lines_of(old or ""), lines_of(new or "")
    if max(len(before), len(after)) > _MOST_LINES:
        return FileChange(
            path=path, change=_kind(old, new), plus=len(after), minus=len(before), note=_TOO_LARGE
        )
    lines = [*unified(path, before, after, old_is_there=old is not None, new_is_there=new is not None)]
    return FileChange(
        path=path,
        change=_kind(old, new),
        plus=sum(line.startswith("+") for line in lines[2:]),
        minus=sum(line.startswith("-") for line in lines[2:]),
        text="".join(lines),
    )


def unified(
    path: str, before: Sequence[str], after: Sequence[str], *, old_is_there: bool, new_is_there: bool
) -> Iterator[str]:
    """A unified diff as `git apply` and `patch -p1` take it."""
    names = f"a/{path}" if old_is_there else "/dev/null", f"b/{path}" if new_is_there else "/dev/null"
    for line in difflib.unified_diff(before, after, *names):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


# -- meaning -----------------------------------------------------------------------------------


def _is_public(capsule: Capsule, path: str) -> bool:
    entry = next((one for one in capsule.manifest.files if one.path == path), None)
    return entry is not None and entry.role == "source" and path.endswith(".py")


def _dependencies(before: Sequence[str], after: Sequence[str]) -> Iterator[DependencyChange]:
    old = {canonicalize_name(Requirement(line).name): line for line in before}
    new = {canonicalize_name(Requirement(line).name): line for line in after}
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was != now:
            yield DependencyChange(name=name, change=_kind(was, now), before=was or "", after=now or "")


def _findings(before: Capsule, after: Capsule) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Those that appeared, and those that went; a finding that only moved to another line is the same."""
    old, new = _all_findings(before), _all_findings(after)
    return tuple(_beyond(new, old)), tuple(_beyond(old, new))


def _beyond(some: Sequence[Finding], others: Sequence[Finding]) -> Iterator[Finding]:
    left = Counter(map(_same, others))
    for finding in some:
        if left[_same(finding)]:
            left[_same(finding)] -= 1
        else:
            yield finding


def _same(finding: Finding) -> tuple[str, ...]:
    return finding.stage, finding.tool, finding.rule, finding.path, finding.message


def _all_findings(capsule: Capsule) -> list[Finding]:
    return [finding for stage in capsule.evidence.verdict.stages for finding in stage.findings]


def _sentences(difference: Difference) -> Iterator[str]:
    before, after = difference.before, difference.after
    if not difference.files:
        yield "the files are the same"
    if broken := [change for change in difference.interface if change.breaking]:
        yield f"callers may break: {_names(broken)}"
    for word in ("added", "removed", "changed"):
        if some := [change for change in difference.interface if change.change == word]:
            yield f"{word}: {_names(some)}"
    for dependency in difference.dependencies:
        yield f"dependency {dependency.change}: {dependency.after or dependency.before}"
    if difference.appeared or difference.gone:
        yield f"findings: {len(difference.appeared)} appeared, {len(difference.gone)} went"
    if before.status != after.status:
        yield f"{before.status} became {after.status}"
    if before.confidence != after.confidence:
        yield f"confidence {before.confidence:.2f} became {after.confidence:.2f}"
    tests = (before.tests_passed, before.tests_failed), (after.tests_passed, after.tests_failed)
    if tests[0] != tests[1] and after.tests_passed is not None:
        was = "none were run" if before.tests_passed is None else f"{before.tests_passed} passed"
        yield f"tests: {was}, then {after.tests_passed} passed and {after.tests_failed or 0} failed"


def _names(changes: Sequence[InterfaceChange]) -> str:
    shown = ", ".join(f"`{change.name}`" for change in changes[:8])
    return shown if len(changes) <= 8 else f"{shown} and {len(changes) - 8} more"


def _kind(old: object, new: object) -> Change:
    if old is None:
        return "added"
    return "removed" if new is None else "changed"


def _count(value: int | float | str | None) -> int | None:
    return int(value) if isinstance(value, int | float) else None

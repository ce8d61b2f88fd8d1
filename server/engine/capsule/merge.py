"""Two versions of a project become one, over the version that both descend from.

Here is what needs no judgement: which files there are, what is in them, what is depended on, what was asked.
Whether the result works is found out afterwards, by validating and running it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..errors import CapsuleError
from ..types import Brief, Capsule, Plan, SourceFile
from ..types.versions import Conflict
from .ancestry import common_ancestor
from .store import Store
from .three_way import has_marks, marked, merge_text
from .tree import problems_of

_GAP = "\n\n"


class MergedFiles(NamedTuple):
    files: tuple[SourceFile, ...]
    conflicts: tuple[Conflict, ...]


class Sides(NamedTuple):
    """What is merged. The labels stand beside the marks of conflicts."""

    base: Capsule
    ours: Capsule
    theirs: Capsule
    labels: tuple[str, str]


def find_sides(store: Store, ours: str, theirs: str) -> Sides:
    """Raises CapsuleError if there is no such version, or nothing that both descend from."""
    graph = {one.id: one.parents for one in store.list()}
    mine, other = store.resolve(ours), store.resolve(theirs)
    base = common_ancestor(graph, mine, other)
    if not base:
        raise CapsuleError(
            f"{ours!r} and {theirs!r} have no common ancestor on this machine.",
            "Compare them with `quantumlayer capsule diff`, or import the version that both descend from.",
        )
    return Sides(store.get(base), store.get(mine), store.get(other), (ours, theirs))


def merge_files(sides: Sides) -> MergedFiles:
    """Every file of the result, in the order of the paths; those in conflict hold marks."""
    base, ours, theirs = (_texts(one) for one in (sides.base, sides.ours, sides.theirs))
    files: list[SourceFile] = []
    conflicts: list[Conflict] = []
    for path in sorted(base.keys() | ours.keys() | theirs.keys()):
        text, conflict = _merge_one(path, (base.get(path), ours.get(path), theirs.get(path)), sides.labels)
        if text is not None:
            files.append(SourceFile(path=path, text=text))
        if conflict is not None:
            conflicts.append(conflict)
    if problems := problems_of(file.path for file in files):
        raise CapsuleError(f"The files of both cannot be one project: {'; '.join(problems)}.")
    return MergedFiles(tuple(files), tuple(conflicts))


def resolved_files(sides: Sides, chosen: Mapping[str, str]) -> MergedFiles:
    """The result with the conflicts settled by hand: `chosen` holds the text of each file that is left.

    A file of the result that is not in `chosen` was removed. Marks that are left are conflicts still.
    """
    merged = merge_files(sides)
    files = [
        SourceFile(path=file.path, text=chosen[file.path]) for file in merged.files if file.path in chosen
    ]
    left = [one for one in merged.conflicts if has_marks(chosen.get(one.path, ""))]
    return MergedFiles(tuple(files), tuple(left))


def merge_packages(sides: Sides) -> tuple[str, ...]:
    """Requirements of the result. Where both changed one, both must hold, which the resolver may refuse."""
    base, ours, theirs = (
        {canonicalize_name(Requirement(line).name): line for line in one.manifest.dependencies}
        for one in (sides.base, sides.ours, sides.theirs)
    )
    merged: list[str] = []
    for name in sorted(base.keys() | ours.keys() | theirs.keys()):
        was, mine, other = base.get(name), ours.get(name), theirs.get(name)
        if mine == other or other == was:
            merged.append(mine or "")
        elif mine == was:
            merged.append(other or "")
        else:
            merged.append(_both(mine, other))
    return tuple(line for line in merged if line)


def merge_briefs(sides: Sides) -> Brief:
    """What the result was asked to be: what both were asked."""
    base, ours, theirs = sides.base.brief, sides.ours.brief, sides.theirs.brief
    merged = merge_text(base.text, ours.text, theirs.text, sides.labels)
    text = ours.text.rstrip() + _GAP + theirs.text if merged.conflicts else merged.text
    constraints = tuple(dict.fromkeys([*ours.constraints, *theirs.constraints]))
    name = sides.ours.manifest.name
    return ours.model_copy(update={"text": text, "name": name, "constraints": constraints})


def merge_plans(sides: Sides, files: Sequence[SourceFile], packages: Sequence[str]) -> Plan | None:
    """The plans of both for the files that are there; None if neither version says how it was planned."""
    ours, theirs = sides.ours.evidence.plan, sides.theirs.evidence.plan
    first = ours or theirs
    if first is None:
        return None
    there = {file.path for file in files}
    planned = {
        file.path: file for plan in (theirs, ours) if plan for file in plan.files if file.path in there
    }
    run = tuple(dict.fromkeys(line for plan in (ours, theirs) if plan for line in plan.run))
    if not planned:
        return None
    kept = [
        file.model_copy(update={"depends_on": tuple(path for path in file.depends_on if path in planned)})
        for file in planned.values()
    ]
    return Plan(summary=first.summary, files=tuple(kept[:40]), packages=tuple(packages), run=run)


def _merge_one(
    path: str, texts: tuple[str | None, str | None, str | None], labels: tuple[str, str]
) -> tuple[str | None, Conflict | None]:
    base, ours, theirs = texts
    if ours == theirs or theirs == base:
        return ours, None
    if ours == base:
        return theirs, None
    if ours is None or theirs is None:
        text = marked(ours or "", theirs or "", labels)
        return text, Conflict(path=path, kind="changed and removed", places=1)
    merged = merge_text(base or "", ours, theirs, labels)
    if not merged.conflicts:
        return merged.text, None
    kind = "both added" if base is None else "both changed"
    return merged.text, Conflict.model_validate({"path": path, "kind": kind, "places": merged.conflicts})


def _both(mine: str | None, other: str | None) -> str:
    if mine is None or other is None:
        return mine or other or ""
    first, second = Requirement(mine), Requirement(other)
    first.specifier &= second.specifier
    first.extras |= second.extras
    return str(first)


def _texts(capsule: Capsule) -> dict[str, str]:
    return {file.path: file.text for file in capsule.files}

"""Versions of a project: their history, their names, and going back to an earlier one."""

from collections.abc import Mapping, Sequence

from ..errors import CapsuleError
from ..types import CapsuleSummary
from ..types.versions import Branches, History, Rollback, Version
from .ancestry import in_order, missing_parents, reachable
from .refs import Refs, check_ref_name
from .store import Store


def all_versions(store: Store, name: str = "") -> tuple[Version, ...]:
    """Every stored capsule, or those of one name, the newest first, with the names they have."""
    summaries = [one for one in store.list() if not name or one.name == name]
    refs = store.all_refs(summaries)
    return tuple(_named(one, refs[one.name]) for one in summaries)


def all_branches(store: Store, name: str = "") -> tuple[Branches, ...]:
    """Of every project, or of one, in the order of the names; a project whose file is damaged is left out."""
    refs = store.all_refs(one for one in store.list() if one.name and name in {"", one.name})
    return tuple(_told(one) for _, one in sorted(refs.items()) if one is not None)


def branches_of(store: Store, name: str) -> Branches:
    """Raises CapsuleError if there is no such project."""
    return _told(store.refs(name))


def history(store: Store, ref: str, *, every: bool = False) -> History:
    """A version and those it descends from; with `every`, all versions of its name."""
    tip = _summary(store, ref)
    refs = store.refs(tip.name)
    summaries = store.list()
    graph = {one.id: one for one in summaries}
    ids = (
        {one.id for one in summaries if one.name == tip.name} if every else reachable(_parents(graph), tip.id)
    )
    mine = [one for one in summaries if one.id in ids]
    known = store.all_refs(summaries)
    order = in_order(_parents({one.id: one for one in mine}))
    return History(
        name=tip.name,
        branch=refs.current,
        versions=tuple(_named(graph[one], known[graph[one].name]) for one in order),
        missing=missing_parents(_parents({one.id: one for one in mine})),
    )


def tag(store: Store, ref: str, name: str, *, move: bool = False) -> tuple[Branches, str]:
    """Gives a version a tag; returns the project's names, and the version's id.

    A tag that is there stays where it is, unless `move`. Raises CapsuleError.
    """
    check_ref_name(name, "tag")
    version = _summary(store, ref)

    def change(refs: Refs) -> Refs:
        if name in refs.branches:
            raise CapsuleError(f"{version.name!r} has a branch {name!r}.", "Choose another name for the tag.")
        there = refs.tags.get(name, version.id)
        if there != version.id and not move:
            raise CapsuleError(
                f"The tag {name!r} is at {there[:16]} already.",
                "Move it with --force, or choose another name.",
            )
        return refs.with_tag(name, version.id)

    return _told(store.change_refs(version.name, change)), version.id


def branch(store: Store, ref: str, name: str, *, switch: bool = True) -> Branches:
    """Makes a branch at a version, unless it is there already; with `switch` it becomes the current one.

    Raises CapsuleError.
    """
    version = _summary(store, ref)

    def change(refs: Refs) -> Refs:
        if name in refs.tags:
            raise CapsuleError(f"{version.name!r} has a tag {name!r}.", "Choose another name for the branch.")
        if name not in refs.branches:
            check_ref_name(name, "branch")
        return refs.with_branch(name, refs.branches.get(name, version.id), switch=switch)

    return _told(store.change_refs(version.name, change))


def forget(store: Store, ref: str, name: str, what: str) -> tuple[Branches, str]:
    """Deletes a `branch` or a `tag`, not the versions; returns the names left and the id it stood for.

    Raises CapsuleError if it is not there, or if it is the current branch.
    """
    project = _summary(store, ref).name
    found = ""

    def change(refs: Refs) -> Refs:
        nonlocal found
        found = (refs.tags if what == "tag" else refs.branches).get(name, "")
        if not found:
            raise CapsuleError(f"{project!r} has no {what} {name!r}.")
        if what == "branch" and name == refs.current:
            raise CapsuleError(
                f"{name!r} is the current branch of {project!r}.", "Switch to another branch first."
            )
        return refs.without(name)

    return _told(store.change_refs(project, change)), found


def roll_back(store: Store, ref: str, to: str = "") -> Rollback:
    """Moves the current branch of a project to `to`, by default to the version before its head.

    No version is lost: the one that was the head stays in the store. Raises CapsuleError.
    """
    project = _summary(store, ref).name
    target = _summary(store, to or f"{project}~1")
    if target.name != project:
        raise CapsuleError(
            f"{target.id[:16]} is a version of {target.name!r}, not of {project!r}.",
            f"`quantumlayer capsule log {project} --all` names its versions.",
        )
    before = ""

    def change(refs: Refs) -> Refs:
        nonlocal before
        before = refs.head
        return refs.with_branch(refs.current, target.id)

    refs = store.change_refs(project, change)
    return Rollback(name=project, branch=refs.current, before=before, now=target.id)


def _summary(store: Store, ref: str) -> CapsuleSummary:
    capsule_id = store.resolve(ref)
    found = next((one for one in store.list() if one.id == capsule_id), None)
    if found is None or found.problem:
        raise CapsuleError(f"The record of {capsule_id} is damaged.", "Import or generate it again.")
    return found


def _parents(graph: Mapping[str, CapsuleSummary]) -> dict[str, Sequence[str]]:
    return {key: one.parents for key, one in graph.items()}


def _named(summary: CapsuleSummary, refs: Refs | None) -> Version:
    if refs is None:
        return Version(summary=summary)
    branches, tags = refs.of(summary.id)
    return Version(summary=summary, branches=branches, tags=tags, current=refs.head == summary.id)


def _told(refs: Refs) -> Branches:
    return Branches(name=refs.name, branch=refs.current, branches=refs.branches, tags=refs.tags)

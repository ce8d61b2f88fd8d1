"""Branches and tags: names for the versions of one project, kept in one small file per project.

    refs/NAME.json     which branches and tags there are, and which branch is the current one

NAME is a digest of the project's name. There is such a file once somebody makes a branch or a tag, or rolls
back; until then a project has one branch, `main`, at its newest version. A file is replaced at once, so
that several names can change together: a branch moves and becomes the current one, or neither.
"""

import contextlib
import logging
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import Field

from ..disk import write_atomic
from ..errors import CapsuleError
from ..types import CapsuleSummary, Value
from .canonical import canonical, digest, parse
from .records import name_digest

log = logging.getLogger(__name__)
MAIN = "main"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
_LIKE_AN_ID = re.compile(r"^[0-9a-f]{4,64}$")


class Refs(Value):
    """The names of one project's versions; every one is an id."""

    name: str
    current: str = MAIN
    branches: dict[str, str]
    tags: dict[str, str] = Field(default_factory=dict)

    @property
    def head(self) -> str:
        """The version that the project's name means, and that the next one descends from."""
        return self.branches.get(self.current, "")

    def of(self, capsule_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The branches whose head a version is, and its tags."""
        return _names_of(self.branches, capsule_id), _names_of(self.tags, capsule_id)

    def with_branch(self, branch: str, capsule_id: str, *, switch: bool = False) -> "Refs":
        branches = {**self.branches, branch: capsule_id}
        return self.model_copy(update={"branches": branches, "current": branch if switch else self.current})

    def with_tag(self, tag: str, capsule_id: str) -> "Refs":
        return self.model_copy(update={"tags": {**self.tags, tag: capsule_id}})

    def without(self, name: str) -> "Refs":
        """Without a branch or a tag of this name."""
        return self.model_copy(
            update={
                "branches": {key: value for key, value in self.branches.items() if key != name},
                "tags": {key: value for key, value in self.tags.items() if key != name},
            }
        )


class _CheckedRefs(Value):
    refs: Refs
    sha256: str


class RefsFolder:
    """Readers take no lock; whoever writes holds the store's."""

    def __init__(self, folder: Path, *, aside: Path) -> None:
        self.folder = folder
        self._aside = aside

    def read(self, name: str) -> Refs | None:
        """What is kept for a project, or None if it is not named here. Raises CapsuleError if damaged."""
        place = self._place(name)
        try:
            data = place.read_bytes()
        except FileNotFoundError:
            return None
        try:
            checked = parse(_CheckedRefs, data, "They")
            sound = digest(canonical(checked.refs)) == checked.sha256 and checked.refs.name == name
        except CapsuleError:
            sound = False
        if not sound:
            raise CapsuleError(
                f"The branches and tags of {name!r} are damaged.",
                f"Move {place} away: the newest version is the current one then, and no version is lost.",
            )
        return checked.refs

    def read_if_sound(self, name: str) -> Refs | None:
        """For what must not fail because of them: a capsule that was just made is worth more."""
        try:
            return self.read(name)
        except CapsuleError as error:
            log.warning("%s", error)
            return None

    def write(self, refs: Refs) -> None:
        """Durably, and at once for every reader."""
        checked = _CheckedRefs(refs=refs, sha256=digest(canonical(refs)))
        write_atomic(self._place(refs.name), (canonical(checked),), aside=self._aside)

    def pin(self, name: str, head: str) -> None:
        """Before a version comes from elsewhere that is newer and does not descend from the head.

        No archive may take a branch over, not even if the process is killed halfway.
        """
        with contextlib.suppress(CapsuleError):  # what is damaged is left to its owner
            if self.read(name) is None:
                self.write(Refs(name=name, branches={MAIN: head}))

    def move(self, name: str, capsule_id: str) -> None:
        """The current branch goes to a version; where none is kept, the newest is the head already."""
        kept = self.read_if_sound(name)
        after = kept and kept.with_branch(kept.current, capsule_id)
        if after and after != kept:
            self.write(after)

    def let_go(self, summary: CapsuleSummary, stored: Collection[str]) -> None:
        """Branches go back to the version before the one that is removed; one that has a tag stays.

        `stored` are the ids of all others. Raises CapsuleError if it has a tag.
        """
        kept = self.read_if_sound(summary.name) if summary.name else None
        if kept is None:
            return
        branches, tags = kept.of(summary.id)
        if tags:
            raise CapsuleError(
                f"{summary.id[:16]} has the tag {tags[0]!r}.",
                f"Delete the tag first: `quantumlayer capsule tag {summary.name} {tags[0]} --delete`.",
            )
        earlier = next((parent for parent in summary.parents if parent in stored), None)
        after = kept
        for branch in branches:
            after = after.with_branch(branch, earlier) if earlier else after.without(branch)
        if after != kept:
            self.write(after)

    def _place(self, name: str) -> Path:
        return self.folder / f"{name_digest(name)}.json"


def living(name: str, kept: Refs | None, mine: Sequence[str]) -> Refs:
    """What is kept for a project, as far as its versions are there; `mine` are those, newest first."""
    if kept is None:
        return Refs(name=name, branches={MAIN: mine[0]})
    branches = {branch: id_ for branch, id_ in kept.branches.items() if id_ in mine}
    branches.setdefault(kept.current, mine[0])
    tags = {tag: id_ for tag, id_ in kept.tags.items() if id_ in mine}
    return kept.model_copy(update={"branches": branches, "tags": tags})


def check_ref_name(name: str, what: str) -> str:
    """Returns the name of a branch or tag if it can never be taken for anything else."""
    if not _NAME.fullmatch(name) or name.endswith((".", ".lock")) or ".." in name:
        raise CapsuleError(
            f"{name!r} cannot be the name of a {what}.",
            "Use letters, digits, '.', '_' and '-', 64 at most, with a letter or a digit first.",
        )
    if _LIKE_AN_ID.match(name):
        raise CapsuleError(
            f"{name!r} cannot be the name of a {what}: it looks like the beginning of an id.",
            "Choose a name with another letter in it.",
        )
    return name


def _names_of(known: dict[str, str], capsule_id: str) -> tuple[str, ...]:
    return tuple(sorted(name for name, value in known.items() if value == capsule_id))

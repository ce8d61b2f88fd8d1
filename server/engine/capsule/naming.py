"""What a user may call a version: an id, the beginning of one, a name, a branch, a tag, some steps back.

3f9a77c1        the capsule whose id begins so, 4 digits at least
notes           the newest version on the current branch of `notes`
notes@v1        a tag, a branch, or the beginning of an id of that project
notes~2         two versions before; `~` alone is one
"""

import re
from collections.abc import Callable, Sequence

from ..errors import CapsuleError
from .records import Version, name_digest
from .refs import Refs

_SHORTEST_PREFIX = 4
_BACK = re.compile(r"^(?P<ref>.+?)~(?P<steps>\d{0,6})$", re.DOTALL)


class Names:
    """Finds what a text means among the versions of a store, newest first."""

    def __init__(
        self,
        versions: Sequence[Version],
        refs_of: Callable[[str], Refs | None],
        parents_of: Callable[[Version], Sequence[str]],
    ) -> None:
        self._versions = versions
        self._ids = {version.id: version for version in versions}
        self._refs_of = refs_of
        self._parents_of = parents_of

    def find(self, ref: str) -> str:
        """The id; raises CapsuleError if there is none, or if several could be meant."""
        if not self._versions:
            raise CapsuleError(f"There is no capsule {ref!r}: the store is empty.", "Generate one first.")
        found = self._plainly(ref)
        if found is None and (match := _BACK.match(ref)) is not None:
            found = self._back(self.find(match["ref"]), int(match["steps"] or 1), ref)
        if found is None and "@" in ref:
            name, _, point = ref.rpartition("@")
            found = self._at(name, point)
        if found is None:
            raise CapsuleError(f"There is no capsule {ref!r}.", "`quantumlayer capsule list` names them all.")
        return found

    def head(self, name: str) -> str | None:
        """The version that the name of a project means."""
        mine = self._of_name(name)
        if not mine:
            return None
        refs = self._refs_of(name)
        return refs.head if refs is not None and refs.head in self._ids else mine[0].id

    def _plainly(self, ref: str) -> str | None:
        if ref in self._ids:
            return ref
        if (head := self.head(ref)) is not None:
            return head
        return self._beginning(ref, self._versions)

    def _at(self, name: str, point: str) -> str | None:
        mine = self._of_name(name)
        if not mine:
            return None
        refs = self._refs_of(name)
        named = {**refs.branches, **refs.tags} if refs is not None else {"main": mine[0].id}
        if named.get(point) in self._ids:
            return named[point]
        if (found := self._beginning(point, mine)) is not None:
            return found
        known = ", ".join(sorted(named)) or "none"
        raise CapsuleError(
            f"{name!r} has no version {point!r}.", f"Its branches and tags are: {known}; or give an id."
        )

    def _of_name(self, name: str) -> list[Version]:
        key = name_digest(name)
        return [version for version in self._versions if version.name_digest == key]

    @staticmethod
    def _beginning(ref: str, versions: Sequence[Version]) -> str | None:
        if len(ref) < _SHORTEST_PREFIX:
            return None
        found = [version.id for version in versions if version.id.startswith(ref.lower())]
        if len(found) > 1:
            several = ", ".join(known[:16] for known in found[:5])
            raise CapsuleError(f"{ref!r} begins several capsules: {several}.", "Give more digits.")
        return found[0] if found else None

    def _back(self, capsule_id: str, steps: int, ref: str) -> str:
        for step in range(steps):
            version = self._ids.get(capsule_id)
            parents = self._parents_of(version) if version is not None else ()
            if not parents:
                raise CapsuleError(f"{ref!r} goes back too far: there are {step} versions before it.")
            if parents[0] not in self._ids:
                raise CapsuleError(f"{ref!r} is not on this machine: {parents[0][:16]} is missing.")
            capsule_id = parents[0]
        return capsule_id

"""The store's seals: signatures beside the capsules they belong to.

    seals/EVIDENCE.json   the seal of the capsule whose evidence has this SHA-256

Evidence names its capsule, so that its digest names both. A seal is written before the record that makes its
capsule visible: a kill in between leaves a file that nobody reads.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from ..disk import sync_folder, write_atomic
from ..errors import CapsuleError
from ..types import Cleaned, Seal
from .canonical import canonical, parse
from .seal import documents_of


class StoredSeal(NamedTuple):
    """A seal as it is on disk, unchecked."""

    capsule: str
    evidence: str
    """SHA-256 of the capsule's evidence."""
    documents: Mapping[str, bytes]
    problems: tuple[str, ...]
    """Why it could not be read."""


class Seals:
    """Readers take no lock; whoever writes or removes holds the store's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, evidence: str) -> tuple[Mapping[str, bytes], tuple[str, ...]]:
        """The documents of a seal as they are on disk, none if there is none; and why it cannot be read."""
        try:
            data = self._path(evidence).read_bytes()
        except FileNotFoundError:
            return {}, ()
        try:
            return documents_of(parse(Seal, data, "The seal")), ()
        except CapsuleError as error:
            return {}, (error.cause.rstrip("."),)

    def write(self, evidence: str, seal: Seal, *, aside: Path) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(exist_ok=True)
            sync_folder(self.folder.parent)
        data = canonical(seal)
        try:
            there = self._path(evidence).read_bytes()
        except FileNotFoundError:
            there = b""
        if there != data:
            write_atomic(self._path(evidence), (data,), aside=aside)

    def clean(self, known: Collection[str]) -> Cleaned:
        """Removes those of evidence that no capsule has."""
        removed = freed = kept = 0
        for path in sorted(self.folder.glob("*.json")):
            size = path.stat().st_size
            if path.stem in known:
                kept += size
                continue
            path.unlink()
            removed, freed = removed + 1, freed + size
        return Cleaned(what="capsules", removed=removed, freed=freed, kept=kept)

    def _path(self, evidence: str) -> Path:
        return self.folder / f"{evidence}.json"

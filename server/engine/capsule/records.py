"""The store's records: which capsules there are, in which order, and what each is made of."""

import contextlib
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..disk import sync_folder, write_atomic
from ..errors import CapsuleError
from ..types import Capsule, CapsuleSummary, Value
from .canonical import canonical, digest, parse
from .manifest import content_digest

_RECORD = re.compile(r"^(\d{12})-([0-9a-f]{16})-([0-9a-f]{64})\.json$")


class Record(Value):
    evidence: str
    content: str
    """Digest of the manifest without its parents."""
    summary: CapsuleSummary


class _CheckedRecord(Value):
    record: Record
    sha256: str


class Version(NamedTuple):
    """One record, as its file name tells it."""

    number: int
    name_digest: str
    id: str
    path: Path


class Records:
    """Readers take no lock; whoever writes or removes holds the store's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self) -> tuple[Version, ...]:
        """What is stored, newest first; of two records of one capsule, after a renewal, the newer."""
        found: dict[str, Version] = {}
        for version in self.all_versions():
            found.setdefault(version.id, version)
        return tuple(found.values())

    def all_versions(self) -> Iterator[Version]:
        """Every record, newest first."""
        try:
            names = sorted((path.name for path in self.folder.iterdir()), reverse=True)
        except FileNotFoundError:
            return
        for name in names:
            if match := _RECORD.match(name):
                number, of_name, capsule_id = match.groups()
                yield Version(int(number), of_name, capsule_id, self.folder / name)

    def read(self, version: Version) -> Record:
        """Raises CapsuleError if the record is damaged or gone."""
        what = f"The record of {version.id}"
        try:
            data = version.path.read_bytes()
        except FileNotFoundError:
            data = self._moved(version).path.read_bytes()
        checked = parse(_CheckedRecord, data, what)
        summary = checked.record.summary
        if digest(canonical(checked.record)) != checked.sha256 or summary.id != version.id:
            raise CapsuleError(f"{what} is damaged: its SHA-256 is another one.")
        return checked.record

    def summary(self, version: Version) -> CapsuleSummary:
        """What a list shows; of a damaged record only the id, and the problem."""
        try:
            return self.read(version).summary
        except CapsuleError as error:
            return CapsuleSummary(
                id=version.id,
                name="",
                created="",
                status="unverified",
                confidence=0,
                files=0,
                problem=error.cause,
            )

    def write(self, capsule: Capsule, evidence: str, number: int, *, aside: Path) -> None:
        """`evidence` is the digest of the capsule's evidence, which is on disk already."""
        verdict = capsule.evidence.verdict
        record = Record(
            evidence=evidence,
            content=content_digest(capsule.manifest),
            summary=CapsuleSummary(
                id=capsule.id,
                name=capsule.manifest.name,
                created=capsule.evidence.created,
                status=verdict.status,
                confidence=verdict.confidence,
                files=len(capsule.files),
                parents=capsule.manifest.parents,
            ),
        )
        checked = _CheckedRecord(record=record, sha256=digest(canonical(record)))
        name = f"{number:012d}-{name_digest(capsule.manifest.name)}-{capsule.id}.json"
        data = canonical(checked)
        target = self.folder / name
        if not target.is_file() or target.read_bytes() != data:
            write_atomic(target, (data,), aside=aside)

    def remove(self, capsule_id: str) -> None:
        """The newest goes last: a kill in between must not bring an older one back."""
        for version in reversed([v for v in self.all_versions() if v.id == capsule_id]):
            version.path.unlink(missing_ok=True)
        sync_folder(self.folder)

    def remove_replaced(self) -> None:
        current = {version.path for version in self.versions()}
        for version in self.all_versions():
            if version.path not in current:
                with contextlib.suppress(PermissionError):  # Windows, while someone reads it
                    version.path.unlink(missing_ok=True)

    def _moved(self, version: Version) -> Version:
        """Where a record went that another process renewed after its name was read."""
        for other in self.versions():
            if other.id == version.id:
                return other
        raise CapsuleError(f"The record of {version.id} is missing.")


def name_digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]

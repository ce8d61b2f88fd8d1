"""The files and who wrote them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...types import Authorship, Capsule, FileEntry, Region
from .sources import Place, Sources
from .wording import count, joined

HOW = {
    "given": "given in the brief",
    "rule": "put together by a rule",
    "elected": "elected",
    "composed": "composed of elected functions",
    "searched": "found among versions near an answer",
    "repaired": "repaired after a failed check",
    "only": "the only answer",
}


@dataclass(frozen=True)
class FileRow:
    entry: FileEntry
    place: Place
    author: Authorship | None
    how: str
    by: str
    """Tier and model."""
    rests_on: str
    """What the choice rests on, in figures."""
    changed: bool
    """Whether the record is of another text than the capsule holds."""


@dataclass(frozen=True)
class RegionRow:
    region: Region
    how: str


def file_rows(capsule: Capsule, sources: Sources) -> tuple[FileRow, ...]:
    authors = {author.path: author for author in capsule.evidence.authors}
    return tuple(
        _row(entry, authors.get(entry.path), sources.place(entry.path)) for entry in capsule.manifest.files
    )


def region_rows(regions: Sequence[Region]) -> tuple[RegionRow, ...]:
    return tuple(RegionRow(region, _how(region.how, region.candidates)) for region in regions)


def _row(entry: FileEntry, author: Authorship | None, place: Place) -> FileRow:
    if author is None:
        return FileRow(entry, place, None, "not recorded", "", "", changed=False)
    checks = f"{author.checks_passed} of {count(author.checks_total, 'check')} passed"
    return FileRow(
        entry,
        place,
        author,
        how=_how(author.how, author.candidates),
        by=joined((author.tier, author.model), ", "),
        rests_on=checks if author.checks_total else "",
        changed=author.sha256 != entry.sha256,
    )


def _how(how: str, candidates: int) -> str:
    words = HOW.get(how, how)
    return f"{words} among {candidates}" if how == "elected" and candidates > 1 else words

"""Who wrote the files of a merged version: whoever wrote what is as it was in one of the two."""

from collections.abc import Mapping, Sequence

from ..python.regions import regions
from ..types import Authorship, Evidence, Region, SourceFile

_BY_BOTH = "merged line by line from two versions"
_BY_HAND = "merged from two versions; conflicts in it were settled by hand"


def authors(
    files: Sequence[SourceFile], sides: Sequence[Evidence], by_hand: Mapping[str, str]
) -> tuple[Authorship, ...]:
    """One for each file. `by_hand`: texts in which somebody settled conflicts."""
    known = {(author.path, author.sha256): author for side in sides for author in side.authors}
    parts = {
        (author.path, region.name, region.sha256): region
        for side in sides
        for author in side.authors
        for region in author.regions
    }
    return tuple(
        known.get((file.path, file.digest)) or _merged(file, parts, settled=file.path in by_hand)
        for file in files
    )


def _merged(file: SourceFile, parts: Mapping[tuple[str, str, str], Region], *, settled: bool) -> Authorship:
    reason = _BY_HAND if settled else _BY_BOTH
    return Authorship(
        path=file.path,
        sha256=file.digest,
        how="rule",
        reason=reason,
        regions=tuple(
            parts.get((file.path, placed.name, placed.sha256))
            or Region(name=placed.name, sha256=placed.sha256, how="rule", reason=reason)
            for placed in regions(file.text)
        ),
    )

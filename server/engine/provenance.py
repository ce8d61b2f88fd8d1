"""Provenance by content: who wrote a function, found again wherever the same text stands.

A region is known by the digest of its source, so that it stays known while other lines change, and is its
user's own as soon as it does. What was added first goes first when there is too much.
"""

import hashlib
import threading
from collections.abc import Iterable
from pathlib import Path

from .database import Database
from .python.regions import Placed, regions
from .types import Authored, Capsule, Region, Written

_MOST = 20_000
_LEAST_LINES = 2
"""A function on one line is written alike by many."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS regions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE, written TEXT NOT NULL
);
"""


class Provenance:
    """Who wrote what. Its methods block, for some milliseconds: call them on a thread."""

    def __init__(self, folder: Path, most: int = _MOST) -> None:
        self._database = Database(folder / "provenance.sqlite", _SCHEMA)
        self._most = most
        self._lock = threading.Lock()
        self._placed: dict[str, tuple[Placed, ...]] = {}
        """The regions of the newest text: a lens and a hover ask for the same one."""

    def keep(self, written: Iterable[Written]) -> None:
        """A region that was known already is its newest author's."""
        rows = [(one.sha256, one.model_dump_json()) for one in written if one.sha256]
        if not rows:
            return
        with self._lock, self._database.transaction():
            for row in rows:
                self._database.execute("INSERT OR REPLACE INTO regions (sha256, written) VALUES (?, ?)", row)
            self._database.execute(
                "DELETE FROM regions WHERE number <= (SELECT MAX(number) FROM regions) - ?", (self._most,)
            )

    def of(self, text: str) -> tuple[Authored, ...]:
        """The regions of a text whose authors are known, in their order; the whole file first, if it is."""
        whole = hashlib.sha256(text.encode(errors="replace")).hexdigest()
        if (placed := self._placed.get(whole)) is None:
            placed = tuple(one for one in regions(text) if one.last - one.first + 1 >= _LEAST_LINES)
            self._placed = {whole: placed}
        known = self._find([whole, *(one.sha256 for one in placed)])
        found = [_authored(one, known[one.sha256]) for one in placed if one.sha256 in known]
        if whole in known:
            found.insert(0, Authored(first=0, last=text.count("\n"), written=known[whole]))
        return tuple(found)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _find(self, digests: list[str]) -> dict[str, Written]:
        found: dict[str, Written] = {}
        with self._lock:
            for digest in digests:
                row = self._database.execute(
                    "SELECT written FROM regions WHERE sha256 = ?", (digest,)
                ).fetchone()
                if row is not None:
                    found[digest] = Written.model_validate_json(row[0])
        return found


def written_in(capsule: Capsule) -> tuple[Written, ...]:
    """The authors of a capsule's files and of their functions, as far as its evidence names them; what the
    brief gave is its user's own."""
    verdict = capsule.evidence.verdict
    found = []
    for author in capsule.evidence.authors:
        common = Written(
            name="",
            sha256=author.sha256,
            path=author.path,
            how=author.how,
            model=author.model,
            tier=author.tier,
            candidates=author.candidates,
            checks_passed=author.checks_passed,
            checks_total=author.checks_total,
            stages={str(stage.stage): stage.status for stage in verdict.stages},
            confidence=verdict.confidence,
            evidence=tuple(line for line in (author.reason, *verdict.evidence) if line),
            capsule=capsule.id,
            at=capsule.evidence.created,
        )
        if author.model:
            theirs = [region for region in author.regions if region.how != "given"]
            found += [common, *(_of_region(common, region) for region in theirs)]
    return tuple(found)


def _of_region(common: Written, region: Region) -> Written:
    evidence = (region.reason, *common.evidence) if region.reason else common.evidence
    return common.model_copy(
        update={
            "name": region.name,
            "sha256": region.sha256,
            "how": region.how,
            "candidates": region.candidates or common.candidates,
            "evidence": tuple(dict.fromkeys(evidence)),
        }
    )


def _authored(one: Placed, written: Written) -> Authored:
    return Authored(first=one.first - 1, last=one.last - 1, written=written)

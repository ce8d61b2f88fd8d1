"""Who wrote a function is known by what it says."""

import hashlib
from pathlib import Path

from quantumlayer.engine.provenance import Provenance, written_in
from quantumlayer.engine.python.regions import regions
from quantumlayer.engine.types import Written

FILE = """\
class Box:
    def size(self) -> int:
        return 1


def first(a: int) -> int:
    b = a
    return b
"""


def written(name: str, text: str = FILE, **more: object) -> Written:
    (digest,) = (one.sha256 for one in regions(text) if one.name == name)
    return Written(name=name, sha256=digest, path="a.py", how="elected", model="m", **more)  # type: ignore[arg-type]


def names(provenance: Provenance, text: str) -> list[tuple[str, int]]:
    return [(one.written.name, one.first) for one in provenance.of(text)]


def test_a_region_is_found_wherever_it_stands_and_is_lost_when_it_changes(tmp_path: Path) -> None:
    provenance = Provenance(tmp_path)
    provenance.keep([written("first"), written("Box.size")])
    assert names(provenance, FILE) == [("Box.size", 1), ("first", 5)]
    moved = "import os\n\n\n" + FILE.replace("        return 1", "        return 2")
    assert names(provenance, moved) == [("first", 8)]
    assert names(provenance, FILE.replace("\n", "\r\n")) == [("Box.size", 1), ("first", 5)]
    assert names(provenance, FILE.replace("b = a", "b = a + 0")) == [("Box.size", 1)]
    assert names(provenance, "def first(:") == []


def test_it_is_remembered_by_other_processes_and_the_newest_author_counts(tmp_path: Path) -> None:
    Provenance(tmp_path).keep([written("first", confidence=0.2)])
    Provenance(tmp_path).keep([written("first", confidence=0.9)])
    (found,) = Provenance(tmp_path).of(FILE)
    assert found.written.confidence == 0.9


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    provenance = Provenance(tmp_path, most=3)
    texts = [f"def f{number}() -> int:\n    return {number}\n" for number in range(5)]
    for number, text in enumerate(texts):
        provenance.keep([written(f"f{number}", text)])
    assert [bool(provenance.of(text)) for text in texts] == [False, False, True, True, True]


def test_what_many_write_alike_is_nobodys(tmp_path: Path) -> None:
    text = "def one() -> int: return 1\n"
    provenance = Provenance(tmp_path)
    provenance.keep([written("one", text)])
    assert not provenance.of(text)


def test_a_whole_file_is_known_by_its_text(tmp_path: Path) -> None:
    provenance = Provenance(tmp_path)
    digest = hashlib.sha256(FILE.encode()).hexdigest()
    provenance.keep([Written(name="", sha256=digest, path="a.py", how="only", model="m")])
    (found,) = provenance.of(FILE)
    assert (found.first, found.written.path) == (0, "a.py")


def test_a_capsule_names_its_authors_but_not_those_of_given_code() -> None:
    from quantumlayer.engine.capsule.manifest import build_manifest, make_capsule
    from quantumlayer.engine.types import (
        Authorship,
        Brief,
        Evidence,
        Plan,
        PlannedFile,
        Region,
        SourceFile,
        Usage,
        Verdict,
    )

    brief = Brief(text="Write it.")
    plan = Plan(summary="It.", files=(PlannedFile(path="a.py", purpose="It."),))
    files = (SourceFile(path="a.py", text=FILE),)
    parts = {one.name: one.sha256 for one in regions(FILE)}
    author = Authorship(
        path="a.py",
        sha256=files[0].digest,
        how="composed",
        model="m",
        candidates=4,
        checks_passed=5,
        checks_total=6,
        regions=(
            Region(name="Box", sha256=parts["Box"], how="given"),
            Region(name="first", sha256=parts["first"], how="repaired", candidates=2, reason="it ran better"),
        ),
    )
    verdict = Verdict(status="verified", stages=(), confidence=0.62, evidence=("5 of 6 checks pass",))
    evidence = Evidence(verdict=verdict, usage=Usage(), authors=(author,))
    manifest = build_manifest(brief, plan, files, tests=(), packages=())
    capsule = make_capsule(manifest, brief, files, evidence)
    whole, first = written_in(capsule)
    assert (whole.name, whole.how, whole.capsule) == ("", "composed", capsule.id)
    assert (first.name, first.how, first.candidates, first.confidence) == ("first", "repaired", 2, 0.62)
    assert first.evidence == ("it ran better", "5 of 6 checks pass")

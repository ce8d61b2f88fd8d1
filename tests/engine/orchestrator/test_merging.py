"""A merged version is judged by what is seen of it, never by what was seen of its parents."""

from pathlib import Path

import pytest
from quantumlayer.engine.capsule.manifest import build_manifest, make_capsule
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.versions import branch
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.python.regions import regions
from quantumlayer.engine.types import (
    Authorship,
    Brief,
    Capsule,
    Evidence,
    Plan,
    PlannedFile,
    Region,
    SourceFile,
    Stage,
    StageResult,
    Usage,
    Verdict,
)
from quantumlayer.settings import Settings

CODE = '''\
"""Prices."""


def net(price: float) -> float:
    """The price without tax."""
    return price / 2


def gross(price: float) -> float:
    """The price with tax."""
    return price * 2
'''
TESTS = '''\
"""Tests of prices."""

from prices import gross, net


def test_net() -> None:
    """Half of it."""
    assert net(4) == 2


def test_gross() -> None:
    """Twice of it."""
    assert gross(4) == 8


def test_both() -> None:
    """There and back."""
    assert net(gross(3)) == 3
'''

MORE = '''\
"""More."""

from prices import net


def test_more() -> None:
    """Half of it."""
    assert net(8) == 4
'''


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data" / "capsules")


def engine(tmp_path: Path, wheels: Path, sandbox: str) -> Engine:
    settings = {
        "storage": {"data_dir": str(tmp_path / "data"), "cache_dir": str(wheels)},
        "sandbox": {"engine": sandbox},
        "validate": {"advisories": "none", "registries": "none"},
    }
    return Engine(Settings.model_validate(settings))


def made(store: Store, files: dict[str, str], *parents: Capsule) -> Capsule:
    """A version that was verified once."""
    brief = Brief(
        text="Write `prices.py` with `net(price: float) -> float` and `gross(price: float) -> float`.",
        name="prices",
    )
    plan = Plan(summary="Prices.", files=(PlannedFile(path="prices.py", purpose="prices"),))
    sources = tuple(SourceFile(path=path, text=text) for path, text in files.items())
    stages = tuple(StageResult(stage=stage, status="passed", facts={"tests_passed": 3}) for stage in Stage)
    verdict = Verdict(status="verified", stages=stages, confidence=0.99, evidence=("it was seen",))
    authors = tuple(
        Authorship(
            path=file.path, sha256=file.digest, how="elected", model=f"model-{len(file.text)}",
            regions=tuple(Region(name=at.name, sha256=at.sha256, how="elected") for at in regions(file.text)),
        )
        for file in sources
    )  # fmt: skip
    evidence = Evidence(
        verdict=verdict, usage=Usage(), plan=plan, authors=authors, created="2026-03-04T05:06:07+00:00"
    )
    manifest = build_manifest(brief, plan, sources, parents=[parent.id for parent in parents])
    return store.add(make_capsule(manifest, brief, sources, evidence), renew=True)


async def test_what_works_together_is_verified_by_its_own_tests(
    tmp_path: Path, wheels: Path, store: Store, sandbox_engine: str
) -> None:
    base = made(store, {"prices.py": CODE, "tests/test_prices.py": TESTS})
    theirs = made(store, {"prices.py": CODE.replace("/ 2", "* 0.5"), "tests/test_prices.py": TESTS}, base)
    branch(store, base.id, "other")
    docs = CODE.replace('"""Prices."""', '"""Prices, with and without tax."""')
    ours = made(store, {"prices.py": docs, "tests/test_prices.py": TESTS, "README.md": "# Prices\n"}, base)
    async with engine(tmp_path, wheels, sandbox_engine) as running:
        done = await running.merge("prices@other", "prices@main")
        merged = await running.get_capsule(done.capsule)
    assert (done.outcome, done.base, done.theirs) == ("merged", base.id, theirs.id)
    verdict = merged.evidence.verdict
    assert verdict.reasons == ()
    assert (verdict.status, verdict.confidence) == ("verified", 0.8), "three tests of three: four of five"
    assert merged.manifest.parents == (ours.id, theirs.id)
    assert store.resolve("prices@other") == merged.id
    assert store.resolve("prices@main") == theirs.id
    by_path = {author.path: author for author in merged.evidence.authors}
    assert by_path["tests/test_prices.py"] in ours.evidence.authors, "unchanged: whoever wrote it"
    mixed = by_path["prices.py"]
    assert (mixed.how, mixed.model) == ("rule", "")
    assert "merged line by line" in mixed.reason
    assert {region.name: region.how for region in mixed.regions} == {"net": "elected", "gross": "elected"}


async def test_two_verified_versions_that_do_not_fit_are_not_verified_together(
    tmp_path: Path, wheels: Path, store: Store, sandbox_engine: str
) -> None:
    base = made(store, {"prices.py": CODE, "tests/test_prices.py": TESTS})
    thrice = CODE.replace("/ 2", "/ 3")
    theirs = made(
        store,
        {
            "prices.py": thrice,
            "tests/test_prices.py": TESTS.replace("net(4) == 2", "net(6) == 2").replace(
                "gross(3)) == 3", "gross(3)) == 2"
            ),
        },
        base,
    )
    branch(store, base.id, "other")
    made(
        store,
        {
            "prices.py": CODE,
            "tests/test_prices.py": TESTS,
            "tests/test_more.py": MORE,
        },
        base,
    )
    async with engine(tmp_path, wheels, sandbox_engine) as running:
        done = await running.merge("prices@other", theirs.id)
        verdict = (await running.get_capsule(done.capsule)).evidence.verdict
    assert done.outcome == "merged"
    assert verdict.status == "unverified"
    assert verdict.confidence <= 0.3
    assert any(reason.startswith("runtime failed") for reason in verdict.reasons)


async def test_without_a_sandbox_nothing_is_verified(tmp_path: Path, wheels: Path, store: Store) -> None:
    base = made(store, {"prices.py": CODE, "tests/test_prices.py": TESTS})
    theirs = made(store, {"prices.py": CODE, "tests/test_prices.py": TESTS, "a.txt": "a\n"}, base)
    branch(store, base.id, "other")
    made(store, {"prices.py": CODE, "tests/test_prices.py": TESTS, "b.txt": "b\n"}, base)
    async with engine(tmp_path, wheels, "none") as running:
        done = await running.merge("prices", theirs.id)
        verdict = (await running.get_capsule(done.capsule)).evidence.verdict
    assert verdict.status == "unverified"
    assert any(reason.startswith("runtime was skipped") for reason in verdict.reasons)
    assert "only 0 tests passed; 3 are the least" in verdict.reasons


async def test_what_needs_no_merging_is_not_merged(tmp_path: Path, wheels: Path, store: Store) -> None:
    base = made(store, {"prices.py": CODE})
    later = made(store, {"prices.py": CODE, "a.txt": "a\n"}, base)
    branch(store, base.id, "other")
    async with engine(tmp_path, wheels, "none") as running:
        assert (await running.merge("prices@main", base.id)).outcome == "up to date"
        assert (await running.merge("prices@other", "prices@main")).outcome == "fast-forward"
        assert store.resolve("prices@other") == later.id
        assert len(store.list()) == 2
        branch(store, later.id, "third")
        made(store, {"prices.py": CODE, "a.txt": "other\n"}, later)
        made(store, {"prices.py": CODE, "a.txt": "another\n"}, later)
        with pytest.raises(CapsuleError, match="not the head of a branch"):
            await running.merge(base.id, "prices@third")

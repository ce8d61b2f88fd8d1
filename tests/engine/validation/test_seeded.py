"""The mesh finds what was broken on purpose, stage by stage, and is quiet about what works."""

from collections import Counter

import pytest
from seeded.defects import Defect, Language, seeded
from seeded.judging import Judged, judge
from seeded.languages import languages

ALL = {language.name: language for language in languages()}
CHECKED = ("python", "json", "toml")
"""Languages of which every stage with defects must have a tool; the others may still be without."""


def sample(language: Language, stage: str) -> list[Defect]:
    """Two defects of each kind, from different files."""
    taken: Counter[str] = Counter()
    chosen = []
    for defect in seeded(language):
        if defect.stage == stage and taken[defect.kind] < 2:
            taken[defect.kind] += 1
            chosen.append(defect)
    return chosen


async def judged(mesh, name: str, stage: str) -> Judged:
    return await judge(mesh, ALL[name], stage, sample(ALL[name], stage))


def told(result: Judged) -> str:
    return ", ".join(f"{one.kind} in {one.path}:{one.line}" for one in result.missed)


def test_there_are_defects_of_every_kind_and_enough_of_them():
    made = {name: list(seeded(language)) for name, language in ALL.items()}
    assert sum(map(len, made.values())) >= 200
    for name, language in ALL.items():
        assert {one.kind for one in made[name]} == {kind.name for kind in language.kinds}
        assert len({one.path for one in made[name]}) == len(made[name])
        assert all(one.text != language.originals[one.original] for one in made[name])


def test_the_same_defects_are_made_every_time():
    assert list(seeded(ALL["python"])) == list(seeded(ALL["python"]))


@pytest.mark.parametrize(
    ("stage", "share"), [("syntax", 1.0), ("style", 0.95), ("security", 1.0), ("types", 0.9)]
)
async def test_python_is_judged_well(mesh, stage, share):
    result = await judged(mesh, "python", stage)
    assert not result.unchecked
    assert len(result.found) >= share * len(result.found + result.missed), told(result)


async def test_what_works_has_no_errors_of_syntax_or_security(mesh):
    for stage in ("syntax", "security"):
        result = await judge(mesh, ALL["python"], stage, [])
        assert result.errors_on_originals == []


@pytest.mark.parametrize("name", ["json", "toml"])
async def test_data_is_judged_well(mesh, name):
    result = await judged(mesh, name, "syntax")
    assert not result.missed, told(result)
    assert result.found
    assert result.errors_on_originals == []


@pytest.mark.parametrize("name", sorted(ALL))
async def test_secrets_are_found_in_every_language(mesh, name):
    result = await judged(mesh, name, "security")
    secrets = {"token", "password"}
    assert secrets <= {one.kind for one in result.found}
    assert result.errors_on_originals == []


@pytest.mark.parametrize("name", sorted(set(ALL) - set(CHECKED)))
async def test_other_languages_are_found_out_or_said_to_be_unchecked(mesh, name):
    """Nothing is missed without a word, and nothing is held against the files that work."""
    for stage in dict.fromkeys(kind.stage for kind in ALL[name].kinds):
        result = await judged(mesh, name, stage)
        assert result.errors_on_originals == []
        if result.unchecked:
            assert "no tool for" in result.reason
            assert not result.missed
        else:
            assert len(result.found) >= 0.6 * len(result.found + result.missed), told(result)

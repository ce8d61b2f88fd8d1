"""What comes of merging: files, dependencies, briefs, and conflicts that are told apart."""

import pytest
from capsule_samples import make_evidence, make_plan, source_files
from quantumlayer.engine.capsule.manifest import build_manifest, make_capsule
from quantumlayer.engine.capsule.merge import (
    find_sides,
    merge_briefs,
    merge_files,
    merge_packages,
    merge_plans,
    resolved_files,
)
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.types import Brief, Capsule

LINES = "".join(f"line{number} = {number}\n" for number in range(9))


def make(
    files: dict[str, str], *parents: Capsule, brief: str = "Count things.", packages: tuple[str, ...] = ()
) -> Capsule:
    asked = Brief(text=brief, name="tally", constraints=(brief,))
    sources = source_files(files)
    plan = make_plan(packages=packages)
    manifest = build_manifest(asked, plan, sources, parents=[parent.id for parent in parents])
    return make_capsule(manifest, asked, sources, make_evidence().model_copy(update={"plan": plan}))


def texts(store: Store, ours: Capsule, theirs: Capsule) -> dict[str, str]:
    merged = merge_files(find_sides(store, ours.id, theirs.id))
    assert merged.conflicts == ()
    return {file.path: file.text for file in merged.files}


def keep(store: Store, *capsules: Capsule) -> None:
    for capsule in capsules:
        store.add(capsule, renew=True)


def test_files_that_one_side_added_changed_or_removed_come_out_so(store: Store) -> None:
    base = make({"a.py": LINES, "b.py": "b = 1\n", "c.py": "c = 1\n", "d.py": "d = 1\n"})
    ours = make(
        {"a.py": LINES.replace("= 1", "= 10"), "b.py": "b = 1\n", "c.py": "c = 2\n", "e.py": "e = 1\n"}, base
    )
    theirs = make(
        {"a.py": LINES.replace("= 7", "= 70"), "c.py": "c = 1\n", "d.py": "d = 1\n", "f.py": "f\n"}, base
    )
    keep(store, base, ours, theirs)
    merged = texts(store, ours, theirs)
    assert merged == {
        "a.py": LINES.replace("= 1", "= 10").replace("= 7", "= 70"),
        "c.py": "c = 2\n",
        "e.py": "e = 1\n",
        "f.py": "f\n",
    }
    assert texts(store, theirs, ours) == merged


def test_every_kind_of_conflict_is_named_and_the_rest_is_merged(store: Store) -> None:
    base = make({"both.py": LINES, "gone.py": "g = 1\n", "free.py": LINES})
    ours = make(
        {"both.py": LINES.replace("= 4", "= 40"), "new.py": "n = 1\n", "free.py": LINES + "x = 1\n"}, base
    )
    theirs = make(
        {
            "both.py": LINES.replace("= 4", "= 44"),
            "gone.py": "g = 2\n",
            "new.py": "n = 2\n",
            "free.py": LINES,
        },
        base,
    )
    keep(store, base, ours, theirs)
    sides = find_sides(store, ours.id, theirs.id)
    merged = merge_files(sides)
    assert {one.path: one.kind for one in merged.conflicts} == {
        "both.py": "both changed",
        "gone.py": "changed and removed",
        "new.py": "both added",
    }
    by_path = {file.path: file.text for file in merged.files}
    assert by_path["free.py"] == LINES + "x = 1\n"
    assert f"<<<<<<< {ours.id}\nline4 = 40\n=======\nline4 = 44\n>>>>>>> {theirs.id}\n" in by_path["both.py"]
    half = {"both.py": LINES, "new.py": by_path["new.py"], "free.py": by_path["free.py"]}
    assert [one.path for one in resolved_files(sides, half).conflicts] == ["new.py"]
    whole = resolved_files(sides, {**half, "new.py": "n = 3\n"})
    assert whole.conflicts == ()
    assert [file.path for file in whole.files] == ["both.py", "free.py", "new.py"], "gone.py was removed"


def test_versions_without_a_common_ancestor_are_not_merged(store: Store) -> None:
    one, other = make({"a.py": "a = 1\n"}), make({"a.py": "a = 2\n"})
    keep(store, one, other)
    with pytest.raises(CapsuleError, match="no common ancestor"):
        find_sides(store, one.id, other.id)


def test_the_nearest_ancestor_counts_also_after_a_merge(store: Store) -> None:
    root = make({"a.py": "a = 1\n"})
    left = make({"a.py": "a = 2\n"}, root)
    right = make({"a.py": "a = 1\n", "b.py": "b = 1\n"}, root)
    merged = make({"a.py": "a = 2\n", "b.py": "b = 1\n"}, left, right)
    later = make({"a.py": "a = 1\n", "b.py": "b = 2\n"}, right)
    keep(store, root, left, right, merged, later)
    assert find_sides(store, merged.id, later.id).base.id == right.id


def test_dependencies_are_merged_by_distribution(store: Store) -> None:
    files = {"a.py": "a = 1\n"}
    base = make(files, packages=("httpx>=0.20", "PyYAML", "rich"))
    ours = make({**files, "o.py": ""}, base, packages=("httpx>=0.25", "pyyaml", "rich>=13"))
    theirs = make({**files, "t.py": ""}, base, packages=("httpx>=0.20,<1", "rich", "attrs"))
    keep(store, base, ours, theirs)
    merged = merge_packages(find_sides(store, ours.id, theirs.id))
    assert merged[0] == "attrs"
    assert set(merged[1].removeprefix("httpx").split(",")) == {">=0.25", ">=0.20", "<1"}
    assert merged[2:] == ("pyyaml", "rich>=13")


def test_the_brief_says_what_both_were_asked(store: Store) -> None:
    base = make({"a.py": LINES}, brief="Count.\n\nFast.\n\nWell.\n")
    ours = make({"a.py": LINES, "o.py": "o = 1\n"}, base, brief="Count all.\n\nFast.\n\nWell.\n")
    theirs = make({"a.py": LINES, "tally/core.py": "t = 1\n"}, base, brief="Count.\n\nFast.\n\nVery well.\n")
    clash = make({"a.py": LINES, "c.py": "c = 1\n"}, base, brief="Count none.\n\nFast.\n\nWell.\n")
    keep(store, base, ours, theirs, clash)
    sides = find_sides(store, ours.id, theirs.id)
    assert merge_briefs(sides).text == "Count all.\n\nFast.\n\nVery well.\n"
    assert merge_briefs(sides).constraints == (ours.brief.text, theirs.brief.text)
    plan = merge_plans(sides, merge_files(sides).files, ())
    assert plan is not None
    assert [file.path for file in plan.files] == ["tally/core.py"]
    joined = merge_briefs(find_sides(store, ours.id, clash.id)).text
    assert ours.brief.text.strip() in joined
    assert clash.brief.text.strip() in joined
    assert "<<<<<<<" not in joined


def test_files_that_cannot_stand_side_by_side_are_not_merged(store: Store) -> None:
    base = make({"a.py": LINES})
    ours = make({"a.py": LINES, "Data.txt": "1\n"}, base)
    theirs = make({"a.py": LINES, "data.txt": "2\n"}, base)
    keep(store, base, ours, theirs)
    with pytest.raises(CapsuleError, match="collides"):
        merge_files(find_sides(store, ours.id, theirs.id))

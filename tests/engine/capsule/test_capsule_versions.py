"""Branches, tags, history and going back, as a user of the store notices them."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from capsule_samples import FILES, make_evidence, make_plan, make_sample, source_files
from quantumlayer.engine.capsule.manifest import build_manifest, make_capsule
from quantumlayer.engine.capsule.parts import put_together, take_apart
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.versions import (
    all_versions,
    branch,
    branches_of,
    forget,
    history,
    roll_back,
    tag,
)
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.types import Authorship, Brief, Capsule

PROGRAM = Path(__file__).with_name("naming_process.py")


def generate(store: Store, number: int, name: str = "tally") -> Capsule:
    """What the orchestrator does at its end."""
    asked = Brief(text="Count things.", name=name)
    sources = source_files({**FILES, "tally/core.py": f"x = {number}\n"})
    manifest = store.place(build_manifest(asked, make_plan(), sources))
    return store.add(make_capsule(manifest, asked, sources, make_evidence()), renew=True)


def ids(versions: Sequence[Capsule]) -> list[str]:
    return [version.id for version in versions]


# -- naming ------------------------------------------------------------------------------------


def test_a_version_is_found_by_tag_by_branch_and_by_steps_back(store: Store) -> None:
    first, second, third = (generate(store, number) for number in range(3))
    tag(store, second.id, "v1")
    branch(store, first.id, "fix", switch=False)
    meant = {
        "tally": third, "tally@v1": second, "tally@fix": first, "tally@main": third, "tally~": second,
        "tally~2": first, "tally@v1~1": first, f"{third.id[:9]}~": second, f"tally@{first.id[:6]}": first,
        "tally~0": third,
    }  # fmt: skip
    for ref, version in meant.items():
        assert store.resolve(ref) == version.id, ref


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("tally@v9", "main, v1"),
        ("tally~7", "goes back too far"),
        ("other@v1", "no capsule 'other@v1'"),
        ("tally@", "no version ''"),
        ("~1", "no capsule '~1'"),
        ("tally~x", "no capsule 'tally~x'"),
    ],
)
def test_a_version_that_is_not_there_is_said_with_those_that_are(store: Store, ref: str, words: str) -> None:
    tag(store, generate(store, 1).id, "v1")
    with pytest.raises(CapsuleError) as caught:
        store.resolve(ref)
    assert words in str(caught.value)


def test_a_project_whose_own_name_has_the_signs_is_still_found_by_it(store: Store) -> None:
    odd = generate(store, 1, name="tally@v1~1")
    generate(store, 2)
    assert store.resolve("tally@v1~1") == odd.id


@pytest.mark.parametrize(
    "name", ["", "-v1", "a/b", "a b", "..", "v1..2", "cafe", "0123abcd", "x" * 65, "v1.", "v\n"]
)
def test_a_name_that_could_be_taken_for_something_else_is_refused(store: Store, name: str) -> None:
    generate(store, 1)
    for use in (tag, branch):
        with pytest.raises(CapsuleError):
            use(store, "tally", name)
    assert branches_of(store, "tally").branches.keys() == {"main"}


def test_a_tag_stays_where_it_is_unless_it_is_moved_by_force(store: Store) -> None:
    first, second = generate(store, 1), generate(store, 2)
    tag(store, first.id, "v1")
    with pytest.raises(CapsuleError, match=first.id[:16]):
        tag(store, second.id, "v1")
    assert store.resolve("tally@v1") == first.id
    tag(store, second.id, "v1", move=True)
    assert store.resolve("tally@v1") == second.id


def test_a_branch_and_a_tag_never_share_a_name(store: Store) -> None:
    generate(store, 1)
    tag(store, "tally", "v1")
    branch(store, "tally", "fix")
    with pytest.raises(CapsuleError, match="has a tag"):
        branch(store, "tally", "v1")
    with pytest.raises(CapsuleError, match="has a branch"):
        tag(store, "tally", "fix")


def test_names_are_deleted_without_the_versions(store: Store) -> None:
    first = generate(store, 1)
    tag(store, "tally", "v1")
    branch(store, "tally", "fix", switch=False)
    assert forget(store, "tally", "v1", "tag")[1] == first.id
    left, _ = forget(store, "tally", "fix", "branch")
    assert (left.tags, left.branches) == ({}, {"main": first.id})
    assert store.get("tally") == first
    with pytest.raises(CapsuleError, match="current branch"):
        forget(store, "tally", "main", "branch")
    with pytest.raises(CapsuleError, match="no tag 'v1'"):
        forget(store, "tally", "v1", "tag")


# -- branches ----------------------------------------------------------------------------------


def test_what_is_generated_goes_to_the_current_branch(store: Store) -> None:
    first = generate(store, 1)
    second = generate(store, 2)
    branch(store, first.id, "fix")
    third = generate(store, 3)
    assert third.manifest.parents == (first.id,)
    assert branches_of(store, "tally").branches == {"main": second.id, "fix": third.id}
    assert store.get("tally") == third
    branch(store, "tally", "main")
    assert store.get("tally") == second
    assert generate(store, 4).manifest.parents == (second.id,)
    assert store.resolve("tally@fix") == third.id


def test_other_projects_keep_their_own_branches(store: Store) -> None:
    generate(store, 1)
    other = generate(store, 1, name="other")
    branch(store, "tally", "fix")
    assert branches_of(store, "other").branches == {"main": other.id}
    assert branches_of(store, "other").branch == "main"


def test_an_archive_from_elsewhere_does_not_take_a_branch_over(store: Store) -> None:
    mine = generate(store, 1)
    stranger = make_sample({"evil.py": "x = 1\n"})
    store.add(stranger)
    assert store.get("tally") == mine
    assert generate(store, 2).manifest.parents == (mine.id,)
    assert store.get(stranger.id) == stranger


def test_an_archive_that_descends_from_the_head_moves_the_branch(store: Store) -> None:
    mine = generate(store, 1)
    following = store.add(make_sample({"a.py": "x = 1\n"}, parents=(mine.id,)))
    assert store.get("tally") == following


def test_a_damaged_file_of_branches_is_named_and_loses_no_version(store: Store, tmp_path: Path) -> None:
    first, second = generate(store, 1), generate(store, 2)
    tag(store, first.id, "v1")
    place = next((tmp_path / "capsules" / "refs").iterdir())
    data = place.read_bytes()
    for damage in (b"", data[:-9], data.replace(first.id[:8].encode(), b"0" * 8)):
        place.write_bytes(damage)
        with pytest.raises(CapsuleError, match="damaged") as caught:
            store.get("tally")
        assert str(place) in caught.value.next_step
        assert [one.summary.id for one in all_versions(store)] == [second.id, first.id]
        assert store.get(first.id) == first
    third = generate(store, 3)
    assert third.manifest.parents == (second.id,), "what was just made is stored all the same"
    place.unlink()
    assert store.get("tally") == third


# -- history and going back --------------------------------------------------------------------


def test_history_shows_children_before_parents_with_their_names(store: Store) -> None:
    first = generate(store, 1)
    second = generate(store, 2)
    branch(store, first.id, "fix")
    third = generate(store, 3)
    merged = store.add(make_sample({"m.py": "x = 1\n"}, parents=(third.id, second.id)), renew=True)
    generate(store, 1)  # the oldest becomes the newest record again, and stays the parent of all
    branch(store, merged.id, "joined")
    tag(store, second.id, "v2")
    shown = history(store, "tally")
    assert [one.summary.id for one in shown.versions] == [merged.id, third.id, second.id, first.id]
    assert [one.tags for one in shown.versions] == [(), (), ("v2",), ()]
    assert shown.versions[0].current
    assert shown.branch == "joined"
    assert [one.summary.id for one in history(store, second.id).versions] == [second.id, first.id]
    assert len(history(store, second.id, every=True).versions) == 4


def test_history_names_parents_that_are_not_here(store: Store) -> None:
    store.add(make_sample(parents=("f" * 64,)))
    assert history(store, "tally").missing == ("f" * 64,)
    with pytest.raises(CapsuleError, match="is not on this machine"):
        store.resolve("tally~1")


def test_going_back_moves_the_branch_and_loses_nothing(store: Store) -> None:
    first, second, third = (generate(store, number) for number in range(3))
    went = roll_back(store, "tally")
    assert (went.before, went.now, went.branch) == (third.id, second.id, "main")
    assert store.get("tally") == second
    assert roll_back(store, "tally", first.id[:8]).now == first.id
    fourth = generate(store, 9)
    assert fourth.manifest.parents == (first.id,)
    assert len(history(store, "tally", every=True).versions) == 4
    assert roll_back(store, "tally", third.id).before == fourth.id
    assert store.get("tally") == third


def test_going_back_too_far_or_to_another_project_changes_nothing(store: Store) -> None:
    only = generate(store, 1)
    other = generate(store, 1, name="other")
    with pytest.raises(CapsuleError, match="goes back too far"):
        roll_back(store, "tally")
    with pytest.raises(CapsuleError, match="'other'"):
        roll_back(store, "tally", other.id)
    assert store.get("tally") == only


def test_removing_the_head_moves_its_branches_back_and_a_tag_keeps_a_version(store: Store) -> None:
    first, second = generate(store, 1), generate(store, 2)
    tag(store, first.id, "v1")
    store.remove("tally")
    assert store.get("tally") == first
    assert branches_of(store, "tally").branches == {"main": first.id}
    with pytest.raises(CapsuleError, match="v1"):
        store.remove(first.id)
    forget(store, "tally", "v1", "tag")
    store.remove(first.id)
    assert store.list() == ()
    assert second.id not in {one.summary.id for one in all_versions(store)}


def test_ten_versions_that_differ_little_cost_little_more_than_one(store: Store, tmp_path: Path) -> None:
    def room() -> int:
        blobs = (tmp_path / "capsules" / "blobs").glob("*/*")
        return sum(blob.stat().st_size for blob in blobs)

    large = {f"pkg/m{number}.py": f"x = {number}\n" * 2000 for number in range(20)}
    asked = Brief(text="Count things.", name="tally")
    sizes = []
    for number in range(10):
        sources = source_files({**large, "pkg/m0.py": f"x = {number}\n"})
        manifest = store.place(build_manifest(asked, make_plan(), sources))
        store.add(make_capsule(manifest, asked, sources, make_evidence()), renew=True)
        sizes.append(room())
    assert sizes[9] < 1.2 * sizes[0]


def test_a_version_whose_evidence_says_less_than_todays_is_read_as_it_was_written(store: Store) -> None:
    """Capsules were made before it was kept who wrote what: neither they nor their bytes may change."""
    old = generate(store, 1)
    data = store.parts(old.id)[0].evidence or b""
    assert b"authors" not in data
    assert b"timeline" not in data
    assert old.evidence.authors == ()
    said = old.evidence.model_copy(update={"authors": (Authorship(path="a.py", sha256="", how="only"),)})
    new = make_capsule(old.manifest, old.brief, old.files, said)
    assert b'"authors":[{' in (take_apart(new).evidence or b"")
    assert put_together(take_apart(new)) == new


# -- processes ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("posix")
@pytest.mark.parametrize("act", ["tag", "branch", "rollback", "add", "merge", "import", "remove"])
def test_a_kill_at_any_step_of_naming_leaves_the_names_before_or_after(tmp_path: Path, act: str) -> None:
    command = [sys.executable, str(PROGRAM), "kill", str(tmp_path), act]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=250)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [list(map(int, line.split())) for line in done.stdout.splitlines()]
    assert len(lines) > 5
    assert [killed for _, killed, *_ in lines] == [1] * (len(lines) - 1) + [0]
    for step, _, whole, sound, again in lines:
        assert (whole, sound, again) == (1, 1, 1), f"killed at step {step}"


def test_processes_that_name_versions_at_once_lose_no_name(tmp_path: Path) -> None:
    commands = [[sys.executable, str(PROGRAM), "many", str(tmp_path / "c"), name, "12"] for name in "xyz"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    printed = [process.communicate(timeout=120)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    acknowledged = dict(line.split() for lines in printed for line in lines)
    store = Store(tmp_path / "c")
    assert branches_of(store, "tally").tags == acknowledged
    assert len(acknowledged) == 36

from pathlib import Path

import pytest
from capsule_samples import FILES, make_evidence, make_plan, make_sample, source_files
from quantumlayer.engine.capsule.manifest import build_manifest, make_capsule
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.verify import verify_stored
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.types import Brief, Capsule


def generate(
    store: Store, files: dict[str, str], brief: str = "Count things.", name: str = "tally"
) -> Capsule:
    """What the orchestrator does at its end."""
    asked = Brief(text=brief, name=name)
    sources = source_files(files)
    manifest = store.place(build_manifest(asked, make_plan(), sources))
    return store.add(make_capsule(manifest, asked, sources, make_evidence()), renew=True)


def changed(text: str) -> dict[str, str]:
    return {**FILES, "tally/core.py": text}


def blob_of(tmp_path: Path, digest: str) -> Path:
    return tmp_path / "capsules" / "blobs" / digest[:2] / digest


# -- finding -----------------------------------------------------------------------------------


def test_a_capsule_is_found_by_id_by_a_beginning_of_it_and_by_name(store: Store, capsule: Capsule) -> None:
    store.add(capsule)
    for ref in (capsule.id, capsule.id[:4], capsule.id[:20].upper(), "tally"):
        assert store.get(ref) == capsule


@pytest.mark.parametrize("ref", ["", "tall", "0" * 64, "../x", "abc"])
def test_an_unknown_reference_is_an_error_that_names_it(store: Store, capsule: Capsule, ref: str) -> None:
    store.add(capsule)
    with pytest.raises(CapsuleError) as caught:
        store.get(ref)
    assert repr(ref) in caught.value.cause
    assert caught.value.next_step


def test_a_beginning_shorter_than_four_digits_is_not_enough(store: Store, capsule: Capsule) -> None:
    store.add(capsule)
    with pytest.raises(CapsuleError):
        store.get(capsule.id[:3])


def test_a_beginning_of_several_ids_is_refused_and_they_are_named(store: Store) -> None:
    by_prefix: dict[str, Capsule] = {}
    for number in range(5000):
        one = make_sample({"a.py": f"x = {number}\n"})
        other = by_prefix.setdefault(one.id[:4], one)
        if other.id != one.id:
            break
    store.add(one)
    store.add(other)
    with pytest.raises(CapsuleError) as caught:
        store.get(one.id[:4])
    assert one.id[:16] in caught.value.cause
    assert other.id[:16] in caught.value.cause


def test_an_empty_store_lists_nothing_and_is_not_created_by_looking(store: Store, tmp_path: Path) -> None:
    assert store.list() == ()
    assert not (tmp_path / "capsules").exists()


def test_the_list_is_newest_first_and_says_what_each_is(store: Store) -> None:
    ids = [generate(store, changed(f"x = {number}\n"), name=f"n{number}").id for number in range(12)]
    listed = store.list()
    assert [summary.id for summary in listed] == ids[::-1]
    newest = listed[0]
    assert (newest.name, newest.status, newest.files, newest.confidence) == ("n11", "verified", 5, 0.91)


# -- versions ----------------------------------------------------------------------------------


def test_a_new_version_descends_from_the_newest_of_its_name(store: Store) -> None:
    first = generate(store, changed("x = 1\n"))
    second = generate(store, changed("x = 2\n"))
    other = generate(store, changed("x = 3\n"), name="other")
    assert first.manifest.parents == ()
    assert second.manifest.parents == (first.id,)
    assert other.manifest.parents == ()
    assert store.get("tally").id == second.id
    assert store.list()[1].parents == (first.id,)


def test_the_same_project_again_is_the_same_capsule_and_not_a_child_of_itself(store: Store) -> None:
    generate(store, changed("x = 1\n"))
    second = generate(store, changed("x = 2\n"))
    assert generate(store, changed("x = 2\n")) == second
    assert len(store.list()) == 2


def test_an_older_version_generated_again_keeps_its_id_and_is_the_newest_again(store: Store) -> None:
    first = generate(store, changed("x = 1\n"))
    second = generate(store, changed("x = 2\n"))
    assert generate(store, changed("x = 1\n")).id == first.id
    assert store.get("tally") == first
    assert [summary.id for summary in store.list()] == [first.id, second.id]


def test_adding_twice_changes_nothing_on_disk(store: Store, capsule: Capsule, tmp_path: Path) -> None:
    store.add(capsule)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    assert store.add(capsule) == capsule
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == before


def test_a_capsule_made_again_keeps_the_evidence_of_its_first_time(store: Store) -> None:
    store.add(make_sample(evidence=make_evidence(seconds=1)))
    again = store.add(make_sample(evidence=make_evidence(seconds=2)), renew=True)
    assert again.evidence == store.get("tally").evidence == make_evidence(seconds=1)


def test_a_new_verdict_replaces_the_old_one_when_it_was_observed_here(store: Store) -> None:
    store.add(make_sample(evidence=make_evidence(status="unverified")))
    store.add(make_sample(evidence=make_evidence()), renew=True)
    assert store.list()[0].status == "verified"
    assert store.get("tally").evidence == make_evidence()


def test_an_imported_capsule_cannot_talk_over_a_verdict_observed_here(store: Store) -> None:
    store.add(make_sample(evidence=make_evidence(status="unverified")), renew=True)
    stored = store.add(make_sample(evidence=make_evidence()))
    assert stored.evidence.verdict.status == "unverified"
    assert store.list()[0].status == "unverified"


def test_a_capsule_with_a_forged_id_is_refused(store: Store, capsule: Capsule) -> None:
    with pytest.raises(CapsuleError, match="its SHA-256 is"):
        store.add(capsule.model_copy(update={"id": "0" * 64}))
    assert store.list() == ()


# -- damage ------------------------------------------------------------------------------------


def test_a_sound_capsule_verifies(store: Store, capsule: Capsule) -> None:
    store.add(capsule)
    report = verify_stored(store, "tally")
    assert (report.ok, report.id, report.name, report.mismatches) == (True, capsule.id, "tally", ())


def test_every_damaged_file_is_reported_by_its_path(store: Store, capsule: Capsule, tmp_path: Path) -> None:
    store.add(capsule)
    by_path = {entry.path: entry.sha256 for entry in capsule.manifest.files}
    blob_of(tmp_path, by_path["README.md"]).write_bytes(b"other")
    blob_of(tmp_path, by_path["tally/core.py"]).unlink()
    report = verify_stored(store, capsule.id)
    assert not report.ok
    assert any(line.startswith("README.md: its SHA-256") for line in report.mismatches)
    assert "tally/core.py: is missing" in report.mismatches
    with pytest.raises(CapsuleError, match=r"README\.md.*tally/core\.py"):
        store.get("tally")


def test_no_flipped_byte_of_any_stored_file_goes_unnoticed(
    store: Store, capsule: Capsule, tmp_path: Path
) -> None:
    store.add(capsule)
    stored = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"]
    assert len(stored) == 9
    for path in stored:
        data = path.read_bytes()
        for place in range(0, len(data), max(1, len(data) // 40)):
            path.write_bytes(data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :])
            assert not verify_stored(store, capsule.id).ok, (path, place)
        path.write_bytes(data)
    assert verify_stored(store, capsule.id).ok


def test_a_damaged_record_is_named_and_does_not_hide_the_others(store: Store, tmp_path: Path) -> None:
    first = generate(store, changed("x = 1\n"), name="first")
    second = generate(store, changed("x = 2\n"), name="second")
    next(tmp_path.rglob(f"*{first.id}.json")).write_bytes(b'{"record":')
    good, bad = store.list()
    assert (good.id, good.problem) == (second.id, "")
    assert bad.id == first.id
    assert first.id in bad.problem
    assert store.get("second") == second
    with pytest.raises(CapsuleError, match=first.id):
        store.get("first")
    assert not verify_stored(store, "first").ok


def test_adding_again_heals_what_was_damaged(store: Store, capsule: Capsule, tmp_path: Path) -> None:
    store.add(capsule)
    for path in [*(tmp_path / "capsules" / "blobs").rglob("*"), *tmp_path.rglob("*.json")]:
        if path.is_file():
            path.write_bytes(b"damaged")
    assert not verify_stored(store, capsule.id).ok
    store.add(capsule)
    assert verify_stored(store, capsule.id).ok
    assert store.get("tally") == capsule


def test_files_that_do_not_belong_there_are_ignored(store: Store, capsule: Capsule, tmp_path: Path) -> None:
    store.add(capsule)
    (tmp_path / "capsules" / "records" / ".DS_Store").write_bytes(b"")
    (tmp_path / "capsules" / "records" / "notes.json").write_bytes(b"{}")
    assert [summary.id for summary in store.list()] == [capsule.id]

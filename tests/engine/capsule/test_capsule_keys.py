"""The key ring: made on first use, rotated, trusted, revoked; and what is left when a process dies."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from capsule_samples import make_signer
from quantumlayer.engine.capsule.keys import KeyRing
from quantumlayer.engine.capsule.signing import key_id
from quantumlayer.engine.errors import CapsuleError, StorageError

PROGRAM = Path(__file__).with_name("adding_process.py")


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys")


def private_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "keys" / "private").iterdir())


def test_looking_makes_no_key(ring: KeyRing, tmp_path: Path) -> None:
    assert ring.list() == ()
    with pytest.raises(CapsuleError, match="No key signs"):
        ring.get()
    assert not (tmp_path / "keys").exists()


@pytest.mark.usefixtures("posix")
def test_the_first_signature_makes_a_key_that_only_its_user_can_read(ring: KeyRing, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        signer = ring.signer()
    finally:
        os.umask(before)
    (key,) = ring.list()
    assert (key.id, key.public) == (signer.id, signer.public)
    assert (key.own, key.current, key.standing) == (True, True, "trusted")
    (private,) = private_files(tmp_path)
    assert private.stem == key.id == key_id(key.public)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert ring.signer().id == signer.id == ring.get().id
    assert private.read_text().splitlines()[1] not in (tmp_path / "keys/ring.json").read_text()


def test_many_that_sign_at_once_use_one_key(tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), "sign", str(tmp_path / "keys")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ids = {process.communicate(timeout=120)[0].strip() for process in processes}
    assert len(ids) == 1
    assert len(private_files(tmp_path)) == 1


def test_a_key_is_found_by_its_id_a_beginning_of_it_and_its_name(ring: KeyRing) -> None:
    ring.trust(make_signer(1).public, "anna")
    ring.trust(make_signer(2).public, "bob")
    anna = make_signer(1).id
    assert [ring.get(ref).id for ref in (anna, anna[:12], anna[:6].upper(), "anna")] == [anna] * 4
    for ref in ("carl", anna[:3], "0" * 64):
        with pytest.raises(CapsuleError, match="There is no key"):
            ring.get(ref)


def test_two_keys_cannot_have_one_name(ring: KeyRing) -> None:
    ring.trust(make_signer(1).public, "anna")
    with pytest.raises(CapsuleError, match="is called 'anna' already"):
        ring.trust(make_signer(2).public, " anna ")
    assert [key.id for key in ring.list()] == [make_signer(1).id]
    with pytest.raises(CapsuleError, match="kept for your own"):
        ring.trust(make_signer(2).public, "this machine")


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "an\x1b[2Jna", "an\u202ena"])
def test_what_is_no_name_is_refused(ring: KeyRing, name: str) -> None:
    with pytest.raises(CapsuleError, match="no name for a key"):
        ring.trust(make_signer(1).public, name)
    assert ring.list() == ()


def test_a_revoked_key_can_be_trusted_again_under_its_name(ring: KeyRing) -> None:
    ring.trust(make_signer(1).public, "anna")
    assert ring.revoke("anna").standing == "revoked"
    assert ring.get("anna").standing == "revoked"
    again = ring.trust(make_signer(1).public, "")
    assert (again.name, again.standing) == ("anna", "trusted")


def test_revoking_ones_own_key_destroys_it_and_the_next_signature_is_by_another(
    ring: KeyRing, tmp_path: Path
) -> None:
    first = ring.signer().id
    revoked = ring.revoke(first)
    assert (revoked.standing, revoked.current) == ("revoked", False)
    assert private_files(tmp_path) == []
    second = ring.signer().id
    assert second != first
    with pytest.raises(CapsuleError, match="its private part is gone"):
        ring.trust(revoked.public, "me")
    assert {key.id: key.standing for key in ring.list()} == {first: "revoked", second: "trusted"}


@pytest.mark.usefixtures("posix")
def test_a_private_key_that_others_can_read_is_not_used(ring: KeyRing, tmp_path: Path) -> None:
    ring.signer()
    (private,) = private_files(tmp_path)
    private.chmod(0o640)
    with pytest.raises(CapsuleError, match="can be read by others") as caught:
        ring.signer()
    assert "chmod 600" in caught.value.next_step
    private.chmod(0o600)
    ring.signer()


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "another"])
def test_a_private_key_that_is_damaged_is_said_and_rotating_helps(
    ring: KeyRing, tmp_path: Path, damage: str
) -> None:
    ring.signer()
    (private,) = private_files(tmp_path)
    if damage == "missing":
        private.unlink()
    elif damage == "another":
        other = KeyRing(tmp_path / "other")
        other.signer()
        private.write_bytes(next((tmp_path / "other/private").iterdir()).read_bytes())
    else:
        private.write_text("" if damage == "empty" else "no key")
    with pytest.raises(CapsuleError) as caught:
        ring.signer()
    assert str(private) in caught.value.cause
    assert ring.rotate().id == ring.signer().id


def test_a_damaged_ring_is_said_and_no_key_is_made_over_it(ring: KeyRing, tmp_path: Path) -> None:
    ring.trust(make_signer(1).public, "anna")
    ring.signer()
    before = private_files(tmp_path)
    path = tmp_path / "keys" / "ring.json"
    path.write_text(path.read_text().replace("trusted", "TRUSTED"))
    for use in (ring.list, ring.signer, ring.rotate, lambda: ring.trust(make_signer(2).public, "bob")):
        with pytest.raises(CapsuleError, match="The list of keys is damaged"):
            use()
    assert private_files(tmp_path) == before


def test_a_place_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("not a folder")
    with pytest.raises(StorageError, match="keys"):
        KeyRing(tmp_path / "keys").signer()


@pytest.mark.usefixtures("posix")
def test_a_kill_at_any_step_of_making_a_key_leaves_a_ring_that_works(tmp_path: Path) -> None:
    """First use, rotation and revocation, each killed before its 1st, 2nd, ... change of the disk."""
    run = subprocess.run(
        [sys.executable, str(PROGRAM), "keys", str(tmp_path)], capture_output=True, text=True, timeout=250
    )
    assert run.returncode == 0, run.stderr
    lines = [line.split() for line in run.stdout.splitlines()]
    assert {what for what, *_ in lines} == {"sign", "rotate", "revoke"}
    assert len(lines) > 20
    for what, step, *seen in lines:
        assert seen == ["1"] * len(seen), f"{what} killed at step {step}"

"""Whose word a capsule is, as the command tells it: signed here, sent to somebody else, trusted, revoked."""

import base64
import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.command import SLUG_BRIEF, SLUG_CODE, SLUG_TESTS, Cli, fenced
from support.scripted_server import ScriptedServer

Slugs = Callable[..., None]
OLD = Path(__file__).parents[1] / "fixtures/capsules/before-signatures.qlcapsule"


@dataclass(frozen=True)
class Anna:
    """Somebody who has made a capsule, `slug.qlcapsule`, for the tests that only look."""

    cli: Cli
    id: str
    key: str


@pytest.fixture(scope="module")
def anna(tmp_path_factory: pytest.TempPathFactory) -> Anna:
    cli = Cli(tmp_path_factory.mktemp("anna"))
    with ScriptedServer() as scripted:
        cli.use_server(scripted)
        scripted.script(lambda seen: fenced(SLUG_TESTS if "test engineer" in seen.prompt else SLUG_CODE))
        made = cli("generate", SLUG_BRIEF, "--name", "slug", "--json")
    assert made.json["capsule"], made.err
    key = cli("capsule", "keys", "show", "--json").json["id"]
    return Anna(cli, made.json["capsule"], key)


@pytest.fixture
def bob(tmp_path: Path, anna: Anna) -> Cli:
    """Somebody else, with another home and another ring of keys, to whom Anna has sent it."""
    home = tmp_path / "bob"
    home.mkdir()
    bob = Cli(home)
    shutil.copy(anna.cli.folder / "slug.qlcapsule", bob.folder)
    return bob


def test_what_is_made_here_is_signed_and_trusted_here(anna: Anna) -> None:
    cli = anna.cli
    (key,) = cli("capsule", "keys", "list", "--json").json
    assert (key["own"], key["current"], key["standing"]) == (True, True, "trusted")
    (listed,) = cli("capsule", "list", "--json").json
    assert (listed["signature"]["state"], listed["signature"]["key"]) == ("trusted", key["id"])
    assert "trusted" in cli("capsule", "list").out
    assert f"signed by this machine, {key['id'][:16]}" in cli("capsule", "show", "slug").out
    verified = cli("capsule", "verify", "slug.qlcapsule", "--json")
    assert verified.status == 0
    assert verified.json["signature"]["own"]
    assert {step["name"]: step["status"] for step in verified.json["steps"]} == dict.fromkeys(
        ("archive", "schema", "digests", "signature", "signer", "stages"), "passed"
    )
    private = cli.home / "data" / "keys" / "private" / f"{key['id']}.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    secret = private.read_text().splitlines()[1]
    kept = [path for path in cli.home.rglob("*") if path.is_file() and path != private]
    assert [path for path in kept if secret.encode() in path.read_bytes()] == []


def test_a_strangers_capsule_is_shown_as_such_until_the_key_is_trusted(anna: Anna, bob: Cli) -> None:
    cli, key = anna.cli, anna.key
    for command in (
        ("verify", "slug.qlcapsule"),
        ("import", "slug.qlcapsule"),
        ("show", "slug"),
        ("verify", "slug"),
    ):
        told = bob("capsule", *command)
        assert f"signed by an unknown key, {key[:16]}" in told.out
        assert told.status == (3 if command[0] == "verify" else 0)
    (listed,) = bob("capsule", "list", "--json").json
    assert listed["signature"]["state"] == "unknown"

    assert cli("capsule", "keys", "export", "--out", bob.folder / "anna.pem").status == 0
    assert bob("capsule", "keys", "trust", "anna.pem").status == 1, "it has no name"
    assert bob("capsule", "keys", "trust", "anna.pem", "--name", "anna", "--json").json["id"] == key
    told = bob("capsule", "verify", "slug")
    assert (told.status, "trusted: signed by anna" in told.out) == (0, True)
    exported = bob("capsule", "export", "slug", "--out", "again.qlcapsule")
    assert exported.status == 0
    assert (bob.folder / "again.qlcapsule").read_bytes() == (cli.folder / "slug.qlcapsule").read_bytes()

    assert bob("capsule", "keys", "revoke", "anna").status == 0
    for source in ("slug", "slug.qlcapsule"):
        told = bob("capsule", "verify", source)
        assert (told.status, f"signed by a revoked key, {key[:16]} (anna)" in told.out) == (1, True)
    assert bob("capsule", "keys", "trust", "anna").status == 0
    assert bob("capsule", "verify", "slug").status == 0


def test_a_key_can_be_trusted_from_an_archive_that_it_signed(bob: Cli) -> None:
    assert bob("capsule", "keys", "trust", "slug.qlcapsule", "--name", "anna").status == 0
    assert bob("capsule", "verify", "slug.qlcapsule").status == 0
    refused = bob("capsule", "keys", "trust", str(OLD), "--name", "old")
    assert (refused.status, "is not signed" in refused.err) == (1, True)


def test_a_capsule_from_before_signatures_opens_and_is_shown_as_unsigned(cli: Cli) -> None:
    shutil.copy(OLD, cli.folder / "old.qlcapsule")
    told = cli("capsule", "verify", "old.qlcapsule")
    assert (told.status, "unsigned" in told.out) == (3, True), told.out
    imported = cli("capsule", "import", "old.qlcapsule", "--json")
    assert (imported.status, imported.json["signature"]["state"]) == (0, "unsigned")
    assert "unsigned" in cli("capsule", "list").out
    assert "unsigned" in cli("capsule", "show", "tally").out
    assert cli("capsule", "export", "tally", "--out", "again.qlcapsule").status == 0
    assert (cli.folder / "again.qlcapsule").read_bytes() == OLD.read_bytes()


def test_after_a_rotation_the_new_key_signs_and_the_old_one_is_still_trusted(cli: Cli, slugs: Slugs) -> None:
    slugs()
    made = cli("generate", SLUG_BRIEF, "--name", "slug", "--json").json["capsule"]
    old = cli("capsule", "keys", "show", "--json").json["id"]
    new = cli("capsule", "keys", "rotate", "--json").json["id"]
    assert new != old
    assert [path.stem for path in (cli.home / "data/keys/private").iterdir()] == [new]
    assert cli("capsule", "verify", made).status == 0
    other = cli("generate", SLUG_BRIEF, "--name", "other", "--json").json["capsule"]
    assert cli("capsule", "verify", other, "--json").json["signature"]["key"] == new
    assert cli("capsule", "keys", "revoke", old).status == 0
    assert cli("capsule", "verify", made).status == 1
    assert cli("capsule", "verify", other).status == 0
    again = cli("generate", SLUG_BRIEF, "--name", "slug", "--force", "--json").json["capsule"]
    told = cli("capsule", "verify", again, "--json").json
    assert (again, told["signature"]["key"], told["signature"]["state"]) == (made, new, "trusted")


def test_without_a_usable_key_the_work_is_kept_and_said_to_be_unsigned(cli: Cli, slugs: Slugs) -> None:
    slugs()
    assert cli("capsule", "keys", "rotate").status == 0
    (private,) = (cli.home / "data/keys/private").iterdir()
    private.chmod(0o644)
    done = cli("generate", SLUG_BRIEF, "--name", "slug")
    assert "is not signed" in done.out + done.err
    assert "can be read by others" in done.out + done.err
    told = cli("capsule", "verify", "slug")
    assert (told.status, "unsigned" in told.out) == (3, True)
    private.chmod(0o600)
    assert cli("generate", SLUG_BRIEF, "--name", "slug", "--force").status == done.status
    assert cli("capsule", "verify", "slug").status == 0, "making it again signs it"


def test_a_private_key_is_never_taken_for_a_public_one(cli: Cli, bob: Cli) -> None:
    assert cli("capsule", "keys", "rotate").status == 0
    (private,) = (cli.home / "data/keys/private").iterdir()
    shutil.copy(private, bob.folder / "anna.pem")
    refused = bob("capsule", "keys", "trust", "anna.pem", "--name", "anna")
    assert (refused.status, "holds a private key" in refused.err) == (1, True)
    assert private.read_text().splitlines()[1] not in refused.out + refused.err


def test_running_it_again_shows_the_same_as_when_it_was_made(anna: Anna) -> None:
    cli = anna.cli
    told = cli("capsule", "verify", "slug.qlcapsule", "--rerun", "--json")
    assert told.json["rerun"]["outcome"] == "same", told.json["rerun"]
    assert {stage["stage"] for stage in told.json["rerun"]["stages"]} == {
        "syntax", "style", "security", "types", "runtime",
    }  # fmt: skip
    assert told.status == 0
    without = cli("capsule", "verify", "slug", "--rerun", environ={"QUANTUMLAYER_SANDBOX": "none"})
    assert without.status == 3
    assert "not all of it could be run again here" in without.out


def test_the_bill_of_materials_and_the_provenance_are_in_the_archive(anna: Anna) -> None:
    cli, made = anna.cli, anna.id
    with zipfile.ZipFile(cli.folder / "slug.qlcapsule") as archive:
        sbom = json.loads(archive.read("sbom.cdx.json"))
        envelope = json.loads(archive.read("attestations/provenance.dsse.json"))
    assert sbom["metadata"]["component"]["hashes"][0]["content"] == made
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["subject"][0] == {"name": "manifest.json", "digest": {"sha256": made}}
    details = statement["predicate"]["runDetails"]
    files = {file["name"]: file.get("annotations", {}) for file in details["byproducts"]}
    assert files["slug.py"]["model"] == "openai/test"
    assert files["slug.py"]["calls"] >= 1
    assert files["README.md"]["how"] == "rule"
    assert [stage["stage"] for stage in details["quantumlayer_verdict"]["stages"]]
    said = json.dumps(statement)
    assert "sk-test" not in said
    assert str(cli.home) not in said
    assert "127.0.0.1" not in said

"""Signed capsules: what the seal says, that others can check it, and that no change to it goes unnoticed."""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from capsule_samples import ORIGIN, archive_bytes, make_evidence, make_sample, make_sealed, make_signer
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from quantumlayer.engine.capsule.archive import ArchiveFormat, read_archive, write_archive
from quantumlayer.engine.capsule.canonical import canonical_json
from quantumlayer.engine.capsule.sbom import make_sbom
from quantumlayer.engine.capsule.seal import SEAL_DOCUMENTS
from quantumlayer.engine.capsule.sealing import make_seal
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.verify import verify_archive, verify_stored
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.sandbox.resolved import Wheel
from quantumlayer.engine.types import Authorship, Capsule, Seal
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from test_capsule_hostile import rebuilt_from

FORMS: tuple[ArchiveFormat, ...] = ("zip", "tar.gz", "qlcapsule")
forms = pytest.mark.parametrize("form", FORMS)
SEALED = make_sealed()


def seal_of(capsule: Capsule) -> Seal:
    assert capsule.seal is not None
    return capsule.seal


def statement_of(capsule: Capsule) -> Any:
    return json.loads(base64.b64decode(json.loads(seal_of(capsule).provenance)["payload"]))


def with_seal(**parts: str) -> Capsule:
    return SEALED.model_copy(update={"seal": seal_of(SEALED).model_copy(update=parts)})


# -- bytes -------------------------------------------------------------------------------------


@forms
def test_a_signed_capsule_comes_back_as_it_went_in(tmp_path: Path, form: ArchiveFormat) -> None:
    path = write_archive(SEALED, form, tmp_path)
    assert read_archive(path) == SEALED
    report = verify_archive(path)
    assert (report.ok, report.signature.state, report.signature.key) == (True, "unknown", make_signer().id)


@forms
def test_one_key_gives_the_same_bytes_in_another_process(form: ArchiveFormat) -> None:
    code = (
        "import sys; from capsule_samples import archive_bytes, make_sealed;"
        f"sys.stdout.buffer.write(archive_bytes(make_sealed(), {form!r}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONHASHSEED": "7"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    assert run.stdout == archive_bytes(SEALED, form)


def test_another_key_signs_the_same_capsule_under_the_same_id() -> None:
    other = make_sealed(number=2)
    assert other.id == SEALED.id
    assert seal_of(other).sbom == seal_of(SEALED).sbom
    assert seal_of(other).provenance != seal_of(SEALED).provenance


def test_no_changed_byte_of_a_signed_capsule_goes_unnoticed(tmp_path: Path) -> None:
    """Every byte of a small archive, one at a time."""
    small = make_sealed(make_sample({"a.py": "x = 1\n"}))
    data = archive_bytes(small, "qlcapsule")
    path = tmp_path / "damaged"
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :])
        assert not verify_archive(path).ok, place
    path.write_bytes(data)
    assert verify_archive(path).ok


# -- what others can check ---------------------------------------------------------------------


def test_the_bill_of_materials_follows_the_schema_of_cyclonedx() -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(seal_of(SEALED).sbom) is None
    manifest = SEALED.manifest.model_copy(update={"dependencies": ("httpx[http2]>=0.27", "unknown")})
    assert validator.validate_str(make_sbom(manifest, SEALED.id, WHEELS, "1").decode()) is None
    assert (
        validator.validate_str('{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{}]}') is not None
    )


def test_another_implementation_of_dsse_accepts_the_signature() -> None:
    seal = seal_of(SEALED)
    envelope = Envelope.from_dict(json.loads(seal.provenance))
    key = SSlibKey.from_crypto(load_pem_public_key(seal.key.encode()), keyid=make_signer().id)
    assert envelope.verify([key], 1)
    other = SSlibKey.from_crypto(load_pem_public_key(make_signer(2).public.encode()), keyid=make_signer().id)
    with pytest.raises(Exception, match="signatures"):
        envelope.verify([other], 1)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_accepts_the_signature(tmp_path: Path) -> None:
    envelope = json.loads(seal_of(SEALED).provenance)
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"]
    (tmp_path / "signed").write_bytes(f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload)
    (tmp_path / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    (tmp_path / "key.pem").write_text(seal_of(SEALED).key)
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pem",
        "-rawin",
        "-in",
        "signed",
        "-sigfile",
        "sig",
    ]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    (tmp_path / "signed").write_bytes(b"something else")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode != 0


def test_the_statement_is_slsa_provenance_of_these_documents() -> None:
    statement = statement_of(SEALED)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    with zipfile.ZipFile(io.BytesIO(archive_bytes(SEALED, "qlcapsule"))) as archive:
        for subject in statement["subject"]:
            found = hashlib.sha256(archive.read(subject["name"])).hexdigest()
            assert subject["digest"] == {"sha256": found}
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["brief"]["digest"]["sha256"] == SEALED.manifest.brief_sha256
    assert definition["internalParameters"] == {
        "models": ["a-model"],
        "prompts": {"sha256": "ab" * 32},
        "settings": {"generate.samples": 4},
    }


def test_the_statement_names_who_wrote_each_file_and_what_it_cost() -> None:
    sample = make_sample()
    entry = next(file for file in sample.manifest.files if file.path == "tally/core.py")
    author = Authorship(
        path=entry.path, sha256=entry.sha256, how="elected", model="m", tier="small", cost_usd=0.25, calls=4
    )
    stale = author.model_copy(update={"path": "README.md"})
    evidence = sample.evidence.model_copy(update={"authors": (author, stale)})
    told = statement_of(make_sealed(sample.model_copy(update={"evidence": evidence})))
    files = {file["name"]: file for file in told["predicate"]["runDetails"]["byproducts"]}
    assert files.keys() == {file.path for file in sample.manifest.files}
    assert files[entry.path]["digest"] == {"sha256": entry.sha256}
    annotations = files[entry.path]["annotations"]
    assert (annotations["how"], annotations["model"], annotations["tier"]) == ("elected", "m", "small")
    assert (annotations["cost_usd"], annotations["calls"]) == (0.25, 4)
    assert "annotations" not in files["README.md"], "what is said of another text is said of none"


# -- the bill of materials ---------------------------------------------------------------------

WHEELS = (
    Wheel(
        name="httpx",
        version="0.28.1",
        sha256="11" * 32,
        requires=("anyio", "idna"),
        extras={"http2": ("h2",)},
    ),
    Wheel(name="anyio", version="4.9.0", sha256="22" * 32, requires=("idna",)),
    Wheel(name="idna", version="3.10", sha256="33" * 32),
    Wheel(name="h2", version="4.2.0"),
    Wheel(name="pytest", version="9.0.0", sha256="55" * 32),
)


def bill(*dependencies: str, wheels: tuple[Wheel, ...] = WHEELS) -> Any:
    manifest = make_sample().manifest.model_copy(update={"dependencies": dependencies})
    return json.loads(make_sbom(manifest, SEALED.id, wheels, "1"))


def test_it_names_what_was_resolved_and_what_that_needs_and_nothing_else() -> None:
    found = bill("HTTPX>=0.27")
    components = {one["name"]: one for one in found["components"]}
    assert components.keys() == {"httpx", "anyio", "idna"}
    assert components["httpx"]["purl"] == "pkg:pypi/httpx@0.28.1"
    assert components["httpx"]["hashes"] == [{"alg": "SHA-256", "content": "11" * 32}]
    assert components["httpx"]["properties"] == [{"name": "quantumlayer:requirement", "value": "HTTPX>=0.27"}]
    needs = {one["ref"]: one["dependsOn"] for one in found["dependencies"]}
    assert needs["capsule"] == ["pkg:pypi/httpx@0.28.1"]
    assert needs["pkg:pypi/httpx@0.28.1"] == ["pkg:pypi/anyio@4.9.0", "pkg:pypi/idna@3.10"]
    assert found["compositions"][0]["aggregate"] == "complete"


def test_an_extra_brings_what_it_needs() -> None:
    assert {one["name"] for one in bill("httpx[http2]")["components"]} == {"httpx", "anyio", "idna", "h2"}


def test_what_was_not_resolved_is_named_and_the_bill_says_that_it_is_incomplete() -> None:
    found = bill("requests>=2", wheels=())
    (component,) = found["components"]
    assert (component["name"], component["purl"], "version" in component) == (
        "requests",
        "pkg:pypi/requests",
        False,
    )
    assert found["compositions"][0]["aggregate"] == "incomplete"


def test_a_project_without_dependencies_is_said_to_need_nothing() -> None:
    found = bill()
    assert (found["components"], found["compositions"][0]["aggregate"]) == ([], "complete")


# -- forgeries ---------------------------------------------------------------------------------


def refusal(capsule: Capsule) -> str:
    with pytest.raises(CapsuleError) as caught:
        archive_bytes(capsule, "qlcapsule")
    return caught.value.cause


def test_the_seal_of_another_capsule_is_refused() -> None:
    other = make_sealed(make_sample({"a.py": "x = 2\n"}))
    assert "speaks of another manifest.json" in refusal(SEALED.model_copy(update={"seal": other.seal}))


def test_evidence_that_was_changed_after_signing_is_refused() -> None:
    better = make_evidence(seconds=0.5)
    assert "speaks of another evidence.json" in refusal(SEALED.model_copy(update={"evidence": better}))


def test_another_bill_of_materials_is_refused() -> None:
    sbom = json.loads(seal_of(SEALED).sbom) | {"components": []}
    sbom["version"] = 2
    assert "speaks of another sbom.cdx.json" in refusal(with_seal(sbom=canonical_json(sbom).decode()))


def test_another_key_beside_the_signature_is_refused() -> None:
    assert "which is not the one beside it" in refusal(with_seal(key=make_signer(2).public))
    envelope = json.loads(seal_of(SEALED).provenance)
    envelope["signatures"][0]["keyid"] = make_signer(2).id
    forged = with_seal(key=make_signer(2).public, provenance=canonical_json(envelope).decode())
    assert "its signature does not fit" in refusal(forged)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: e["signatures"].append(e["signatures"][0]), "signatures"),
        (lambda e: e["signatures"].clear(), "signatures"),
        (lambda e: e.update(payloadType="text/plain"), "payloadType"),
        (lambda e: e.update(payload="e30="), "its signature does not fit"),
        (lambda e: e.update(payload="e31="), "another spelling"),
        (lambda e: e.update(payload="*"), "not base64"),
        (lambda e: e.update(extra=1), "extra"),
        (lambda e: e["signatures"][0].update(sig=""), "its signature does not fit"),
        (lambda e: e["signatures"][0].update(keyid="00"), "keyid"),
    ],
)
def test_an_envelope_that_was_tampered_with_is_refused(change: Callable[[Any], object], said: str) -> None:
    envelope = json.loads(seal_of(SEALED).provenance)
    change(envelope)
    assert said in refusal(with_seal(provenance=canonical_json(envelope).decode()))


@pytest.mark.parametrize(
    "statement",
    [
        b"", b"null", b"[]", b"{}", b"[" * 100_000, b'{"_type":"https://in-toto.io/Statement/v1"}',
        b'{"_type":"x","predicateType":"https://slsa.dev/provenance/v1","subject":[]}',
        b'{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1","subject":[]}',
        b'{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1","subject":7}',
    ],
)  # fmt: skip
def test_a_signed_statement_about_something_else_is_refused(statement: bytes) -> None:
    said = refusal(with_seal(provenance=make_signer().seal(statement).decode()))
    assert "holds no statement" in said or "speaks of" in said


@pytest.mark.parametrize(
    "key", ["", "not a key", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "x" * 100_000]
)
def test_a_key_that_is_none_is_refused(key: str) -> None:
    assert "signatures/key.pem" in refusal(with_seal(key=key))


def test_a_key_in_another_spelling_is_refused() -> None:
    assert "not spelt" in refusal(with_seal(key="# mine\n" + seal_of(SEALED).key))


@forms
@pytest.mark.parametrize("left_out", SEAL_DOCUMENTS)
def test_a_seal_of_which_a_part_is_missing_is_refused(
    tmp_path: Path, form: ArchiveFormat, left_out: str
) -> None:
    change = lambda entries: [e for e in entries if not e.name.endswith(left_out)]  # noqa: E731
    path = tmp_path / "torn"
    path.write_bytes(rebuilt_from(SEALED, form, change))
    report = verify_archive(path)
    assert report.mismatches == (f"{left_out}: is missing",)
    assert {step.name: step.status for step in report.steps}["signature"] == "failed"


def test_a_seal_that_was_taken_off_leaves_an_unsigned_capsule(tmp_path: Path) -> None:
    path = write_archive(SEALED.model_copy(update={"seal": None}), "qlcapsule", tmp_path)
    report = verify_archive(path)
    assert (report.ok, report.signature.state) == (True, "unsigned")


# -- the store ---------------------------------------------------------------------------------


def test_a_stored_signature_comes_back_and_no_flipped_byte_of_it_goes_unnoticed(
    store: Store, tmp_path: Path
) -> None:
    store.add(SEALED)
    assert store.get("tally") == SEALED
    (path,) = (tmp_path / "capsules" / "seals").iterdir()
    data = path.read_bytes()
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :])
        assert not verify_stored(store, SEALED.id).ok, place
        with pytest.raises(CapsuleError):
            store.get(SEALED.id)
    path.write_bytes(data)
    assert verify_stored(store, SEALED.id).ok


def test_an_imported_signature_is_taken_for_the_same_evidence_only(store: Store) -> None:
    store.add(make_sample())
    store.add(make_sealed(make_sample(evidence=make_evidence(seconds=9))))
    assert store.get("tally") == make_sample(), "evidence that is there is not talked over"
    store.add(SEALED)
    assert store.get("tally") == SEALED
    store.add(make_sealed(number=2))
    store.add(make_sample())
    assert store.get("tally") == SEALED, "the first signature stays"


def test_making_an_unsigned_capsule_again_signs_it(store: Store) -> None:
    store.add(make_sample(evidence=make_evidence(seconds=9)))
    assert store.add(SEALED, renew=True) == store.get("tally") == SEALED
    assert store.add(make_sealed(number=2), renew=True) == SEALED


def test_signatures_go_with_their_capsules(store: Store, tmp_path: Path) -> None:
    store.add(SEALED)
    kept = store.add(make_sealed(make_sample({"a.py": "x = 2\n"})))
    store.remove(SEALED.id)
    cleaned = store.clean()
    assert cleaned.removed > 0
    assert len(list((tmp_path / "capsules" / "seals").iterdir())) == 1
    assert store.get(kept.id) == kept


def test_a_seal_is_the_same_for_the_same_wheels() -> None:
    wheels = (WHEELS[2],)
    one, two = (make_seal(SEALED, make_signer(), ORIGIN, wheels) for _ in range(2))
    assert one == two != SEALED.seal

"""The seal: the three documents that say who stands behind a capsule, made and examined.

    sbom.cdx.json                      what the project depends on
    attestations/provenance.dsse.json  where it comes from, signed
    signatures/key.pem                 the public key that fits the signature

They come together or not at all. A capsule without them is whole, and unsigned. Whether the key is one that
the user trusts is a question for the key ring; nothing in a capsule can answer it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import CapsuleError
from ..types import Capsule, Seal, Signature
from .canonical import digest
from .keys import Key
from .provenance import Origin, statement_of, statement_problems
from .sbom import make_sbom, sbom_problem
from .signing import Signer, key_id, unseal

if TYPE_CHECKING:
    from ..sandbox.resolved import Wheel

SBOM = "sbom.cdx.json"
PROVENANCE = "attestations/provenance.dsse.json"
PUBLIC_KEY = "signatures/key.pem"
SEAL_DOCUMENTS = (SBOM, PROVENANCE, PUBLIC_KEY)


def make_seal(
    capsule: Capsule, evidence_sha256: str, signer: Signer, origin: Origin, wheels: Sequence["Wheel"] = ()
) -> Seal:
    """Signs a capsule as it will be stored; `evidence_sha256` is the digest of its `evidence.json`."""
    sbom = make_sbom(capsule.manifest, capsule.id, wheels, origin.version)
    statement = statement_of(capsule, _subjects(capsule.id, evidence_sha256, sbom), origin, wheels)
    return Seal(sbom=sbom.decode(), provenance=signer.seal(statement).decode(), key=signer.public)


def documents_of(seal: Seal | None) -> dict[str, bytes]:
    """By their names in an archive; none of an unsigned capsule."""
    if seal is None:
        return {}
    texts = (seal.sbom, seal.provenance, seal.key)
    return {name: text.encode() for name, text in zip(SEAL_DOCUMENTS, texts, strict=True)}


def examine_seal(
    documents: Mapping[str, bytes], capsule_id: str, evidence_sha256: str
) -> tuple[Seal | None, tuple[str, ...]]:
    """Recomputes the signature and every digest it speaks of. Returns the seal, if whole, and every mismatch."""
    if not documents:
        return None, ()
    problems = [f"{name}: is missing" for name in SEAL_DOCUMENTS if name not in documents]
    if problems:
        return None, tuple(problems)
    try:
        sbom, provenance, key = (_text(documents[name], name) for name in SEAL_DOCUMENTS)
        with_key = _named(PUBLIC_KEY, key)
        payload = unseal(documents[PROVENANCE], with_key, PROVENANCE)
    except CapsuleError as error:
        return None, (error.cause.rstrip("."),)
    subjects = _subjects(capsule_id, evidence_sha256, documents[SBOM])
    problems = [f"{PROVENANCE}: {problem}" for problem in statement_problems(payload, subjects)]
    if problem := sbom_problem(documents[SBOM]):
        problems.append(f"{SBOM}: {problem}")
    return Seal(sbom=sbom, provenance=provenance, key=key), tuple(problems)


def signature_of(seal: Seal | None, keys: Iterable[Key]) -> Signature:
    """What a seal that was examined is worth to someone who has these keys."""
    if seal is None:
        return Signature()
    found = key_id(seal.key)
    known = next((key for key in keys if key.id == found), None)
    if known is None:
        return Signature(state="unknown", key=found)
    return Signature(state=known.standing, key=found, name=known.name, own=known.own)


def _subjects(capsule_id: str, evidence_sha256: str, sbom: bytes) -> dict[str, str]:
    return {"manifest.json": capsule_id, "evidence.json": evidence_sha256, SBOM: digest(sbom)}


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise CapsuleError(f"{name}: is not UTF-8 text ({error.reason} at byte {error.start})") from error


def _named(name: str, key: str) -> str:
    """The key, once it is known to be one in the one spelling."""
    try:
        key_id(key)
    except CapsuleError as error:
        raise CapsuleError(f"{name}: {error.cause}") from error
    return key

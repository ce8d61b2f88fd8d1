"""The seal: the three documents that say who stands behind a capsule, read and examined.

    sbom.cdx.json                      what the project depends on
    attestations/provenance.dsse.json  where it comes from, signed
    signatures/key.pem                 the public key that fits the signature

They come together or not at all. A capsule without them is whole, and unsigned. Whether the key is one that
the user trusts is a question for the key ring; nothing in a capsule can answer it.
"""

from collections.abc import Iterable, Mapping

from ..errors import CapsuleError
from ..types import Key, Seal, Signature
from .canonical import digest
from .provenance import statement_problems
from .sbom import sbom_problem
from .signing import key_id, unseal

SBOM = "sbom.cdx.json"
PROVENANCE = "attestations/provenance.dsse.json"
PUBLIC_KEY = "signatures/key.pem"
SEAL_DOCUMENTS = (SBOM, PROVENANCE, PUBLIC_KEY)


def documents_of(seal: Seal | None) -> dict[str, bytes]:
    """By their names in an archive; none of an unsigned capsule."""
    if seal is None:
        return {}
    texts = (seal.sbom, seal.provenance, seal.key)
    return {name: text.encode() for name, text in zip(SEAL_DOCUMENTS, texts, strict=True)}


def examine_seal(
    documents: Mapping[str, bytes], capsule_id: str, evidence_sha256: str
) -> tuple[Seal | None, tuple[str, ...]]:
    """Recomputes the signature and every digest it speaks of: the seal if there is one, and what is wrong."""
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
    subjects = subjects_of(capsule_id, evidence_sha256, documents[SBOM])
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


def subjects_of(capsule_id: str, evidence_sha256: str, sbom: bytes) -> dict[str, str]:
    """The documents that a signature is about, with their SHA-256."""
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

"""Verifying: everything recomputed, and told step by step, so that a reader can follow.

It shows that a capsule is whole and unchanged, and which key stands behind it. Whether that key is one the
user trusts, the key ring says. That the recorded stages came out so is the signer's word: `comparing` says
what running them again shows.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from ..types import Capsule, Key, Signature, VerifyReport, VerifyStep
from .archive import examine_archive
from .parts import examine
from .seal import SEAL_DOCUMENTS, signature_of
from .store import Store

_STEPS: tuple[Literal["archive", "schema", "digests", "signature"], ...] = (
    "archive",
    "schema",
    "digests",
    "signature",
)
_DIGEST = re.compile(r": (its SHA-256 is|has \d+ bytes, not|is missing$|is not in the manifest$|speaks of )")
_SCHEMA = re.compile(r"^(manifest|evidence|brief)\.json(:| is not )")


def verify_archive(path: Path, keys: Iterable[Key] = ()) -> VerifyReport:
    """`keys` are those that the user knows. Raises CapsuleError if there is no such file to be read."""
    capsule, mismatches = examine_archive(path)
    return report_of(capsule, mismatches, keys, name=path.name)


def verify_stored(store: Store, ref: str, keys: Iterable[Key] = ()) -> VerifyReport:
    """`ref` is an id, a unique beginning of one, or a name. Raises CapsuleError if there is none."""
    capsule_id = store.resolve(ref)
    parts, problems = store.parts(capsule_id)
    capsule, mismatches = examine(parts, capsule_id)
    found = tuple(dict.fromkeys(problems + mismatches))
    return report_of(capsule, found, keys, name=ref, capsule_id=capsule_id)


def report_of(
    capsule: Capsule | None,
    mismatches: tuple[str, ...],
    keys: Iterable[Key],
    *,
    name: str,
    capsule_id: str = "",
) -> VerifyReport:
    whole = capsule is not None and not mismatches
    signature = signature_of(capsule.seal, keys) if capsule is not None and whole else Signature()
    return VerifyReport(
        ok=whole,
        id=capsule.id if capsule else capsule_id,
        name=capsule.manifest.name if capsule else name,
        mismatches=mismatches,
        signature=signature,
        steps=tuple(_steps(capsule if whole else None, mismatches, signature)),
    )


def _steps(
    capsule: Capsule | None, mismatches: tuple[str, ...], signature: Signature
) -> Iterator[VerifyStep]:
    failed: dict[str, list[str]] = {}
    for mismatch in mismatches:
        failed.setdefault(_step_of(mismatch), []).append(mismatch)
    for name in _STEPS:
        if name in failed:
            yield VerifyStep(name=name, status="failed", detail="; ".join(failed[name]))
        elif capsule is None:
            yield VerifyStep(name=name, status="unknown", detail="something else is wrong with it")
        elif name == "signature" and capsule.seal is None:
            yield VerifyStep(name=name, status="unknown", detail="it is not signed")
        else:
            yield VerifyStep(name=name, status="passed", detail=_passed(name, capsule))
    yield _signer(capsule, signature)


def _step_of(mismatch: str) -> str:
    if mismatch.startswith(SEAL_DOCUMENTS) or mismatch.startswith("The seal"):
        return "signature"
    if _DIGEST.search(mismatch):
        return "digests"
    return "schema" if _SCHEMA.match(mismatch) else "archive"


def _passed(name: str, capsule: Capsule) -> str:
    if name == "schema":
        return f"manifest, evidence and brief are of format {capsule.manifest.format}, in canonical form"
    if name == "digests":
        return f"{len(capsule.files)} files, the brief and the evidence are what the id stands for"
    if name == "signature":
        return "Ed25519, over the manifest, the evidence and the bill of materials"
    return "it is written as QuantumLayer writes it, byte for byte"


def _signer(capsule: Capsule | None, signature: Signature) -> VerifyStep:
    short = signature.key[:16]
    if capsule is None or signature.state == "unsigned":
        return VerifyStep(name="signer", status="unknown", detail="nobody: anyone may have made it")
    if signature.state == "unknown":
        detail = f"the key {short}, which you have not said that you trust; anyone may have made it"
        return VerifyStep(name="signer", status="unknown", detail=detail)
    if signature.state == "revoked":
        detail = f"the key {short} ({signature.name}), which you revoked"
        return VerifyStep(name="signer", status="failed", detail=detail)
    return VerifyStep(name="signer", status="passed", detail=f"{signature.name}, the key {short}")

"""A capsule taken apart into bytes, and put together again with every digest recomputed.

Archives and the store differ in where they keep these parts, and in nothing else.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ..errors import CapsuleError
from ..types import Brief, Capsule, Evidence, FileEntry, Manifest, SourceFile, Value
from .canonical import Model, canonical, digest, parse
from .seal import documents_of, examine_seal
from .tree import check_name, problems_of, size_problems


class SealedEvidence(Value):
    """Evidence, and the id of the capsule it speaks of: it cannot be moved to another one unnoticed."""

    capsule: str
    evidence: Evidence


class Parts(NamedTuple):
    """What a capsule consists of. A part that is absent is None, a file that is absent has no key."""

    manifest: bytes | None
    evidence: bytes | None
    brief: bytes | None
    files: Mapping[str, bytes]
    seal: Mapping[str, bytes] = MappingProxyType({})
    """The documents of its seal, by their names; empty if it is unsigned."""


def take_apart(capsule: Capsule) -> Parts:
    """Raises CapsuleError, naming every reason, if the capsule does not hold together."""
    try:
        files = {file.path: file.text.encode() for file in capsule.files}
    except UnicodeEncodeError as error:
        raise CapsuleError(f"A file of the capsule is not text that UTF-8 can carry: {error}.") from error
    if len(files) != len(capsule.files):
        raise CapsuleError("The capsule has two files of one path.")
    sealed = SealedEvidence(capsule=capsule.id, evidence=capsule.evidence)
    parts = Parts(
        canonical(capsule.manifest),
        canonical(sealed),
        canonical(capsule.brief),
        files,
        documents_of(capsule.seal),
    )
    put_together(parts, capsule.id)
    return parts


def put_together(parts: Parts, capsule_id: str = "") -> Capsule:
    """The capsule of these parts; raises CapsuleError that lists every mismatch."""
    capsule, mismatches = examine(parts, capsule_id)
    if capsule is None or mismatches:
        raise CapsuleError(f"The capsule is not what it says it is: {'; '.join(mismatches)}.")
    return capsule


def examine(parts: Parts, capsule_id: str = "") -> tuple[Capsule | None, tuple[str, ...]]:
    """Recomputes everything. Returns the capsule, if there is one at all, and every mismatch.

    `capsule_id` is the id that is expected; without one, the manifest's own digest is the id.
    """
    mismatches: list[str] = []
    manifest = _document(Manifest, parts.manifest, "manifest.json", mismatches)
    brief = _document(Brief, parts.brief, "brief.json", mismatches)
    sealed = _document(SealedEvidence, parts.evidence, "evidence.json", mismatches)
    files: list[SourceFile] = []
    if manifest is not None:
        mismatches += manifest_problems(manifest)
        mismatches += [
            f"{path}: is not in the manifest"
            for path in parts.files.keys() - {f.path for f in manifest.files}
        ]
        files = [
            SourceFile(path=entry.path, text=text)
            for entry in manifest.files
            if (text := _text(entry, parts.files.get(entry.path), mismatches)) is not None
        ]
    own_id = digest(parts.manifest) if parts.manifest is not None else ""
    if capsule_id and own_id and own_id != capsule_id:
        mismatches.append(f"manifest.json: its SHA-256 is {own_id}, not the capsule's id {capsule_id}")
    if manifest and parts.brief is not None and digest(parts.brief) != manifest.brief_sha256:
        mismatches.append("brief.json: its SHA-256 is not the one in the manifest")
    if sealed and own_id and sealed.capsule != own_id:
        mismatches.append(f"evidence.json: speaks of another capsule, {sealed.capsule}")
    seal, unfit = examine_seal(parts.seal, own_id, digest(parts.evidence or b""))
    mismatches += unfit
    if manifest is None or brief is None or sealed is None:
        return None, tuple(mismatches)
    capsule = Capsule(
        id=own_id, manifest=manifest, files=tuple(files), evidence=sealed.evidence, brief=brief, seal=seal
    )
    return capsule, tuple(mismatches)


def manifest_problems(manifest: Manifest) -> tuple[str, ...]:
    """Every reason why this manifest describes no project that can be unpacked anywhere."""
    problems = [
        f"manifest.json: {problem}" for problem in problems_of(entry.path for entry in manifest.files)
    ]
    problems += [f"manifest.json: {p}" for p in size_problems((e.path, e.size) for e in manifest.files)]
    paths = [entry.path for entry in manifest.files]
    if paths != sorted(paths):
        problems.append("manifest.json: its files are not in the order of their paths")
    try:
        check_name(manifest.name)
    except ValueError as error:
        problems.append(f"manifest.json: {error}")
    return tuple(problems)


def _document(model: type[Model], data: bytes | None, name: str, mismatches: list[str]) -> Model | None:
    if data is None:
        mismatches.append(f"{name}: is missing")
        return None
    try:
        return parse(model, data, name)
    except CapsuleError as error:
        mismatches.append(error.cause.rstrip("."))
        return None


def _text(entry: FileEntry, data: bytes | None, mismatches: list[str]) -> str | None:
    if data is None:
        mismatches.append(f"{entry.path}: is missing")
        return None
    if len(data) != entry.size:
        mismatches.append(f"{entry.path}: has {len(data)} bytes, not {entry.size}")
    if digest(data) != entry.sha256:
        mismatches.append(f"{entry.path}: its SHA-256 is {digest(data)}, not {entry.sha256}")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        mismatches.append(f"{entry.path}: is not UTF-8 text ({error.reason} at byte {error.start})")
        return None

"""The store: every capsule of a user, content-addressed, with versions by name.

    blobs/ab/abcd...            a file, manifest, brief or evidence, named by its SHA-256
    records/NUMBER-NAME-ID.json one capsule: its summary, and which blobs are its parts
    seals/EVIDENCE.json         its signature, if it is signed
    refs/NAME.json              branches and tags of one project; see `refs`
    unfinished/                 what is being written
    lock                        held by the one process that adds

A record is written last, by one rename, after its blobs are on disk: a capsule is there whole or not at
all. NUMBER grows with every capsule, so names of files alone tell which version is the newest; NAME is a
digest of the capsule's name. Readers take no lock. Blobs are checked whenever they are read.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..disk import guard_disk, sync_folder, write_atomic
from ..errors import CapsuleError, StorageError
from ..types import Capsule, CapsuleSummary, Cleaned, Evidence, Manifest, Seal
from .canonical import digest, parse
from .manifest import content_digest
from .naming import Names
from .parts import Parts, SealedEvidence, examine, take_apart
from .records import Records, Version, name_digest
from .refs import Refs, RefsFolder, living
from .seal import examine_seal
from .seals import Seals, StoredSeal

log = logging.getLogger(__name__)
_LOCK_SECONDS = 60
_SETTING = "storage.data_dir"


class Store:
    """Opens nothing and holds nothing; any number of threads and processes may use one folder at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blobs = folder / "blobs"
        self._records = Records(folder / "records")
        self._seals = Seals(folder / "seals")
        self._refs = RefsFolder(folder / "refs", aside=folder / "unfinished")
        self._unfinished = folder / "unfinished"

    # -- reading -------------------------------------------------------------------------------

    def list(self) -> tuple[CapsuleSummary, ...]:
        """Every capsule, newest first. One whose record is damaged has its `problem` said."""
        with self._disk_errors():
            return tuple(self._records.summary(version) for version in self._records.versions())

    def get(self, ref: str) -> Capsule:
        """`ref` is an id, a unique beginning of one, a name, or what else `naming` lists.

        Raises CapsuleError if there is none, if several begin so, or if it is damaged, saying where.
        """
        capsule_id = self.resolve(ref)
        parts, problems = self.parts(capsule_id)
        capsule, mismatches = examine(parts, capsule_id)
        if capsule is None or mismatches or problems:
            raise CapsuleError(
                f"The stored capsule {capsule_id} is damaged: {'; '.join(problems or mismatches)}.",
                "Generate it again from its brief, or import it from an archive.",
            )
        return capsule

    def place(self, manifest: Manifest) -> Manifest:
        """The manifest with its parents decided, before its id is computed.

        A project that is stored under this name already is that very capsule, with the parents it has.
        Any other one descends from the head of the current branch of its name.
        """
        content = content_digest(manifest)
        with self._disk_errors():
            versions = self._records.versions()
            for version in versions:
                if version.name_digest != name_digest(manifest.name):
                    continue
                with contextlib.suppress(CapsuleError):
                    record = self._records.read(version)
                    if record.content == content:
                        return manifest.model_copy(update={"parents": record.summary.parents})
            head = self._names(versions, self._refs.read_if_sound).head(manifest.name)
        return manifest.model_copy(update={"parents": (head,) if head else ()})

    def resolve(self, ref: str) -> str:
        """The id that `ref` means; see `get`."""
        with self._disk_errors():
            return self._names(self._records.versions(), self._refs.read).find(ref)

    def _names(self, versions: tuple[Version, ...], refs_of: Callable[[str], Refs | None]) -> Names:
        return Names(versions, refs_of, lambda version: self._records.read(version).summary.parents)

    def refs(self, name: str) -> Refs:
        """The branches and tags of a project. Raises CapsuleError if it has no version, or if damaged."""
        with self._disk_errors():
            return self._present(name, self._refs.read(name))

    def all_refs(self, summaries: Iterable[CapsuleSummary]) -> dict[str, Refs | None]:
        """Those of every project that has a version among `summaries`, newest first; None if damaged."""
        ids: dict[str, list[str]] = {}
        for summary in summaries:
            ids.setdefault(summary.name, []).append(summary.id)
        found: dict[str, Refs | None] = {}
        with self._disk_errors():
            for name, mine in ids.items():
                try:
                    found[name] = living(name, self._refs.read(name), mine)
                except CapsuleError as error:
                    log.warning("%s", error)
                    found[name] = None
        return found

    def change_refs(self, name: str, change: Callable[[Refs], Refs]) -> Refs:
        """Replaces them durably and at once. `change` may raise; then they stay as they are."""
        with self._disk_errors(), self._lock():
            self._sweep_unfinished()
            before = self._present(name, self._refs.read(name))
            after = change(before)
            if after != before:
                self._refs.write(after)
        return after

    def _present(self, name: str, kept: Refs | None) -> Refs:
        mine = [v.id for v in self._records.versions() if v.name_digest == name_digest(name)]
        if not mine:
            raise CapsuleError(
                f"There is no capsule {name!r}.", "`quantumlayer capsule list` names them all."
            )
        return living(name, kept, mine)

    def parts(self, capsule_id: str) -> tuple[Parts, tuple[str, ...]]:
        """A capsule's bytes as they are on disk, unchecked, and why any of them could not be found."""
        with self._disk_errors():
            version = next((v for v in self._records.versions() if v.id == capsule_id), None)
            if version is None:
                raise CapsuleError(f"There is no capsule {capsule_id!r}.")
            evidence, problems = self._evidence(version)
            seal, unread = self._seals.read(digest(evidence or b""))
            data = self._read_blob(capsule_id)
            brief: bytes | None = None
            files: dict[str, bytes] = {}
            with contextlib.suppress(CapsuleError):
                manifest = parse(Manifest, data or b"", "manifest.json")
                brief = self._read_blob(manifest.brief_sha256)
                blobs = ((entry.path, self._read_blob(entry.sha256)) for entry in manifest.files)
                files = {path: blob for path, blob in blobs if blob is not None}
        return Parts(data, evidence, brief, files, seal), problems + unread

    def seals(self) -> Iterator[StoredSeal]:
        """Of every capsule what it is sealed with, also of one that is not sealed."""
        with self._disk_errors():
            for version in self._records.versions():
                try:
                    evidence = self._records.read(version).evidence
                except CapsuleError as error:
                    yield StoredSeal(version.id, "", {}, (error.cause,))
                else:
                    yield StoredSeal(version.id, evidence, *self._seals.read(evidence))

    def _evidence(self, version: Version) -> tuple[bytes | None, tuple[str, ...]]:
        try:
            record = self._records.read(version)
        except CapsuleError as error:
            return None, (error.cause.rstrip("."),)
        data = self._read_blob(record.evidence)
        if data is not None and digest(data) != record.evidence:
            return data, ("evidence.json: its SHA-256 is not the one in the record",)
        return data, ()

    # -- adding --------------------------------------------------------------------------------

    def add(
        self,
        capsule: Capsule,
        *,
        renew: bool = False,
        branch: str = "",
        distrusted: Callable[[Seal], bool] = lambda seal: False,
    ) -> Capsule:
        """Stores a capsule durably and returns it as it is stored.

        One that is there already keeps the evidence and the signature it has, and damaged parts of it are
        written anew. With `renew`, which is for a capsule that this process has just made, it becomes the
        newest of its name again, and its evidence is replaced if the verdict is another one, or if nobody
        had signed it, or somebody who is `distrusted`; so an imported archive can never talk over what was
        observed here. It goes to the current branch, or to `branch`, whose head must be one of its parents
        still.

        Raises CapsuleError if the capsule does not hold together, StorageError if the disk refuses.
        """
        parts = take_apart(capsule)
        with self._disk_errors(), self._lock():
            self._sweep()
            versions = self._records.versions()
            known = next((v for v in versions if v.id == capsule.id), None)
            kept, seal = self._known_evidence(known)
            if renew and seal is not None and distrusted(seal):
                seal = None
            if kept is not None and not (renew and self._is_better(capsule, kept, seal)):
                fits = kept == capsule.evidence and seal is None
                capsule = capsule.model_copy(
                    update={"evidence": kept, "seal": capsule.seal if fits else seal}
                )
                parts = take_apart(capsule)
            self._write_blobs(parts)
            if capsule.seal is not None:
                self._seals.write(digest(parts.evidence or b""), capsule.seal, aside=self._unfinished)
            number = versions[0].number + 1 if versions else 1
            if known is not None and (not renew or self._is_newest(known, versions)):
                number = known.number
            before = self._names(versions, self._refs.read_if_sound).head(capsule.manifest.name)
            follows = before is None or before in capsule.manifest.parents
            moves = renew or (follows and known is None)
            if before and not moves and known is None:
                self._refs.pin(capsule.manifest.name, before)
            self._records.write(capsule, digest(parts.evidence or b""), number, aside=self._unfinished)
            if branch:
                self._follow(capsule, branch)
            elif moves:
                self._refs.move(capsule.manifest.name, capsule.id)
        return capsule

    def _follow(self, capsule: Capsule, branch: str) -> None:
        refs = self._present(capsule.manifest.name, self._refs.read(capsule.manifest.name))
        if refs.branches.get(branch) not in {*capsule.manifest.parents, capsule.id}:
            raise CapsuleError(
                f"The branch {branch!r} of {capsule.manifest.name!r} has moved meanwhile.",
                f"The new version is kept as {capsule.id[:16]}: merge again.",
            )
        self._refs.write(refs.with_branch(branch, capsule.id))

    def _known_evidence(self, version: Version | None) -> tuple[Evidence | None, Seal | None]:
        """The evidence and the seal of a stored capsule, each None if there is none that can be trusted."""
        if version is None:
            return None, None
        data, problems = self._evidence(version)
        if data is None or problems:
            return None, None
        try:
            evidence = parse(SealedEvidence, data, "evidence.json").evidence
        except CapsuleError:
            return None, None
        documents, unread = self._seals.read(digest(data))
        seal, unfit = examine_seal(documents, version.id, digest(data))
        return evidence, None if unread or unfit else seal

    @staticmethod
    def _is_better(capsule: Capsule, kept: Evidence, seal: Seal | None) -> bool:
        unsigned = seal is None and capsule.seal is not None
        return unsigned or _outcome(kept) != _outcome(capsule.evidence)

    @staticmethod
    def _is_newest(known: Version, versions: tuple[Version, ...]) -> bool:
        return known == next(v for v in versions if v.name_digest == known.name_digest)

    def _write_blobs(self, parts: Parts) -> None:
        documents = (parts.manifest or b"", parts.evidence or b"", parts.brief or b"")
        for data in (*documents, *parts.files.values()):
            name = digest(data)
            if self._read_blob(name) == data:
                continue
            target = self._blob_path(name)
            if not target.parent.is_dir():
                target.parent.mkdir(parents=True, exist_ok=True)
                sync_folder(target.parent.parent)
            write_atomic(target, (data,), aside=self._unfinished)

    # -- removing ------------------------------------------------------------------------------

    def remove(self, ref: str) -> CapsuleSummary:
        """Removes one capsule, also a damaged one; see `get` for what `ref` may be. `clean` frees its room.

        Versions that descend from it stay.
        """
        capsule_id = self.resolve(ref)
        with self._disk_errors(), self._lock():
            version = next((v for v in self._records.versions() if v.id == capsule_id), None)
            if version is None:
                raise CapsuleError(f"There is no capsule {capsule_id!r} any more.")
            summary = self._records.summary(version)
            stored = {version.id for version in self._records.versions()}
            self._refs.let_go(summary, stored - {capsule_id})
            self._records.remove(capsule_id)
        return summary

    def clean(self) -> Cleaned:
        """Removes files that belong to no capsule, as a killed process or a renewal leaves them.

        Whoever adds holds the lock too, so no file of a capsule that is just coming is taken for one.
        Nothing is removed as long as a damaged capsule does not say which files are its own.
        """
        removed = freed = kept = 0
        if not self._folder.is_dir():
            return Cleaned(what="capsules", removed=0, freed=0, kept=0)
        with self._disk_errors(), self._lock():
            self._sweep_unfinished()
            known, reason = self._named_blobs()
            for blob in sorted(self._blobs.glob("*/*")):
                size = blob.stat().st_size
                if reason or blob.name in known:
                    kept += size
                    continue
                blob.unlink()
                removed, freed = removed + 1, freed + size
            if not reason:
                seals = self._seals.clean(known)
                removed, freed, kept = removed + seals.removed, freed + seals.freed, kept + seals.kept
        return Cleaned(what="capsules", removed=removed, freed=freed, kept=kept, reason=reason)

    def _named_blobs(self) -> tuple[set[str], str]:
        """The blobs of all capsules, and why they are not known to be all, if so.

        A record that was renewed counts as long as it is there: someone may be reading it.
        """
        known: set[str] = set()
        for version in self._records.all_versions():
            try:
                record = self._records.read(version)
                manifest = self.manifest(version.id)
            except CapsuleError as error:
                return known, f"{error.cause.rstrip('.')}; `quantumlayer capsule remove {version.id[:12]}`"
            known |= {version.id, record.evidence, manifest.brief_sha256}
            known |= {file.sha256 for file in manifest.files}
        return known, ""

    def manifest(self, capsule_id: str) -> Manifest:
        """Raises CapsuleError if it is missing or damaged."""
        data = self._read_blob(capsule_id) or b""
        if digest(data) != capsule_id:
            raise CapsuleError(f"The manifest of {capsule_id} is missing or damaged.")
        return parse(Manifest, data, f"The manifest of {capsule_id}")

    # -- on disk -------------------------------------------------------------------------------

    def _blob_path(self, name: str) -> Path:
        return self._blobs / name[:2] / name

    def _read_blob(self, name: str) -> bytes | None:
        try:
            return self._blob_path(name).read_bytes()
        except FileNotFoundError:
            return None

    def _sweep(self) -> None:
        """Removes what killed processes left, and records that a renewal before this one replaced.

        Those stay for that long so that a reader in the middle of the folder meets one of the two.
        """
        self._sweep_unfinished()
        self._records.remove_replaced()

    def _sweep_unfinished(self) -> None:
        for stray in self._unfinished.iterdir():
            stray.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self._blobs, self._records.folder, self._refs.folder, self._unfinished):
            folder.mkdir(exist_ok=True)
        try:
            with FileLock(self._folder / "lock", timeout=_LOCK_SECONDS):
                yield
        except Timeout as error:
            raise StorageError(
                f"Another process has been writing to {self._folder} for {_LOCK_SECONDS} seconds.",
                "Wait for it to end, or end it, and try again.",
                _SETTING,
            ) from error

    def _disk_errors(self) -> contextlib.AbstractContextManager[None]:
        return guard_disk(self._folder, _SETTING)


def _outcome(evidence: Evidence) -> tuple[object, ...]:
    """What was observed, without how long it took and what it cost."""
    verdict = evidence.verdict
    stages = tuple((s.stage, s.status, s.reason, s.findings) for s in verdict.stages)
    return verdict.status, verdict.confidence, verdict.reasons, stages, evidence.sandbox, evidence.tools

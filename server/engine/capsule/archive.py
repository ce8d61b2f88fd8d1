"""Archives of a capsule: `.qlcapsule`, zip and tar.gz; written and read, byte for byte the same.

A `.qlcapsule` holds `mimetype`, `manifest.json`, `evidence.json`, `brief.json`, the documents of its seal
if it is signed, and `files/...`. The zip and the tar.gz hold the project under its name, and the same
documents in `.quantumlayer/` inside.

One capsule has one sequence of bytes per format. So reading ends with writing: an archive is taken only
if writing its capsule anew gives the very same bytes. What was flipped, padded, appended or smuggled
into a field that nobody reads cannot pass. Nothing is ever extracted here; `project` writes files.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from ..disk import storage_error, write_atomic
from ..errors import CapsuleError
from ..types import Capsule
from .entries import MAX_ENTRIES, Chunk, Entry, Limits
from .parts import Parts, examine, take_apart
from .seal import SEAL_DOCUMENTS
from .tar_format import read_tar_gz, write_tar_gz
from .tree import MAX_TOTAL_BYTES, OWN_FOLDER
from .zip_format import read_zip, write_zip

ArchiveFormat = Literal["zip", "tar.gz", "qlcapsule"]
MIMETYPE = "application/vnd.quantumlayer.capsule+zip"
_DOCUMENTS = ("manifest.json", "evidence.json", "brief.json")
_MAX_BYTES = MAX_TOTAL_BYTES + MAX_ENTRIES * 8192


def archive_path(capsule: Capsule, form: ArchiveFormat, target: Path) -> Path:
    """The file `target`, or NAME.FORM in the folder `target`."""
    return target / f"{capsule.manifest.name}.{form}" if target.is_dir() else target


def write_archive(capsule: Capsule, form: ArchiveFormat, target: Path, *, overwrite: bool = True) -> Path:
    """Writes an archive to `archive_path`, the same bytes on every machine; returns that path.

    A file that is there is replaced, at once, if it is an archive of this capsule, or with `overwrite`;
    else CapsuleError names it. Raises CapsuleError or StorageError.
    """
    path = archive_path(capsule, form, target)
    if not overwrite and os.path.lexists(path) and not _is_of(capsule, path):
        raise CapsuleError(
            f"{path} is in the way: it is not this capsule.",
            "Choose another place, move it away, or allow overwriting.",
        )
    chunks = _write(capsule, form)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, (chunk.data for chunk in chunks))
    except OSError as error:
        raise storage_error(error, path) from error
    return path


def _is_of(capsule: Capsule, path: Path) -> bool:
    """Whether `path` is an archive of this very project, with older evidence perhaps."""
    try:
        found, mismatches = examine_archive(path)
    except CapsuleError:
        return False
    return found is not None and not mismatches and found.id == capsule.id


def read_archive(path: Path) -> Capsule:
    """The capsule in a `.qlcapsule`, zip or tar.gz that QuantumLayer wrote.

    Raises CapsuleError, naming the entry, for anything else.
    """
    capsule, mismatches = examine_archive(path)
    if capsule is None or mismatches:
        raise CapsuleError(
            f"{path.name} is not taken: {'; '.join(mismatches)}.",
            "Ask for the archive again, or export it again where it was made.",
        )
    return capsule


def examine_archive(path: Path) -> tuple[Capsule | None, tuple[str, ...]]:
    """Recomputes everything in an archive. Returns the capsule, if there is one, and every mismatch.

    Raises CapsuleError if the file cannot be read at all.
    """
    if not path.is_file():
        raise CapsuleError(f"There is no archive at {path}.", "Check the path.")
    try:
        with path.open("rb") as file:
            return _examine(file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise CapsuleError(f"{path} cannot be read: {error.strerror or error}.") from error


def _examine(file: BinaryIO, size: int) -> tuple[Capsule | None, tuple[str, ...]]:
    try:
        form, entries = _read_container(file, size)
        parts = _sort_out(form, entries)
    except CapsuleError as error:
        return None, (error.cause.rstrip("."),)
    capsule, mismatches = examine(parts)
    if capsule is not None and form != "qlcapsule" and entries[0].name.split("/")[0] != capsule.manifest.name:
        mismatches += (f"{entries[0].name}: is not in a folder with the capsule's name",)
    if capsule is not None and not mismatches:
        mismatches = _compare(file, capsule, form)
    return capsule, mismatches


def _read_container(file: BinaryIO, size: int) -> tuple[ArchiveFormat, Sequence[Entry]]:
    if size > _MAX_BYTES:
        raise CapsuleError(f"The archive has {size} bytes; the limit is {_MAX_BYTES}.")
    magic = file.read(2)
    if magic == b"PK":
        entries = read_zip(file, size)
        return ("qlcapsule" if entries and entries[0].name == "mimetype" else "zip"), entries
    if magic == b"\x1f\x8b":
        return "tar.gz", read_tar_gz(file, size)
    raise CapsuleError("It is neither a .qlcapsule nor a zip nor a tar.gz.")


def _layout(name: str, form: ArchiveFormat) -> tuple[str, str]:
    """What stands before the documents, and before the project's files."""
    return ("", "files/") if form == "qlcapsule" else (f"{name}/{OWN_FOLDER}/", f"{name}/")


def _write(capsule: Capsule, form: ArchiveFormat) -> Iterator[Chunk]:
    if form not in get_args(ArchiveFormat):
        raise CapsuleError(f"{form!r} is not an archive format.", "Choose zip, tar.gz or qlcapsule.")
    parts = take_apart(capsule)
    documents, files = _layout(capsule.manifest.name, form)
    entries = [Entry("mimetype", MIMETYPE.encode())] if form == "qlcapsule" else []
    for name, data in zip(_DOCUMENTS, (parts.manifest, parts.evidence, parts.brief), strict=True):
        entries.append(Entry(documents + name, data or b""))
    entries += [Entry(documents + name, data) for name, data in parts.seal.items()]
    entries += [Entry(files + file.path, parts.files[file.path]) for file in capsule.manifest.files]
    limits = Limits()
    for entry in entries:
        limits.admit(entry.name, len(entry.data))
    return write_tar_gz(entries) if form == "tar.gz" else write_zip(entries)


def _sort_out(form: ArchiveFormat, entries: Sequence[Entry]) -> Parts:
    """Documents and files by the names that they have inside the capsule."""
    if not entries:
        raise CapsuleError("The archive is empty.")
    documents, prefix = _layout(entries[0].name.split("/")[0], form)
    known: dict[str, bytes] = {}
    files: dict[str, bytes] = {}
    for name, data in entries:
        document = name.removeprefix(documents)
        if name == documents + document and document in (*_DOCUMENTS, *SEAL_DOCUMENTS):
            known[document] = data
        elif form == "qlcapsule" and name == "mimetype":
            if data != MIMETYPE.encode():
                raise CapsuleError("The entry 'mimetype' does not say that this is a capsule.")
        elif name.startswith(prefix):
            files[name.removeprefix(prefix)] = data
        else:
            raise CapsuleError(f"The entry {name!r} has no place in a capsule.")
    manifest, evidence, brief = (known.get(name) for name in _DOCUMENTS)
    seal = {name: known[name] for name in SEAL_DOCUMENTS if name in known}
    return Parts(manifest, evidence, brief, files, seal)


def _compare(file: BinaryIO, capsule: Capsule, form: ArchiveFormat) -> tuple[str, ...]:
    """Where the archive first differs from the one that its capsule gives."""
    file.seek(0)
    for name, data in _write(capsule, form):
        if file.read(len(data)) != data:
            return (f"{name or 'the archive'}: is not written as QuantumLayer writes it",)
    return () if not file.read(1) else ("the archive: has bytes after its end",)

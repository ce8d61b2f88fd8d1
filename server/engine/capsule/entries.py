"""What both container formats share: entries, limits on them, and names that are safe."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from ..errors import CapsuleError
from .tree import MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES

MAX_ENTRIES = MAX_FILES + 7
"""The files of a project, its manifest, evidence, brief and seal, and the type of the archive."""
MAX_NAME_BYTES = 2048


class Entry(NamedTuple):
    name: str
    data: bytes


class Chunk(NamedTuple):
    """Some bytes of an archive, and the entry they belong to; no name for what frames all entries."""

    entry: str
    data: bytes


@dataclass
class Limits:
    """Counts what an archive asks for, before it is read."""

    entries: int = 0
    total: int = 0

    def admit(self, name: str, size: int) -> None:
        """Raises CapsuleError if one more entry of this size, in bytes, is too much."""
        self.entries += 1
        self.total += size
        if self.entries > MAX_ENTRIES:
            raise CapsuleError(f"The archive has more than {MAX_FILES} files.")
        if size > MAX_FILE_BYTES:
            raise CapsuleError(f"The entry {name!r} has {size} bytes; the limit is {MAX_FILE_BYTES}.")
        if self.total > MAX_TOTAL_BYTES:
            raise CapsuleError(f"The archive holds more than {MAX_TOTAL_BYTES} bytes (at {name!r}).")


def check_names(names: Iterable[str]) -> None:
    """Raises CapsuleError for the first name that could leave the archive's folder or hide another entry."""
    seen: set[str] = set()
    for name in names:
        parts = name.split("/")
        if "\\" in name or "\0" in name or name.startswith("/") or ":" in parts[0]:
            raise CapsuleError(f"The entry {name!r} has an unsafe name.")
        if any(part in {"", ".", ".."} for part in parts):
            raise CapsuleError(f"The entry {name!r} has an unsafe name.")
        if name in seen:
            raise CapsuleError(f"The entry {name!r} is there twice.")
        seen.add(name)


def decode_name(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise CapsuleError(f"The entry {raw!r} has a name that is not UTF-8.") from error


def read_exactly(file: BinaryIO, size: int, what: str) -> bytes:
    """Raises CapsuleError if the archive ends before."""
    data = file.read(size)
    if len(data) != size:
        raise CapsuleError(f"The archive is cut off in {what}.")
    return data

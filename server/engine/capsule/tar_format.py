"""The strict subset of tar.gz that capsules use: POSIX ustar with pax paths (IEEE 1003.1), gzip (RFC 1952).

The gzip stream holds stored blocks (RFC 1951, 3.2.4), for the reasons that `zip_format` gives: the same
bytes from every zlib, and nothing that can expand. `tar xzf` reads it like any other.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from ..errors import CapsuleError
from .entries import MAX_NAME_BYTES, Chunk, Entry, Limits, check_names, decode_name, read_exactly

_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""No name, no time, no flags, no operating system."""
_BLOCK = 512
_STORED_MAX = 0xFFFF
_FILE, _PAX = b"0", b"x"
_PAX_NAME = b"././@PaxHeader"
_KINDS = {
    b"1": "a link",
    b"2": "a link",
    b"3": "a device",
    b"4": "a device",
    b"5": "a folder",
    b"6": "a pipe",
}


def write_tar_gz(entries: Iterable[Entry]) -> Iterator[Chunk]:
    """The archive, piece by piece: the same entries give the same bytes on every machine."""
    yield Chunk("", _GZIP)
    checksum = size = 0
    for name, data in _write_tar(entries):
        checksum = zlib.crc32(data, checksum)
        size += len(data)
        for start in range(0, len(data), _STORED_MAX):
            piece = data[start : start + _STORED_MAX]
            yield Chunk(name, struct.pack("<BHH", 0, len(piece), len(piece) ^ 0xFFFF) + piece)
    yield Chunk("", struct.pack("<BHH", 1, 0, 0xFFFF) + struct.pack("<LL", checksum, size))


def read_tar_gz(file: BinaryIO, size: int) -> list[Entry]:
    """The entries of an archive of `size` bytes; raises CapsuleError that names what is wrong.

    Checksums are left to the caller, who writes the archive anew and compares.
    """
    file.seek(0)
    entries = list(_read_tar(_Stored(file)))
    if file.tell() != size:
        raise CapsuleError("The archive has bytes after its end.")
    return entries


# -- tar ---------------------------------------------------------------------------------------


def _write_tar(entries: Iterable[Entry]) -> Iterator[Chunk]:
    for name, data in entries:
        raw = name.encode()
        if len(raw) > 100 or not name.isascii():
            record = _pax_path(raw)
            yield Chunk(name, _header(_PAX_NAME, len(record), _PAX) + _padded(record))
            raw = name.encode("ascii", "replace")[:100]
        yield Chunk(name, _header(raw, len(data), _FILE))
        yield Chunk(name, _padded(data))
    yield Chunk("", bytes(2 * _BLOCK))


def _header(name: bytes, size: int, kind: bytes) -> bytes:
    fields = struct.pack(
        "100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12x",
        name,
        b"0000644\0",
        b"0000000\0",
        b"0000000\0",
        b"%011o\0" % size,
        b"%011o\0" % 0,
        b" " * 8,
        kind,
        b"",
        b"ustar\0",
        b"00",
        b"",
        b"",
        b"0000000\0",
        b"0000000\0",
        b"",
    )
    return fields[:148] + b"%06o\0 " % sum(fields) + fields[156:]


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


def _pax_path(name: bytes) -> bytes:
    """A pax record: its own length in decimal, a space, the keyword, the value, a newline."""
    rest = b" path=" + name + b"\n"
    length = len(rest) + 1
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def _read_tar(stream: "_Stored") -> Iterator[Entry]:
    limits = Limits()
    seen: list[str] = []
    long_name: bytes | None = None
    while True:
        header = stream.read(_BLOCK, "a header")
        if not any(header):
            break
        raw, size, kind = header[:100].rstrip(b"\0"), _octal(header[124:136]), header[156:157]
        if kind == _PAX and raw == _PAX_NAME and long_name is None and size <= MAX_NAME_BYTES + 32:
            long_name = _path_of_pax(stream.read_padded(size, "a long name"))
            continue
        name = decode_name(raw if long_name is None else long_name)
        long_name = None
        if kind != _FILE:
            what = _KINDS.get(kind, "of an unknown type")
            raise CapsuleError(f"The entry {name!r} is not a plain file but {what}.")
        seen.append(name)
        check_names([name])
        limits.admit(name, size)
        yield Entry(name, stream.read_padded(size, repr(name)))
    if long_name is not None or any(stream.read(_BLOCK, "its end")):
        raise CapsuleError("The archive has something after its last entry.")
    check_names(seen)
    stream.finish()


def _octal(field: bytes) -> int:
    digits = field[:-1]
    if field[-1:] != b"\0" or not digits.isdigit() or any(digit > ord("7") for digit in digits):
        raise CapsuleError(f"The archive has a header with the number {field!r}.")
    return int(digits, 8)


def _path_of_pax(record: bytes) -> bytes:
    name = record.partition(b"path=")[2][:-1]
    if not name or _pax_path(name) != record:
        raise CapsuleError(f"The archive has an extended header that is not one path: {record[:80]!r}.")
    return name


# -- gzip --------------------------------------------------------------------------------------


class _Stored:
    """Reads a gzip stream of stored blocks. What it holds in memory is one block of 64 KiB."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._rest = b""
        self._last = False
        if read_exactly(file, len(_GZIP), "its header") != _GZIP:
            raise CapsuleError(
                "The archive is not the gzip that QuantumLayer writes: its header is another one."
            )

    def read(self, size: int, what: str) -> bytes:
        pieces: list[bytes] = []
        while size:
            if not self._rest:
                self._next_block(what)
            piece, self._rest = self._rest[:size], self._rest[size:]
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def read_padded(self, size: int, what: str) -> bytes:
        data = self.read(size, what)
        self.read(-size % _BLOCK, what)
        return data

    def finish(self) -> None:
        """Raises CapsuleError unless the stream ends here."""
        while not self._last and not self._rest:
            self._next_block("its end", may_end=True)
        if self._rest:
            raise CapsuleError("The archive has something after its last entry.")
        read_exactly(self._file, 8, "its checksum")

    def _next_block(self, what: str, *, may_end: bool = False) -> None:
        if self._last:
            raise CapsuleError(f"The archive is cut off in {what}.")
        kind, size, check = struct.unpack("<BHH", read_exactly(self._file, 5, what))
        if kind > 1 or size != check ^ 0xFFFF:
            raise CapsuleError(f"The archive is compressed or damaged in {what}; a capsule is only stored.")
        self._last = kind == 1
        if not size and not (may_end and self._last):
            raise CapsuleError(f"The archive has an empty block in {what}.")
        self._rest = read_exactly(self._file, size, what)

"""The strict subset of ZIP that capsules use (APPNOTE 6.3.10): stored entries, no gaps, no extras.

Nothing is compressed: DEFLATE's bytes depend on the zlib at hand, stored ones do not; and what is not
compressed cannot expand. The reader takes what the writer writes and refuses the rest by name, so that
no two readers can see two different archives in one file.
"""

import stat
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from ..errors import CapsuleError
from .entries import MAX_ENTRIES, MAX_NAME_BYTES, Chunk, Entry, Limits, check_names, decode_name, read_exactly

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_MAGIC, _CENTRAL_MAGIC, _END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION = 20
_UNIX = 3 << 8
_UTF8_NAME = 0x800
_ENCRYPTED, _SIZES_FOLLOW = 0x1, 0x8
_STORED = 0
_MIDNIGHT, _FIRST_OF_1980 = 0, 0x21
_MODE = (stat.S_IFREG | 0o644) << 16
_ZIP64 = 0xFFFFFFFF


class _Place(NamedTuple):
    """One line of the central directory."""

    name: str
    raw_name: bytes
    crc: int
    size: int
    offset: int


def write_zip(entries: Iterable[Entry]) -> Iterator[Chunk]:
    """The archive, piece by piece: the same entries give the same bytes on every machine."""
    places: list[_Place] = []
    offset = 0
    for name, data in entries:
        place = _Place(name, name.encode(), zlib.crc32(data), len(data), offset)
        places.append(place)
        header = _local_header(place)
        offset += len(header) + len(data)
        yield Chunk(name, header)
        yield Chunk(name, data)
    start = offset
    for place in places:
        header = _central_header(place)
        offset += len(header)
        yield Chunk(place.name, header)
    count = len(places)
    yield Chunk("", _END.pack(_END_MAGIC, 0, 0, count, count, offset - start, start, 0))


def read_zip(file: BinaryIO, size: int) -> list[Entry]:
    """The entries of an archive of `size` bytes; raises CapsuleError that names what is wrong.

    Checksums are left to the caller, who writes the archive anew and compares.
    """
    places = _read_directory(file, size)
    check_names(place.name for place in places)
    return list(_read_entries(file, places))


def _local_header(place: _Place) -> bytes:
    fixed = _LOCAL.pack(
        _LOCAL_MAGIC,
        _VERSION,
        _UTF8_NAME,
        _STORED,
        _MIDNIGHT,
        _FIRST_OF_1980,
        place.crc,
        place.size,
        place.size,
        len(place.raw_name),
        0,
    )
    return fixed + place.raw_name


def _central_header(place: _Place) -> bytes:
    fixed = _CENTRAL.pack(
        _CENTRAL_MAGIC,
        _UNIX | _VERSION,
        _VERSION,
        _UTF8_NAME,
        _STORED,
        _MIDNIGHT,
        _FIRST_OF_1980,
        place.crc,
        place.size,
        place.size,
        len(place.raw_name),
        0,
        0,
        0,
        0,
        _MODE,
        place.offset,
    )
    return fixed + place.raw_name


def _read_directory(file: BinaryIO, size: int) -> Sequence[_Place]:
    if size < _END.size:
        raise CapsuleError("The archive is cut off.")
    file.seek(size - _END.size)
    magic, disk, start_disk, here, count, length, start, comment = _END.unpack(file.read(_END.size))
    if magic != _END_MAGIC or comment:
        raise CapsuleError("The archive is cut off, or has bytes after its end.")
    if disk or start_disk or here != count or _ZIP64 in {length, start} or count > MAX_ENTRIES:
        raise CapsuleError("The archive is split, is ZIP64, or has too many entries; a capsule never is.")
    if start + length + _END.size != size or length > count * (_CENTRAL.size + MAX_NAME_BYTES):
        raise CapsuleError("The archive's list of entries is not where its end says.")
    file.seek(start)
    limits = Limits()
    places: list[_Place] = []
    offset = 0
    for number in range(count):
        place = _read_place(file, number)
        if place.offset != offset:
            raise CapsuleError(f"The entry {place.name!r} overlaps another one, or leaves a gap.")
        limits.admit(place.name, place.size)
        offset += _LOCAL.size + len(place.raw_name) + place.size
        places.append(place)
    if offset != start or file.tell() != start + length:
        raise CapsuleError("The archive has bytes that belong to no entry.")
    return places


def _read_place(file: BinaryIO, number: int) -> _Place:
    fixed = _CENTRAL.unpack(read_exactly(file, _CENTRAL.size, "its list of entries"))
    (
        magic,
        made_by,
        _,
        flags,
        method,
        _,
        _,
        crc,
        packed,
        size,
        name_length,
        extra,
        comment,
        _,
        _,
        mode,
        offset,
    ) = fixed
    if magic != _CENTRAL_MAGIC or not 0 < name_length <= MAX_NAME_BYTES:
        raise CapsuleError(f"The archive's list of entries is damaged at entry {number}.")
    raw_name = read_exactly(file, name_length, "its list of entries")
    name = decode_name(raw_name)
    if flags & _ENCRYPTED:
        raise CapsuleError(f"The entry {name!r} is encrypted.")
    if method != _STORED or packed != size:
        raise CapsuleError(f"The entry {name!r} is compressed; the entries of a capsule never are.")
    if flags & _SIZES_FOLLOW or extra or comment or size == _ZIP64 or offset == _ZIP64:
        raise CapsuleError(f"The entry {name!r} has ZIP64 or other extra fields; a capsule has none.")
    kind = stat.S_IFMT(mode >> 16) if made_by >> 8 == _UNIX >> 8 else stat.S_IFREG
    if kind != stat.S_IFREG:
        raise CapsuleError(f"The entry {name!r} is not a plain file but a link, a folder or a device.")
    return _Place(name, raw_name, crc, size, offset)


def _read_entries(file: BinaryIO, places: Sequence[_Place]) -> Iterator[Entry]:
    file.seek(0)
    for place in places:
        header = read_exactly(file, _LOCAL.size + len(place.raw_name), repr(place.name))
        if header != _local_header(place):
            raise CapsuleError(f"The entry {place.name!r} has two headers that do not agree.")
        yield Entry(place.name, read_exactly(file, place.size, repr(place.name)))

"""Archives built by hand to do harm: each is refused, and the error names the entry."""

import gzip
import io
import json
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from capsule_samples import archive_bytes, make_sample
from quantumlayer.engine.capsule.archive import ArchiveFormat, read_archive
from quantumlayer.engine.capsule.entries import Entry
from quantumlayer.engine.capsule.tar_format import write_tar_gz
from quantumlayer.engine.capsule.verify import verify_archive
from quantumlayer.engine.capsule.zip_format import write_zip
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.types import Capsule

CAPSULE = make_sample({"a.py": "x = 1\n", "b.py": "y = 2\n"})
Change = Callable[[list[Entry]], Iterable[Entry]]
forms = pytest.mark.parametrize("form", ["zip", "tar.gz", "qlcapsule"])


def entries_of(form: ArchiveFormat, capsule: Capsule = CAPSULE) -> list[Entry]:
    data = archive_bytes(capsule, form)
    if form == "tar.gz":
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            return [Entry(member.name, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [Entry(name, archive.read(name)) for name in archive.namelist()]


def rebuilt(form: ArchiveFormat, change: Change) -> bytes:
    """The archive in the form that is expected, with other entries in it."""
    return rebuilt_from(CAPSULE, form, change)


def rebuilt_from(capsule: Capsule, form: ArchiveFormat, change: Change) -> bytes:
    write = write_tar_gz if form == "tar.gz" else write_zip
    return b"".join(chunk.data for chunk in write(change(entries_of(form, capsule))))


def refused(tmp_path: Path, data: bytes) -> str:
    """What the error says; both doors must refuse, and nothing may appear beside the archive."""
    path = tmp_path / "hostile.qlcapsule"
    path.write_bytes(data)
    with pytest.raises(CapsuleError) as caught:
        read_archive(path)
    report = verify_archive(path)
    assert not report.ok
    assert report.mismatches
    assert [entry.name for entry in tmp_path.iterdir()] == ["hostile.qlcapsule"]
    return caught.value.cause


def prefix(form: ArchiveFormat) -> str:
    return "files/" if form == "qlcapsule" else "tally/"


# -- entries -----------------------------------------------------------------------------------


@forms
@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "files/../../evil.py",
        "tally/../../evil.py",
        "/etc/passwd",
        "..\\evil.py",
        "files\\evil.py",
        "C:/evil.py",
        "./evil.py",
        "tally//evil.py",
        "files/evil.py/",
        "files/./evil.py",
    ],
)
def test_names_that_lead_out_are_refused(tmp_path: Path, form: ArchiveFormat, name: str) -> None:
    said = refused(tmp_path, rebuilt(form, lambda entries: [*entries, Entry(name, b"x")]))
    assert repr(name) in said


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    said = refused(
        tmp_path, rebuilt("qlcapsule", lambda entries: [*entries, Entry("files/a.py\0.txt", b"x")])
    )
    assert "files/a.py\\x00.txt" in said


@forms
def test_an_entry_that_is_there_twice_is_refused(tmp_path: Path, form: ArchiveFormat) -> None:
    name = prefix(form) + "a.py"
    said = refused(tmp_path, rebuilt(form, lambda entries: [*entries, Entry(name, b"other")]))
    assert f"{name!r} is there twice" in said


@forms
@pytest.mark.parametrize("extra", ["A.py", "a.py ", "extra.py", "a\u0301.py", "a.py/x"])
def test_an_entry_that_is_not_in_the_manifest_is_refused(
    tmp_path: Path, form: ArchiveFormat, extra: str
) -> None:
    said = refused(tmp_path, rebuilt(form, lambda entries: [*entries, Entry(prefix(form) + extra, b"x")]))
    assert f"{extra}: is not in the manifest" in said


@pytest.mark.parametrize("name", ["loose.py", "signatures/x", "META-INF/MANIFEST.MF"])
def test_an_entry_beside_the_files_is_refused(tmp_path: Path, name: str) -> None:
    said = refused(tmp_path, rebuilt("qlcapsule", lambda entries: [*entries, Entry(name, b"x")]))
    assert f"{name!r} has no place" in said


@forms
def test_a_missing_file_is_named(tmp_path: Path, form: ArchiveFormat) -> None:
    name = prefix(form) + "b.py"
    said = refused(tmp_path, rebuilt(form, lambda entries: [e for e in entries if e.name != name]))
    assert "b.py: is missing" in said


@forms
@pytest.mark.parametrize("document", ["manifest.json", "evidence.json", "brief.json"])
def test_a_missing_document_is_named(tmp_path: Path, form: ArchiveFormat, document: str) -> None:
    said = refused(
        tmp_path, rebuilt(form, lambda entries: [e for e in entries if not e.name.endswith(document)])
    )
    assert f"{document}: is missing" in said


@forms
def test_every_changed_file_is_named_with_its_size_and_digest(tmp_path: Path, form: ArchiveFormat) -> None:
    def change(entries: list[Entry]) -> Iterable[Entry]:
        return [Entry(e.name, e.data + b"# more") if e.name.endswith(".py") else e for e in entries]

    said = refused(tmp_path, rebuilt(form, change))
    for name in ("a.py", "b.py"):
        assert f"{name}: has 12 bytes, not 6" in said
        assert f"{name}: its SHA-256 is" in said


@forms
def test_text_that_is_not_utf8_is_named(tmp_path: Path, form: ArchiveFormat) -> None:
    name = prefix(form) + "a.py"
    change = lambda entries: [Entry(e.name, b"\xff\xfe") if e.name == name else e for e in entries]  # noqa: E731
    assert "a.py: is not UTF-8 text" in refused(tmp_path, rebuilt(form, change))


@forms
def test_entries_in_another_order_are_refused(tmp_path: Path, form: ArchiveFormat) -> None:
    said = refused(tmp_path, rebuilt(form, lambda entries: [*entries[:-2], *reversed(entries[-2:])]))
    assert "a.py: is not written as QuantumLayer writes it" in said


def test_a_project_in_a_folder_of_another_name_is_refused(tmp_path: Path) -> None:
    change = lambda entries: [Entry(e.name.replace("tally/", "other/", 1), e.data) for e in entries]  # noqa: E731
    assert "is not in a folder with the capsule's name" in refused(tmp_path, rebuilt("zip", change))


@forms
def test_more_entries_than_allowed_are_refused(tmp_path: Path, form: ArchiveFormat) -> None:
    more = [Entry(f"{prefix(form)}{number}.py", b"") for number in range(10_010)]
    assert "entries" in refused(tmp_path, rebuilt(form, lambda entries: [*entries, *more])).replace(
        "files", "entries"
    )


@forms
def test_a_file_larger_than_allowed_is_refused_by_name(tmp_path: Path, form: ArchiveFormat) -> None:
    huge = Entry(prefix(form) + "huge.txt", bytes(64 * 1024 * 1024 + 1))
    assert "huge.txt' has 67108865 bytes" in refused(
        tmp_path, rebuilt(form, lambda entries: [*entries, huge])
    )


# -- documents ---------------------------------------------------------------------------------


def with_manifest(form: ArchiveFormat, edit: Callable[[dict[str, object]], object], **style: object) -> bytes:
    options = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False, **style}

    def change(entries: list[Entry]) -> Iterable[Entry]:
        for name, data in entries:
            if name.endswith("manifest.json"):
                manifest = json.loads(data)
                edit(manifest)
                data = json.dumps(manifest, **options).encode()  # type: ignore[arg-type]
            yield Entry(name, data)

    return rebuilt(form, change)


def paths(*new: str) -> Callable[[dict[str, object]], object]:
    def edit(manifest: dict[str, object]) -> None:
        first = manifest["files"][0]  # type: ignore[index]
        manifest["files"] = [{**first, "path": path} for path in new]

    return edit


@forms
@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (paths("../a.py"), "unsafe path: '../a.py'"),
        (paths("con.txt"), "unsafe path: 'con.txt'"),
        (paths("C:evil.py"), "unsafe path: 'C:evil.py'"),
        (paths("\\\\host\\share"), "unsafe path"),
        (paths("a.py:stream"), "unsafe path"),
        (paths("/".join("d" * 13)), "unsafe path"),
        (paths("x" * 201), "unsafe path"),
        (paths("\u6570" * 90), "has more than 255 bytes"),
        (paths("what?.py"), "characters that Windows does not allow"),
        (paths("a|b/c.py"), "characters that Windows does not allow"),
        (paths("CONIN$.txt"), "that of a device on Windows"),
        (paths("com\u00b9.log"), "that of a device on Windows"),
        (paths("sub/nul .txt"), "that of a device on Windows"),
        (paths("stra\u00dfe.py", "strasse.py"), "strasse.py: collides with"),
        (paths("\u00e9.py", "\u00c9.py"), "collides with"),
        (paths("A/x.py", "a/y.py"), "a/y.py: its folder a collides with A"),
        (paths("a\u200b.py"), "unsafe path"),
        (paths("a/../b"), "unsafe path"),
        (paths("e\u0301.py"), "unsafe path"),
        (paths("A.py", "a.py"), "a.py: collides with A.py"),
        (paths("a.py", "a.py"), "a.py: is there twice"),
        (paths("a", "a/b"), "a: is a file and a folder"),
        (paths("b.py", "a.py"), "not in the order"),
        (paths(".quantumlayer/evidence.json"), ".quantumlayer"),
        (lambda m: m.update(name="../up"), "unsafe"),
        (lambda m: m.update(name="a/b"), "unsafe name: 'a/b'"),
        (lambda m: m.update(format=2), "format"),
        (lambda m: m.update(surprise=1), "surprise"),
        (lambda m: m.pop("files"), "files"),
        (lambda m: m.update(brief_sha256="0" * 64), "brief.json: its SHA-256"),
        (lambda m: m["files"][0].update(size=-1), "size"),
        (lambda m: m["files"][0].update(size=10**12), "the limit is"),
    ],
)
def test_a_manifest_that_lies_is_refused(
    tmp_path: Path, form: ArchiveFormat, edit: Callable[[dict[str, object]], object], said: str
) -> None:
    assert said in refused(tmp_path, with_manifest(form, edit))


@pytest.mark.parametrize("style", [{"indent": 1}, {"separators": (", ", ": ")}, {"sort_keys": False}])
def test_a_manifest_in_another_spelling_is_refused(tmp_path: Path, style: dict[str, object]) -> None:
    def same(manifest: dict[str, object]) -> None:
        manifest["name"] = manifest.pop("name")

    assert "not in canonical form" in refused(tmp_path, with_manifest("qlcapsule", same, **style))


@pytest.mark.parametrize("document", ["manifest.json", "evidence.json", "brief.json"])
@pytest.mark.parametrize(
    "data", [b"", b"null", b"[" * 100_000, b'{"a":1,"a":1}', b"\xff", b'{"text":"\\ud800"}']
)
def test_a_document_that_is_not_one_is_refused_by_name(tmp_path: Path, document: str, data: bytes) -> None:
    change = lambda entries: [Entry(e.name, data) if e.name == document else e for e in entries]  # noqa: E731
    assert document in refused(tmp_path, rebuilt("qlcapsule", change))


def test_the_evidence_of_another_capsule_is_refused(tmp_path: Path) -> None:
    other = make_sample({"a.py": "x = 2\n"})
    with zipfile.ZipFile(io.BytesIO(archive_bytes(other, "qlcapsule"))) as archive:
        evidence = archive.read("evidence.json")
    change = lambda entries: [Entry(e.name, evidence) if e.name == "evidence.json" else e for e in entries]  # noqa: E731
    assert f"evidence.json: speaks of another capsule, {other.id}" in refused(
        tmp_path, rebuilt("qlcapsule", change)
    )


# -- zip ---------------------------------------------------------------------------------------

LOCAL_NAME, CENTRAL_NAME = 30, 46


def patched(offset: int, layout: str, value: int, *, central: bool | None = None) -> bytes:
    """A capsule whose headers of `files/a.py` say something else; both of them, or one."""
    data = bytearray(archive_bytes(CAPSULE, "qlcapsule"))
    local, listed = data.index(b"files/a.py") - LOCAL_NAME, data.rindex(b"files/a.py") - CENTRAL_NAME
    shift = {6: 8, 8: 10, 14: 16, 18: 20, 22: 24, 28: 30}[offset]
    if central is not True:
        struct.pack_into(layout, data, local + offset, value)
    if central is not False:
        struct.pack_into(layout, data, listed + shift, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (patched(6, "<H", 0x801), "encrypted"),
        (patched(6, "<H", 0x808), "extra fields"),
        (patched(8, "<H", 8), "compressed"),
        (patched(18, "<L", 3), "compressed"),
        (patched(18, "<L", 0xFFFFFFFF), "compressed"),
        (patched(28, "<H", 20), "extra fields"),
        (patched(14, "<L", 0, central=False), "two headers that do not agree"),
        (patched(22, "<L", 7, central=False), "two headers that do not agree"),
        (patched(14, "<L", 0), "not written as QuantumLayer writes it"),
    ],
)
def test_zip_headers_that_lie_are_refused_by_name(tmp_path: Path, data: bytes, said: str) -> None:
    cause = refused(tmp_path, data)
    assert said in cause
    assert "files/a.py" in cause


def with_central(offset: int, layout: str, value: int) -> bytes:
    data = bytearray(archive_bytes(CAPSULE, "qlcapsule"))
    struct.pack_into(layout, data, data.rindex(b"files/b.py") - CENTRAL_NAME + offset, value)
    return bytes(data)


@pytest.mark.parametrize("mode", [0o120777, 0o040755, 0o020666, 0o060666, 0o010666, 0o140666])
def test_zip_links_folders_and_devices_are_refused_by_name(tmp_path: Path, mode: int) -> None:
    assert "'files/b.py' is not a plain file" in refused(tmp_path, with_central(38, "<L", mode << 16))


@pytest.mark.parametrize("offset", [0, 100, 0xFFFFFFFF])
def test_zip_entries_that_overlap_are_refused_by_name(tmp_path: Path, offset: int) -> None:
    assert "'files/b.py'" in refused(tmp_path, with_central(42, "<L", offset))


@pytest.mark.parametrize(
    ("offset", "layout", "value"),
    [
        (4, "<H", 1),
        (8, "<H", 1),
        (10, "<H", 0xFFFF),
        (12, "<L", 0xFFFFFFFF),
        (16, "<L", 0xFFFFFFFF),
        (20, "<H", 1),
    ],
)
def test_a_zip_whose_end_lies_is_refused(tmp_path: Path, offset: int, layout: str, value: int) -> None:
    data = bytearray(archive_bytes(CAPSULE, "qlcapsule"))
    struct.pack_into(layout, data, len(data) - 22 + offset, value)
    assert "The archive" in refused(tmp_path, bytes(data))


@forms
@pytest.mark.parametrize("extra", [b"\0", b"PK\x05\x06" + bytes(18), b"x" * 70_000])
def test_anything_after_the_end_is_refused(tmp_path: Path, form: ArchiveFormat, extra: bytes) -> None:
    refused(tmp_path, archive_bytes(CAPSULE, form) + extra)


@pytest.mark.parametrize("form", ["zip", "qlcapsule"])
def test_anything_before_the_start_is_refused(tmp_path: Path, form: ArchiveFormat) -> None:
    refused(tmp_path, b"#!/bin/sh\n" + archive_bytes(CAPSULE, form))
    refused(tmp_path, b"PK\x03\x04" + archive_bytes(CAPSULE, form))


def test_a_zip_that_another_program_compressed_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries_of("zip"):
            archive.writestr(name, data)
    assert "'tally/.quantumlayer/manifest.json' is compressed" in refused(tmp_path, buffer.getvalue())


def test_a_zip_bomb_is_refused_without_being_expanded(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", bytes(200 * 1024 * 1024))
    assert len(buffer.getvalue()) < 1_000_000
    assert "'bomb.txt' is compressed" in refused(tmp_path, buffer.getvalue())


# -- tar.gz ------------------------------------------------------------------------------------


def stored_gzip(data: bytes) -> bytes:
    """The gzip that a capsule's tar.gz is, around any bytes."""
    out = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    for start in range(0, len(data), 512):
        piece = data[start : start + 512]
        out += struct.pack("<BHH", 0, len(piece), len(piece) ^ 0xFFFF) + piece
    return out + struct.pack("<BHHLL", 1, 0, 0xFFFF, zlib.crc32(data), len(data))


def tar_with(kind: bytes, name: str = "tally/evil", **fields: object) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for entry in entries_of("tar.gz"):
            info = tarfile.TarInfo(entry.name)
            info.size = len(entry.data)
            tar.addfile(info, io.BytesIO(entry.data))
        info = tarfile.TarInfo(name)
        info.type = kind
        for field, value in fields.items():
            setattr(info, field, value)
        tar.addfile(info)
    return stored_gzip(buffer.getvalue())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a pipe"),
        (tarfile.DIRTYPE, "a folder"),
        (tarfile.CONTTYPE, "of an unknown type"),
        (tarfile.GNUTYPE_SPARSE, "of an unknown type"),
        (tarfile.GNUTYPE_LONGNAME, "of an unknown type"),
        (tarfile.XGLTYPE, "of an unknown type"),
    ],
)
def test_tar_entries_that_are_no_files_are_refused_by_name(tmp_path: Path, kind: bytes, said: str) -> None:
    cause = refused(tmp_path, tar_with(kind, linkname="/etc/passwd"))
    assert said in cause
    assert "evil" in cause


def test_a_tar_that_says_other_modes_owners_or_times_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for entry in entries_of("tar.gz"):
            info = tarfile.TarInfo(entry.name)
            info.size, info.mode, info.mtime, info.uname = len(entry.data), 0o4755, 99, "root"
            tar.addfile(info, io.BytesIO(entry.data))
    refused(tmp_path, stored_gzip(buffer.getvalue()))


def test_a_gzip_bomb_is_refused_without_being_expanded(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024), mtime=0)
    assert len(bomb) < 1_000_000
    assert "gzip" in refused(tmp_path, bomb)
    ours = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + bomb[10:]
    assert "compressed" in refused(tmp_path, ours)


def test_a_tar_whose_size_lies_is_refused(tmp_path: Path) -> None:
    data = bytearray(gzip.decompress(archive_bytes(CAPSULE, "tar.gz")))
    data[124:136] = b"77777777777\0"
    assert "manifest.json' has 8589934591 bytes" in refused(tmp_path, stored_gzip(bytes(data)))
    data[124:136] = b"\x80" + b"\xff" * 11
    assert "header with the number" in refused(tmp_path, stored_gzip(bytes(data)))


def test_pax_headers_that_say_more_than_a_path_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("tally/a.py")
        info.pax_headers = {"path": "../../evil.py", "size": "99"}
        tar.addfile(info)
    assert "extended header" in refused(tmp_path, stored_gzip(buffer.getvalue()))


def test_a_pax_path_that_leads_out_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("tally/a.py")
        info.pax_headers = {"path": "../../evil.py"}
        tar.addfile(info)
    assert "'../../evil.py' has an unsafe name" in refused(tmp_path, stored_gzip(buffer.getvalue()))


# -- what is no archive ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"P", b"PK", b"\x1f\x8b", b"%PDF-1.7", bytes(4096), b"PK\x05\x06" + bytes(18)]
)
def test_what_is_no_capsule_is_refused(tmp_path: Path, data: bytes) -> None:
    refused(tmp_path, data)


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    for use in (read_archive, verify_archive):
        with pytest.raises(CapsuleError, match="nowhere"):
            use(tmp_path / "nowhere.qlcapsule")


@pytest.mark.usefixtures("posix")
def test_a_pipe_or_a_folder_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(CapsuleError, match="no archive"):
            read_archive(path)

import io
import os
import random
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from capsule_samples import FILES, archive_bytes, make_evidence, make_sample
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quantumlayer.engine.capsule.archive import ArchiveFormat, read_archive, write_archive
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.verify import verify_archive
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.types import Capsule, check_path

FORMS: tuple[ArchiveFormat, ...] = ("zip", "tar.gz", "qlcapsule")
forms = pytest.mark.parametrize("form", FORMS)


def _is_safe(path: str) -> bool:
    try:
        check_path(path)
    except ValueError:
        return False
    return True


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(_is_safe)
long_names = st.sampled_from(["a" * 180, "ü" * 99, "x/" * 9 + "y", "b" * 100, "c" * 101])
texts = st.text(st.characters(codec="utf-8"), max_size=2000)
projects = st.dictionaries(names | long_names, texts, min_size=1, max_size=6)
many = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])


def sample_of(files: dict[str, str]) -> Capsule | None:
    try:
        return make_sample(files)
    except CapsuleError:
        return None  # two paths that collide


@forms
@many
@given(files=projects)
def test_every_project_comes_back_as_it_went_in(
    tmp_path: Path, form: ArchiveFormat, files: dict[str, str]
) -> None:
    if (capsule := sample_of(files)) is None:
        return
    path = write_archive(capsule, form, tmp_path)
    assert read_archive(path) == capsule
    assert path.read_bytes() == archive_bytes(read_archive(path), form)


@many
@given(files=projects)
def test_other_programs_read_the_same_files(files: dict[str, str]) -> None:
    if (capsule := sample_of(files)) is None:
        return
    wanted = {f"tally/{path}": text.encode() for path, text in files.items()}
    with zipfile.ZipFile(io.BytesIO(archive_bytes(capsule, "zip"))) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    assert {name: data for name, data in found.items() if "/.quantumlayer/" not in name} == wanted
    with tarfile.open(fileobj=io.BytesIO(archive_bytes(capsule, "tar.gz"))) as tar:
        members = {member.name: tar.extractfile(member) for member in tar}
        found = {name: file.read() for name, file in members.items() if file is not None}
    assert {name: data for name, data in found.items() if "/.quantumlayer/" not in name} == wanted


@forms
def test_a_large_file_comes_back(tmp_path: Path, form: ArchiveFormat) -> None:
    capsule = make_sample({"big.txt": "0123456789abcdef" * 300_000, "empty.txt": ""})
    assert read_archive(write_archive(capsule, form, tmp_path)) == capsule


@forms
def test_the_same_capsule_is_the_same_bytes_in_another_process(form: ArchiveFormat) -> None:
    code = (
        "import sys; from capsule_samples import archive_bytes, make_sample;"
        f"sys.stdout.buffer.write(archive_bytes(make_sample(), {form!r}))"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Tokyo",
    }
    run = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    assert run.stdout == archive_bytes(make_sample(), form)


def test_a_stored_capsule_gives_the_same_bytes_whenever_it_is_exported(store: Store) -> None:
    store.add(make_sample(evidence=make_evidence(seconds=1)))
    first = archive_bytes(store.get("tally"), "qlcapsule")
    store.add(make_sample(evidence=make_evidence(seconds=2)), renew=True)
    assert archive_bytes(store.get("tally"), "qlcapsule") == first


def test_all_formats_share_one_id(tmp_path: Path, capsule: Capsule) -> None:
    reports = [verify_archive(write_archive(capsule, form, tmp_path)) for form in FORMS]
    assert [(report.ok, report.id, report.name) for report in reports] == [(True, capsule.id, "tally")] * 3


def test_a_qlcapsule_begins_with_its_type(capsule: Capsule) -> None:
    data = archive_bytes(capsule, "qlcapsule")
    assert data[30:].startswith(b"mimetypeapplication/vnd.quantumlayer.capsule+zip")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        listed = archive.namelist()
    assert listed[:4] == ["mimetype", "manifest.json", "evidence.json", "brief.json"]
    assert listed[4:] == sorted(f"files/{path}" for path in FILES)


@pytest.mark.usefixtures("posix")
def test_unzip_and_tar_leave_the_project(tmp_path: Path, capsule: Capsule) -> None:
    write_archive(capsule, "tar.gz", tmp_path)
    subprocess.run(["tar", "xzf", "tally.tar.gz"], cwd=tmp_path, check=True)
    for path, text in FILES.items():
        assert (tmp_path / "tally" / path).read_bytes().decode() == text
    assert (tmp_path / "tally" / ".quantumlayer" / "manifest.json").is_file()


def test_a_target_may_be_a_folder_or_a_file_name(tmp_path: Path, capsule: Capsule) -> None:
    assert write_archive(capsule, "zip", tmp_path) == tmp_path / "tally.zip"
    assert write_archive(capsule, "tar.gz", tmp_path) == tmp_path / "tally.tar.gz"
    named = write_archive(capsule, "qlcapsule", tmp_path / "new" / "mine.qlcapsule")
    assert named == tmp_path / "new" / "mine.qlcapsule"
    assert read_archive(named) == capsule


def test_an_archive_that_is_there_is_replaced(tmp_path: Path, capsule: Capsule) -> None:
    (tmp_path / "tally.zip").write_text("old")
    assert read_archive(write_archive(capsule, "zip", tmp_path)) == capsule
    assert [path.name for path in tmp_path.iterdir()] == ["tally.zip"]


@pytest.mark.parametrize("there", ["a text", "another capsule", "a changed one", "a folder", "a link"])
def test_what_is_something_else_stays_unless_it_may_be_overwritten(
    tmp_path: Path, capsule: Capsule, there: str
) -> None:
    path = tmp_path / "tally.qlcapsule"
    if there == "a text":
        path.write_text("mine")
    elif there == "another capsule":
        write_archive(make_sample({"a.py": "x = 1\n"}), "qlcapsule", path)
    elif there == "a changed one":
        path.write_bytes(archive_bytes(capsule, "qlcapsule").replace(b"range(10)", b"range(11)"))
    elif there == "a folder":
        (path / "tally.qlcapsule").mkdir(parents=True)
    else:
        path.symlink_to(tmp_path / "nowhere")
    before = [(file, file.is_file() and file.read_bytes()) for file in sorted(tmp_path.rglob("*"))]
    with pytest.raises(CapsuleError, match="is in the way") as caught:
        write_archive(capsule, "qlcapsule", path, overwrite=False)
    assert str(path) in caught.value.cause
    assert [(file, file.is_file() and file.read_bytes()) for file in sorted(tmp_path.rglob("*"))] == before
    if there != "a folder":
        assert read_archive(write_archive(capsule, "qlcapsule", path, overwrite=True)) == capsule


@forms
def test_the_same_capsule_with_older_evidence_is_renewed(tmp_path: Path, form: ArchiveFormat) -> None:
    older = make_sample(evidence=make_evidence(status="unverified"))
    path = write_archive(older, form, tmp_path, overwrite=False)
    newer = make_sample()
    assert older.id == newer.id
    assert write_archive(newer, form, tmp_path, overwrite=False) == path
    assert read_archive(path) == newer


def test_an_unknown_format_is_refused_by_name(tmp_path: Path, capsule: Capsule) -> None:
    with pytest.raises(CapsuleError, match="'rar'"):
        write_archive(capsule, "rar", tmp_path)  # type: ignore[arg-type]


# -- damage by chance --------------------------------------------------------------------------


@forms
def test_no_changed_byte_goes_unnoticed(tmp_path: Path, form: ArchiveFormat) -> None:
    """Every byte of a small archive; in runs of zeros, every 16th."""
    data = archive_bytes(make_sample({"a.py": "print('ü')\n", "b.txt": ""}), form)
    chance = random.Random(20_26)
    path = tmp_path / "damaged"
    for place in range(len(data)):
        if place % 16 and not any(data[place - 1 : place + 2]):
            continue
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :])
        report = verify_archive(path)
        assert not report.ok, place
        assert report.mismatches


@forms
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False), count=st.integers(1, 30))
def test_damage_anywhere_is_reported_or_leaves_the_archive_as_it_is(
    tmp_path: Path, form: ArchiveFormat, chance: random.Random, count: int
) -> None:
    sound = archive_bytes(make_sample(), form)
    data = bytearray(sound)
    for _ in range(count):
        start, length = chance.randrange(len(data) + 1), chance.randrange(12)
        kind = chance.randrange(4)
        if kind == 0:
            data[start : start + length] = chance.randbytes(length)
        elif kind == 1:
            del data[start : start + length]
        elif kind == 2:
            data[start:start] = chance.randbytes(length)
        else:
            other = chance.randrange(len(data) + 1)
            data[start : start + length] = data[other : other + length]
    path = tmp_path / "damaged"
    path.write_bytes(data)
    assert verify_archive(path).ok == (bytes(data) == sound)


@forms
def test_every_cut_is_reported(tmp_path: Path, form: ArchiveFormat) -> None:
    data = archive_bytes(make_sample({"a.py": "x = 1\n"}), form)
    path = tmp_path / "cut"
    for length in range(0, len(data), 3):
        path.write_bytes(data[:length])
        assert not verify_archive(path).ok, length

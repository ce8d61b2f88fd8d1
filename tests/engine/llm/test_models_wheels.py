"""Models that come in wheels: pip brings them from an index, here a folder on this disk."""

import asyncio
import hashlib
import tarfile
import zipfile
from pathlib import Path

import pytest
from quantumlayer.engine.errors import ModelError
from quantumlayer.engine.events import Downloaded, Event, Notice
from quantumlayer.engine.llm import catalogue, models
from quantumlayer.engine.llm.catalogue import CatalogueModel, WheelPart, find_in_catalogue
from quantumlayer.engine.llm.disk import hash_file
from quantumlayer.engine.llm.models import find_model, list_models, pull_model
from quantumlayer.settings import Settings, StorageSettings
from support.file_server import FileServer
from support.models import SMALL_MODEL

PIECE = 300_000
CONTENT = (b"GGUF" + bytes(range(251)) * 6000)[: 5 * PIECE - 7]
PIECES = [CONTENT[at : at + PIECE] for at in range(0, len(CONTENT), PIECE)]


def part(number: int) -> WheelPart:
    return WheelPart(
        distribution=f"tiny-part{number}",
        version="1.0",
        member=f"tiny_part{number}/data.bin",
        size=len(PIECES[number]),
    )


TINY = CatalogueModel(
    name="tiny",
    title="Tiny",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    license="Apache-2.0",
    url="http://127.0.0.1:9/tiny.gguf",
    parts=tuple(part(number) for number in range(len(PIECES))),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(storage=StorageSettings(cache_dir=tmp_path / "cache", data_dir=tmp_path / "data"))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index with the pieces of TINY, and TINY in the catalogue."""
    monkeypatch.setattr(catalogue, "CATALOGUE", (TINY,))
    monkeypatch.setattr(models, "CATALOGUE", (TINY,))
    folder = tmp_path / "index"
    folder.mkdir()
    for number, piece in enumerate(PIECES):
        write_wheel(folder, number, piece)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def write_wheel(folder: Path, number: int, piece: bytes) -> None:
    name = f"tiny_part{number}"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{name}/__init__.py", "raise SystemExit('was imported')\n")
        wheel.writestr(f"{name}/data.bin", piece)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def path_of(settings: Settings, name: str) -> Path:
    local = find_model(settings, name)
    assert local is not None
    return local.path


def remains(settings: Settings) -> set[str]:
    names = {path.name for path in (settings.storage.cache_dir / "models").iterdir()}
    return {name for name in names if not name.endswith(".lock")}


async def test_without_the_model_hub_the_wheels_are_joined(settings: Settings, index: Path) -> None:
    events: list[Event] = []
    info = await pull_model(settings, "tiny", emit=events.append)
    assert info.available
    path = path_of(settings, "tiny")
    assert path.read_bytes() == CONTENT
    assert any(isinstance(event, Notice) and "127.0.0.1" in event.message for event in events)
    assert [event for event in events if isinstance(event, Downloaded)][-1].done == len(CONTENT)
    assert remains(settings) == {"tiny.gguf", "tiny.gguf.checked.json"}


async def test_the_model_hub_is_preferred(
    settings: Settings, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FileServer(CONTENT) as server:
        reachable = TINY.model_copy(update={"url": server.url})
        monkeypatch.setattr(catalogue, "CATALOGUE", (reachable,))
        monkeypatch.setenv("PIP_FIND_LINKS", str(index / "nothing"))
        assert (await pull_model(settings, "tiny")).available
        assert len(server.requests) == 1


async def test_a_model_hub_that_leads_in_a_circle_is_done_without(
    settings: Settings, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FileServer(CONTENT, moved_to="/login") as server:
        monkeypatch.setattr(catalogue, "CATALOGUE", (TINY.model_copy(update={"url": server.url}),))
        assert (await pull_model(settings, "tiny")).available
        assert server.requests


async def test_pieces_that_arrived_are_not_fetched_again(settings: Settings, index: Path) -> None:
    last = index / f"tiny_part{len(PIECES) - 1}-1.0-py3-none-any.whl"
    kept = last.read_bytes()
    last.unlink()
    with pytest.raises(ModelError, match="pip could not download"):
        await pull_model(settings, "tiny")
    first = index / "tiny_part0-1.0-py3-none-any.whl"
    first.unlink()
    last.write_bytes(kept)
    assert (await pull_model(settings, "tiny")).available


async def test_wheels_with_other_bytes_are_not_believed(settings: Settings, index: Path) -> None:
    write_wheel(index, 2, bytes(len(PIECES[2])))
    with pytest.raises(ModelError, match="It was removed"):
        await pull_model(settings, "tiny")
    assert remains(settings) == set()
    write_wheel(index, 2, PIECES[2])
    assert (await pull_model(settings, "tiny")).available


@pytest.mark.parametrize("piece", [b"", PIECES[1] + b"x"])
async def test_a_piece_of_another_size_is_refused(settings: Settings, index: Path, piece: bytes) -> None:
    write_wheel(index, 1, piece)
    with pytest.raises(ModelError, match=r"tiny-part1==1\.0 is not the one"):
        await pull_model(settings, "tiny")
    assert find_model(settings, "tiny") is None


async def test_source_packages_are_never_built(settings: Settings, index: Path, tmp_path: Path) -> None:
    witness = tmp_path / "was-run"
    setup = tmp_path / "setup.py"
    setup.write_text(f"open({str(witness)!r}, 'w')\nfrom setuptools import setup\nsetup()\n")
    (index / "tiny_part0-1.0-py3-none-any.whl").unlink()
    with tarfile.open(index / "tiny-part0-1.0.tar.gz", "w:gz") as archive:
        archive.add(setup, "tiny-part0-1.0/setup.py")
    with pytest.raises(ModelError):
        await pull_model(settings, "tiny")
    assert not witness.exists()


async def test_a_cancelled_pull_leaves_no_pip_behind(settings: Settings, index: Path) -> None:
    import psutil

    task = asyncio.create_task(pull_model(settings, "tiny"))
    me = psutil.Process()
    while not any("download" in child.cmdline() for child in me.children(recursive=True)):
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [child for child in me.children(recursive=True) if "download" in child.cmdline()]
    assert (await pull_model(settings, "tiny")).available


async def test_an_environment_without_pip_says_what_to_do(
    settings: Settings, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(index))
    with pytest.raises(ModelError, match="ensurepip"):
        await pull_model(settings, "tiny")


async def test_the_list_says_what_is_here_and_what_is_not(settings: Settings, index: Path) -> None:
    before = {model.name: model for model in await list_models(settings)}["embedded/tiny"]
    assert not before.available
    assert "not pulled" in before.detail
    await pull_model(settings, "tiny")
    after = {model.name: model for model in await list_models(settings)}["embedded/tiny"]
    assert (after.available, after.size) == (True, len(CONTENT))


async def test_the_small_model_is_pulled_for_real(model_cache: Path, tmp_path: Path) -> None:
    storage = StorageSettings(cache_dir=model_cache, data_dir=tmp_path)
    settings = Settings(storage=storage)
    info = await pull_model(settings, SMALL_MODEL)
    local, known = find_model(settings, SMALL_MODEL), find_in_catalogue(SMALL_MODEL)
    assert local is not None
    assert known is not None
    assert (info.available, info.size) == (True, 98_362_432)
    assert hash_file(local.path) == known.sha256

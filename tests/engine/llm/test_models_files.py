"""Models from a file or a web address: what is fetched, checked, known by name, and refused."""

import asyncio
import gzip
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from quantumlayer.engine.errors import ModelError
from quantumlayer.engine.events import Downloaded, Event
from quantumlayer.engine.llm.models import find_model, list_models, pull_model
from quantumlayer.settings import Settings, StorageSettings
from support.file_server import FileServer

CONTENT = b"GGUF" + bytes(range(256)) * 40_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(storage=StorageSettings(cache_dir=tmp_path / "cache", data_dir=tmp_path / "data"))


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer(CONTENT) as server:
        yield server


def path_of(settings: Settings, name: str) -> Path:
    local = find_model(settings, name)
    assert local is not None
    return local.path


def leftovers(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.storage.cache_dir.rglob("*part*"))


async def test_a_model_from_the_web_is_usable_by_its_name(settings: Settings, server: FileServer) -> None:
    events: list[Event] = []
    info = await pull_model(settings, server.url, sha256=SHA256.upper(), emit=events.append)
    assert (info.name, info.available, info.size) == ("embedded/some-model", True, len(CONTENT))
    path = path_of(settings, "embedded/some-model")
    assert path.read_bytes() == CONTENT
    downloads = [event for event in events if isinstance(event, Downloaded)]
    assert downloads[-1].done == downloads[-1].total == len(CONTENT)
    assert "embedded/some-model" in {model.name for model in await list_models(settings)}
    assert leftovers(settings) == []


async def test_a_web_address_without_a_hash_is_refused(settings: Settings, server: FileServer) -> None:
    with pytest.raises(ModelError, match="needs its SHA-256"):
        await pull_model(settings, server.url)
    assert server.requests == []


async def test_a_file_with_the_wrong_hash_is_removed(settings: Settings, server: FileServer) -> None:
    with pytest.raises(ModelError, match=SHA256):
        await pull_model(settings, server.url, sha256="0" * 64)
    assert not list(settings.storage.cache_dir.rglob("*.gguf*[!k]"))
    assert find_model(settings, "some-model") is None


async def test_a_broken_download_goes_on_where_it_stopped(settings: Settings, server: FileServer) -> None:
    server.cut_after = [3_000_000, 2_000_000]
    await pull_model(settings, server.url, sha256=SHA256)
    assert server.requests[0] == ""
    starts = [int(wanted.removeprefix("bytes=").rstrip("-")) for wanted in server.requests[1:]]
    assert len(starts) == 2
    assert 0 < starts[0] < starts[1] < len(CONTENT)


async def test_a_server_that_knows_no_ranges_starts_again(settings: Settings, server: FileServer) -> None:
    server.cut_after = [3_000_000]
    server.ranges = False
    info = await pull_model(settings, server.url, sha256=SHA256)
    assert info.available


async def test_a_cancelled_pull_goes_on_later(settings: Settings, server: FileServer) -> None:
    server.seconds = 20
    task = asyncio.create_task(pull_model(settings, server.url, sha256=SHA256))
    while not any(part.stat().st_size for part in settings.storage.cache_dir.rglob("*.part")):
        await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.seconds = 0
    await pull_model(settings, server.url, sha256=SHA256)
    assert server.requests[1].startswith("bytes=")


async def test_two_pulls_at_once_fetch_once(settings: Settings, server: FileServer) -> None:
    server.seconds = 0.5
    pulls = (pull_model(settings, server.url, sha256=SHA256) for _ in range(2))
    first, second = await asyncio.gather(*pulls)
    assert first == second
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_a_server_that_refuses_is_named(settings: Settings, server: FileServer, status: int) -> None:
    server.status = status
    with pytest.raises(ModelError, match=rf"127\.0\.0\.1 did not give the model.*{status}"):
        await pull_model(settings, server.url, sha256=SHA256)


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "only said to be"])
async def test_a_file_that_was_packed_on_the_way_is_refused(settings: Settings, packed: bool) -> None:
    with FileServer(gzip.compress(CONTENT) if packed else CONTENT, encoding="gzip") as server:
        with pytest.raises(ModelError, match=r"127\.0\.0\.1 did not give the model.*another form.*gzip"):
            await pull_model(settings, server.url, sha256=SHA256)
        server.content, server.encoding = CONTENT, ""
        await pull_model(settings, server.url, sha256=SHA256)
    assert path_of(settings, "some-model").read_bytes() == CONTENT


async def test_a_server_that_sends_us_round_in_a_circle_is_named(
    settings: Settings, server: FileServer
) -> None:
    server.moved_to = "/login"
    with pytest.raises(ModelError, match=r"127\.0\.0\.1 did not give the model.*redirect"):
        await pull_model(settings, server.url, sha256=SHA256)


async def test_what_is_no_model_is_refused_even_with_the_right_hash(settings: Settings) -> None:
    page = b"<html>please log in</html>"
    with FileServer(page) as server, pytest.raises(ModelError, match="not a GGUF file"):
        await pull_model(settings, server.url, sha256=hashlib.sha256(page).hexdigest())
    assert leftovers(settings) == []


async def test_a_model_that_is_here_is_not_read_again(settings: Settings, server: FileServer) -> None:
    await pull_model(settings, server.url, sha256=SHA256)
    path = path_of(settings, "some-model")
    before = path.stat()
    damage(path, before)
    info = await pull_model(settings, server.url, sha256=SHA256)
    assert info.available
    assert len(server.requests) == 1
    path.with_name(f"{path.name}.checked.json").unlink()
    await pull_model(settings, server.url, sha256=SHA256)
    assert len(server.requests) == 2
    assert path.read_bytes() == CONTENT


def damage(path: Path, before: os.stat_result) -> None:
    """Changes bytes in the way a failing disk does: size and time stay."""
    with path.open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


async def test_a_file_that_was_changed_is_not_used(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "My Model.gguf"
    path.write_bytes(CONTENT)
    info = await pull_model(settings, str(path))
    assert info.name == "embedded/my-model"
    assert path_of(settings, info.name) == path
    path.write_bytes(CONTENT + b"more")
    assert find_model(settings, info.name) is None
    listed = {model.name: model for model in await list_models(settings)}
    assert not listed[info.name].available
    assert "pull it again" in listed[info.name].detail


async def test_a_file_with_another_hash_than_given_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(CONTENT)
    with pytest.raises(ModelError, match=SHA256):
        await pull_model(settings, str(path), sha256="1" * 64)
    assert find_model(settings, "m") is None


async def test_two_files_of_one_name_are_two_models(settings: Settings, tmp_path: Path) -> None:
    names = set()
    for folder in ("a", "b"):
        path = tmp_path / folder / "model.gguf"
        path.parent.mkdir()
        path.write_bytes(CONTENT + folder.encode())
        info = await pull_model(settings, str(path))
        names.add(info.name)
        assert path_of(settings, info.name) == path
    assert len(names) == 2


async def test_a_file_cannot_take_the_name_of_a_known_model(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "smollm2-135m.gguf"
    path.write_bytes(CONTENT)
    info = await pull_model(settings, str(path))
    assert info.name == f"embedded/smollm2-135m-{SHA256[:8]}"
    assert find_model(settings, "smollm2-135m") is None


async def test_an_unknown_name_lists_the_known_ones(settings: Settings) -> None:
    with pytest.raises(ModelError, match=r"qwen2\.5-coder-1\.5b, smollm2-135m"):
        await pull_model(settings, "qwen3")


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_full_disk_is_said_so_and_what_arrived_is_kept(tmp_path: Path, server: FileServer) -> None:
    program = f"""
import asyncio, resource
from pathlib import Path
from quantumlayer.engine.errors import StorageError
from quantumlayer.engine.llm.models import pull_model
from quantumlayer.settings import Settings, StorageSettings
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, resource.RLIM_INFINITY))
folder = Path({str(tmp_path)!r})
settings = Settings(storage=StorageSettings(cache_dir=folder / "cache", data_dir=folder / "data"))
try:
    asyncio.run(pull_model(settings, {server.url!r}, sha256={SHA256!r}))
except StorageError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert "is full" in done.stdout
    assert "goes on where it stopped" in done.stdout
    [part] = list((tmp_path / "cache").rglob("*.part"))
    assert part.stat().st_size > 0

"""Packages that a plan names and no index has, as the real pip tells of one on loopback."""

import io
import os
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from quantumlayer.engine.orchestrator.obtain import without_invented
from quantumlayer.engine.types import Plan, PlannedFile
from quantumlayer.engine.validation.packages.folders import Packages
from quantumlayer.settings import Settings, StorageSettings

THERE = {"pytest", "real-thing"}


def wheel(name: str) -> bytes:
    content = io.BytesIO()
    module, folder = name.replace("-", "_"), f"{name.replace('-', '_')}-1.0.dist-info"
    files = {
        f"{module}.py": "",
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{folder}/RECORD"))
    with zipfile.ZipFile(content, "w") as archive:
        for path, text in {**files, f"{folder}/RECORD": record}.items():
            archive.writestr(path, text)
    return content.getvalue()


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, kind, name, *_rest = self.path.split("/")
            file = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
            page = f'<!DOCTYPE html><a href="/files/{name}/{file}">{file}</a>'.encode()
            content = wheel(name) if kind == "files" else page
            self.send_response(200 if name in THERE else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    places = StorageSettings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")
    return Packages(Settings(storage=places), "3.12")


def plan(*names: str) -> Plan:
    return Plan(summary="s", files=(PlannedFile(path="a.py", purpose="p"),), packages=names)


async def test_what_the_model_made_up_is_left_out_before_anything_is_written(
    index: None, packages: Packages
) -> None:
    left, said = await without_invented(plan("aaa-nothing", "real-thing", "zzq-nothing"), (), packages)
    assert left.packages == ("real-thing",)
    assert len(said) == 2
    assert "there is no package named 'aaa-nothing'" in " ".join(said)
    assert all("made it up" in one for one in said)
    assert (await packages.folder(("real-thing", "pytest")) / "real_thing.py").is_file()


async def test_what_the_brief_asks_for_stays_and_is_said(index: None, packages: Packages) -> None:
    wanted = plan("Zzq_Nothing")
    left, said = await without_invented(wanted, ("zzq-nothing",), packages)
    assert left == wanted
    assert said == ["there is no package named 'zzq-nothing', but the brief asks for it"]


async def test_without_an_index_nothing_is_called_made_up(
    packages: Packages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    wanted = plan("real-thing")
    assert await without_invented(wanted, (), packages) == (wanted, [])


async def test_where_everything_is_there_nothing_is_said(index: None, packages: Packages) -> None:
    wanted = plan("real-thing")
    assert await without_invented(wanted, (), packages) == (wanted, [])

"""A server with a home of its own, and an editor that uses it."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from lsp_editor import Editor, start

_INHERITED = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "DOCKER_HOST")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment without the user's keys, settings, models and logs."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return kept | {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "QUANTUMLAYER_DATA_DIR": str(home / "data"),
        "QUANTUMLAYER_CACHE_DIR": str(home / "cache"),
        "QUANTUMLAYER_SANDBOX": "none",
        "QUANTUMLAYER_VALIDATE__ADVISORIES": "none",
        "QUANTUMLAYER_VALIDATE__REGISTRIES": "none",
    }


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work space"
    folder.mkdir()
    return folder


@pytest.fixture
def logs(environ: dict[str, str]) -> Iterator[Path]:
    """The folder of the server's logs. After the test they must tell of no internal error."""
    folder = Path(environ["XDG_STATE_HOME"]) / "quantumlayer" / "log"
    yield folder
    for file in folder.glob("*.log"):
        errors = [line for line in file.read_text().splitlines() if " ERROR " in line]
        assert not errors, errors


@pytest.fixture
async def editor(environ: dict[str, str], logs: Path) -> AsyncIterator[Editor]:
    """An editor whose server has started, and is not initialized yet."""
    async with start(environ) as running:
        yield running


@pytest.fixture
async def ready(editor: Editor, workspace: Path) -> Editor:
    """An editor that has opened the workspace."""
    await editor.initialize(workspace)
    return editor

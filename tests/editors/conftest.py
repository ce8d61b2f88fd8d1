"""What the editors' tests share: a home of their own, and the packed extension."""

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from vscode_workbench import FAILED, what_is_missing

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
_INHERITED = ("SYSTEMROOT", "TEMP", "TMP", "LANG", "DOCKER_HOST")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment without the user's keys, settings, models and logs; the server is on its PATH."""
    home = tmp_path / "home"
    home.mkdir()
    # Editors ask a login shell for the environment.
    (home / ".bash_profile").write_text(f'export PATH="{SCRIPTS}:$PATH"\n')
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return kept | {
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "SHELL": "/bin/bash",
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Lets fixtures see whether their test failed, so that they can keep a picture of it."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def pictures() -> Path:
    """Where screenshots stay, for whoever looks at them afterwards."""
    return ROOT / "build" / "pictures" / "vscode"


@pytest.fixture(scope="session")
def vsix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as a user gets it, packed anew."""
    if missing := what_is_missing():
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(missing)
    out = tmp_path_factory.mktemp("vsix") / "quantumlayer.vsix"
    done = subprocess.run(
        [str(ROOT / "scripts" / "vscode-package"), str(out)], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    return out

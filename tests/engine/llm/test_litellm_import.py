"""litellm as we import it reads nothing that lies about: no `.env` of whatever project is above it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

OURS = (
    "import asyncio; from quantumlayer.engine.llm.transport import load_litellm; asyncio.run(load_litellm())"
)
TELL = "import litellm, os; print(litellm.__file__, os.environ.get('READ_FROM_ENV_FILE'))"


@pytest.fixture
def above(tmp_path: Path) -> Path:
    """A folder with a `.env`, and below it litellm, as in an environment inside a project."""
    found = importlib.util.find_spec("litellm")
    assert found is not None
    assert found.origin is not None
    packages = tmp_path / "project/packages"
    packages.mkdir(parents=True)
    (packages / "litellm").symlink_to(Path(found.origin).parent, target_is_directory=True)
    (tmp_path / "project/.env").write_text("READ_FROM_ENV_FILE=yes\n")
    return packages


def told(above: Path, program: str) -> str:
    """Whether the file was read, by a process that runs `program`."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LITELLM_")}
    environ |= {"PYTHONPATH": str(above), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    script = above.parents[1] / "script.py"
    script.write_text(f"{program}\n{TELL}\n")
    done = subprocess.run([sys.executable, script], env=environ, capture_output=True, text=True, check=True)
    file, _, read = done.stdout.split("\n")[-2].rpartition(" ")
    assert Path(file).is_relative_to(above), "it was another litellm that was tried"
    return read


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_file_with_secrets_above_it_is_not_read(above: Path) -> None:
    assert told(above, "pass") == "yes", "litellm reads it no more by itself: this test has lost its point"
    assert told(above, OURS) == "None"

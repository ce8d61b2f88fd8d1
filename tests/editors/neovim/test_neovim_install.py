"""The ways to install the plugin, as docs/editors.md shows them."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLES = re.findall(r"```lua\n(.*?)```", (ROOT / "docs" / "editors.md").read_text("utf-8"), re.DOTALL)
TELL = "lua io.stdout:write(vim.fn.exists(':QuantumLayer'), tostring(vim.lsp.is_enabled('quantumlayer')))"


def example(containing: str) -> str:
    (found,) = [text for text in EXAMPLES if containing in text]
    return found


def started(nvim: str, environ: dict[str, str], init: Path) -> str:
    command = [nvim, "--headless", "-u", str(init), "-c", TELL, "-c", "qall!"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert not done.stderr.strip(), done.stderr
    return done.stdout


@pytest.fixture
def init(tmp_path: Path) -> Path:
    return tmp_path / "init.lua"


def test_from_a_clone(nvim_program: str, environ: dict[str, str], init: Path) -> None:
    source = Path(environ["HOME"]) / "src"
    source.mkdir()
    (source / "quantumlayer").symlink_to(ROOT)
    init.write_text(example("~/src/quantumlayer"))
    assert started(nvim_program, environ, init) == "2true"


def test_by_lazy(nvim_program: str, environ: dict[str, str], init: Path) -> None:
    """What lazy.nvim does with such a plugin: it clones it, and calls `config` with the folder."""
    spec = example("url = ").strip()
    init.write_text(f'vim.o.loadplugins = false\nlocal spec = {spec}\nspec.config({{ dir = "{ROOT}" }})\n')
    assert started(nvim_program, environ, init) == "2true"


def test_by_the_packages_of_neovim(nvim_program: str, environ: dict[str, str], init: Path) -> None:
    """What Neovim 0.12 does first: it clones into this folder; 0.11 has no `vim.pack`."""
    packages = Path(environ["XDG_DATA_HOME"]) / "nvim" / "site" / "pack" / "core" / "opt"
    packages.mkdir(parents=True)
    (packages / "quantumlayer").symlink_to(ROOT)
    init.write_text("vim.pack = { add = function() end }\n" + example("vim.pack.add"))
    assert started(nvim_program, environ, init) == "2true"


def test_nothing_starts_by_itself_where_that_is_wanted(
    nvim_program: str, environ: dict[str, str], init: Path
) -> None:
    init.write_text(
        f'vim.g.quantumlayer = {{ enable = false }}\nvim.opt.rtp:append("{ROOT}/editors/neovim")\n'
    )
    assert started(nvim_program, environ, init) == "2false"

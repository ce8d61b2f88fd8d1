"""Capsules in the editor: the commands of the server for versions, used where the server offers them."""

from pathlib import Path

import pytest
from driven_neovim import Neovim
from quantumlayer.engine.capsule.manifest import make_capsule
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.types import Capsule
from support.recorded import FILES, recorded_capsule

LATER = {**FILES, "tally/core.py": FILES["tally/core.py"].replace("import os\n", "")}


@pytest.fixture
def versions(environ: dict[str, str]) -> tuple[Capsule, Capsule]:
    """Two, the second descending from the first."""
    store = Store(Path(environ["QUANTUMLAYER_DATA_DIR"]) / "capsules")
    first = store.add(recorded_capsule())
    later = recorded_capsule(LATER)
    placed = store.place(later.manifest)
    assert placed.parents == (first.id,)
    return first, store.add(make_capsule(placed, later.brief, later.files, later.evidence))


@pytest.fixture
def offered(neovim: Neovim, workspace: Path) -> list[str]:
    """The commands of the server, which runs."""
    (workspace / "a.py").write_text("x = 1\n")
    neovim.edit(workspace / "a.py")
    neovim.attached()
    found = neovim.lua(
        'local client = vim.lsp.get_clients({ name = "quantumlayer" })[1] '
        "return client.server_capabilities.executeCommandProvider.commands"
    )
    return [command.removeprefix("quantumlayer.") for command in found]


def shown(neovim: Neovim) -> str:
    return str(neovim.lua('return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\\n")'))


def test_a_version_is_chosen_and_looked_at(
    neovim: Neovim, offered: list[str], versions: tuple[Capsule, Capsule]
) -> None:
    first, later = versions
    neovim.choose(first.id[:12], "Look at a file", "tally/core.py")
    neovim.command("QuantumLayer capsules")
    if "capsules.list" not in offered:
        assert "no command `quantumlayer.capsules.list`" in neovim.told("does not offer it")
        return
    neovim.wait("return vim.api.nvim_buf_get_name(0):find('quantumlayer-capsule:', 1, true)")
    assert shown(neovim) == FILES["tally/core.py"]
    assert neovim.lua("return { vim.bo.filetype, vim.bo.modifiable }") == ["python", False]
    listed = neovim.asked()[0]["items"]
    assert [line.split()[:2] for line in listed] == [["tally", later.id[:12]], ["tally", first.id[:12]]]
    assert "unverified, confidence 0.62, 4 files" in listed[0]
    assert neovim.lua('return vim.fn.getcompletion("QuantumLayer report ", "cmdline")') == ["tally"]


def test_two_versions_are_compared(
    neovim: Neovim, offered: list[str], versions: tuple[Capsule, Capsule]
) -> None:
    _, later = versions
    neovim.choose(later.id[:12], "Compare with the version before")
    neovim.command("QuantumLayer capsules tally")
    if "capsules.diff" not in offered:
        neovim.told("does not offer it")
        return
    neovim.wait("return vim.bo.filetype == 'diff'")
    text = shown(neovim)
    assert "\n-import os\n" in text
    assert "changed: tally/core.py" in text


def test_an_earlier_version_is_brought_back(
    neovim: Neovim, offered: list[str], versions: tuple[Capsule, Capsule], workspace: Path
) -> None:
    first, _ = versions
    neovim.choose(first.id[:12], "Go back to this version", "Bring it back")
    neovim.command("QuantumLayer capsules")
    if "capsules.rollback" not in offered:
        neovim.told("does not offer it")
        return
    neovim.wait("return not next(_G.answers)")
    neovim.told("tally")
    found = [path for path in workspace.rglob("core.py") if path.read_text() == FILES["tally/core.py"]]
    assert found, [str(path) for path in workspace.rglob("*")]


def test_the_report_of_a_chosen_capsule(
    neovim: Neovim, offered: list[str], versions: tuple[Capsule, Capsule]
) -> None:
    _, later = versions
    neovim.choose("tally")
    neovim.command("QuantumLayer report")
    neovim.told("the report of tally is in")
    assert later.id in Path(neovim.lua("return _G.opened[1]")).read_text("utf-8")


def test_a_capsule_is_exported_by_questions(
    neovim: Neovim, offered: list[str], versions: tuple[Capsule, Capsule], workspace: Path
) -> None:
    neovim.choose("tally", "tar.gz", str(workspace))
    neovim.command("QuantumLayer export")
    neovim.told("Exported to")
    assert (workspace / "tally.tar.gz").is_file()
    assert [asked["prompt"].split()[0].strip(",") for asked in neovim.asked()] == ["Export", "As", "Into"]


def test_a_model_is_chosen(neovim: Neovim, offered: list[str], environ: dict[str, str]) -> None:
    neovim.choose("openai/")
    neovim.command("QuantumLayer models")
    if "models.use" not in offered:
        assert "no command `quantumlayer.models.list`" in neovim.told("does not offer it")
        return
    neovim.told("is used from now on")
    assert "openai/" in (Path(environ["HOME"]) / "config" / "quantumlayer" / "config.toml").read_text()


def test_a_brief_is_explained(neovim: Neovim, offered: list[str]) -> None:
    neovim.command("QuantumLayer explain Write `clock.py` with `tick(n: int) -> int`.")
    if "patterns.explain" not in offered:
        assert "no command `quantumlayer.patterns.explain`" in neovim.told("does not offer it")
        return
    neovim.wait("return vim.bo.filetype == 'markdown' and vim.bo.buftype == 'nofile'")
    assert "function" in shown(neovim)

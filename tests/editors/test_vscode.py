"""The extension in VS Code itself, driven as a person would: one installation, one story."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import FAILED
from support.scripted_server import ScriptedServer
from vscode_workbench import CodeServer, Workbench, browser

sys.path.insert(0, str(Path(__file__).parents[1] / "lsp"))
from lsp_briefs import APP, BRIEF, WORDS, answer_slowly, answer_well

SETTINGS = {
    "workbench.startupEditor": "none",
    "workbench.enableExperiments": False,
    "extensions.ignoreRecommendations": True,
    "telemetry.telemetryLevel": "off",
    "git.enabled": False,
    "files.simpleDialog.enable": True,
    "quantumlayer.generate.samples": 1,
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work space"
    folder.mkdir()
    (folder / "shouting.brief.md").write_text(BRIEF)
    return folder


@pytest.fixture
def editor(tmp_path: Path, environ: dict[str, str], vsix: Path, scripted: ScriptedServer) -> CodeServer:
    """VS Code with the extension, and a model behind the setting for it."""
    keys = {
        "OPENAI_API_KEY": "scripted-key-0000",
        "QUANTUMLAYER_MODEL": "openai/test",
        "QUANTUMLAYER_API_BASE": scripted.base_url,
    }
    made = CodeServer(tmp_path / "code", environ | keys)
    (made.user / "User" / "settings.json").write_text(json.dumps(SETTINGS))
    assert "was successfully installed" in made.install(vsix)
    return made


@pytest.fixture
def bench(
    editor: CodeServer, workspace: Path, pictures: Path, request: pytest.FixtureRequest
) -> Iterator[Workbench]:
    with editor.serving("--disable-workspace-trust", str(workspace)) as address, browser() as page:
        page.goto(address)
        bench = Workbench(page, pictures)
        page.locator(".monaco-workbench").wait_for(timeout=60_000)
        yield bench
        if request.node.stash.get(FAILED, False):
            bench.picture("where-it-ended")


def answering(answers: dict[str, Any], scripted: ScriptedServer) -> None:
    """The model does what `answers["now"]` is at the moment of each question."""
    scripted.script(lambda seen: answers["now"](seen))


def test_from_a_brief_to_files_and_back(
    bench: Workbench, workspace: Path, scripted: ScriptedServer
) -> None:
    answers: dict[str, Any] = {"now": answer_slowly}
    answering(answers, scripted)
    bench.wait_for_status("ready, server 0.1.0 from the PATH")
    bench.picture("1-ready")

    bench.open("shouting.brief.md")
    bench.command("QuantumLayer: Generate a Capsule from This Brief")
    bench.told("generate shouting.brief.md")
    bench.told("tokens")
    assert "working" in bench.status()
    bench.picture("2-progress")
    bench.press("generate shouting.brief.md", "Cancel")
    bench.told("Cancelled: generate shouting.brief.md")
    assert not (workspace / "shouting").exists()
    bench.dismiss()

    answers["now"] = answer_well
    bench.command("QuantumLayer: Generate a Capsule from This Brief")
    bench.told("ready to be written")
    assert not (workspace / "shouting").exists(), "nothing is written before it was seen"
    assert "attention" in bench.status()
    bench.picture("3-preview")
    bench.press("ready to be written", "Write")
    bench.told("Not verified: shouting")
    assert (workspace / "shouting" / "words.py").read_text() == WORDS
    assert (workspace / "shouting" / "app.py").read_text() == APP
    bench.picture("4-written")
    bench.dismiss()

    bench.command("QuantumLayer: Undo the Last Capsule's Files")
    bench.told("the workspace is as it was before")
    assert sorted(path.name for path in workspace.iterdir()) == ["shouting.brief.md"]
    bench.picture("5-undone")

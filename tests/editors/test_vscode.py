"""The extension in VS Code itself, driven as a person would: a story, and one in which all goes wrong."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from quantumlayer.lsp import names
from support.scripted_server import ScriptedServer, Seen
from vscode_workbench import FAILED, CodeServer, Workbench, browser, wait_for

sys.path.insert(0, str(Path(__file__).parents[1] / "lsp"))
from lsp_briefs import APP, BRIEF, WORDS, answer_slowly, answer_well

HERE = Path(__file__).parent
KEY = "gsk_0123456789abcdef0123"
SETTINGS = {
    "workbench.startupEditor": "none",
    "extensions.ignoreRecommendations": True,
    "telemetry.telemetryLevel": "off",
    "git.enabled": False,
    "files.simpleDialog.enable": True,
    "quantumlayer.generate.samples": 1,
}


class Model:
    """What the scripted provider does with the next question; a test may change it at any time."""

    def __init__(self, scripted: ScriptedServer) -> None:
        self.answers: Callable[[Seen], Any] = answer_well
        scripted.script(lambda seen: self.answers(seen))


@pytest.fixture
def model(scripted: ScriptedServer) -> Model:
    return Model(scripted)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work space"
    folder.mkdir()
    (folder / "shouting.brief.md").write_text(BRIEF)
    (folder / "odd.py").write_text("import os\n")
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
    made.set(SETTINGS)
    assert "was successfully installed" in made.install(vsix)
    return made


@pytest.fixture
def opened(
    editor: CodeServer, workspace: Path, pictures: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Workbench]]:
    """Opens the workspace, with more of code-server's flags; afterwards nothing of it runs."""
    with browser() as page, contextlib.ExitStack() as stack:

        def do(*flags: str) -> Workbench:
            page.goto(stack.enter_context(editor.serving(*flags, str(workspace))))
            page.locator(".monaco-workbench").wait_for(timeout=60_000)
            return Workbench(page, pictures)

        yield do
        if request.node.stash.get(FAILED, False):
            Workbench(page, pictures).picture(f"where-{request.node.name}-ended")


def servers(environ: dict[str, str]) -> list[psutil.Process]:
    """The language servers that run with this home."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            if "lsp" in process.info["cmdline"] and process.environ().get("HOME") == environ["HOME"]:
                found.append(process)
        except (psutil.Error, TypeError):
            continue
    return found


def test_from_a_brief_to_files_and_back(
    opened: Callable[..., Workbench], workspace: Path, model: Model, environ: dict[str, str]
) -> None:
    bench = opened("--disable-workspace-trust")
    bench.wait_for_status("ready, server 0.1.0 from the PATH")
    see_findings(bench)
    cancel_once(bench, workspace, model)
    see_write_and_undo(bench, workspace, model)
    look_around(bench)
    lose_the_server(bench, workspace, model, environ)
    sign_in(bench, workspace, environ)
    assert len(servers(environ)) == 1, "the one before has ended"


def see_findings(bench: Workbench) -> None:
    bench.open("odd.py")
    bench.command("Problems: Focus on Problems View")
    bench.page.locator(".markers-panel").get_by_text("imported but unused").first.wait_for(timeout=60_000)
    bench.picture("1-findings")
    bench.page.keyboard.press("Control+j")


def cancel_once(bench: Workbench, workspace: Path, model: Model) -> None:
    model.answers = answer_slowly
    bench.open("shouting.brief.md")
    bench.command("QuantumLayer: Generate a Capsule from This Brief")
    bench.told("tokens")
    assert "working: generate shouting.brief.md" in bench.status()
    bench.picture("2-progress")
    bench.press("generate shouting.brief.md", "Cancel")
    bench.told("Cancelled: generate shouting.brief.md")
    assert not (workspace / "shouting").exists()
    bench.dismiss()


def see_write_and_undo(bench: Workbench, workspace: Path, model: Model) -> None:
    model.answers = answer_well
    before = sorted(path.name for path in workspace.rglob("*"))
    bench.command("QuantumLayer: Generate a Capsule from This Brief")
    bench.told("ready to be written")
    assert sorted(path.name for path in workspace.rglob("*")) == before, "not before it was seen"
    assert "attention" in bench.status()
    bench.page.get_by_text("Return a loud greeting").first.wait_for()
    bench.picture("3-preview")
    bench.press("ready to be written", "Write")
    bench.told("Not verified: shouting")
    assert (workspace / "shouting" / "words.py").read_text() == WORDS
    assert (workspace / "shouting" / "app.py").read_text() == APP
    bench.picture("4-written")
    bench.dismiss()
    keep_what_is_mine(bench, workspace / "shouting" / "words.py")
    bench.command("QuantumLayer: Undo the Last Capsule's Files")
    bench.page.get_by_text("Changed since they were written: shouting/words.py").wait_for()
    bench.page.get_by_role("button", name="Take Back").click()
    bench.told("the workspace is as it was before")
    assert sorted(path.name for path in workspace.rglob("*")) == before
    bench.dismiss()


def keep_what_is_mine(bench: Workbench, file: Path) -> None:
    """What a person changed is overwritten only if they tick it."""
    file.write_text("# mine\n")
    bench.open("shouting.brief.md")
    bench.command("QuantumLayer: Generate a Capsule from This Brief")
    bench.page.get_by_role("button", name="Apply").wait_for(timeout=60_000)
    assert "attention" in bench.status()
    assert not bench.page.locator(".bulk-edit-panel input[type=checkbox]").first.is_checked()
    bench.picture("5-overwrites")
    bench.page.locator(".bulk-edit-panel").get_by_role("button", name="Discard").click()
    bench.told("The editor did not take its files")
    assert file.read_text() == "# mine\n"
    bench.dismiss()


def look_around(bench: Workbench) -> None:
    bench.command("QuantumLayer: Choose or Fetch a Model")
    listed = bench.choices()
    assert any("openai/test" in line and "in use" in line for line in listed)
    assert any("embedded" in line and "can be fetched" in line for line in listed)
    bench.page.keyboard.press("Escape")
    offered = vars(names).values()
    bench.page.locator(".activitybar").get_by_role("tab", name="QuantumLayer").click()
    view = bench.page.locator(".sidebar")
    if "quantumlayer.capsules.list" in offered:
        view.get_by_text("shouting").first.wait_for(timeout=20_000)
        view.locator(".monaco-list-row").filter(has_text="not verified").first.click()
        view.get_by_text("words.py").first.wait_for(timeout=20_000)
        view.get_by_text("runtime").first.wait_for()
    else:
        view.get_by_text("does not list capsules").wait_for(timeout=20_000)
    bench.picture("6-capsules")
    if "quantumlayer.capsuleReport" in offered:
        bench.command("QuantumLayer: Show the Report")
        bench.choose("shouting")
        page = bench.page.frame_locator("iframe.webview").frame_locator("iframe#active-frame")
        page.get_by_text("shouting").first.wait_for(timeout=30_000)
        bench.picture("7-report")
    bench.command("QuantumLayer: Run the Doctor")
    wait_for(lambda: "sandbox" in bench.text(), seconds=60)
    bench.command("QuantumLayer: Debug Information")
    wait_for(lambda: "debug information" in bench.text(), seconds=20)
    assert "server: 0.1.0, from the PATH" in bench.text()
    assert "quantumlayer.models.list" in bench.text()


def lose_the_server(bench: Workbench, workspace: Path, model: Model, environ: dict[str, str]) -> None:
    """It is told, the server is there again, and what it was doing goes on."""
    model.answers = answer_slowly
    bench.command("QuantumLayer: Generate a Capsule from a Prompt")
    bench.answer(BRIEF.replace("\n", " ").replace("Shouting", "Loud words"))
    bench.told("tokens")
    (lost,) = servers(environ)
    model.answers = answer_well
    lost.kill()
    bench.told("ended unexpectedly and is started again")
    bench.told("goes on: generate loud-words")
    bench.picture("8-lost")
    bench.told("ready to be written")
    bench.press("ready to be written", "Discard")
    bench.told("you discarded them")
    assert not (workspace / "loud-words-write-two").exists()
    bench.dismiss()


def sign_in(bench: Workbench, workspace: Path, environ: dict[str, str]) -> None:
    """The server has the key in its memory, and no file has it."""
    bench.command("QuantumLayer: Sign In to a Provider")
    bench.choose("Groq")
    bench.answer(KEY)
    wait_for(lambda: any(one.environ().get("GROQ_API_KEY") == KEY for one in running(environ)), seconds=60)
    bench.wait_for_status("ready")
    for top in (workspace, Path(environ["HOME"])):
        texts = (path.read_bytes() for path in top.rglob("*") if path.is_file() and not path.is_symlink())
        assert not any(KEY.encode() in text for text in texts)


def running(environ: dict[str, str]) -> list[psutil.Process]:
    return [process for process in servers(environ) if process.is_running()]


def test_what_cannot_be_started_is_told_with_what_to_do(
    editor: CodeServer,
    opened: Callable[..., Workbench],
    workspace: Path,
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    """A workspace that is not trusted and brings a server; no server at all; an old one."""
    home = Path(environ["HOME"])
    (home / ".bash_profile").write_text('export PATH="/usr/bin:/bin"\n')
    trap = workspace / "bin" / "python"
    trap.parent.mkdir()
    trap.write_text(f'#!/bin/sh\ntouch "{tmp_path}/sprung"\necho quantumlayer 0.1.0\n')
    trap.chmod(0o755)
    (workspace / ".vscode").mkdir()
    theirs = {"quantumlayer.server.path": str(trap), "python.defaultInterpreterPath": str(trap)}
    (workspace / ".vscode" / "settings.json").write_text(json.dumps(theirs))
    editor.set(SETTINGS | {"security.workspace.trust.startupPrompt": "never"})

    bench = opened()
    said = bench.told("is not trusted")
    assert "Manage Trust" in said
    assert "Install..." in said
    assert "attention" in bench.status()
    bench.picture("9-not-trusted")
    assert not (tmp_path / "sprung").exists()
    bench.dismiss()

    editor.set(SETTINGS | {"quantumlayer.server.path": str(tmp_path / "nowhere" / "quantumlayer")})
    assert "no server answers there" in bench.told("quantumlayer.server.path is")
    bench.dismiss()

    old = tmp_path / "old" / "quantumlayer"
    old.parent.mkdir()
    old.write_text((HERE / "old_server.py").read_text().replace("/usr/bin/env python3", sys.executable))
    old.chmod(0o755)
    editor.set(SETTINGS | {"quantumlayer.server.path": str(old)})
    assert "0.0.9" in bench.told("is too old for this extension")
    bench.picture("10-old")
    wait_for(lambda: servers(environ) == [], seconds=20)
    assert not (tmp_path / "sprung").exists()

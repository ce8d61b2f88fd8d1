"""The plugin in a real Neovim, from a brief to a report, as a user goes."""

import json
import re
import shutil
from pathlib import Path

import pytest
from driven_neovim import PLUGIN, Neovim
from lsp_briefs import APP, BRIEF, WORDS, answer_slowly, answer_well
from support.scripted_server import ScriptedServer

BEFORE = "return vim.lsp.config.quantumlayer ~= nil and vim.lsp.is_enabled('quantumlayer')"


def test_from_a_brief_to_a_report(neovim: Neovim, workspace: Path, scripted: ScriptedServer) -> None:
    scripted.script(answer_well)
    assert neovim.lua(BEFORE) is True, "the plugin alone configures and starts the server"
    brief = workspace / "shouting.brief.md"
    brief.write_text(BRIEF)
    neovim.edit(brief)
    assert neovim.attached()
    neovim.command("QuantumLayer generate")
    assert "Not verified: shouting (" in neovim.told("shouting ("), "there is no sandbox in this test"
    assert (workspace / "shouting" / "words.py").read_text() == WORDS
    assert (workspace / "shouting" / "app.py").read_text() == APP
    assert neovim.lua("return vim.fn.getbufinfo({ bufmodified = 1 })") == [], "all of it is saved"

    told = neovim.lua("return _G.progress")
    assert told[0][:2] == ["begin", "QuantumLayer: generate shouting.brief.md"]
    assert told[-1][0] == "end"
    assert any("finished words.py" in message for _, _, message, _ in told)
    assert any("generate shouting.brief.md: " in status for _, _, _, status in told), (
        "vim.lsp.status() has it"
    )

    neovim.command("QuantumLayer report")
    neovim.told("the report of shouting is in")
    (page,) = neovim.lua("return _G.opened")
    assert "<h1><bdi>shouting</bdi></h1>" in Path(page).read_text("utf-8")

    neovim.command(f"QuantumLayer export shouting zip {workspace.as_posix().replace(' ', chr(92) + ' ')}")
    neovim.told("Exported to")
    assert (workspace / "shouting.zip").is_file()

    mine = '"""Mine."""\n'
    neovim.edit(workspace / "shouting" / "words.py")
    neovim.lua('vim.api.nvim_buf_set_lines(0, 0, -1, false, { \'"""Mine."""\' }) vim.cmd(\'silent write\')')
    assert (workspace / "shouting" / "words.py").read_text() == mine
    neovim.choose("Keep what is there")
    neovim.command(f"QuantumLayer generate {brief.name}")
    neovim.told("The files that are there were kept")
    assert neovim.asked()[0]["items"] == ["Overwrite", "Keep what is there"]
    assert (workspace / "shouting" / "words.py").read_text() == mine


def test_findings_and_validation_of_a_file(neovim: Neovim, workspace: Path) -> None:
    (workspace / "odd.py").write_text("import os\n")
    neovim.edit(workspace / "odd.py")
    neovim.attached()
    shown = neovim.wait(
        "local d = vim.diagnostic.get(0) return d[1] and { d[1].code, d[1].lnum, d[1].source }"
    )
    assert shown == ["F401", 0, "quantumlayer/style"]
    neovim.command("QuantumLayer validate")
    assert "odd.py" in neovim.told("odd.py: ")
    neovim.command("QuantumLayer output")
    neovim.told("no tests have run yet")
    neovim.command("QuantumLayer test")
    neovim.told("No test imports odd.py, so none was run.")
    neovim.command("QuantumLayer validate workspace")
    neovim.told("workspace")


def test_cancel_ends_what_runs(neovim: Neovim, workspace: Path, scripted: ScriptedServer) -> None:
    scripted.script(answer_slowly)
    neovim.edit(workspace / "notes.txt")
    neovim.command("QuantumLayer cancel")
    neovim.told("nothing was running")
    neovim.choose(BRIEF)
    neovim.command("QuantumLayer generate")
    assert neovim.asked() == [{"prompt": "What should be made? "}]
    neovim.wait("for _, p in ipairs(_G.progress) do if p[3]:find('tokens') then return true end end")
    (job,) = neovim.lua('return require("quantumlayer.jobs").ids()')
    assert neovim.lua('return vim.fn.getcompletion("QuantumLayer cancel ", "cmdline")') == [job]
    neovim.command(f"QuantumLayer cancel {job}")
    assert neovim.told("Cancelled: generate").endswith("What was finished is kept for the next time.")
    assert scripted.requests[-1].left.wait(5), "the model was told to stop"


def test_a_server_that_is_killed_is_started_again_and_goes_on(
    neovim: Neovim, workspace: Path, scripted: ScriptedServer
) -> None:
    slow = [True]
    scripted.script(lambda seen: (answer_slowly if slow and "words.py" in seen.prompt else answer_well)(seen))
    brief = workspace / "shouting.brief.md"
    brief.write_text(BRIEF)
    neovim.edit(brief)
    neovim.attached()
    # By the code action, as a user may; what it starts goes on as well.
    neovim.lua(
        "vim.lsp.buf.code_action({ apply = true, filter = function(action) "
        'return action.title == "Generate capsule from this brief" end })'
    )
    neovim.wait(
        "for _, p in ipairs(_G.progress) do if p[3]:find('write words.py: ') then return true end end"
    )
    before = len(scripted.requests)
    slow.clear()
    (server,) = neovim.servers()
    server.kill()
    assert "(signal 9) and is started again. What was being generated goes on" in neovim.told("unexpectedly")
    neovim.told("Not verified: shouting (")
    assert (workspace / "shouting" / "words.py").read_text() == WORDS
    again = [seen.prompt for seen in scripted.requests[before:]]
    assert not [prompt for prompt in again if "Plan the Python project" in prompt], (
        "the plan is not paid twice"
    )


def test_a_server_that_dies_again_and_again_is_left_alone(neovim: Neovim, workspace: Path) -> None:
    neovim.lua("vim.g.quantumlayer = { restarts = 1 }")
    (workspace / "a.py").write_text("x = 1\n")
    neovim.edit(workspace / "a.py")
    for said in ("is started again", "too often"):
        neovim.attached()
        (server,) = neovim.servers()
        server.kill()
        neovim.told(said)
    assert neovim.servers() == []
    neovim.command("QuantumLayer restart")
    assert neovim.attached()


def test_what_the_server_does_not_offer_is_said(neovim: Neovim, workspace: Path) -> None:
    (workspace / "a.py").write_text("x = 1\n")
    neovim.edit(workspace / "a.py")
    version = neovim.attached()
    # As a server of an earlier version answers.
    neovim.lua(
        'local capabilities = vim.lsp.get_clients({ name = "quantumlayer" })[1].server_capabilities '
        'capabilities.executeCommandProvider.commands = { "quantumlayer.cancel" }'
    )
    neovim.choose("shouting")
    for verb, command in {
        "report shouting": "capsuleReport",
        "capsules": "capsules.list",
        "explain make a clock": "patterns.explain",
        "models": "models.list",
        "validate": "validateFile",
    }.items():
        neovim.command(f"QuantumLayer {verb}")
        said = neovim.told("does not offer it")
        assert f"no command `quantumlayer.{command}`. Its version is {version}" in said


def test_without_the_program_it_says_what_to_do(neovim: Neovim, workspace: Path) -> None:
    neovim.lua('vim.lsp.config("quantumlayer", { cmd = { "quantumlayer-is-not-here", "lsp" } })')
    neovim.command("QuantumLayer generate a clock")
    said = neovim.told("cannot be started")
    assert "there is no program `quantumlayer-is-not-here`" in said
    assert ":help quantumlayer-install" in said


def test_checkhealth_tells_from_the_editor_to_the_doctor(neovim: Neovim, workspace: Path) -> None:
    (workspace / "a.py").write_text("x = 1\n")
    neovim.edit(workspace / "a.py")
    version = neovim.attached()
    neovim.lua("vim.g.quantumlayer = { safe = true }")
    neovim.command("checkhealth quantumlayer")
    text = neovim.wait('local t = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\\n") return t')
    for told in (
        "vim.g.quantumlayer: safe is not an option",
        "started by `quantumlayer lsp`",
        f"version {version} runs in {workspace}",
        "What the server finds on this machine",
        "OK ruff: ",
    ):
        assert told in text, text
    neovim.lua('vim.lsp.config("quantumlayer", { cmd = { "not-here" } })')
    neovim.command("checkhealth quantumlayer")
    assert "ERROR there is no program `not-here`" in neovim.wait(
        'return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\\n")'
    )


def test_every_subcommand_is_completed_and_in_the_help(neovim: Neovim, tmp_path: Path) -> None:
    names = neovim.lua('return vim.fn.getcompletion("QuantumLayer ", "cmdline")')
    assert {
        "generate",
        "validate",
        "test",
        "export",
        "capsules",
        "explain",
        "cancel",
        "report",
        "models",
    } <= set(names)
    assert neovim.lua('return vim.fn.getcompletion("QuantumLayer re", "cmdline")') == ["report", "restart"]
    assert neovim.lua('return vim.fn.getcompletion("QuantumLayer export a t", "cmdline")') == ["tar.gz"]
    neovim.command("QuantumLayer what")
    assert "there is no `what`" in neovim.told("there is no")
    shutil.copytree(PLUGIN / "doc", tmp_path / "copy" / "doc")
    neovim.command(f"set runtimepath+={tmp_path / 'copy'}")
    neovim.command(f"helptags {tmp_path / 'copy' / 'doc'}")
    for tag in ("quantumlayer", "quantumlayer-install", "quantumlayer-options", ":QuantumLayer"):
        neovim.command(f"help {tag}")
    text = neovim.lua('return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\\n")')
    assert set(re.findall(r"^:QuantumLayer (\w+)", text, re.MULTILINE)) == set(names)
    assert max(len(line) for line in text.splitlines()) <= 78


@pytest.mark.parametrize("text", ["---\nquantumlayer: brief\n---\nA clock.\n", "# Notes\n"])
def test_a_brief_is_known_by_its_front_matter(
    neovim: Neovim, workspace: Path, scripted: ScriptedServer, text: str
) -> None:
    scripted.script(answer_slowly)
    (workspace / "clock.md").write_text(text)
    neovim.edit(workspace / "clock.md")
    neovim.choose("")
    neovim.command("QuantumLayer generate")
    if "brief" in text:
        neovim.wait("return _G.progress[1] and _G.progress[1][2] == 'QuantumLayer: generate clock.md'")
    else:
        assert neovim.asked() == [{"prompt": "What should be made? "}]
        assert neovim.lua("return _G.progress") == json.loads("[]")

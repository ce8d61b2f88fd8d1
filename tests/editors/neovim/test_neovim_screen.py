"""The plugin as it looks: a Neovim with a screen, in the terminal of another one, used like a person does."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from driven_neovim import START, Neovim
from lsp_briefs import BRIEF, WORDS, answer_well
from support.scripted_server import ScriptedServer, Seen

COLUMNS, LINES = 100, 30
SCREENS = Path(__file__).parents[3] / "build" / "editors" / "neovim-screens.txt"
"""Kept, to be looked at."""


class Terminal:
    """The screen of a program in a terminal of `host`."""

    def __init__(self, host: Neovim, command: list[str]) -> None:
        self._host = host
        host.lua(
            f"vim.o.columns, vim.o.lines = {COLUMNS}, {LINES + 2} vim.o.laststatus = 0 "
            f"_G.term = vim.fn.jobstart(vim.json.decode([==[{json.dumps(command)}]==]), {{ term = true }}) "
            "_G.screen = vim.api.nvim_get_current_buf()"
        )

    def screen(self) -> str:
        lines = self._host.lua("return vim.api.nvim_buf_get_lines(_G.screen, 0, -1, false)")
        return "\n".join(line.rstrip() for line in lines[-LINES - 2 :]).strip("\n")

    def type(self, keys: str) -> None:
        self._host.lua(f"vim.fn.chansend(_G.term, vim.json.decode([==[{json.dumps(keys)}]==]))")

    def sees(self, *parts: str, seconds: float = 120) -> str:
        """The screen once it has all of these, wherever lines are broken."""
        end = time.monotonic() + seconds
        while not all(part.replace(" ", "") in "".join((screen := self.screen()).split()) for part in parts):
            assert time.monotonic() < end, f"not seen: {parts}\n{screen}"
            time.sleep(0.05)
        return screen


@pytest.fixture
def terminal(neovim: Neovim, nvim_program: str, workspace: Path) -> Callable[..., Terminal]:
    def start(*arguments: str) -> Terminal:
        return Terminal(neovim, [nvim_program, *START, *arguments])

    return start


def test_what_a_person_sees(
    terminal: Callable[..., Terminal], workspace: Path, scripted: ScriptedServer
) -> None:
    def answer_unhurried(seen: Seen) -> object:
        time.sleep(0.5)
        return answer_well(seen)

    scripted.script(answer_unhurried)
    (workspace / "shouting.brief.md").write_text(BRIEF)
    shown = terminal("shouting.brief.md")
    screens = [shown.sees("# Shouting", "Use the standard library only.")]
    shown.type(":QuantumLayer gen\t\r")
    screens.append(shown.sees("% QuantumLayer: generate shouting.brief.md: "))
    assert "Press ENTER" not in screens[-1], "progress never asks for a key"
    screens.append(shown.sees("Not verified: shouting ("))
    shown.type("\r")
    shown.type(":edit shouting/words.py\r")
    screens.append(shown.sees("def shout(text: str) -> str:"))
    assert (workspace / "shouting" / "words.py").read_text() == WORDS
    shown.type(":%s/text.upper()/undefined_name/ | QuantumLayer validate\r")
    screens.append(shown.sees("undefined_name", "words.py: 2 errors"))
    shown.type("\r:QuantumLayer\r")
    screens.append(
        shown.sees("cancel: end what runs", "report: what is known of a capsule", "Type number and <Enter>")
    )
    shown.type("q\r:QuantumLayer capsule s\r")
    screens.append(shown.sees("there is no `capsule`"))
    SCREENS.parent.mkdir(parents=True, exist_ok=True)
    SCREENS.write_text(f"\n{'=' * COLUMNS}\n".join(screens))
    shown.type("\r:qall!\r")

"""Drives a Neovim that runs without a screen: by its own server, with Lua that answers in JSON."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import psutil

PLUGIN = Path(__file__).parents[3] / "editors" / "neovim"
START = ("--clean", "--cmd", f"set runtimepath^={PLUGIN}")
_WATCH = """
_G.said, _G.asked, _G.answers, _G.opened, _G.progress = {}, {}, {}, {}, {}
vim.notify = function(text) table.insert(_G.said, text) end
vim.ui.open = function(path)
  table.insert(_G.opened, path)
  return { wait = function() return { code = 0 } end }
end
local function answer(prompt)
  table.insert(_G.asked, prompt)
  return table.remove(_G.answers, 1)
end
vim.ui.select = function(items, options, done)
  local shown = vim.tbl_map(options.format_item or tostring, items)
  local wanted = answer({ prompt = options.prompt, items = shown })
  for at, item in ipairs(items) do
    if wanted and shown[at]:find(wanted, 1, true) then
      return done(item, at)
    end
  end
  done(nil)
end
vim.ui.input = function(options, done) done(answer({ prompt = options.prompt })) end
vim.api.nvim_create_autocmd("LspProgress", { callback = function(event)
  local value = event.data.params.value
  table.insert(_G.progress, { value.kind, value.title or "", value.message or "", vim.lsp.status() })
end })
"""
"""What a user sees and is asked is kept; what they choose is in `answers`: a part of the line they take."""


class Neovim:
    def __init__(self, program: str, environ: Mapping[str, str], folder: Path, socket: Path) -> None:
        self._program = program
        self._environ = dict(environ)
        self._folder = folder
        self._socket = socket
        self._script = socket.with_suffix(".lua")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [self._program, "--headless", "--listen", str(self._socket), *START]
        self._process = subprocess.Popen(
            command, env=self._environ, cwd=self._folder, stdin=subprocess.DEVNULL
        )
        _until(self._socket.exists, 30, "Neovim does not start")
        self.lua(_WATCH)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        servers = self.servers()
        try:
            self.command("qall!", answers=False)
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()
        _, alive = psutil.wait_procs(servers, timeout=10)
        for server in alive:
            server.kill()
        assert not alive, "a server outlives its editor"

    def servers(self) -> list[psutil.Process]:
        """The language servers of this Neovim."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        return [child for child in children if _is_server(child)]

    def lua(self, code: str, *, answers: bool = True) -> Any:
        """What the code returns."""
        self._script.write_text(code)
        expression = f"luaeval('vim.json.encode({{ dofile([[{self._script}]]) }})')"
        command = [self._program, "--server", str(self._socket), "--remote-expr", expression]
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True, timeout=120)
        if not answers:
            return None
        assert done.returncode == 0, done.stderr
        return (json.loads(done.stdout or done.stderr) or [None])[0]

    def command(self, line: str, *, answers: bool = True) -> None:
        self.lua(f"vim.cmd({json.dumps(line)})", answers=answers)

    def wait(self, code: str, seconds: float = 120) -> Any:
        """What the code returns, once it is neither nil nor false nor empty."""
        return _until(lambda: self.lua(code), seconds, code, also=self.said)

    def edit(self, path: Path) -> None:
        self.lua(f"vim.cmd.edit(vim.fn.fnameescape({json.dumps(str(path))}))")

    def attached(self) -> str:
        """The version of the server of this buffer."""
        return str(
            self.wait(
                'local c = vim.lsp.get_clients({ bufnr = 0, name = "quantumlayer" })[1] '
                "return c and c.initialized and c.server_info.version"
            )
        )

    def said(self) -> list[str]:
        """What the user was told, and is forgotten here."""
        return list(self.lua("local s = _G.said _G.said = {} return s") or [])

    def told(self, part: str, seconds: float = 120) -> str:
        """The first message with these words in it; those before it are forgotten."""
        code = (
            f"for at, text in ipairs(_G.said) do if text:find({json.dumps(part)}, 1, true) then "
            "_G.said = vim.list_slice(_G.said, at + 1) return text end end"
        )
        return str(self.wait(code, seconds))

    def choose(self, *parts: str) -> None:
        """What the user will answer next, one after the other."""
        self.lua(f"_G.answers = vim.json.decode([==[{json.dumps(parts)}]==]) _G.asked = {{}}")

    def asked(self) -> list[dict[str, Any]]:
        return list(self.lua("return _G.asked") or [])


def _is_server(process: psutil.Process) -> bool:
    try:
        return process.cmdline()[-1:] == ["lsp"]
    except psutil.Error:  # it has just ended
        return False


def _until(look: Callable[[], Any], seconds: float, what: str, also: Callable[[], Any] = str) -> Any:
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s; {also()}")
        time.sleep(0.1)
    return found

"""What an editor does to a whole file on request: safe fixes, imports in order, format."""

import json
import platform
import tempfile
from pathlib import Path
from typing import Literal

from ..types import OpenFile
from .adapters.ruff import LINE_LENGTH, STYLE_IGNORED, STYLE_RULES, binary
from .process import Tools
from .types import ToolError

_RULES = {"fix": f"{STYLE_RULES},S", "imports": "I"}


async def tidied(file: OpenFile, what: Literal["fix", "imports", "format"], seconds: float) -> str:
    """The text as it should be; the same text where it does not parse. Raises ToolError."""
    target = "py" + "".join(platform.python_version_tuple()[:2])
    alone = ("--isolated", "--no-cache", "--target-version", target, "--line-length", str(LINE_LENGTH))
    named = (f"--stdin-filename={Path(file.path).name}", "-")
    if what == "format":
        command = [binary(), "format", *alone, *named]
    else:
        own = json.dumps([file.folder, str(Path(file.folder, "src"))], ensure_ascii=False)
        rules = ("--select", _RULES[what], "--ignore", STYLE_IGNORED, "--config", f"src={own}")
        command = [binary(), "check", "--fix-only", "--quiet", *alone, *rules, *named]
    with tempfile.TemporaryDirectory(prefix="quantumlayer-") as empty:
        done = await Tools().run(command, cwd=Path(empty), seconds=seconds, stdin=file.text)
    if done.code == 0:
        return done.stdout
    if "Failed to parse" in done.stderr or "invalid-syntax" in done.stdout:
        return file.text
    last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.code}"]
    raise ToolError(f"ruff failed: {last[0]}")

"""ruff's formatter and its safe fixes, applied before generated code is judged."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...settings import Settings
from ..journal import Journal
from ..languages import language_of
from ..types import SourceFile
from .adapters import ruff
from .process import Tools, written
from .types import Surroundings, ToolError

_FIXES = "F401,I001,W291,W292,W293"


async def format_files(
    files: Sequence[SourceFile], python: str, settings: Settings, journal: Journal, tools: Tools
) -> tuple[SourceFile, ...]:
    """Raises ToolError if ruff is missing, fails or takes too long."""
    pythonic = [file for file in files if language_of(file.path) == "python"]
    if not pythonic:
        return tuple(files)

    async def run() -> Any:
        async with written(pythonic) as scratch:
            around = Surroundings(python, None, scratch, scratch, settings.validate_.timeout_s)
            await _apply(around, tools)
            return await asyncio.to_thread(_read_back, scratch, pythonic)

    inputs = {
        "version": await asyncio.to_thread(ruff.ruff_version),
        "rules": [_FIXES, ruff.LINE_LENGTH],
        "python": python,
        "files": {file.path: file.digest for file in pythonic},
    }
    texts, _ = await journal.step("validate.format", inputs, run)
    return tuple(SourceFile(path=file.path, text=texts.get(file.path, file.text)) for file in files)


async def _apply(around: Surroundings, tools: Tools) -> None:
    length = ("--line-length", str(ruff.LINE_LENGTH))
    fixing = ruff.command(around, "check", "--select", _FIXES, "--fix", *length)
    done = await tools.run(fixing, cwd=around.scratch, seconds=around.seconds)
    if done.code != 0:
        raise ToolError(f"ruff failed: {done.stderr.strip()[-200:]}")
    formatting = ruff.command(around, "format", *length)
    # 2: some file does not parse; the others are formatted all the same.
    done = await tools.run(formatting, cwd=around.scratch, seconds=around.seconds)
    if done.code not in {0, 2}:
        raise ToolError(f"ruff failed: {done.stderr.strip()[-200:]}")


def _read_back(scratch: Path, files: Sequence[SourceFile]) -> dict[str, str]:
    # newline="": line endings are the file's own.
    texts = {}
    for file in files:
        with (scratch / file.path).open(encoding="utf-8", newline="") as stream:
            texts[file.path] = stream.read()
    return texts

"""The command as a user has it: a process, in a folder of its own, with settings and storage of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .scripted_server import ScriptedServer

COMMAND = [sys.executable, "-m", "quantumlayer"]
SECONDS = 240

SLUG_BRIEF = """\
# Slugs

Write `slug.py` with `slugify(text: str) -> str`: the words of the text in lower case, joined by `-`.
Only letters and digits count; an empty text gives an empty string.
`slugify("Hello, World!")` is `hello-world`.
"""
SLUG_CODE = '''\
"""Slugs."""

import re


def slugify(text: str) -> str:
    """The words of `text` in lower case, joined by hyphens."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))
'''
BROKEN_SLUG_CODE = '''\
"""Slugs."""


def slugify(text: str) -> str:
    """Always wrong."""
    return text.upper() + "!"
'''
SLUG_TESTS = """\
from slug import slugify


def test_words_are_joined():
    assert slugify("Hello, World!") == "hello-world"


def test_empty_text_gives_nothing():
    assert slugify("") == ""


def test_digits_count():
    assert slugify("Area 51") == "area-51"


def test_marks_do_not_count():
    assert slugify("a & b") == "a-b"
"""


@dataclass(frozen=True)
class Ended:
    """What a user saw of a command that ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """Runs `quantumlayer` in `folder`; nothing of the machine's own settings reaches it."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "work"
        self.home = home
        self.folder.mkdir()
        kept = {name: value for name, value in os.environ.items() if not _is_secret_or_ours(name)}
        self.environ: dict[str, str] = kept | {
            "TERM": "xterm",
            "QUANTUMLAYER_CONFIG": str(home / "config.toml"),
            "QUANTUMLAYER_DATA_DIR": str(home / "data"),
            "QUANTUMLAYER_CACHE_DIR": str(home / "cache"),
            "XDG_STATE_HOME": str(home / "state"),
            "OLLAMA_HOST": "http://127.0.0.1:9",
            "QUANTUMLAYER_VALIDATE__ADVISORIES": "none",
            "QUANTUMLAYER_VALIDATE__REGISTRIES": "none",
            "NO_COLOR": "1",
        }

    def use_server(self, scripted: ScriptedServer) -> None:
        self.environ |= {
            "QUANTUMLAYER_MODEL": "openai/test",
            "QUANTUMLAYER_MODELS__API_BASE": scripted.base_url,
            "QUANTUMLAYER_MODELS__RETRIES": "0",
            "QUANTUMLAYER_GENERATE__DRAWS": "0",
            "QUANTUMLAYER_API_KEY": "sk-test-0123456789abcdef",
        }

    def __call__(
        self, *arguments: str | Path, stdin: str | bytes = "", environ: Mapping[str, str] | None = None
    ) -> Ended:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            cwd=self.folder,
            env={**self.environ, **(environ or {})},
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=SECONDS,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str | Path, **more: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([*COMMAND, *map(str, arguments)], cwd=self.folder, env=self.environ, **more)


def _is_secret_or_ours(name: str) -> bool:
    return name.startswith(("QUANTUMLAYER_", "AWS_", "AZURE_")) or name.endswith("_API_KEY")


def fenced(code: str) -> str:
    return f"```python\n{code}```\n"

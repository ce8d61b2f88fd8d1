"""Our own readers of syntax, kept warm in a child that hostile text may end without harm."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ...types import Finding, OpenFile, Severity, Stage
from ..adapters.grammar import TREE_SITTER, YAML
from ..types import finding

_READERS = Path(__file__).parent.parent / "source"
_BY_VALUE = frozenset({"json", "jsonc", "toml"})


class WarmReader:
    name = "reader"
    languages = TREE_SITTER.languages | YAML.languages | _BY_VALUE
    env: Mapping[str, str] = {}
    reads_no_files: Literal[True] = True

    def command(self) -> list[str]:
        TREE_SITTER.version()
        return [sys.executable, "-I", str(_READERS), "serve"]

    def options(self) -> Any:
        return {}

    def configuration(self) -> Any:
        return None

    def findings(self, file: OpenFile, diagnostics: list[dict[str, Any]], unit: str) -> list[Finding]:
        return [_finding(file, one) for one in diagnostics]


def _finding(file: OpenFile, told: dict[str, Any]) -> Finding:
    start, end = told["range"]["start"], told["range"]["end"]
    return finding(
        Stage.SYNTAX,
        reader_of(file.language),
        told["code"],
        Severity.ERROR if told["severity"] == 1 else Severity.WARNING,
        file.path,
        told["message"],
        start=(start["line"] + 1, start["character"]),
        end=(end["line"] + 1, end["character"]),
    )


def reader_of(language: str) -> str:
    """As the batch calls it."""
    if language in _BY_VALUE:
        return "compile"
    return YAML.name if language in YAML.languages else TREE_SITTER.name

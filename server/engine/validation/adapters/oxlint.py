"""oxlint: the syntax, style and security of JavaScript and TypeScript.

It is given rules of our own and nothing but the files to read: a configuration in the judged folder may
load plugins, which are programs.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...types import Finding, Position, Range, Severity, SourceFile, Stage
from ..process import Tools, written
from ..types import Project, Surroundings, ToolError
from .programs import installed, package_version

LANGUAGES = frozenset({"javascript", "typescript"})
SECURITY = {
    "no-eval": "error",
    "no-implied-eval": "error",
    "no-new-func": "error",
    "no-script-url": "error",
    "react/jsx-no-script-url": "error",
    "react/no-danger": "warn",
    "react/jsx-no-target-blank": "warn",
    "react/iframe-missing-sandbox": "warn",
    "unicorn/no-document-cookie": "warn",
    "unicorn/no-new-buffer": "warn",
}
_STYLE_MORE = {"eqeqeq": ["warn", "smart"], "no-var": "warn", "prefer-const": "warn", "no-empty": "warn"}
_BROKEN = {
    "const-comparisons",
    "constructor-super",
    "for-direction",
    "getter-return",
    "no-class-assign",
    "no-const-assign",
    "no-dupe-class-members",
    "no-dupe-else-if",
    "no-dupe-keys",
    "no-func-assign",
    "no-import-assign",
    "no-obj-calls",
    "no-self-assign",
    "no-setter-return",
    "no-this-before-super",
    "no-undef",
    "no-unreachable",
    "no-unsafe-negation",
    "no-unsafe-optional-chaining",
    "use-isnan",
    "valid-typeof",
}
"""What raises, or can never do what it says."""
_OURS = re.compile(r"\b(eslint|oxlint)-(disable|enable)")
_PASSED_OVER = re.compile(r"[._-]min(?=\.)")
"""oxlint takes a file of such a name for a minified one, and does not read it."""
_CODE = re.compile(r"^(?:[\w-]+)\(([\w-]+)\)$")


def configuration() -> dict[str, Any]:
    """One for all stages: whoever reads the answer tells the stages apart by the rules."""
    return {
        "plugins": ["eslint", "typescript", "unicorn", "oxc", "react"],
        "categories": {"correctness": "warn"},
        "rules": {**_STYLE_MORE, **SECURITY},
        "env": {"builtin": True, "browser": True, "node": True, "es2024": True},
    }


def binary() -> str:
    """Raises ToolError."""
    return installed("oxlint", "oxlint")


def stage_of(code: str) -> Stage:
    """By the code as oxlint gives it, such as `eslint(no-eval)`; none means that it does not parse."""
    if not code:
        return Stage.SYNTAX
    return Stage.SECURITY if rule_of(code) in {name.rpartition("/")[2] for name in SECURITY} else Stage.STYLE


def rule_of(code: str) -> str:
    found = _CODE.match(code)
    return found[1] if found else code


def severity_of(code: str) -> Severity:
    if not code or rule_of(code) in _BROKEN:
        return Severity.ERROR
    levels = {name.rpartition("/")[2]: level for name, level in SECURITY.items()}
    return Severity.ERROR if levels.get(rule_of(code)) == "error" else Severity.WARNING


@dataclass(frozen=True)
class Oxlint:
    name: str
    stage: Stage
    languages: frozenset[str] = LANGUAGES

    @property
    def rules(self) -> Any:
        return [configuration(), sorted(_BROKEN), 2]

    def version(self) -> str:
        binary()
        return package_version("oxlint")

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        files = [_judged(file) if self.stage is Stage.SECURITY else file for file in project.files]
        named = {_PASSED_OVER.sub(f"-{number}", file.path): file for number, file in enumerate(files)}
        renamed = [SourceFile(path=name, text=file.text) for name, file in named.items()]
        async with written(renamed) as folder, written(()) as aside:
            rules = aside / "rules.json"
            rules.write_text(json.dumps(configuration()), encoding="utf-8")
            command: list[str | Path] = [
                binary(),
                "--config",
                rules,
                "--disable-nested-config",
                "--no-ignore",
            ]
            done = await tools.run([*command, "--format=json", "."], cwd=folder, seconds=around.seconds)
        problems = _read(done.stdout, done.stderr)
        texts = {name: file.text.encode("utf-8", "surrogatepass") for name, file in named.items()}
        found = [
            self._finding(problem, named[name].path, texts[name])
            for problem in problems
            if (name := problem["filename"]) in named
        ]
        return [one for one in found if one.stage is self.stage]

    def _finding(self, problem: dict[str, Any], path: str, content: bytes) -> Finding:
        code = problem.get("code") or ""
        return Finding(
            stage=stage_of(code),
            tool=self.name,
            rule=rule_of(code) or "syntax",
            severity=severity_of(code),
            path=path,
            range=_span(problem.get("labels") or (), content),
            message=problem["message"],
            url=problem.get("url") or "",
            tags=("unused",) if rule_of(code) == "no-unused-vars" else (),
        )


SYNTAX = Oxlint("oxlint parser", Stage.SYNTAX)
STYLE = Oxlint("oxlint", Stage.STYLE)
RISKS = Oxlint("oxlint security", Stage.SECURITY)


def _judged(file: SourceFile) -> SourceFile:
    """Without the words that switch rules off, at the same length: judged code has no say in its security."""
    text = _OURS.sub(lambda found: f"{found[1]}-{'x' * len(found[2])}", file.text)
    return SourceFile(path=file.path, text=text)


def _read(output: str, complaint: str) -> list[dict[str, Any]]:
    try:
        problems: list[dict[str, Any]] = json.loads(output)["diagnostics"]
    except (ValueError, KeyError) as error:
        said = (complaint or output).strip().splitlines()[-1:] or ["it said nothing"]
        raise ToolError(f"oxlint failed: {said[0][:200]}") from error
    return [{**one, "filename": Path(one.get("filename") or "").as_posix()} for one in problems]


def _span(labels: Sequence[dict[str, Any]], content: bytes) -> Range:
    """Spans are counted in bytes."""
    if not labels:
        return Range(start=Position(line=0, column=0), end=Position(line=0, column=0))
    span = labels[0]["span"]
    return Range(
        start=_position(content, span["offset"]), end=_position(content, span["offset"] + span["length"])
    )


def _position(content: bytes, offset: int) -> Position:
    before = content[:offset].decode("utf-8", "replace")
    line_start = before.rfind("\n") + 1
    return Position(line=before.count("\n"), column=len(before) - line_start)

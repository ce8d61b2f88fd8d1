"""Java's own compiler: types, and its warnings.

Nothing of the judged code runs: annotation processors are switched off, there is no class path from which a
plugin could come, and nothing but the project's `.java` files lies where it looks. Libraries are not here:
what follows from that is not told.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from ...types import Finding, Severity, SourceFile, Stage
from ..process import Tools, all_of, written
from ..types import Project, Surroundings, ToolError, ToolMissing, finding
from .java_libraries import Libraries, package_of
from .java_release import newer_told, release_of
from .programs import users, version_beside

NEXT_STEP = "Install a JDK for yourself, with your system's packages or from adoptium.net."
_LEVELS = {
    "divzero": Severity.ERROR,
    **dict.fromkeys(("cast", "dep-ann", "deprecation", "rawtypes", "try", "unchecked"), Severity.HINT),
    **dict.fromkeys(("empty", "fallthrough", "finally", "overrides", "static", "varargs"), Severity.WARNING),
}
_OPTIONS = (
    *("-J-Duser.language=en", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-encoding", "UTF-8"),
    *("-proc:none", "-implicit:none", "-Xmaxerrs", "10000", "-Xmaxwarns", "10000"),
    # What does not parse in one file does not keep it from the types of the others.
    *("-XDshould-stop.ifError=FLOW", f"-Xlint:{','.join(sorted(_LEVELS))}"),
)
_HEAD = re.compile(
    r"^(?P<path>.+?\.java):(?P<line>\d+): (?P<kind>error|warning): (?:\[(?P<lint>[\w-]+)\] )?(?P<said>.+)$"
)
_CARET = re.compile(r"^(?P<before>\s*)\^$")
_NO_JDK = "Unable to locate a Java Runtime"
"""What macOS says where its own `javac` stands for one that is not there."""
_UNNAMED = {"module-info.java", "package-info.java"}
"""They speak of packages and modules that are not here."""
_LANGUAGES = (".kt", ".groovy", ".scala")
_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts")
_AWAY = "not-checked"
_NAMED = 3
_NEWER = re.compile(r"preview feature|not supported in -source")
_RULES = re.compile(
    r"^(cannot find symbol|incompatible types|missing return (?:statement|value)|unreported exception|"
    r"duplicate class|unreachable statement|package does not exist|method does not override)"
)


@dataclass(frozen=True)
class Told:
    """One message; `line` from one, `column` from zero."""

    path: str
    line: int
    column: int
    lint: str
    said: str
    more: str
    is_error: bool


class _Others:
    """Names of files in languages whose classes Java may use, and of those that say for which Java it is."""

    def __contains__(self, name: object) -> bool:
        return str(name).endswith((*_LANGUAGES, *_BUILDS))


_OTHERS = _Others()


@dataclass(frozen=True)
class Javac:
    """`root` is the judged folder, from which no program is taken."""

    name: str
    stage: Stage
    languages: frozenset[str] = frozenset({"java"})
    rules: Any = 4
    root: str = ""
    beside: Any = _OTHERS

    def version(self) -> str:
        return version_beside(self._javac(), "release", r'JAVA_VERSION="([^"]+)"')

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        others = [file for file in project.files if file.path.endswith(_LANGUAGES)]
        builds = [file for file in project.files if file.path.endswith(_BUILDS)]
        files = [file for file in project.files if _is_judged(file.path)]
        if not files:
            return []
        async with written(files) as folder, written(()) as aside:
            (aside / "nothing").mkdir()
            paths: list[str | Path] = ["-cp", aside / "nothing", "-d", aside]

            async def compiled(group: Sequence[SourceFile], more: Sequence[str | Path]) -> list[Told]:
                names = [f"./{file.path}" for file in group]
                command = [self._javac(), *_OPTIONS, *paths, *more, *names]
                done = await tools.run(command, cwd=folder, seconds=around.seconds)
                if done.code and _NO_JDK in done.stderr:
                    raise ToolMissing("there is no JDK behind the javac on the PATH.", NEXT_STEP)
                told = list(_read(done.stderr))
                if done.code not in {0, 1} or (done.code and not told):
                    raise ToolError(f"javac failed: {done.complaint}")
                own = {file.path for file in group}
                return [one for one in told if one.path in own]

            parts = await all_of([compiled(*part) for part in _parts(files)])
        told = [one for part in parts for one in part]
        if self.stage is not Stage.TYPES:
            return [*_lints(told)]
        found = _types(told, files, others)
        return [*(newer_told(found, files) if release_of(builds) > self._release() else found)]

    def _release(self) -> int:
        number = self.version().partition(".")[0]
        return int(number) if number.isdigit() else 0

    def _javac(self) -> str:
        return users("javac", NEXT_STEP, self.root)


TYPES = Javac("javac", Stage.TYPES)
STYLE = Javac("javac lint", Stage.STYLE)


def rooted(root: str) -> tuple[Javac, Javac]:
    return replace(TYPES, root=root), replace(STYLE, root=root)


def _is_judged(path: str) -> bool:
    return path.endswith(".java") and path.rpartition("/")[2] not in _UNNAMED


def _parts(files: Sequence[SourceFile]) -> Iterator[tuple[list[SourceFile], list[str]]]:
    """All files at once; where two bear one name, each tree of sources alone, with the others to look in."""
    trees: dict[str, list[SourceFile]] = {}
    names = set()
    for file in files:
        package = package_of(file)
        inner = f"{package.replace('.', '/')}/" if package else ""
        folder, _, name = file.path.rpartition("/")
        trees.setdefault(f"{folder}/".removesuffix(inner).rstrip("/"), []).append(file)
        names.add(inner + name)
    if len(names) == len(files):
        yield list(files), []
        return
    for tree, own in trees.items():
        places = sorted(trees, key=partial(_steps_from, tree))
        yield own, ["-sourcepath", os.pathsep.join(f"./{one}" for one in places)]


def _steps_from(tree: str, other: str) -> int:
    """How many folders up it is before the way leads down to `other`; to itself none."""
    own = tree.split("/")
    pairs = zip(own, other.split("/"), strict=False)
    return len(own) - len(list(takewhile(lambda pair: pair[0] == pair[1], pairs))) + (tree != other)


def _read(output: str) -> Iterator[Told]:
    """A message, the line of code, a caret below it, and more about it."""
    lines = output.splitlines()
    at = 0
    while at < len(lines):
        head = _HEAD.match(lines[at])
        at += 1
        if not head:
            continue
        caret = _CARET.match(lines[at + 1]) if at + 1 < len(lines) else None
        at += 2 if caret else 0
        more = []
        while at < len(lines) and lines[at].startswith("  "):
            more.append(" ".join(lines[at].split()))
            at += 1
        yield Told(
            path=head["path"].removeprefix("./"),
            line=int(head["line"]),
            column=len(caret["before"]) if caret else 0,
            lint=head["lint"] or "",
            said=head["said"],
            more="; ".join(more),
            is_error=head["kind"] == "error",
        )


def _types(
    told: Iterable[Told], files: Sequence[SourceFile], others: Sequence[SourceFile]
) -> Iterator[Finding]:
    errors = [one for one in told if one.is_error]
    newer = {one.path: one for one in reversed(errors) if _NEWER.search(f"{one.said} {one.more}")}
    for one in newer.values():
        yield _finding(one, Severity.INFO, "not checked: this file is in a newer Java than javac's", _AWAY)
    errors = [one for one in errors if one.path not in newer]
    libraries = Libraries(files, ((one.path, one.said, one.more) for one in errors), others)
    away: dict[str, dict[str, Told]] = {}
    for one in errors:
        if name := libraries.names(one.said, one.more):
            away.setdefault(one.path, {}).setdefault(name, one)
        elif level := libraries.severity(one.path, one.said, one.more):
            yield _finding(one, level, _whole(one))
    for names in away.values():
        said = f"not checked: what follows from {_some(list(names))}, not in the project's Java"
        yield _finding(next(iter(names.values())), Severity.INFO, said, _AWAY)


def _some(names: Sequence[str]) -> str:
    """A file may use dozens."""
    more = len(names) - _NAMED
    return f"{', '.join(names[:_NAMED])}{f' and {more} more' if more > 0 else ''}"


def _lints(told: Iterable[Told]) -> Iterator[Finding]:
    for one in told:
        if not one.is_error and one.lint in _LEVELS:
            made = _finding(one, _LEVELS[one.lint], one.said, one.lint)
            yield made.model_copy(update={"stage": Stage.STYLE, "tool": STYLE.name})


def _whole(one: Told) -> str:
    return f"{one.said} ({one.more})" if one.more else one.said


def _finding(one: Told, level: Severity, said: str, rule: str = "") -> Finding:
    known = _RULES.match(one.said)
    rule = rule or (known[0].replace(" ", "-") if known else "error")
    return finding(Stage.TYPES, TYPES.name, rule, level, one.path, said, start=(one.line, one.column))

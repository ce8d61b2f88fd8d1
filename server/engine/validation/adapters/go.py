"""Go's own checker: types, and what `go vet` finds suspicious.

Nothing of the judged code runs: there are no build scripts in Go, `go vet` runs no `go:generate`, and the C
compiler, other toolchains and the network are switched off. Packages from outside the project are not here:
folders that import one are named, and not judged.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...types import Finding, Severity, Stage
from ..process import Completed, Tools, written
from ..types import Project, Surroundings, ToolError, ToolMissing, finding
from .go_modules import Modules, environment, folder_of, laid_out
from .gofmt import NEXT_STEP
from .programs import users, version_beside

_TYPE_ERROR = re.compile(r"^vet: (?P<path>.+?):(?P<line>\d+):(?P<column>\d+): (?P<said>.+)$", re.MULTILINE)
_PLACE = re.compile(r"^(?P<path>.+?):(?P<line>\d+):(?P<column>\d+)$")
_PACKAGE = re.compile(r"\bpackage ([\w./~+-]+)")
_OBJECT = re.compile(r"^\{", re.MULTILINE)
_BODY_ELSEWHERE = "missing function body"
"""In assembly, which is not written out."""
_FATAL = frozenset(
    {"atomic", "bool", "bools", "buildtag", "directive", "errorsas", "ifaceassert", "nilfunc", "printf"}
    | {"stringintconv", "tests"}
)
"""With these `go test` refuses to run."""
_FIELDS = "-json=ImportPath,Dir,ForTest,Error,DepsErrors,Incomplete"
_PAGE = "https://pkg.go.dev/golang.org/x/tools/go/analysis/passes/"
_AWAY = "not-checked"


@dataclass(frozen=True)
class GoVet:
    """`root` is the judged folder, from which no program is taken."""

    name: str
    stage: Stage
    languages: frozenset[str] = frozenset({"go"})
    beside: frozenset[str] = frozenset({"go.mod"})
    rules: Any = 1
    root: str = ""

    def version(self) -> str:
        return version_beside(self._go(), "VERSION", r"go([\w.]+)")

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        modules = laid_out(project.files)
        if not modules.packages and not modules.native:
            return []
        env = environment(around.cache, several=modules.several)
        async with written(modules.files) as folder:

            async def go(*words: str) -> Completed:
                command = [self._go(), *words]
                return await tools.run(command, cwd=folder, seconds=around.seconds, env=env)

            away = await _away(go, folder, modules)
            judged = sorted(modules.packages - {one.folder for one in away if not one.tests_only})
            if not judged:
                raise ToolMissing(f"types and the like of Go: {away[0].why}", "")
            for file in modules.files:
                if any(one.tests_only and one.holds(file.path) for one in away):
                    (folder / file.path).unlink()
            done = await go("vet", "-json", *map(_pattern, judged))
        suspicions = list(_objects(done.stdout + done.stderr))
        wrong = list(_TYPE_ERROR.finditer(done.stderr))
        if done.code and not wrong and not suspicions:
            raise ToolError(f"go vet failed: {done.complaint}")
        lines = {file.path: file.text.splitlines() for file in project.files}
        if self.stage is Stage.TYPES:
            return [*_types(wrong, lines), *(one.told() for one in away)]
        return list(_suspicions(suspicions, folder, lines))

    def _go(self) -> str:
        return users("go", NEXT_STEP, self.root)


TYPES = GoVet("go", Stage.TYPES)
STYLE = GoVet("go vet", Stage.STYLE)


def rooted(root: str) -> tuple[GoVet, GoVet]:
    return replace(TYPES, root=root), replace(STYLE, root=root)


@dataclass(frozen=True)
class _Away:
    """Why a folder, or only the tests in it, cannot be judged."""

    folder: str
    path: str
    line: int
    why: str
    tests_only: bool = False

    def holds(self, path: str) -> bool:
        return folder_of(path) == self.folder and path.endswith("_test.go")

    def told(self) -> Finding:
        what = "the tests beside this file are" if self.tests_only else "this package is"
        said = f"{what} not checked: {self.why}"
        return finding(Stage.TYPES, "go", _AWAY, Severity.INFO, self.path, said, start=(self.line, 0))


async def _away(go: Callable[..., Awaitable[Completed]], folder: Path, modules: Modules) -> list[_Away]:
    needs_c = "it needs a C compiler, which is not run on judged code"
    found = {one: _Away(one, path, 1, needs_c) for one, path in modules.native.items()}
    if modules.packages:
        done = await go("list", "-e", "-test", _FIELDS, *map(_pattern, sorted(modules.packages)))
        packages = list(_objects(done.stdout))
        if not packages:
            raise ToolError(f"go list failed: {done.complaint}")
        for package in packages:
            problems = [*(package.get("DepsErrors") or ()), *filter(None, [package.get("Error")])]
            if problems and (where := _inside(package.get("Dir", ""), folder)) is not None:
                tests_only = bool(package.get("ForTest")) or package["ImportPath"].endswith(".test")
                found.setdefault(where, _reason(problems[0], where, folder, modules, tests_only))
    return list(found.values())


def _reason(problem: dict[str, Any], where: str, folder: Path, modules: Modules, tests_only: bool) -> _Away:
    place = _PLACE.match(problem.get("Pos") or "")
    path = _relative(place["path"], folder) if place else ""
    files = sorted(file.path for file in modules.files if folder_of(file.path) == where)
    named = _PACKAGE.search(problem["Err"])
    why = f"{named[1]} is not in the project" if named else problem["Err"].splitlines()[0][:200]
    if not place or folder_of(path) != where:
        return _Away(where, files[0], 1, why, tests_only)
    return _Away(where, path, int(place["line"]), why, tests_only)


def _types(wrong: Iterable["re.Match[str]"], lines: Mapping[str, list[str]]) -> Iterator[Finding]:
    for told in wrong:
        path, said = told["path"].removeprefix("./"), told["said"]
        if path in lines and said != _BODY_ELSEWHERE:
            start = _start(lines[path], int(told["line"]), int(told["column"]))
            yield finding(Stage.TYPES, "go", "type-error", Severity.ERROR, path, said, start=start)


def _suspicions(
    told: Iterable[dict[str, Any]], folder: Path, lines: Mapping[str, list[str]]
) -> Iterator[Finding]:
    """By package and analyzer, a list; or, if that failed, why."""
    by_rule = (pair for packages in told for rules in packages.values() for pair in rules.items())
    seen = set()
    for rule, found in by_rule:
        for one in found if isinstance(found, list) else ():
            place = _PLACE.match(one["posn"])
            path = _relative(place["path"], folder) if place else ""
            # A package is looked at with its tests, and without them.
            if not place or path not in lines or (one["posn"], rule, one["message"]) in seen:
                continue
            seen.add((one["posn"], rule, one["message"]))
            level = Severity.ERROR if rule in _FATAL else Severity.WARNING
            start = _start(lines[path], int(place["line"]), int(place["column"]))
            yield finding(
                Stage.STYLE, "go vet", rule, level, path, one["message"], start=start, url=f"{_PAGE}{rule}"
            )


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Go writes one JSON value after the other, and remarks in between."""
    decoder, at = json.JSONDecoder(), 0
    while begin := _OBJECT.search(text, at):
        try:
            value, at = decoder.raw_decode(text, begin.start())
        except ValueError:
            at = begin.end()
        else:
            yield value


def _pattern(folder: str) -> str:
    return f"./{folder}"


def _inside(path: str, folder: Path) -> str | None:
    place = Path(path)
    if not place.is_relative_to(folder):
        return None
    return place.relative_to(folder).as_posix().removeprefix(".")


def _relative(path: str, folder: Path) -> str:
    place = Path(path)
    return place.relative_to(folder).as_posix() if place.is_relative_to(folder) else place.as_posix()


def _start(lines: list[str], line: int, column: int) -> tuple[int, int]:
    """Go counts bytes."""
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    return line, len(text.encode()[: column - 1].decode("utf-8", "replace"))

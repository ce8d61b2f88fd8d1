"""Go's own checker: types, and what `go vet` finds suspicious.

Nothing of the judged code runs: there are no build scripts in Go, `go vet` runs no `go:generate`, and the C
compiler, other toolchains and the network are switched off. Packages from outside the project are not here:
folders that import one are named, and not judged.
"""

import json
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...types import Finding, Severity, Stage
from ..process import Completed, Tools, written
from ..types import Project, Surroundings, ToolError, ToolMissing, finding
from .go_modules import Modules, environment, folder_of, laid_out, left_out_above
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
_LISTED = ("GoFiles", "CgoFiles", "TestGoFiles", "XTestGoFiles")
_FIELDS = f"-json=ImportPath,Dir,ForTest,Error,DepsErrors,Incomplete,{','.join(_LISTED)}"
_PAGE = "https://pkg.go.dev/golang.org/x/tools/go/analysis/passes/"
_AWAY = "not-checked"
_LEFT_OUT = "Go leaves out folders of this name"
_EXCLUDED = "its name, or a build constraint in it, leaves it out on this machine"
_NO_PACKAGE = "Go takes this folder for no package"


@dataclass(frozen=True)
class GoVet:
    """`root` is the judged folder, from which no program is taken."""

    name: str
    stage: Stage
    languages: frozenset[str] = frozenset({"go"})
    beside: frozenset[str] = frozenset({"go.mod"})
    rules: Any = 2
    root: str = ""

    def version(self) -> str:
        return version_beside(self._go(), "VERSION", r"go([\w.]+)")

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        modules = laid_out(project.files)
        if not modules.packages and not modules.native:
            return _nothing_judged(_left_out(modules))
        env = environment(around.cache, several=modules.several)
        async with written(modules.files) as folder:

            async def go(*words: str) -> Completed:
                command = [self._go(), *words]
                return await tools.run(command, cwd=folder, seconds=around.seconds, env=env)

            away = [*await _away(go, folder, modules), *_left_out(modules)]
            judged = sorted(modules.packages - {one.folder for one in away if one.is_whole})
            if not judged:
                return _nothing_judged(away)
            for file in modules.files:
                if any(one.tests_only and one.holds(file.path) for one in away):
                    (folder / file.path).unlink()
            done = await go("vet", "-json", *map(_pattern, judged))
        suspicions = list(_objects(done.stdout + done.stderr))
        wrong = list(_TYPE_ERROR.finditer(done.stderr))
        if done.code and not wrong and not suspicions:
            raise ToolError(f"go vet failed: {done.complaint}")
        lines = {file.path: file.text.splitlines() for file in project.files}
        unread = [one.told(self.stage, self.name) for one in away]
        if self.stage is Stage.TYPES:
            return [*_types(wrong, lines), *unread]
        return [*_suspicions(suspicions, folder, lines), *unread]

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
    others: int | None = None
    """Of single files, how many more there are with it; None: a package."""

    @property
    def is_whole(self) -> bool:
        return not self.tests_only and self.others is None

    def holds(self, path: str) -> bool:
        return folder_of(path) == self.folder and (self.is_whole or path.endswith("_test.go"))

    def told(self, stage: Stage, tool: str) -> Finding:
        what = "the tests beside this file are" if self.tests_only else "this package is"
        if self.others is not None:
            what = (
                f"this file and {self.others} more below {self.folder} are" if self.others else "this file is"
            )
        said = f"{what} not checked: {self.why}"
        return finding(stage, tool, _AWAY, Severity.INFO, self.path, said, start=(self.line, 0))


def _nothing_judged(away: Sequence[_Away]) -> list[Finding]:
    if away:
        raise ToolMissing(f"types and the like of Go: {away[0].why}", "")
    return []


def _left_out(modules: Modules) -> list[_Away]:
    """One for each folder, however much is in it."""
    by_folder: dict[str, list[str]] = {}
    for path in modules.left_out:
        by_folder.setdefault(left_out_above(path), []).append(path)
    return [_Away(one, min(paths), 1, _LEFT_OUT, others=len(paths) - 1) for one, paths in by_folder.items()]


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
        read = {path for package in packages for path in _listed(package, folder)}
        return [*found.values(), *_unread(modules, read, list(found.values()))]
    return list(found.values())


def _listed(package: dict[str, Any], folder: Path) -> Iterator[str]:
    for kind in _LISTED:
        for name in package.get(kind) or ():
            yield _relative(str(Path(package.get("Dir", ""), name)), folder)


def _unread(modules: Modules, read: Collection[str], away: Sequence[_Away]) -> Iterator[_Away]:
    """What no package has among its files, of the others than those that are away."""
    by_folder: dict[str, list[str]] = {}
    told = {one.folder: one for one in away}
    for file in modules.files:
        where = folder_of(file.path)
        if file.path.endswith(".go") and not (where in told and told[where].holds(file.path)):
            by_folder.setdefault(where, []).append(file.path)
    for where, paths in by_folder.items():
        unread = [path for path in paths if path not in read]
        if len(unread) == len(paths):
            yield _Away(where, min(paths), 1, _NO_PACKAGE)
        else:
            yield from (_Away(where, path, 1, _EXCLUDED, others=0) for path in unread)


def _reason(problem: dict[str, Any], where: str, folder: Path, modules: Modules, tests_only: bool) -> _Away:
    place = _PLACE.match(problem.get("Pos") or "")
    path = _relative(place["path"], folder) if place else ""
    files = sorted(file.path for file in modules.files if folder_of(file.path) == where)
    named = _PACKAGE.search(problem["Err"])
    told = problem["Err"].splitlines()[0].replace(f"{folder}/", "").replace(str(folder), "it")[:200]
    why = f"{named[1]} is not in the project" if named else told
    if not place or folder_of(path) != where:
        return _Away(where, files[0], 1, why, tests_only)
    return _Away(where, path, int(place["line"]), why, tests_only)


def _types(wrong: Iterable["re.Match[str]"], lines: Mapping[str, list[str]]) -> Iterator[Finding]:
    for told in wrong:
        path, said = _known(told["path"].removeprefix("./"), lines), told["said"]
        if said != _BODY_ELSEWHERE:
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
            if not place:
                raise ToolError(f"go vet does not say where {rule} is")
            path = _known(_relative(place["path"], folder), lines)
            # A package is looked at with its tests, and without them.
            if (one["posn"], rule, one["message"]) in seen:
                continue
            seen.add((one["posn"], rule, one["message"]))
            level = Severity.ERROR if rule in _FATAL else Severity.WARNING
            start = _start(lines[path], int(place["line"]), int(place["column"]))
            yield finding(
                Stage.STYLE, "go vet", rule, level, path, one["message"], start=start, url=f"{_PAGE}{rule}"
            )


def _known(path: str, lines: Collection[str]) -> str:
    """Raises ToolError: what is told of no file of the project would be lost."""
    if path in lines:
        return path
    raise ToolError(f"go vet speaks of {Path(path).name}, which is none of the files it was given")


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

"""mypy: the types of the whole project, with options of our own."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...languages import language_of
from ...types import Finding, Severity, Stage
from ..parts import each
from ..process import Tools
from ..types import Project, Surroundings, ToolError, finding, source_roots
from . import severities
from .child import read_source

if TYPE_CHECKING:
    from filelock import FileLock

OPTIONS = (
    *("--config-file=", "--no-site-packages", "--output=json", "--show-error-end", "--no-error-summary"),
    *("--check-untyped-defs", "--explicit-package-bases", "--namespace-packages", "--follow-imports=silent"),
    # Whether an import leads anywhere is the import checker's question.
    *(
        "--ignore-missing-imports",
        "--disable-error-code=import-untyped",
        "--enable-error-code=used-before-def",
    ),
    *("--enable-error-code=unused-coroutine", "--no-color-output", "--show-traceback"),
)
_CACHES = 4
_LACKING = 'Module "'
_OWN_MODULES = frozenset({"typing_extensions.py", "mypy_extensions.py", "_typeshed"})


class Mypy:
    name = "mypy"
    stage = Stage.TYPES
    languages = frozenset({"python"})

    @property
    def rules(self) -> Any:
        return [OPTIONS, severities.TYPES, 1]

    def version(self) -> str:
        try:
            return version("mypy")
        except PackageNotFoundError as error:
            raise ToolError("mypy is not installed", "Install the package `mypy`.") from error

    async def run(
        self, project: Project, around: Surroundings, tools: Tools, only: str = ""
    ) -> list[Finding]:
        """All findings; with `only`, those of one file, which is faster."""
        paths = [file.path for file in project.files if language_of(file.path) == "python"]
        packages = await asyncio.to_thread(_visible, around.packages, around.cache)
        async with _cache(around.cache) as cache:
            target = ("--python-version", around.python, "--cache-dir", str(cache))
            judged = [only] if only else _judged(paths)
            done = await tools.run(
                [sys.executable, "-m", "mypy", *OPTIONS, *target, "--", *judged],
                cwd=around.scratch,
                seconds=around.seconds,
                env={"MYPYPATH": os.pathsep.join(_search(paths, around.scratch, packages))},
            )
        told = await _read(done.stdout, project)
        found = await _without_guarded(told, project, around, tools)
        if done.code not in {0, 1} and not any(one.severity is Severity.ERROR for one in found):
            raise ToolError(f"mypy failed: {done.complaint}")
        return [problem for problem in found if not only or problem.path == only]


def _judged(paths: list[str]) -> list[str]:
    """A stub and its module are one module to mypy: the stub speaks for both."""
    stubs = {path for path in paths if path.endswith(".pyi")}
    return [path for path in paths if f"{path}i" not in stubs]


def _search(paths: list[str], scratch: Path, packages: Path | None) -> list[str]:
    roots = [str(scratch / root) for root in source_roots(paths)]
    return [*roots, str(packages)] if packages else roots


def _visible(packages: Path | None, cache: Path) -> Path | None:
    """The packages without the modules that mypy brings itself: it stops where a folder has them too.

    Raises ToolError if the folder of links cannot be made.
    """
    if packages is None or not any((packages / name).exists() for name in _OWN_MODULES):
        return packages
    view = cache / "mypy-packages" / packages.name
    if view.is_dir():
        return view
    view.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f"{view.name}-", dir=view.parent))
    try:
        for entry in packages.iterdir():
            if entry.name not in _OWN_MODULES:
                (making / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
        making.rename(view)
    except OSError as error:
        shutil.rmtree(making, ignore_errors=True)
        if not view.is_dir():  # another process may have made it meanwhile
            raise ToolError(f"packages cannot be shown to mypy: {error}") from error
    return view


@contextlib.asynccontextmanager
async def _cache(folder: Path) -> AsyncIterator[Path]:
    """A cache folder that no other mypy uses meanwhile, in this process or another. Raises ToolError."""
    base = folder / "mypy"
    try:
        await asyncio.to_thread(base.mkdir, parents=True, exist_ok=True)
        lock = await _first_free(base)
    except OSError as error:
        raise ToolError(
            f"mypy's cache cannot be written: {error}", "Make room, or name another.", "storage.cache_dir"
        ) from error
    try:
        yield Path(lock.lock_file).with_suffix("")
    finally:
        lock.release()


async def _first_free(base: Path) -> "FileLock":
    from filelock import FileLock, Timeout

    while True:
        for number in range(_CACHES):
            lock = FileLock(base / f"{number}.lock", thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            return lock
        await asyncio.sleep(0.05)


async def _read(output: str, project: Project) -> list[Finding]:
    lines = {file.path: file.text.splitlines() for file in project.files}

    def told(line: str) -> Finding | None:
        with contextlib.suppress(json.JSONDecodeError):
            problem = json.loads(line)
            if _wanted(problem, lines):
                return _finding(problem, project, lines)
        return None

    return [one for one in await each(told, output.splitlines()) if one is not None]


async def _without_guarded(
    found: list[Finding], project: Project, around: Surroundings, tools: Tools
) -> list[Finding]:
    """Not what an import lacks whose failure the code provides for."""
    lacking = {one.path for one in found if one.message.startswith(_LACKING)}
    if not lacking:
        return found
    files = project.model_copy(update={"files": tuple(f for f in project.files if f.path in lacking)})
    guarded = await read_source("imports.guarded", files, around, tools)
    lines = {(one["path"], one["line"] - 1) for one in guarded}
    return [
        one
        for one in found
        if not (one.message.startswith(_LACKING) and (one.path, one.range.start.line) in lines)
    ]


def _wanted(problem: dict[str, Any], lines: dict[str, list[str]]) -> bool:
    known = problem["file"].replace("\\", "/") in lines
    return known and problem["severity"] == "error" and not _is_own_import(problem, lines)


def _is_own_import(problem: dict[str, Any], lines: dict[str, list[str]]) -> bool:
    """`from project.module import nothing` is told by the import checker."""
    if problem["code"] != "attr-defined" or not problem["message"].startswith(_LACKING):
        return False
    top = problem["message"].removeprefix(_LACKING).partition('"')[0].partition(".")[0]
    own = (path.removeprefix(f"{root}/") for path in lines for root in source_roots(lines))
    return any(path.partition("/")[0] in {top, f"{top}.py", f"{top}.pyi"} for path in own)


def _finding(problem: dict[str, Any], project: Project, lines: dict[str, list[str]]) -> Finding:
    path = problem["file"].replace("\\", "/")
    row, end_row = problem["line"], problem.get("end_line") or problem["line"]
    start = (row, _column(lines[path], row, problem["column"]))
    end = (end_row, _column(lines[path], end_row, (problem.get("end_column") or problem["column"] + 1) - 1))
    code = problem["code"] or "blocker"  # Only what made mypy stop has none.
    level = _severity(code, problem["message"], path in project.tests)
    url = f"https://mypy.readthedocs.io/en/stable/_refs.html#code-{code}" if problem["code"] else ""
    return finding(
        Stage.TYPES,
        "mypy",
        code,
        level,
        path,
        problem["message"],
        start=start,
        end=(end[0], end[1] + 1),
        url=url,
    )


def _severity(code: str, message: str, in_tests: bool) -> Severity:
    level = severities.TYPES.get(code, severities.TYPES[""])
    stopped = code in {"syntax", "blocker"}
    if code == "attr-defined" and message.startswith(_LACKING) and 'attribute "_' in message:
        return Severity.WARNING  # a private name, which stubs may leave out
    if level is Severity.ERROR and not stopped and (in_tests or _about_none(code, message)):
        return Severity.WARNING
    return level


def _about_none(code: str, message: str) -> bool:
    """Whether a value *may* be None: the tests find out whether it is."""
    if code == "operator":
        return "None" in message
    given = message.partition("expected")[0]
    return code in {"index", "arg-type", "return-value"} and "| None" in given


def _column(lines: list[str], row: int, column: int) -> int:
    """mypy 2.4 takes code points for bytes and converts them once more; this undoes it."""
    if not 0 < row <= len(lines):
        return max(column, 0)
    line = lines[row - 1]
    return min(len(line[: max(column, 0)].encode()), len(line))

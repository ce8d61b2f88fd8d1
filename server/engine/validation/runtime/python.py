"""Running projects in the sandbox: every module imported, every test run, many variants in one call."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from ....settings import Settings
from ...errors import SandboxError
from ...events import Emit
from ...journal import Journal
from ...types import SourceFile, Value
from ..live_output import LiveOutput, writable
from ..packages.folders import Packages, requirements
from ..types import Project, is_test, is_test_module, source_roots

if TYPE_CHECKING:
    from ...sandbox import Job, OnOutput, Outcome, Sandbox

TEST_SECONDS = 8.0
IMPORT_SECONDS = 10.0
_INSIDE = Path(__file__).parent / "inside"
_NOT_IMPORTED = {"__main__.py", "setup.py"}
_START_S = 10.0


class ImportOutcome(Value):
    module: str
    path: str
    outcome: Literal["passed", "error", "timeout"]
    message: str = ""
    kind: str = ""
    """The exception's class."""
    at: str = ""
    """Path of the project's file in which it was raised."""
    line: int = 0
    seconds: float = 0.0


class TestOutcome(Value):
    __test__ = False

    id: str
    """As pytest names it: `tests/test_a.py::test_b[1]`; a file's path if it could not be collected."""
    outcome: Literal["passed", "failed", "error", "timeout", "skipped", "not_run"]
    message: str = ""
    details: str = ""
    """The end of pytest's report, or of the output of an interpreter that died."""
    kind: str = ""
    """The exception's class."""
    at: str = ""
    """Path of the deepest of the project's files in the traceback."""
    line: int = 0
    test_line: int = 0
    """The deepest line of the test's own file in the traceback; 0 if it is in none."""
    seconds: float = 0.0

    @property
    def in_project(self) -> bool:
        """Whether it was raised by what is tested, not by a test."""
        return bool(self.at) and not is_test(self.at)


class RuntimeReport(Value):
    """What was seen in the sandbox. Without `complete`, `problem` says why not everything was run."""

    imports: tuple[ImportOutcome, ...] = ()
    tests: tuple[TestOutcome, ...] = ()
    complete: bool = False
    problem: str = ""
    seconds: float = 0.0

    def count(self, *outcomes: str) -> int:
        return sum(test.outcome in outcomes for test in self.tests)


async def run_tests(
    sandbox: "Sandbox",
    settings: Settings,
    files: Sequence[SourceFile],
    packages: Sequence[str],
    tests: Sequence[str],
    *,
    journal: Journal | None = None,
) -> RuntimeReport:
    """Imports every module of one project and runs `tests`. Raises SandboxError."""
    seconds = settings.sandbox.seconds
    reports = await run_variants(
        sandbox, settings, files, [()], packages, seconds=seconds, tests=tests, imports=True, journal=journal
    )
    return reports[0]


async def run_variants(
    sandbox: "Sandbox",
    settings: Settings,
    base: Sequence[SourceFile],
    variants: Sequence[Sequence[SourceFile]],
    packages: Sequence[str],
    *,
    seconds: float,
    tests: Sequence[str] | None = None,
    imports: bool = False,
    not_imported: Collection[str] = (),
    test_seconds: float = TEST_SECONDS,
    journal: Journal | None = None,
    known: Packages | None = None,
    emit: Emit | None = None,
) -> tuple[RuntimeReport, ...]:
    """Runs the same tests on every variant, which is `base` with some files in place of its own.

    All share one sandbox but no files, no processes and no time: each has `seconds`. `tests` are paths;
    without them those that pytest would recognise by name. `imports`: every module but `not_imported` is
    imported, too. `emit` is told of each test as it ends, and of what the project prints.

    Raises SandboxError when the sandbox failed or packages cannot be had; what projects do is in the reports.
    """
    found: dict[int, RuntimeReport] = {}

    def modules(project: Project) -> list[dict[str, str]]:
        paths = [file.path for file in project.files]
        found = _modules(paths, source_roots(paths)) if imports else []
        return [module for module in found if module["path"] not in not_imported]

    projects = [Project.of(base).overlaid(variant) for variant in variants]
    keys = [_key(sandbox, settings, p, packages, tests, modules(p), seconds, test_seconds) for p in projects]
    if journal is not None:
        for number, key in enumerate(keys):
            if (stored := await journal.get("validate.runtime", key)) is not None:
                found[number] = RuntimeReport.model_validate(stored)
    waiting = [number for number in range(len(variants)) if number not in found]
    limits = {
        "seconds": seconds,
        "test_seconds": min(test_seconds, seconds),
        "import_seconds": IMPORT_SECONDS,
    }
    while waiting:
        folder = await (known or Packages(settings, sandbox.python)).folder(requirements(packages))
        request = limits | _request(base, [variants[number] for number in waiting], tests, modules)
        request["budget"] = settings.sandbox.output_kb * 1024 // (4 * len(waiting))
        request["live"] = settings.sandbox.output_kb * 512 if emit else 0
        listen = LiveOutput(emit) if emit else None
        job = harness_job("harness", {}, request, folder, seconds * len(waiting))
        genuine, problem = await in_sandbox(sandbox, job, listen)
        reports = [
            RuntimeReport.model_validate(genuine[number])
            for number in range(len(waiting))
            if number in genuine
        ]
        # Whoever ended the harness loses its own report; those after it have not been run yet.
        settled = reports if len(reports) == len(waiting) else [*reports, RuntimeReport(problem=problem)]
        for number, report in zip(waiting, settled, strict=False):
            found[number] = report
            if journal is not None and report.complete:
                await journal.put("validate.runtime", keys[number], report.model_dump(mode="json"))
        waiting = waiting[len(settled) :]
    return tuple(found[number] for number in range(len(variants)))


def _key(
    sandbox: "Sandbox",
    settings: Settings,
    project: Project,
    packages: Sequence[str],
    tests: Sequence[str] | None,
    modules: list[dict[str, str]],
    seconds: float,
    test_seconds: float,
) -> dict[str, Any]:
    return {
        "sandbox": [sandbox.name, sandbox.version, sandbox.python],
        "limits": settings.sandbox.model_dump(mode="json", exclude={"engine", "seconds", "output_kb"}),
        "harness": hashlib.sha256("".join(_programs().values()).encode()).hexdigest(),
        "files": {file.path: file.digest for file in project.files},
        "tests": list(project.tests if tests is None else tests),
        "packages": sorted(packages),
        "imports": [module["path"] for module in modules],
        "seconds": [seconds, test_seconds],
    }


def _request(
    files: Sequence[SourceFile],
    variants: Sequence[Sequence[SourceFile]],
    tests: Sequence[str] | None,
    modules: Callable[[Project], list[dict[str, str]]],
) -> dict[str, Any]:
    everything = base = Project.of(files)
    for variant in variants:
        everything = everything.overlaid(variant)
    paths = [file.path for file in everything.files]
    roots = source_roots(paths)
    chosen = everything.tests if tests is None else tests
    return {
        "files": {file.path: file.text for file in base.files},
        "variants": [{file.path: file.text for file in variant} for variant in variants],
        "roots": list(reversed(roots)),
        "modules": modules(everything),
        "tests": [path for path in chosen if is_test_module(path)],
        "programs": {name: _programs()[name] for name in ("importing", "testing")},
    }


def _modules(paths: Sequence[str], roots: Sequence[str]) -> list[dict[str, str]]:
    """Every module but tests; those whose names are no identifiers by path alone."""
    found = []
    for path in paths:
        pure = PurePosixPath(path)
        if pure.suffix != ".py" or is_test(path) or pure.name in _NOT_IMPORTED:
            continue
        root = next((root for root in reversed(roots) if root != "." and path.startswith(f"{root}/")), "")
        parts = list(PurePosixPath(path).relative_to(root or ".").with_suffix("").parts)
        if parts[-1] == "__init__" and len(parts) > 1:
            parts.pop()
        named = all(part.isidentifier() for part in parts) and parts != ["__init__"]
        found.append({"module": ".".join(parts) if named else "", "path": path})
    return found


def _programs() -> Mapping[str, str]:
    names = ("harness", "processes", "importing", "testing")
    return {name: (_INSIDE / f"{name}.py").read_text(encoding="utf-8") for name in names}


def harness_job(
    name: str,
    more: Mapping[str, str],
    request: dict[str, Any],
    packages: Path | None,
    seconds: float,
    language: str = "python",
) -> "Job":
    """A job that runs a harness: ours for Python, or one of `more` that stands on it."""
    from ...sandbox import Job

    texts = {"__init__": "", "harness": _programs()["harness"], "processes": _programs()["processes"], **more}
    start = f"import sys; sys.path.insert(0, '/work'); import inside.{name} as it; del sys.path[0]; it.main()"
    return Job(
        files=tuple(SourceFile(path=f"inside/{path}.py", text=text) for path, text in texts.items()),
        command=("python", "-I", "-B", "-c", start),
        stdin=json.dumps(request),
        packages=packages,
        seconds=seconds + _START_S,
        language=language,
    )


async def in_sandbox(
    sandbox: "Sandbox", job: "Job", listen: "OnOutput | None" = None
) -> tuple[dict[int, Any], str]:
    """Reports by number, up to the first that is lost, and what to say of that one. Raises SandboxError."""
    outcome = await sandbox.run(job, listen)
    reports = _genuine(outcome.stdout)
    if not reports and outcome.exit_code not in {None, 0} and not _was_killed(outcome):
        said = outcome.stderr.strip().splitlines()[-1:] or [f"exit code {outcome.exit_code}"]
        raise SandboxError(f"the test harness failed inside the sandbox: {said[0]}")
    return reports, _loss(outcome)


def _genuine(output: str) -> dict[int, Any]:
    """Reports under the key of the first line, written before the project ran; the rest is noise."""
    reports: dict[int, Any] = {}
    first, *lines = output.splitlines() or [""]
    if not re.fullmatch(r"key [0-9a-f]{64}", first):
        return reports
    key = bytes.fromhex(first.removeprefix("key "))
    for line in lines:
        mark, _, text = line.partition(" ")
        if hmac.compare_digest(
            mark.encode(), hmac.new(key, text.encode(), hashlib.sha256).hexdigest().encode()
        ):
            number, content = json.loads(text)
            reports[number] = writable(content)
    return reports


def _was_killed(outcome: "Outcome") -> bool:
    return outcome.exit_code is not None and outcome.exit_code > 128


def _loss(outcome: "Outcome") -> str:
    if outcome.out_of_memory:
        return "the program used more memory than the sandbox allows"
    if outcome.timed_out:
        return "the sandbox's time limit was reached"
    if outcome.truncated:
        return "the program's output passed the sandbox's limit"
    return "the program ended the harness that watched it"

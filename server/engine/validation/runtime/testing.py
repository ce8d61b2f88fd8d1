"""Some tests of a project, run because somebody wants to see them run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ....settings import Settings
from ...events import Emit
from ...languages import WEB, language_of
from ...types import SourceFile, Stage, StageResult
from ..switches import OFF, Switches
from ..types import Project
from .node import run_node
from .python import run_variants
from .stage import judge
from .whole import run_each

if TYPE_CHECKING:
    from ...sandbox import Sandbox


async def run_chosen(
    settings: Settings,
    sandbox: "Sandbox | None",
    no_sandbox: str,
    files: Sequence[SourceFile],
    tests: Sequence[str],
    packages: Sequence[str],
    folder: str,
    emit: Emit,
) -> StageResult:
    """Nothing is taken from an earlier run. Without a sandbox, or without tests, it is skipped."""
    wanted = Switches(settings, folder).paths(Stage.RUNTIME, tests)
    if not wanted:
        return _skipped(OFF if tests else "there are no tests")
    if sandbox is None:
        return _skipped(no_sandbox or "there is no sandbox")
    project = Project.of(files)
    web = [path for path in wanted if language_of(path) in WEB]
    python = [path for path in wanted if path not in web]

    async def run_python() -> StageResult:
        (report,) = await run_variants(
            sandbox,
            settings,
            files,
            [()],
            packages,
            seconds=settings.sandbox.seconds,
            tests=python,
            emit=emit,
        )
        return judge(report, project, sandbox.name, sandbox.version, at_tests=True)

    async def run_web() -> StageResult:
        return await run_node(sandbox, settings, project, tests=web, emit=emit)

    runs = [("Python", run_python)] if python else []
    if web:
        runs.append(("JavaScript", run_web))
    return await run_each(runs, lambda error: _skipped(str(error)))


def _skipped(reason: str) -> StageResult:
    return StageResult(stage=Stage.RUNTIME, status="skipped", reason=reason)

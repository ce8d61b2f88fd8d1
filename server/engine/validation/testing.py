"""Some tests of a project, run because somebody wants to see them run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...settings import Settings
from ..errors import SandboxError
from ..events import Emit
from ..types import SourceFile, Stage, StageResult
from .runtime import run_variants
from .runtime_stage import judge
from .switches import OFF, Switches
from .types import Project

if TYPE_CHECKING:
    from ..sandbox import Sandbox


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
    seconds = settings.sandbox.seconds
    try:
        (report,) = await run_variants(
            sandbox, settings, files, [()], packages, seconds=seconds, tests=wanted, emit=emit
        )
    except SandboxError as error:
        return _skipped(str(error))
    return judge(report, Project.of(files), sandbox.name, sandbox.version, at_tests=True)


def _skipped(reason: str) -> StageResult:
    return StageResult(stage=Stage.RUNTIME, status="skipped", reason=reason)

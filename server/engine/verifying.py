"""Verifying a capsule for a user: what it is, whose word it is, and what running it again shows."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..settings import Settings
from .capsule.archive import read_archive
from .capsule.comparing import compare, judged_files, rerunnable
from .capsule.store import Store
from .capsule.trust import Trust
from .capsule.verify import verify_archive, verify_stored
from .types import Capsule, Rerun, VerifyReport, VerifyStep

if TYPE_CHECKING:
    from .sandbox import Sandbox

    OpenSandbox = Callable[[], Awaitable[tuple[Sandbox | None, str]]]


async def verify(
    source: Path | str,
    settings: Settings,
    trust: Trust,
    store: Store,
    open_sandbox: "OpenSandbox",
    *,
    rerun: bool = False,
) -> VerifyReport:
    """See `Engine.verify`. Raises CapsuleError if there is nothing of that name."""
    keys = await trust.keys()
    if isinstance(source, Path):
        report = await asyncio.to_thread(verify_archive, source, keys)
    else:
        report = await asyncio.to_thread(verify_stored, store, source, keys)
    if not report.ok:
        return report
    capsule = await asyncio.to_thread(_capsule, source, store)
    sandbox, no_sandbox = await open_sandbox()
    steps = (*report.steps, await _stages(capsule, no_sandbox))
    again = await _again(capsule, settings, sandbox, no_sandbox) if rerun else None
    return report.model_copy(update={"steps": steps, "rerun": again})


def _capsule(source: Path | str, store: Store) -> Capsule:
    return read_archive(source) if isinstance(source, Path) else store.get(source)


async def _stages(capsule: Capsule, no_sandbox: str) -> VerifyStep:
    """Whether what is recorded can be run again here."""
    versions = await asyncio.to_thread(_versions)
    able, detail = rerunnable(capsule.evidence.verdict.stages, versions, no_sandbox)
    return VerifyStep(name="stages", status="passed" if able else "unknown", detail=detail)


def _versions() -> dict[str, str]:
    """Of every tool that is here; importing the mesh takes a while, so this is work for a thread."""
    from .validation.catalogue import seats

    return {seat.tool: seat.version for seat in seats()}


async def _again(capsule: Capsule, settings: Settings, sandbox: "Sandbox | None", no_sandbox: str) -> Rerun:
    """Validates and runs as the run that made it did, remembering nothing of what was seen before."""
    from .journal import Journal
    from .sandbox import described
    from .validation.mesh import Mesh
    from .validation.types import Project

    recorded = capsule.evidence.verdict.stages
    with tempfile.TemporaryDirectory(prefix="quantumlayer-rerun-") as folder:
        journal = Journal(Path(folder))
        try:
            mesh = Mesh(settings, journal, sandbox, no_sandbox)
            project = Project.of(judged_files(capsule), capsule.manifest.dependencies)
            here = await mesh.check(project, [result.stage for result in recorded])
        finally:
            await journal.aclose()
    return compare(recorded, here, sandboxes=(capsule.evidence.sandbox, described(sandbox)))

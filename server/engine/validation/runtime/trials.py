"""Trials: many versions of one module, quickly, to see which are worth a closer look."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...types import SourceFile

if TYPE_CHECKING:
    from ...sandbox import Sandbox

_INSIDE = Path(__file__).parent / "inside"
_START_S = 10.0
_LIMIT_S = 0.5
"""For one version: those that do not end are many."""


async def try_versions(
    sandbox: "Sandbox",
    files: Sequence[SourceFile],
    path: str,
    module: str,
    texts: Sequence[str],
    shared: str,
    checks: Sequence[str],
    *,
    seconds: float,
    packages: Path | None = None,
) -> list[tuple[float, ...]]:
    """For each of `texts`, in the place of `path`, how near it comes to each check: 1 where it passes, 0
    where there was no time for it. `shared` defines the checks as functions, which return nothing or what was
    seen and what was wanted; `packages` is a folder of what may be imported. Raises SandboxError.
    """
    from ...sandbox import Job

    request = {
        "texts": list(texts),
        "path": path,
        "module": module,
        "roots": [".", "src"],
        "shared": shared,
        "checks": list(checks),
        "seconds": seconds,
        "limit": _LIMIT_S,
    }
    program = SourceFile(path="inside/trying.py", text=(_INSIDE / "trying.py").read_text(encoding="utf-8"))
    job = Job(
        files=(*(file for file in files if file.path != path), program),
        command=("python", "-B", "inside/trying.py"),
        stdin=await asyncio.to_thread(json.dumps, request),
        packages=packages,
        seconds=seconds + _START_S,
    )
    outcome = await sandbox.run(job)
    nothing = (0.0,) * len(checks)
    try:
        told = [tuple(map(float, one)) for one in json.loads(outcome.stdout.strip().splitlines()[-1])]
    except (ValueError, IndexError, TypeError):
        told = []
    found = [one if len(one) == len(checks) else nothing for one in told[: len(texts)]]
    return found + [nothing] * (len(texts) - len(found))

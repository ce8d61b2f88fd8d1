"""What is sent to the guest: one job, its fixed environment and its limits."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from ...settings import SandboxSettings
from ..errors import SandboxError
from .types import Job

ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 - inside the sandbox
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "NO_COLOR": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONPATH": "/packages",
    "PYTHONUNBUFFERED": "1",
    "TZ": "UTC",
}
TMP_MB = 32
OPEN_FILES = 256


def guest_source() -> str:
    """The text of the bootstrap that the sandbox's Python runs."""
    return Path(__file__).with_name("guest.py").read_text(encoding="utf-8")


def encode(
    job: Job,
    settings: SandboxSettings,
    seconds: float,
    *,
    extra_limits: dict[str, int] | None = None,
    cpus: Sequence[int] = (),
    path: Sequence[str] = (),
) -> bytes:
    """The job as the guest reads it. `path` comes first in the program's PATH."""
    content = json.dumps(
        {
            "files": [[file.path, file.text] for file in job.files],
            "command": list(job.command),
            "stdin": job.stdin,
            "environment": ENVIRONMENT,
            "path": list(path),
            "cpus": list(cpus),
            "limits": {**_limits(settings, seconds), **(extra_limits or {})},
        }
    ).encode("ascii")
    if len(content) > settings.work_mb * 1024 * 1024:
        raise SandboxError(
            f"the project and its input are larger than the sandbox's {settings.work_mb} MB work folder",
            "Make them smaller, or allow more.",
            "sandbox.work_mb",
        )
    return len(content).to_bytes(8, "big") + content


def _limits(settings: SandboxSettings, seconds: float) -> dict[str, int]:
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_FSIZE": settings.work_mb * 1024 * 1024,
        "RLIMIT_CPU": math.ceil(seconds * max(settings.cpus, 1)) + 1,
    }

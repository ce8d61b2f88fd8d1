"""Runs generated programs where they can do no harm.

`open_sandbox` chooses an engine: Docker when it and its image are there, else bubblewrap. Either way a
program has no network, a read-only root, an empty work folder in memory, no capabilities, no
privileges to gain, a short list of system calls, and limits on memory, processes, time and output.
"""

from .check import check_sandbox
from .opening import open_sandbox
from .pip_errors import PackageError, PackageMissing, PackageUnavailable, RequirementRefused, WheelMissing
from .roots import LanguageMissing
from .types import Job, OnOutput, Outcome, Sandbox, described
from .wheels import known_wheels, resolve_wheels

__all__ = [
    "Job",
    "LanguageMissing",
    "OnOutput",
    "Outcome",
    "PackageError",
    "PackageMissing",
    "PackageUnavailable",
    "RequirementRefused",
    "Sandbox",
    "WheelMissing",
    "check_sandbox",
    "described",
    "known_wheels",
    "open_sandbox",
    "resolve_wheels",
]

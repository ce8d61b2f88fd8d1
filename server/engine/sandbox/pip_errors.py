"""Why packages could not be had: invented, not as a wheel, or not to be found out."""

import re
from collections.abc import Sequence
from typing import Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..errors import SandboxError


class PackageError(SandboxError):
    """Packages could not be had; `package` names the one at fault, where it is known."""

    def __init__(self, cause: str, next_step: str = "", setting: str = "", *, package: str = "") -> None:
        super().__init__(cause, next_step, setting)
        self.package = package


class RequirementRefused(PackageError):
    """What was asked for is not a plain requirement, or is too much."""


class PackageMissing(PackageError):
    """The registry answered: there is no such package. It was probably invented."""


class WheelMissing(PackageError):
    """The package exists, but no version of it fits: no wheel, or not the version asked for."""


class PackageUnavailable(PackageError):
    """It could not be found out: no registry answered, or pip itself failed."""


_UNSATISFIED = re.compile(r"Could not find a version that satisfies the requirement (.+?) \(from")
_VERSIONS = re.compile(r"\(from versions: (.*?)\)")
_FAILED = re.compile(r"Could not fetch URL \S+?/([^/\s]+)/?: (.*)")
_FETCHED = re.compile(r"Fetched page \S+?/([^/\s]+)/?(?:index\.html)? as ")
_ERROR = re.compile(r"ERROR: (.*)")


def explain(log: str, wanted: Sequence[str], python: str) -> PackageError:
    """The error that pip's verbose log tells of."""
    unsatisfied = _UNSATISFIED.search(log)
    if unsatisfied is None:
        return _other(log, wanted)
    package = _name(unsatisfied[1])
    failures = _failures(log, package)
    known = existence(log, package)
    if known == "there":
        versions = _VERSIONS.search(log, unsatisfied.start())
        others = f"; there are {versions[1][-120:]}" if versions and versions[1] != "none" else ""
        return WheelMissing(
            f"the package {package!r} exists, but there is no wheel of {unsatisfied[1]!r} for Python {python}"
            + others,
            "Ask for another version, or another package.",
            package=package,
        )
    if known == "missing":
        return PackageMissing(
            f"there is no package named {package!r}", "Use a package that exists.", package=package
        )
    return PackageUnavailable(
        f"it could not be checked whether the package {package!r} exists"
        + (f": {failures[0][:200]}" if failures else ""),
        "Check the network and pip's settings, then try again.",
        package=package,
    )


def existence(log: str, package: str) -> Literal["there", "missing", "unknown"]:
    """What pip's verbose log says of a package, by its normalised name.

    It is missing only if every index that was asked has answered that it is not there.
    """
    if any(canonicalize_name(name) == package for name in _FETCHED.findall(log)):
        return "there"
    failures = _failures(log, package)
    answered = failures and all(reason.startswith("404") for reason in failures)
    return "missing" if answered else "unknown"


def _failures(log: str, package: str) -> list[str]:
    return [reason for name, reason in _FAILED.findall(log) if canonicalize_name(name) == package]


def _other(log: str, wanted: Sequence[str]) -> PackageError:
    reason = next(iter(_ERROR.findall(log)), "pip failed without a message")[:300]
    if "ResolutionImpossible" in log:
        return WheelMissing(
            f"no versions of {', '.join(wanted)} go together: {reason}", "Loosen the versions asked for."
        )
    return PackageUnavailable(
        f"pip failed: {reason}", "Check the network and pip's settings, then try again."
    )


def _name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)

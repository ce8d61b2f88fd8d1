"""Third-party packages for sandboxed programs: wheels only, so that nothing of theirs runs out here.

pip resolves and unpacks for the sandbox's Python and platform into a folder named by what was asked
for; it is made once, to the side, and renamed into place. Its source is compiled, not run.
"""

import asyncio
import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from filelock import AsyncFileLock
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ...settings import Settings
from .pip_errors import PackageUnavailable, RequirementRefused, explain
from .resolved import Wheel, keep_report, read_kept

_MAX_REQUIREMENTS = 40
_MAX_DISTRIBUTIONS = 120
_MAX_BYTES = 600 * 1024 * 1024
_MAX_FILES = 40_000
_SECONDS = 240
_GLIBC = (17, 24, 26, 27, 28, 31, 34, 35)
_REPORT = "report.json"
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def normalise(requirements: Sequence[str]) -> tuple[str, ...]:
    """Each requirement in one spelling, sorted, once.

    Raises RequirementRefused for anything but a name with optional extras, versions and markers.
    """
    if len(requirements) > _MAX_REQUIREMENTS:
        raise RequirementRefused(
            f"{len(requirements)} packages are required, at most {_MAX_REQUIREMENTS} may be", "Require fewer."
        )
    return tuple(sorted({_normalise(text) for text in requirements}))


async def resolve_wheels(requirements: Sequence[str], python: str, settings: Settings) -> Path:
    """A read-only folder from which `requirements` can be imported by the sandbox's `python` ("3.12").

    The answer for the same requirements comes from the cache, also without a network.

    Raises a SandboxError that says which: RequirementRefused (not a plain requirement), PackageMissing
    (the registry has never heard of it), WheelMissing (it exists, but not as a wheel for this Python),
    PackageUnavailable (it could not be found out).
    """
    wanted = normalise(requirements)
    machine = _machine()
    folder = _folder(wanted, python, settings)
    cache = folder.parent
    if folder.is_dir():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        async with AsyncFileLock(f"{folder}.lock", run_in_executor=False):
            if not folder.is_dir():
                await _make(folder, wanted, python, machine)
    except OSError as error:
        raise PackageUnavailable(
            f"packages cannot be stored in {cache}: {error}", "Free some space.", "storage.cache_dir"
        ) from error
    return folder


def known_wheels(requirements: Sequence[str], python: str, settings: Settings) -> tuple[Wheel, ...]:
    """What `resolve_wheels` resolved for the same requirements before; none if it did not. Asks no index."""
    try:
        wanted = normalise(requirements)
    except RequirementRefused:
        return ()
    folder = _folder(wanted, python, settings)
    return read_kept(folder) if folder.is_dir() else ()


def _folder(wanted: Sequence[str], python: str, settings: Settings) -> Path:
    content = json.dumps([wanted, python, _machine()])
    return settings.storage.cache_dir / "wheels" / hashlib.sha256(content.encode()).hexdigest()[:40]


def _machine() -> str:
    return _MACHINES.get(platform.machine().lower(), platform.machine())


async def _make(folder: Path, wanted: Sequence[str], python: str, machine: str) -> None:
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    pool = ThreadPoolExecutor(1, thread_name_prefix="wheels")
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(pool, _sweep, folder.parent)
        packages = staging / "packages"
        packages.mkdir()
        if wanted:
            await _install(staging, packages, wanted, python, machine, pool)
        await loop.run_in_executor(pool, _finish, packages)
        await loop.run_in_executor(pool, keep_report, staging / _REPORT, folder)
        packages.rename(folder)
    finally:
        await asyncio.shield(loop.run_in_executor(pool, _discard, staging))
        pool.shutdown(wait=False)


async def _install(
    staging: Path, packages: Path, wanted: Sequence[str], python: str, machine: str, pool: ThreadPoolExecutor
) -> None:
    if importlib.util.find_spec("pip") is None:
        raise PackageUnavailable(
            "pip is not installed beside QuantumLayer",
            f"Install it: `{sys.executable} -m ensurepip`, or `uv pip install pip`.",
        )
    log = staging / "pip.log"
    command = [*_pip(packages, log, python, machine), "--report", str(staging / _REPORT), *wanted]
    code = await _run(command, staging, pool)
    if code != 0:
        text = await asyncio.get_running_loop().run_in_executor(pool, _read, log)
        raise explain(text, wanted, python)
    if python == f"{sys.version_info[0]}.{sys.version_info[1]}":
        await _run(_compile(packages), staging, pool)


def _pip(target: Path, log: Path, python: str, machine: str) -> list[str]:
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in reversed(_GLIBC)]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"),
        *("--no-compile", "--only-binary=:all:", "--no-warn-conflicts", "--ignore-installed"),
        *("--timeout", "20", "--retries", "1", "--log", str(log), "--target", str(target)),
        *("--implementation", "cp", "--python-version", python),
        *(part for name in (*platforms, f"manylinux2014_{machine}") for part in ("--platform", name)),
    ]


def _compile(packages: Path) -> list[str]:
    """Saves each run from compiling anew; paths in tracebacks are those inside the sandbox."""
    return [
        *(sys.executable, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(packages), "-p", "/packages", str(packages)),
    ]


async def _run(command: Sequence[str], staging: Path, pool: ThreadPoolExecutor) -> int:
    """Runs pip while watching time and size; ends it when it passes a limit or we are cancelled."""
    temporary = staging / "tmp"
    temporary.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=temporary,
        env={**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "PIP_NO_BUILD_ISOLATION": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_SECONDS):
            while True:
                with contextlib.suppress(TimeoutError):
                    return await asyncio.wait_for(process.wait(), 0.5)
                await loop.run_in_executor(pool, _check_size, staging)
    except TimeoutError:
        raise PackageUnavailable(
            f"the packages were not there after {_SECONDS} s", "Check the network and try again."
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


# -- on the pool's thread ----------------------------------------------------------------------


def _check_size(folder: Path) -> None:
    size = count = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(Path(parent, name)).st_size
                count += 1
    if size > 2 * _MAX_BYTES or count > _MAX_FILES:
        raise RequirementRefused(
            f"the packages are larger than {_MAX_BYTES // 2**20} MB or {_MAX_FILES} files", "Require fewer."
        )


def _finish(packages: Path) -> None:
    """Checks the whole and lets the sandbox's unprivileged user read it and nobody write it."""
    _check_size(packages)
    if len(list(packages.glob("*.dist-info"))) > _MAX_DISTRIBUTIONS:
        raise RequirementRefused(f"more than {_MAX_DISTRIBUTIONS} packages are needed", "Require fewer.")
    shutil.rmtree(packages / "bin", ignore_errors=True)  # Its scripts name this machine's Python.
    for parent, _, names in os.walk(packages):
        Path(parent).chmod(0o755)
        for name in names:
            Path(parent, name).chmod(0o444)


def _sweep(cache: Path) -> None:
    """Removes what killed processes left. One that lives is done with its own long before."""
    for stray in cache.glob(".new-*"):
        with contextlib.suppress(OSError):
            if time.time() - stray.stat().st_mtime > 4 * _SECONDS:
                _discard(stray)


def _discard(staging: Path) -> None:
    shutil.rmtree(staging, ignore_errors=True)


def _read(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _normalise(text: str) -> str:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise _refused(text) from error
    if requirement.url or len(text) > 200 or not text.isprintable() or not _has_plain_versions(requirement):
        raise _refused(text)
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return f"{canonicalize_name(requirement.name)}{extras}{requirement.specifier}{marker}"


def _has_plain_versions(requirement: Requirement) -> bool:
    """What follows `===` may be any text; if it makes a path of the whole, pip builds what lies there."""
    for specifier in requirement.specifier:
        try:
            Version(specifier.version.removesuffix(".*"))
        except InvalidVersion:
            return False
    return True


def _refused(text: str) -> RequirementRefused:
    return RequirementRefused(
        f"{text[:100]!r} is not the name of a package with an optional version",
        "Name the package as its registry does, such as `httpx>=0.27`.",
        package=text[:100],
    )

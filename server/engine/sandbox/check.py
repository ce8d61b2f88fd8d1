"""What each sandbox engine gives on this machine, found by trying it."""

from typing import Any

from ...settings import Settings
from ..errors import SandboxError
from ..types import Check, SourceFile
from .roots import ROOTS
from .types import Job, Sandbox

_PROBE = """
import os, socket
def refused(what):
    try:
        what()
    except OSError:
        return True
    return False
print("network", refused(lambda: socket.create_connection(("192.0.2.1", 80), timeout=1)))
print("root", refused(lambda: open("/usr/probe", "w")))
print("user", os.getuid() not in (0, int(os.environ.get("SUDO_UID", 0) or 0)))
status = open("/proc/self/status").read()
print("capabilities", "CapEff:\\t0000000000000000" in status and "NoNewPrivs:\\t1" in status)
print("filter", "Seccomp:\\t2" in status)
"""
_MEANING = {
    "network": "no network",
    "root": "read-only root",
    "user": "not root",
    "capabilities": "no capabilities, none to gain",
    "filter": "system calls filtered",
}
_OLD_RUNC = (1, 1, 12)
"""Earlier ones leak a descriptor of the host into the container (CVE-2024-21626) unless patched."""


async def check_sandbox(settings: Settings) -> tuple[Check, ...]:
    """One line per engine, its parts, the languages it runs, and a real isolated run in each."""
    from .bubblewrap import BubblewrapSandbox
    from .docker import DockerSandbox

    return (
        *await _check(DockerSandbox, "docker", settings),
        *await _check(BubblewrapSandbox, "bubblewrap", settings),
    )


async def _check(engine: Any, name: str, settings: Settings) -> list[Check]:
    try:
        sandbox: Sandbox = await engine.open(settings)
    except SandboxError as error:
        return [Check(name=name, status="missing", detail=error.cause, next_step=error.next_step)]
    try:
        checks = [
            Check(name=name, status="ok", detail=f"{sandbox.version}, Python {sandbox.python} inside"),
            await _try_isolation(sandbox),
            *[await _check_language(sandbox, language) for language in ROOTS if language != "python"],
        ]
        if name == "docker":
            checks.append(await _check_runc(sandbox))
        return checks
    finally:
        await sandbox.aclose()


async def _check_language(sandbox: Sandbox, language: str) -> Check:
    """What is not there keeps no other language from being run."""
    name, title = f"{sandbox.name} {language}", ROOTS[language].title
    try:
        version = await sandbox.version_of(language)
    except SandboxError as error:
        return Check(name=name, status="warning", detail=error.cause, next_step=error.next_step)
    return Check(name=name, status="ok", detail=f"{title} {version} inside")


async def _try_isolation(sandbox: Sandbox) -> Check:
    name = f"{sandbox.name} isolation"
    job = Job(files=(SourceFile(path="probe.py", text=_PROBE),), command=("python", "probe.py"), seconds=20)
    try:
        outcome = await sandbox.run(job)
    except SandboxError as error:
        return Check(name=name, status="missing", detail=error.cause, next_step=error.next_step)
    seen = dict(line.split(" ", 1) for line in outcome.stdout.splitlines() if " " in line)
    failed = [meaning for key, meaning in _MEANING.items() if seen.get(key) != "True"]
    if failed:
        detail = f"not given: {', '.join(failed)} {outcome.stderr[-200:]}".strip()
        return Check(name=name, status="missing", detail=detail, next_step="Use the other engine.")
    return Check(name=name, status="ok", detail=f"{', '.join(_MEANING.values())}; {outcome.seconds:.2f} s")


async def _check_runc(sandbox: Any) -> Check:
    version = await sandbox.runtime_version()
    numbers = tuple(int(part) for part in version.split("-")[0].split("+")[0].split(".") if part.isdigit())
    if numbers and numbers < _OLD_RUNC:
        return Check(
            name="docker runtime",
            status="warning",
            detail=f"runc {version} is older than {'.'.join(map(str, _OLD_RUNC))}",
            next_step="Update Docker, unless your distribution has patched it.",
        )
    return Check(name="docker runtime", status="ok", detail=f"runc {version or 'unknown'}")

"""A small Debian system with its Python, from the distribution's own packages (debootstrap)."""

import asyncio
import contextlib
import os
import platform
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from ..errors import SandboxError

_SECONDS = 900
_DISPENSABLE = (
    "boot",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg",
    "var/log",
)


def check_possible() -> None:
    """Raises SandboxError if debootstrap cannot work here."""
    if shutil.which("debootstrap") is None:
        raise SandboxError(
            "debootstrap is not installed",
            "Give Docker access to an image registry, or install the package `debootstrap`.",
        )
    if os.geteuid() != 0:
        raise SandboxError(
            "making one from Debian packages needs root",
            "Give Docker access to an image registry, or run `sudo quantumlayer sandbox build`.",
        )


async def bootstrap(folder: Path, report: Callable[[str], None]) -> str:
    """Installs the smallest system with Python under `folder`; returns the release's name."""
    suite = _suite()
    process = await asyncio.create_subprocess_exec(
        *("debootstrap", "--variant=minbase", "--include=python3", suite, str(folder)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            last = await _follow(process, report)
    except TimeoutError:
        raise SandboxError(
            f"debootstrap took longer than {_SECONDS} s", "Check the network and try again."
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode != 0:
        raise SandboxError(f"debootstrap failed: {last}", "Check the network and apt's settings.")
    return suite


async def _follow(process: asyncio.subprocess.Process, report: Callable[[str], None]) -> str:
    """Reports each phase as it begins; returns the last line."""
    assert process.stdout
    last = ""
    phases = ["Retrieving", "Extracting", "Unpacking", "Configuring"]
    async for line in process.stdout:
        last = line.decode("utf-8", "replace").strip() or last
        verb = last.removeprefix("I: ").split(" ", 1)[0]
        if verb in phases:
            phases.remove(verb)
            report(f"Debian packages: {verb.lower()}")
    await process.wait()
    return last


def slim(folder: Path) -> str:
    """Removes what no program needs and every set-user-id bit; returns the version of its Python."""
    for name in _DISPENSABLE:
        shutil.rmtree(folder / name, ignore_errors=True)
    for parent, _, names in os.walk(folder):
        for name in names:
            file = Path(parent, name)
            mode = file.lstat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                file.chmod(stat.S_IMODE(mode) & ~(stat.S_ISUID | stat.S_ISGID))
    interpreter = (folder / "usr/bin/python3").readlink().name
    link = folder / "usr/local/bin/python"
    link.unlink(missing_ok=True)
    link.symlink_to(f"/usr/bin/{interpreter}")
    return interpreter.removeprefix("python")


def remove(folder: Path) -> None:
    """Removes the tree; what debootstrap mounted into it, when it was stopped, is unmounted first."""
    for name in ("proc", "sys", "dev"):
        if (folder / name).is_mount():
            subprocess.run(["umount", "--lazy", str(folder / name)], check=True)
    shutil.rmtree(folder)


def _suite() -> str:
    """This machine's release, if it is Debian's: its mirror settings fit it."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "stable"
    return release.get("VERSION_CODENAME", "stable") if release.get("ID") == "debian" else "stable"

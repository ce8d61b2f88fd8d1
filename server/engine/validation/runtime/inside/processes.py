"""Runs inside the sandbox, in the harness: processes and what they leave behind."""

# pathlib would double the time this takes to start.
from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import time

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36
KEPT_FROM_HOST = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "TZ")


def seal_off() -> None:
    """Children cannot look into this process; orphans of theirs become its own."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def entries(folder: str) -> set[str]:
    with contextlib.suppress(OSError):
        return set(os.listdir(folder))
    return set()


def remove(path: str) -> None:
    """Whatever it is; a folder may have been closed to its owner."""
    with contextlib.suppress(OSError):
        os.unlink(path)
        return
    with contextlib.suppress(OSError):
        os.chmod(path, 0o700)
        for folder, below, _ in os.walk(path):
            for name in below:
                inner = os.path.join(folder, name)
                if not os.path.islink(inner):
                    os.chmod(inner, 0o700)
    shutil.rmtree(path, ignore_errors=True)


def environment(home: str) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in KEPT_FROM_HOST if name in os.environ},
        "HOME": home,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "NO_COLOR": "1",
    }


def kill_descendants() -> None:
    """Until none is left: a project may fork faster than one look at /proc can see."""
    for _ in range(100):
        found = descendants()
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.005)


def descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The name of a program may hold anything, a parenthesis too.
                    parent = int(file.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(name))
    found, pending = [], [os.getpid()]
    while pending:
        below = children.get(pending.pop(), [])
        found.extend(below)
        pending.extend(below)
    return found

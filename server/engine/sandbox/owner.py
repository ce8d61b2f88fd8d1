"""Whose container is this? A killed owner cannot clean up, so the next one does it.

An owner is a process on one machine, known by its id and the moment it started, as ids are given out
anew. A machine's name is not enough where the owner is itself in a container, so the process-id
namespace belongs to it.
"""

import logging
import os
import socket
from pathlib import Path
from typing import Any

import psutil

_MACHINE, _PID, _STARTED = "quantumlayer.machine", "quantumlayer.owner", "quantumlayer.owner-started"
log = logging.getLogger(__name__)


def labels() -> dict[str, str]:
    """What a container of this process carries."""
    return {_MACHINE: _machine(), _PID: str(os.getpid()), _STARTED: str(psutil.Process().create_time())}


def sweep(api: Any) -> int:
    """Removes this machine's containers whose owner is gone; returns how many."""
    from docker.errors import APIError

    removed = 0
    for container in api.containers(all=True, filters={"label": [_PID, f"{_MACHINE}={_machine()}"]}):
        mine = container["Labels"]
        if _is_running(int(mine[_PID]), float(mine.get(_STARTED, 0))):
            continue
        try:
            api.remove_container(container["Id"], force=True, v=True)
            removed += 1
        except APIError as error:
            log.info("container %.12s was not removed: %s", container["Id"], error)
    return removed


def _machine() -> str:
    namespace = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()} {namespace.readlink() if namespace.is_symlink() else ''}".strip()


def _is_running(pid: int, started: float) -> bool:
    """Whether `pid` is still the process that began at `started`; a corrected clock moves that a little."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - started) < 2
    except psutil.Error:
        return False

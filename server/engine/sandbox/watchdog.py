"""Stands in for cgroups: adds up what a tree of processes uses, and stops it when that is too much.

Limits per process (rlimits) hold at once; this holds the sum, ten times a second. It also counts the
files in the sandbox's folders in memory, whose number bubblewrap cannot limit.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path

from ...settings import SandboxSettings

_PERIOD = 0.1
_MAX_FILES = 8192


class Watchdog:
    """`found` is "" while all is well, else "memory" or "files"; `folders` are those in memory, in MB."""

    def __init__(self, pid: int, settings: SandboxSettings, folders: Mapping[str, int]) -> None:
        self._pid = pid
        self._memory = settings.memory_mb * 1024 * 1024
        self._folders = {folder: size * 1024 * 1024 for folder, size in folders.items()}
        self.found = ""

    async def watch(self, pool: Executor, stop: Callable[[], None]) -> None:
        """Calls `stop` once when a limit is passed; ends then, or when cancelled."""
        loop = asyncio.get_running_loop()
        while not self.found:
            await asyncio.sleep(_PERIOD)
            self.found = await loop.run_in_executor(pool, self._look)
        stop()

    def _look(self) -> str:
        processes = _descendants(self._pid)
        if self._is_over(processes, _resident) and self._is_over(processes, _proportional):
            return "memory"
        if processes and _files(processes[-1], self._folders) > _MAX_FILES:
            return "files"
        return ""

    def _is_over(self, processes: list[int], measure: Callable[[int], int]) -> bool:
        return sum(measure(pid) for pid in processes) > self._memory


def _descendants(pid: int) -> list[int]:
    """The processes under `pid`, parents first; orphans hang under the namespace's first process."""
    found = [pid]
    for parent in found:
        try:
            for thread in os.listdir(f"/proc/{parent}/task"):  # noqa: PTH208
                text = Path(f"/proc/{parent}/task/{thread}/children").read_text("ascii")
                found.extend(int(child) for child in text.split())
        except OSError:  # It ended meanwhile.
            continue
    return found[1:]


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    """Memory with shared pages split among those who share them, which is dearer to find out."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return _resident(pid)
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _files(pid: int, folders: dict[str, int]) -> int:
    """How many files the sandbox's folders hold.

    Before its own are mounted a process sees the host's; those are told apart by their size.
    """
    total = 0
    for folder, size in folders.items():
        try:
            status = os.statvfs(f"/proc/{pid}/root/{folder}")
        except OSError:
            continue
        if status.f_blocks * status.f_frsize == size:
            total += status.f_files - status.f_ffree
    return total

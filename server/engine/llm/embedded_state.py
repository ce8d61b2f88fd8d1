"""What a running host says about itself to the clients that look for it, in a file only its user reads.

Clients write nothing into the file; they touch it, and the host takes that for a sign of life.
"""

import contextlib
import json
import os
import stat
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .disk import write_json


@dataclass(frozen=True)
class Launch:
    """What a host is told at its start, over its standard input."""

    key: str
    """Names the files of the host: the same model, options and version make the same key."""
    folder: str
    model: str
    alias: str
    token: str = field(repr=False)
    threads: int
    parallel: int
    context: int
    idle_s: float


@dataclass(frozen=True)
class HostState:
    """A host that runs. `pid` and `started` together name one process, even after a reboot."""

    key: str
    pid: int
    started: float
    port: int
    """0 while the model is being loaded."""
    token: str = field(repr=False)
    model: str
    alias: str
    version: str


@dataclass(frozen=True)
class HostFiles:
    """The files of one host; `lock` is held as long as it lives."""

    folder: Path
    key: str

    @property
    def state(self) -> Path:
        return self.folder / f"host-{self.key}.json"

    @property
    def lock(self) -> Path:
        return self.folder / f"host-{self.key}.alive"

    @property
    def start_lock(self) -> Path:
        return self.folder / f"host-{self.key}.start"

    @property
    def log(self) -> Path:
        return self.folder / f"host-{self.key}.log"


def runtime_folder(cache_dir: Path) -> Path:
    """The folder for states, locks and logs, made if need be, closed to other users."""
    folder = cache_dir / "run"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


def read_state(path: Path) -> HostState | None:
    """The state, or None if there is none or it is not to be trusted."""
    try:
        with path.open(encoding="utf-8") as file:
            if os.name == "posix" and not _is_ours(os.fstat(file.fileno())):
                return None
            return HostState(**json.load(file))
    except (OSError, ValueError, TypeError):
        return None


def write_state(path: Path, state: HostState) -> None:
    write_json(path, asdict(state))


def remove_state(path: Path, pid: int) -> None:
    """Removes the state if it is still that of `pid`."""
    state = read_state(path)
    if state is not None and state.pid == pid:
        path.unlink(missing_ok=True)


def is_running(state: HostState) -> bool:
    """Whether the very process that wrote the state is alive, and is a host."""
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(state.pid)
        same = abs(process.create_time() - state.started) < 1 and process.status() != psutil.STATUS_ZOMBIE
        return same and any(part.endswith("embedded_host") for part in process.cmdline())
    return False


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.getuid() and not found.st_mode & 0o077

"""Finds the user's host of an embedded model, or starts one.

One process hosts one model for every editor and terminal of the user (see `embedded_host`). It is
found through its state file (see `embedded_state`), believed only if that very process is alive and
answers to its token, and replaced if not. Of many clients that need one at once, one starts it.
"""

import asyncio
import contextlib
import hashlib
import http.client
import importlib.metadata
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...settings import Settings
from ..errors import ModelError
from ..events import Emit, ignore
from .disk import guard_disk, locked
from .embedded_host import NO_LIBRARY, NO_MODEL, TAKEN
from .embedded_state import HostFiles, HostState, Launch, is_running, read_state, remove_state, runtime_folder
from .model_files import LocalModel
from .models import embedded_name, ensure_model, find_model

if TYPE_CHECKING:
    import psutil

PARALLEL = 4
"""Requests that one host answers at once."""
CONTEXT = 32768
"""Tokens that those requests have between them."""

_HUNG_S = 30.0
_POLL_S = 0.05
_TAKEN_S = 0.5
_KEPT_VARIABLES = {
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "TEMP", "TMP"),
    *("SYSTEMROOT", "WINDIR", "COMSPEC", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PATHEXT"),
    *("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
}
_KEPT_PREFIXES = ("LC_", "GGML_", "OMP_", "CUDA_", "HIP_", "ROCR_", "VK_")


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server: what a client needs to ask it."""

    base_url: str
    token: str = field(repr=False)
    model: str


async def embedded_endpoint(
    settings: Settings, name: str, *, pull: bool = True, emit: Emit = ignore, deadline_s: float = 180.0
) -> Endpoint:
    """Where the embedded model `name` answers; it is started, and with `pull` fetched, if need be.

    Call it before every request: it costs a few milliseconds, tells the host that someone is there,
    and gives the new address after a crash. `name` is `embedded`, `embedded/NAME` or `NAME`.

    Raises ModelError if the model is not here or its host does not come up within `deadline_s`, and
    StorageError if its files cannot be written.
    """
    model = await _model(settings, name, pull, emit)
    with guard_disk(settings.storage.cache_dir):
        launch = await asyncio.to_thread(_launch, settings, model)
        files = HostFiles(Path(launch.folder), launch.key)
        state = await _find_host(files)
        if state is None:
            try:
                async with asyncio.timeout(deadline_s):
                    state = await _start_host(launch, files)
            except TimeoutError as error:
                cause = f"The embedded model did not answer within {deadline_s:.0f} seconds"
                raise _failure(files, cause) from error
        await asyncio.to_thread(_touch, files.state)
    return Endpoint(f"http://127.0.0.1:{state.port}/v1", state.token, state.alias)


async def _model(settings: Settings, name: str, pull: bool, emit: Emit) -> LocalModel:
    if pull:
        return await ensure_model(settings, name, emit)
    local = await asyncio.to_thread(find_model, settings, name)
    if local is None:
        bare = embedded_name(name)
        raise ModelError(
            f"The embedded model {bare} is not on this machine.", f"Run `quantumlayer models pull {bare}`."
        )
    return local


def _launch(settings: Settings, model: LocalModel) -> Launch:
    threads = settings.models.threads or _physical_cores()
    identity = [model.sha256, str(model.path), _version(), threads, PARALLEL, CONTEXT]
    return Launch(
        key=hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16],
        folder=str(runtime_folder(settings.storage.cache_dir)),
        model=str(model.path),
        alias=model.name,
        token=secrets.token_urlsafe(32),
        threads=threads,
        parallel=PARALLEL,
        context=CONTEXT,
        idle_s=settings.models.idle_minutes * 60,
    )


# -- finding -----------------------------------------------------------------------------------


async def _find_host(files: HostFiles) -> HostState | None:
    """The host, if it is up and answers; one that hangs is ended."""
    give_up = time.monotonic() + _HUNG_S
    while True:
        state = await asyncio.to_thread(_living_state, files)
        if state is None or state.port == 0:
            return None
        if await asyncio.to_thread(_answers, state):
            return state
        if time.monotonic() > give_up:
            await asyncio.to_thread(_end, state, files)
            return None
        await asyncio.sleep(_POLL_S)


def _living_state(files: HostFiles) -> HostState | None:
    state = read_state(files.state)
    return state if state is not None and is_running(state) else None


def _answers(state: HostState) -> bool:
    """Whether it is our host that listens there: it knows the token and hosts the model."""
    connection = http.client.HTTPConnection("127.0.0.1", state.port, timeout=5)
    try:
        connection.request("GET", "/props", headers={"Authorization": f"Bearer {state.token}"})
        response = connection.getresponse()
        return response.status == 200 and json.load(response).get("model_path") == state.model
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


def _touch(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.utime(path)


# -- starting ----------------------------------------------------------------------------------


async def _start_host(launch: Launch, files: HostFiles) -> HostState:
    async with locked(files.start_lock):
        process: subprocess.Popen[bytes] | None = None
        while True:
            if (state := await _find_host(files)) is not None:
                return state
            if process is None and await asyncio.to_thread(_living_state, files) is None:
                process = await asyncio.to_thread(_spawn, launch, files)
            elif process is not None and process.returncode is not None:
                # TAKEN: a host whose starter went away is still loading, or one is just ending.
                if process.returncode != TAKEN:
                    raise _failure(files, _why(process.returncode))
                process = None
                await asyncio.sleep(_TAKEN_S)
            await asyncio.sleep(_POLL_S)


def _spawn(launch: Launch, files: HostFiles) -> "subprocess.Popen[bytes]":
    descriptor = os.open(files.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", f"{__package__}.embedded_host"],
            stdin=subprocess.PIPE,
            stdout=descriptor,
            stderr=descriptor,
            cwd=files.folder,
            env=_environment(),
            start_new_session=True,
            creationflags=_detached_flags(),
        )
    finally:
        os.close(descriptor)
    # A thread waits for its end, so that no zombie remains and its exit status is known.
    threading.Thread(target=process.wait, name="embedded host", daemon=True).start()
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(json.dumps(asdict(launch)).encode() + b"\n")
    return process


def _environment() -> dict[str, str]:
    """What the host may know: no provider's key is in it.

    llama.cpp's threads wait for each other after every layer. By default they spin meanwhile, which on
    a machine that has other work (an editor, a sandbox) made it ten times slower than sleeping does.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES)
    }
    return {"OMP_WAIT_POLICY": "passive", **kept}


def _detached_flags() -> int:
    if sys.platform == "win32":
        return subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    return 0


def _version() -> str:
    try:
        return importlib.metadata.version("xllamacpp")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _physical_cores() -> int:
    import psutil

    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    return max(1, min(cores, allowed))


# -- what went wrong ---------------------------------------------------------------------------

_MEMORY_SIGNS = ("failed to allocate", "bad_alloc", "out of memory", "cannot allocate memory", "memoryerror")


def _why(status: int) -> str:
    if status == NO_LIBRARY:
        return "The embedded model needs xllamacpp, which cannot be imported"
    if status == NO_MODEL:
        return "llama.cpp did not take the model file"
    if status in {-9, 137}:
        return "The embedded model's process was killed, most likely because memory ran out"
    reason = f"by signal {-status}" if status < 0 else f"with status {status}"
    return f"The embedded model's process ended {reason} while it started"


def _failure(files: HostFiles, cause: str) -> ModelError:
    tail = _log_tail(files.log)
    if any(sign in tail.lower() for sign in _MEMORY_SIGNS):
        cause = "There is not enough memory for the embedded model"
    if "memory" in cause:
        step = "Close other programs, choose a smaller model, or set a provider's key."
    elif "xllamacpp" in cause:
        step = "Install it into this environment with `python -m pip install xllamacpp`."
    elif "model file" in cause:
        step = "Check that it is a GGUF file of a model for text, or pull it again."
    else:
        step = "Try again, or choose another model."
    return ModelError(
        f"{cause}. Its log {files.log} ends with:\n{tail}\n" if tail else f"{cause}.", step, "models.model"
    )


def _log_tail(log: Path, lines: int = 8) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace")[-4000:].splitlines()[-lines:])
    except OSError:
        return ""


# -- ending ------------------------------------------------------------------------------------


def _end(state: HostState, files: HostFiles) -> None:
    """Asks the host to end, and makes it after five seconds."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(state.pid)
        if not is_running(state):
            return
        process.terminate()
        if not _gone(process, 5):
            process.kill()
            _gone(process, 5)
    remove_state(files.state, state.pid)


def _gone(process: "psutil.Process", seconds: float) -> bool:
    import psutil

    try:
        process.wait(seconds)
    except psutil.TimeoutExpired:
        return False
    return True

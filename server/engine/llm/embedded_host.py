"""The embedded model's process: llama.cpp's server, and a watch that ends it when nobody needs it.

`python -m quantumlayer.engine.llm.embedded_host`, with one line of JSON (a `Launch`) on standard input.
It outlives whoever started it. Nothing here knows the rest of the engine: a crash in native code
costs this process and no other.

It ends: on SIGTERM; after `idle_s` without a request or a client's touch; when its state file is gone.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .embedded_state import HostFiles, HostState, Launch, remove_state, write_state

TAKEN = 75
"""Exit status: another host with the same key is alive."""
NO_LIBRARY = 76
"""Exit status: xllamacpp cannot be imported."""
NO_MODEL = 77
"""Exit status: llama.cpp did not take the model."""

_BATCH = 32
_LOG_BYTES = 1024 * 1024
_GAUGES = (b"requests_processing", b"requests_deferred")
_COUNTER = re.compile(
    rb"^llamacpp:(requests_processing|requests_deferred|prompt_tokens_total|tokens_predicted_total) (\S+)$",
    re.MULTILINE,
)


def main() -> int:
    """Hosts the model until it is time to end; returns the exit status."""
    launch = Launch(**json.loads(sys.stdin.readline()))
    files = HostFiles(Path(launch.folder), launch.key)
    ended = threading.Event()
    _on_signals(ended)
    with _only_one(files) as first:
        if not first:
            return TAKEN
        try:
            status, _server = _serve(launch, files, ended)
            ended.wait()
        finally:
            remove_state(files.state, os.getpid())
        if status == 0:
            # Taking the server apart would wait for answers that nobody reads any more.
            os._exit(0)
        return status


def _serve(launch: Launch, files: HostFiles, ended: threading.Event) -> tuple[int, Any]:
    """Loads the model; returns 0 and the server, which answers as long as it is referred to."""
    try:
        import xllamacpp  # type: ignore[import-untyped]
    except ImportError as error:
        return _refuse(ended, NO_LIBRARY, f"xllamacpp cannot be imported: {error}")
    write_state(files.state, _state(launch, 0, xllamacpp.__version__))
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, launch))
    except (RuntimeError, MemoryError) as error:
        return _refuse(ended, NO_MODEL, f"the model cannot be hosted: {error or type(error).__name__}")
    # llama.cpp may have set handlers of its own.
    _on_signals(ended)
    state = _state(launch, int(server.listening_address.rpartition(":")[2]), xllamacpp.__version__)
    write_state(files.state, state)
    Watch(state, files, launch.idle_s, ended.set).start()
    return 0, server


def _refuse(ended: threading.Event, status: int, reason: str) -> tuple[int, None]:
    sys.stderr.write(f"{reason}\n")
    ended.set()
    return status, None


def _parameters(xllamacpp: Any, launch: Launch) -> Any:
    """llama.cpp's settings.

    Batches are small, because a request is given up between two of them, and while a prompt is read
    only if it is streamed with `return_progress`. Batches of 32 read a tenth fewer tokens a second than 128.
    """
    parameters = xllamacpp.CommonParams()
    parameters.model.path = launch.model
    parameters.model_alias = {launch.alias}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [launch.token]
    parameters.ui = False
    parameters.cors_origins = ""
    parameters.n_parallel = launch.parallel
    parameters.kv_unified = True
    parameters.n_ctx = launch.context
    parameters.n_batch = _BATCH
    parameters.n_ubatch = _BATCH
    parameters.cpuparams.n_threads = launch.threads
    parameters.cpuparams_batch.n_threads = launch.threads
    parameters.n_threads_http = 32
    parameters.cache_prompt = True
    parameters.cache_ram_mib = 512
    parameters.endpoint_metrics = True
    parameters.verbosity = 1
    return parameters


def _state(launch: Launch, port: int, version: str) -> HostState:
    import psutil

    return HostState(
        key=launch.key,
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        port=port,
        token=launch.token,
        model=launch.model,
        alias=launch.alias,
        version=version,
    )


def _on_signals(ended: threading.Event) -> None:
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


@contextlib.contextmanager
def _only_one(files: HostFiles) -> Any:
    from filelock import FileLock, Timeout

    lock = FileLock(files.lock)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


class Watch(threading.Thread):
    """Calls `end` when the host has been without work for `idle_s`, or its state is not there any more."""

    def __init__(self, state: HostState, files: HostFiles, idle_s: float, end: Callable[[], None]) -> None:
        super().__init__(name="watch", daemon=True)
        self._state = state
        self._files = files
        self._idle_s = idle_s
        self._end = end
        self._worked_at = time.time()
        self._counters: dict[bytes, bytes] = {}

    def run(self) -> None:
        pause = min(5.0, self._idle_s / 4)
        while not self._over():
            time.sleep(pause)
        self._end()

    def _over(self) -> bool:
        self._bound_log()
        try:
            touched_at = self._files.state.stat().st_mtime
        except OSError:
            return True
        if self._working():
            self._worked_at = time.time()
        # A clock that was set back must not keep a host alive for ever.
        now = time.time()
        last = max(min(self._worked_at, now), min(touched_at, now))
        return now - last > self._idle_s

    def _working(self) -> bool:
        """Whether a request is in progress, or was since the last look."""
        counters = self._read_counters()
        if counters is None:
            return True
        moved = counters != self._counters
        self._counters = counters
        return moved or any(float(counters.get(name, b"0")) > 0 for name in _GAUGES)

    def _read_counters(self) -> dict[bytes, bytes] | None:
        """llama.cpp's own figures; None if it is too busy to give them."""
        connection = http.client.HTTPConnection("127.0.0.1", self._state.port, timeout=60)
        try:
            connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {self._state.token}"})
            return dict(_COUNTER.findall(connection.getresponse().read()))
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _bound_log(self) -> None:
        with contextlib.suppress(OSError):
            if self._files.log.stat().st_size > _LOG_BYTES:
                os.truncate(self._files.log, 0)


if __name__ == "__main__":
    sys.exit(main())

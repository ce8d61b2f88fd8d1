"""The Docker sandbox: one hardened container per run, removed whatever happens.

The SDK is blocking, so each run has a thread of this room's own pool; a second pool stops containers,
so that a full first one cannot keep a program alive. The job travels over the attached stdin, and
nothing but the packages folder is mounted, so the engine may as well be on another machine or in a
virtual one (macOS, Windows).
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...settings import SandboxSettings, Settings
from ..errors import SandboxError
from . import owner, payload, seccomp
from .output import Stream
from .roots import image_of, without_program
from .types import Job, OnOutput, Outcome
from .versions import Versions

PYTHON_LABEL = "quantumlayer.python"
_PARALLEL_RUNS = 8
_ENGINE_TIMEOUT = 60
_NOBODY = "65534:65534"
log = logging.getLogger(__name__)


class DockerSandbox:
    """Opened by `DockerSandbox.open`."""

    name = "docker"

    def __init__(
        self, api: Any, settings: SandboxSettings, image: str, version: str, processors: int
    ) -> None:
        self.version = version
        self.python = ""
        self._api = api
        self._settings = settings
        self._images = {"python": image}
        self._versions = Versions(self.run)
        self._processors = processors
        self._closed = False
        self._calls: set[_Call] = set()
        self._runs = ThreadPoolExecutor(_PARALLEL_RUNS, thread_name_prefix="sandbox-run")
        self._stops = ThreadPoolExecutor(2, thread_name_prefix="sandbox-stop")

    @classmethod
    async def open(cls, settings: Settings) -> "DockerSandbox":
        """Raises SandboxError when there is no engine, no image, or no Python in it."""
        pool = ThreadPoolExecutor(1, thread_name_prefix="sandbox-open")
        try:
            sandbox, python = await asyncio.get_running_loop().run_in_executor(pool, _open, settings.sandbox)
        finally:
            pool.shutdown(wait=False)
        try:
            sandbox.python = python or await sandbox.version_of("python")
        except BaseException:
            await sandbox.aclose()
            raise
        return sandbox

    async def version_of(self, language: str) -> str:
        name = image_of(language, self._settings)
        image = self._images[language] if language == "python" else await self._find_image(language)
        return await self._versions.of(language, image, f"the image {name!r} has none that works")

    async def _find_image(self, language: str) -> str:
        """The image of now: it may have been made anew. What runs meanwhile keeps its own."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._stops, _find_image, self._api, language, self._settings)
        self._images[language] = found
        return found

    async def run(self, job: Job, on_output: OnOutput | None = None) -> Outcome:
        loop = asyncio.get_running_loop()
        if job.language not in self._images:
            await self._find_image(job.language)
        listen = _on_loop(loop, on_output)
        call = _Call(self._api, self._config(job), self._settings, job, listen)
        self._calls.add(call)
        future = loop.run_in_executor(self._runs, call.execute)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await loop.run_in_executor(self._stops, call.stop)
            with contextlib.suppress(SandboxError):
                await future
            raise
        finally:
            self._calls.discard(call)

    async def runtime_version(self) -> str:
        """The version of runc, or "" if the engine does not tell."""
        loop = asyncio.get_running_loop()
        version = await loop.run_in_executor(self._stops, self._api.version)
        parts = {part.get("Name"): part.get("Version", "") for part in version.get("Components", ())}
        return str(parts.get("runc", ""))

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._stops, call.stop) for call in self._calls))
        await loop.run_in_executor(self._stops, self._runs.shutdown)
        self._stops.shutdown(wait=False)
        self._api.close()

    def _config(self, job: Job) -> dict[str, Any]:
        """Everything a container is created with."""
        from docker.types import LogConfig, Mount, Ulimit

        limits = self._settings
        mounts = []
        if job.packages is not None:
            mounts.append(Mount("/packages", str(job.packages.resolve()), type="bind", read_only=True))
        size = limits.work_mb * 1024 * 1024
        options = "rw,nosuid,nodev"
        host = self._api.create_host_config(
            network_mode="none",
            read_only=True,
            init=True,
            ipc_mode="none",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true", f"seccomp={seccomp.profile()}"],
            pids_limit=limits.pids,
            mem_limit=f"{limits.memory_mb}m",
            memswap_limit=f"{limits.memory_mb}m",
            nano_cpus=int(min(limits.cpus, self._processors) * 1e9),
            ulimits=[
                Ulimit(name="nofile", soft=payload.OPEN_FILES, hard=payload.OPEN_FILES),
                Ulimit(name="core", soft=0, hard=0),
                Ulimit(name="fsize", soft=size, hard=size),
            ],
            tmpfs={
                "/tmp": f"{options},noexec,size={payload.TMP_MB}m,nr_inodes=2048,mode=1777",  # noqa: S108
                # No IPC with other containers, but Python's locks between processes need the folder.
                "/dev/shm": f"{options},noexec,size=8m,nr_inodes=1024,mode=1777",  # noqa: S108
                "/work": f"{options},size={limits.work_mb}m,nr_inodes=4096,uid=65534,gid=65534,mode=0700",
            },
            mounts=mounts,
            log_config=LogConfig(type="none"),
        )
        host["CgroupnsMode"] = "private"
        return {
            "image": self._images[job.language],
            "entrypoint": [],
            "command": ["python3", "-I", "-S", "-c", payload.guest_source()],
            "user": _NOBODY,
            "working_dir": "/work",
            "stdin_open": True,
            "network_disabled": True,
            "healthcheck": {"Test": ["NONE"]},
            "labels": owner.labels(),
            "host_config": host,
        }


class _Call:
    """One run: a container's life from creation to removal, on one thread."""

    def __init__(
        self,
        api: Any,
        config: dict[str, Any],
        settings: SandboxSettings,
        job: Job,
        listen: Callable[[str, str], None],
    ) -> None:
        self._api = api
        self._config = config
        self._seconds = job.seconds or settings.seconds
        self._payload = payload.encode(job, settings, self._seconds)
        limit = settings.output_kb * 1024
        self._streams = {
            1: Stream(limit, lambda text: listen("stdout", text)),
            2: Stream(limit, lambda text: listen("stderr", text)),
        }
        self._container = ""
        self._stopped = threading.Event()
        self._timed_out = threading.Event()

    def stop(self) -> None:
        """Ends the program now; safe from any thread, at any moment."""
        self._stopped.set()
        if self._container:
            _kill(self._api, self._container)

    def execute(self) -> Outcome:
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            if self._stopped.is_set():
                raise SandboxError("the run was stopped before it began")
            self._container = self._api.create_container(**self._config)["Id"]
            try:
                return self._converse()
            finally:
                _remove(self._api, self._container)
        except (DockerException, RequestException, OSError) as error:
            raise SandboxError(
                f"Docker could not run the program: {explain(error)}",
                "Run `quantumlayer sandbox check` to see what is wrong.",
                "sandbox.engine",
            ) from error

    def _converse(self) -> Outcome:
        parameters = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        connection = self._api.attach_socket(self._container, params=parameters)
        timer = threading.Timer(self._seconds, self._expire)
        try:
            self._api.start(self._container)
            began = time.monotonic()
            timer.start()
            if self._stopped.is_set():  # Stopped between creation and start: the kill found nothing.
                _kill(self._api, self._container)
            _send(connection, self._payload)
            for number, data in _frames(connection):
                if number in self._streams:
                    self._streams[number].feed(data)
            code = self._api.wait(self._container, timeout=_ENGINE_TIMEOUT)["StatusCode"]
            seconds = time.monotonic() - began
        finally:
            timer.cancel()
            with contextlib.suppress(OSError):
                connection.close()
        state = self._api.inspect_container(self._container)["State"]
        ended_by_us = self._timed_out.is_set() or self._stopped.is_set()
        return Outcome(
            exit_code=None if ended_by_us else code,
            stdout=self._streams[1].close(),
            stderr=self._streams[2].close(),
            timed_out=self._timed_out.is_set(),
            truncated=any(stream.truncated for stream in self._streams.values()),
            out_of_memory=bool(state.get("OOMKilled")),
            seconds=seconds,
        )

    def _expire(self) -> None:
        self._timed_out.set()
        _kill(self._api, self._container)


# -- the engine --------------------------------------------------------------------------------


def connect(timeout: int = _ENGINE_TIMEOUT) -> Any:
    """A client of the engine that `DOCKER_HOST`, the usual socket or the Docker context names.

    Raises SandboxError if none answers.
    """
    import docker
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    problems = []
    try:
        for address in _addresses():
            try:
                return docker.APIClient(timeout=timeout, version="auto", **address)
            except (DockerException, RequestException, OSError) as error:
                problems.append(explain(error))
    except DockerException as error:  # The environment gives no address: its certificates are gone.
        problems.append(explain(error))
    raise SandboxError(
        f"no Docker engine answers ({problems[0]})",
        "Start Docker (Docker Desktop, or `sudo systemctl start docker`), and make sure you may use it.",
        "sandbox.engine",
    )


def _addresses() -> Iterator[dict[str, Any]]:
    from docker.utils import kwargs_from_env

    environment: dict[str, Any] = {**kwargs_from_env()}
    yield environment
    if "base_url" not in environment:
        from docker.context import ContextAPI

        context = ContextAPI.get_current_context()
        if context is not None and context.Host:
            yield {"base_url": context.Host}


def _open(settings: SandboxSettings) -> tuple[DockerSandbox, str]:
    from docker.errors import DockerException, ImageNotFound
    from requests.exceptions import RequestException

    api = connect()
    try:
        owner.sweep(api)
        image = api.inspect_image(settings.image)
        info = api.info()
        version = str(api.version()["Version"])
    except ImageNotFound as error:
        api.close()
        raise SandboxError(
            f"Docker is there, but the image {settings.image!r} is not",
            "Make it with `quantumlayer sandbox build`.",
            "sandbox.image",
        ) from error
    except (DockerException, RequestException, OSError) as error:
        api.close()
        raise SandboxError(f"the Docker engine fails: {explain(error)}", "Restart Docker.") from error
    if info.get("OSType", "linux") != "linux":
        api.close()
        raise SandboxError(
            "Docker runs Windows containers", "Switch it to Linux containers.", "sandbox.engine"
        )
    python = (image.get("Config", {}).get("Labels") or {}).get(PYTHON_LABEL, "")
    return DockerSandbox(api, settings, image["Id"], version, int(info.get("NCPU", 1))), python


def _find_image(api: Any, language: str, settings: SandboxSettings) -> str:
    """The id of a language's image. Raises SandboxError that says how to make it."""
    from docker.errors import DockerException, ImageNotFound
    from requests.exceptions import RequestException

    name = image_of(language, settings)
    try:
        return str(api.inspect_image(name)["Id"])
    except ImageNotFound as error:
        cause = f"there is no image {name!r}"
        step = f"Make it with `quantumlayer sandbox build {language}`."
        raise without_program(language, cause, step) from error
    except (DockerException, RequestException, OSError) as error:
        raise without_program(language, explain(error), "Restart Docker.") from error


def _kill(api: Any, container: str) -> None:
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        api.kill(container)
    except (DockerException, RequestException, OSError) as error:
        log.debug("container %.12s was not killed: %s", container, error)


def _remove(api: Any, container: str) -> None:
    from docker.errors import DockerException, NotFound
    from requests.exceptions import RequestException

    try:
        api.remove_container(container, force=True, v=True)
    except NotFound:
        pass
    except (DockerException, RequestException, OSError) as error:
        log.warning("container %.12s was not removed, the next start will: %s", container, explain(error))


def _frames(connection: Any) -> Iterator[tuple[int, bytes]]:
    """(stream, data) until the program's output ends."""
    from docker.utils.socket import frames_iter

    with contextlib.suppress(ConnectionError):
        yield from frames_iter(connection, tty=False)  # type: ignore[no-untyped-call]


def _send(connection: Any, data: bytes) -> None:
    """Writes the job; a guest that is dead already shows in its exit code, not here."""
    raw = getattr(connection, "_sock", connection)
    raw.settimeout(None)
    with contextlib.suppress(ConnectionError):
        raw.sendall(data)


def _on_loop(loop: asyncio.AbstractEventLoop, listener: OnOutput | None) -> Callable[[str, str], None]:
    def listen(stream: str, text: str) -> None:
        if listener is not None:
            with contextlib.suppress(RuntimeError):  # The loop was closed meanwhile.
                loop.call_soon_threadsafe(listener, stream, text)

    return listen


def explain(error: Exception) -> str:
    """The engine's own words for what went wrong."""
    return str(getattr(error, "explanation", "") or error)

"""The bubblewrap sandbox: Linux namespaces of an unprivileged user, without a daemon.

It gives what the Docker sandbox gives, by other means: rlimits and a watchdog stand in for cgroups, the
same list of system calls is compiled to BPF. Root drops to an unprivileged user first, as root inside
would be root outside for whatever a namespace does not cover.
"""

import asyncio
import contextlib
import math
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ...settings import SandboxSettings, Settings
from ..errors import SandboxError
from . import hosts, payload, seccomp
from .output import Stream
from .roots import ROOTS
from .types import Job, OnOutput, Outcome
from .versions import Versions
from .watchdog import Watchdog

_NOBODY = 65534
_SHM_MB = 8
_LAST_WORDS = 2.0
"""Seconds to wait for the end of the output of a program that was killed."""
_CHUNK = 64 * 1024
_STAGE = Path("/mnt")
"""Where root re-binds what its unprivileged user could not reach, in a private mount namespace."""


class BubblewrapSandbox:
    """Opened by `BubblewrapSandbox.open`."""

    name = "bubblewrap"

    def __init__(self, settings: SandboxSettings, program: str, version: str, prefix: Path) -> None:
        self.version = version
        self.python = ""
        self._settings = settings
        self._program = program
        self._prefix = prefix
        self._filter = seccomp.program()
        self._thread = ThreadPoolExecutor(4, thread_name_prefix="sandbox-watch")
        self._running: set[asyncio.subprocess.Process] = set()
        self._versions = Versions(self.run)

    @classmethod
    async def open(cls, settings: Settings) -> "BubblewrapSandbox":
        """Raises SandboxError when it is not there or this machine refuses user namespaces."""
        program = _find_program()
        version = await _version(program)
        problem = ""
        for prefix in dict.fromkeys((Path(sys.base_prefix), Path("/usr"))):
            sandbox = cls(settings.sandbox, program, version, prefix)
            try:
                sandbox.python = await sandbox.version_of("python")
            except SandboxError as error:
                problem = problem or error.cause
                await sandbox.aclose()
            else:
                return sandbox
        raise SandboxError(
            f"bubblewrap {version} is there, but cannot isolate a program ({problem})",
            "Allow unprivileged user namespaces (kernel.unprivileged_userns_clone=1; on Ubuntu also an "
            "AppArmor profile for bwrap), or use Docker.",
            "sandbox.engine",
        )

    async def version_of(self, language: str) -> str:
        place = self._prefix if language == "python" else hosts.find_program(language)
        mark = hosts.mark_of(place)
        return await self._versions.of(language, mark, f"{place} does not run inside")

    async def run(self, job: Job, on_output: OnOutput | None = None) -> Outcome:
        seconds = job.seconds or self._settings.seconds
        content = payload.encode(
            job,
            self._settings,
            seconds,
            extra_limits=self._limits(job.language),
            cpus=self._processors(),
            path=("/opt/python", hosts.FOLDER),
        )
        with _memory_file(self._filter) as rules, _memory_file(b"") as status:
            process = await self._start_whole(job, rules, status)
            self._running.add(process)
            run = _Run(process, self._settings, on_output)
            try:
                outcome = await run.converse(content, seconds, self._thread)
            finally:
                _kill(process)
                await process.wait()
                self._running.discard(process)
            if outcome.exit_code is not None and b'"exit-code"' not in os.pread(status, 4096, 0):
                raise SandboxError(
                    f"bubblewrap could not start the program: {outcome.stderr.strip()}",
                    "Run `quantumlayer sandbox check` to see what is wrong.",
                    "sandbox.engine",
                )
            return outcome

    async def aclose(self) -> None:
        for process in self._running:
            _kill(process)
        await asyncio.gather(*(process.wait() for process in self._running))
        self._thread.shutdown(wait=False)

    # -- how it is started ---------------------------------------------------------------------

    async def _start_whole(self, job: Job, rules: int, status: int) -> asyncio.subprocess.Process:
        """A start that is cancelled half-way would leave a process that nobody knows."""
        starting = asyncio.ensure_future(self._start(job, rules, status))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            process = await starting
            _kill(process)
            await process.wait()
            raise

    async def _start(self, job: Job, rules: int, status: int) -> asyncio.subprocess.Process:
        command = self._command(job, rules, status)
        try:
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(rules, status),
                start_new_session=True,
                env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            )
        except OSError as error:
            raise SandboxError(
                f"bubblewrap cannot be started: {error}",
                "Run `quantumlayer sandbox check`.",
                "sandbox.engine",
            ) from error

    def _command(self, job: Job, rules: int, status: int) -> list[str]:
        folders = {} if self._prefix == Path("/usr") else {str(self._prefix): self._prefix}
        if job.packages is not None:
            folders["/packages"] = job.packages.resolve()
        links: list[str] = []
        if job.language != "python":
            program = hosts.find_program(job.language)
            bound, links = hosts.placed(program, ROOTS[job.language].program)
            folders |= bound
        if os.geteuid() != 0:
            shown = {target: str(source) for target, source in folders.items()}
            return self._isolate(shown, links, rules, status)
        staged = {target: str(_STAGE / str(index)) for index, target in enumerate(folders)}
        binds = [
            part for target, source in folders.items() for part in ("--ro-bind", str(source), staged[target])
        ]
        return [
            *(
                self._program,
                "--dev-bind",
                "/",
                "/",
                "--tmpfs",
                str(_STAGE),
                *binds,
                "--cap-add",
                "ALL",
                "--",
            ),
            *("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--no-new-privs"),
            *("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--"),
            *self._isolate(staged, links, rules, status),
        ]

    def _isolate(self, folders: dict[str, str], links: list[str], rules: int, status: int) -> list[str]:
        megabyte = 1024 * 1024
        interpreter = self._prefix / "bin" / "python3"
        return [
            *(self._program, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"),
            *("--uid", str(_NOBODY), "--gid", str(_NOBODY), "--cap-drop", "ALL", "--hostname", "sandbox"),
            *_system_folders(),
            *(part for target, source in folders.items() for part in ("--ro-bind", source, target)),
            *self._hide_host_packages(),
            *("--proc", "/proc", "--dev", "/dev"),
            *("--size", str(_SHM_MB * megabyte), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"),  # noqa: S108
            *("--size", str(payload.TMP_MB * megabyte), "--tmpfs", "/tmp"),  # noqa: S108
            *("--size", str(self._settings.work_mb * megabyte), "--tmpfs", "/work", "--chdir", "/work"),
            *("--symlink", str(interpreter), "/opt/python/python"),
            *("--symlink", str(interpreter), "/opt/python/python3"),
            *links,
            *("--remount-ro", "/", "--seccomp", str(rules), "--json-status-fd", str(status), "--"),
            *(str(interpreter), "-I", "-S", "-c", payload.guest_source()),
        ]

    def _hide_host_packages(self) -> list[str]:
        """Packages of this machine must not make a program work that lacks them elsewhere."""
        patterns = (
            "lib/python3*/site-packages",
            "lib/python3*/dist-packages",
            "local/lib/python3*/*-packages",
        )
        folders = {
            path
            for root in (self._prefix, Path("/usr"))
            for pattern in patterns
            for path in root.glob(pattern)
        }
        return [
            part
            for folder in sorted(folders)
            if folder.is_dir() and not folder.is_symlink()
            for part in ("--size", "4096", "--tmpfs", str(folder), "--remount-ro", str(folder))
        ]

    # -- what limits it ------------------------------------------------------------------------

    def _limits(self, language: str) -> dict[str, int]:
        memory = self._settings.memory_mb * 1024 * 1024
        reserved = ROOTS[language].reserved_mb * 1024 * 1024
        return {
            "RLIMIT_DATA": memory + reserved,
            # Reserving addresses costs nothing, and threads and mapped libraries reserve many.
            **({} if reserved else {"RLIMIT_AS": 4 * memory}),
            "RLIMIT_NPROC": self._settings.pids,
            "RLIMIT_STACK": min(memory, 8 * 1024 * 1024),
        }

    def _processors(self) -> list[int]:
        available = sorted(os.sched_getaffinity(0))
        return random.sample(available, min(len(available), math.ceil(self._settings.cpus)))


class _Run:
    def __init__(
        self, process: asyncio.subprocess.Process, settings: SandboxSettings, on_output: OnOutput | None
    ) -> None:
        limit = settings.output_kb * 1024
        self._process = process
        self._settings = settings
        self._stdout = Stream(limit, _listener("stdout", on_output))
        self._stderr = Stream(limit, _listener("stderr", on_output))

    async def converse(self, content: bytes, seconds: float, pool: ThreadPoolExecutor) -> Outcome:
        process = self._process
        assert process.stdin
        assert process.stdout
        assert process.stderr
        folders = {"work": self._settings.work_mb, "tmp": payload.TMP_MB, "dev/shm": _SHM_MB}
        watchdog = Watchdog(process.pid, self._settings, folders)
        began = time.monotonic()
        talking: asyncio.Future[Any] = asyncio.gather(
            _send(process.stdin, content),
            _read(process.stdout, self._stdout),
            _read(process.stderr, self._stderr),
            process.wait(),
        )
        watching = asyncio.ensure_future(watchdog.watch(pool, lambda: _kill(process)))
        timed_out = False
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(talking)
        except TimeoutError:
            timed_out = True
        finally:
            watching.cancel()
            _kill(process)
            await asyncio.wait({watching, talking}, timeout=_LAST_WORDS)
            talking.cancel()
            await asyncio.gather(watching, talking, return_exceptions=True)
        return self._outcome(watchdog, timed_out=timed_out, seconds=time.monotonic() - began)

    def _outcome(self, watchdog: Watchdog, *, timed_out: bool, seconds: float) -> Outcome:
        code = self._process.returncode
        if watchdog.found == "files":
            self._stderr.feed(b"\nThe sandbox stopped the program: it made too many files.\n")
        stderr = self._stderr.close()
        last_line = stderr.rstrip().rpartition("\n")[2]
        stopped = timed_out or watchdog.found != ""
        return Outcome(
            exit_code=None if stopped or code is None else code if code >= 0 else 128 - code,
            stdout=self._stdout.close(),
            stderr=stderr,
            timed_out=timed_out,
            truncated=self._stdout.truncated or self._stderr.truncated,
            out_of_memory=watchdog.found == "memory" or (code != 0 and last_line.startswith("MemoryError")),
            seconds=seconds,
        )


def _system_folders() -> list[str]:
    """The host's programs and libraries, and nothing of its configuration or its users."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        folder = Path("/", name)
        if folder.is_symlink():
            arguments += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            arguments += ["--ro-bind", str(folder), str(folder)]
    for name in ("ld.so.cache", "alternatives"):
        if Path("/etc", name).exists():
            arguments += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
    return arguments


@contextlib.contextmanager
def _memory_file(content: bytes) -> Iterator[int]:
    descriptor = os.memfd_create("sandbox")
    try:
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _kill(process: asyncio.subprocess.Process) -> None:
    """Ends bubblewrap, and with it the namespace's first process, and with that all others.

    Should it be killed before that bond is tied, the end of stdin ends the guest.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()


async def _send(stdin: asyncio.StreamWriter, content: bytes) -> None:
    """Sends the job and keeps the pipe open: its end tells the guest that we are gone."""
    with contextlib.suppress(ConnectionError):
        stdin.write(content)
        await stdin.drain()


async def _read(pipe: asyncio.StreamReader, stream: Stream) -> None:
    while data := await pipe.read(_CHUNK):
        stream.feed(data)


def _listener(name: str, on_output: OnOutput | None) -> Callable[[str], None]:
    def listen(text: str) -> None:
        if on_output is not None:
            on_output(name, text)

    return listen


def _find_program() -> str:
    if not sys.platform.startswith("linux"):
        raise SandboxError("bubblewrap exists on Linux only", "Use Docker.", "sandbox.engine")
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError(
            "bubblewrap is not installed", "Install the package `bubblewrap`.", "sandbox.engine"
        )
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        raise SandboxError(
            "bubblewrap must not run as root, and `setpriv` is not there to drop privileges",
            "Install the package `util-linux`, or run QuantumLayer as another user.",
            "sandbox.engine",
        )
    return program


async def _version(program: str) -> str:
    process = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return output.decode("utf-8", "replace").strip().removeprefix("bubblewrap ")

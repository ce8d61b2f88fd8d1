"""One-shot tools: bounded in time, output and number, gone when nobody waits for them any more."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..types import SourceFile
from .types import Fill, ToolError

T = TypeVar("T")
_OUTPUT_LIMIT = 16 * 1024 * 1024
_FULL = re.compile(r"no space left on device|disk is full", re.IGNORECASE)
_KEPT_FROM_HOST = ("SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "TMPDIR")


@dataclass(frozen=True)
class Completed:
    code: int
    stdout: str
    stderr: str

    @property
    def complaint(self) -> str:
        """Its last words, for who has to say that it failed; those about a full disk are never the last."""
        said = (self.stderr.strip() or self.stdout.strip()).splitlines()
        every = f"{self.stdout}\n{self.stderr}" if self.code else ""
        said += [line.strip() for line in every.splitlines() if _FULL.search(line)][-1:]
        return said[-1][:200] if said else f"exit code {self.code}"


class Tools:
    """Runs subprocesses, never more at once than there are cores."""

    def __init__(self, slots: int | None = None) -> None:
        self._slots = asyncio.Semaphore(slots or os.cpu_count() or 1)

    async def run(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        seconds: float,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        memory_mb: int = 0,
    ) -> Completed:
        """Runs `command` with a small fixed environment and returns what it said.

        `memory_mb`, on Linux, is the most that it may reserve: not for tools that reserve far more than they
        use, as Go, Java and Node.js do. Zero: what there is.

        Raises ToolError if it cannot be started, takes longer than `seconds` or says too much.
        """
        name = Path(command[0]).name if len(command) < 2 else _name(command)
        async with self._slots:
            process = await _start(command, cwd, {**environment(), **(env or {})}, name)
            try:
                _limit(process.pid, memory_mb)
                async with asyncio.timeout(seconds):
                    return await _communicate(process, stdin, name)
            except TimeoutError as error:
                raise ToolError(
                    f"{name} took longer than {seconds:g} s", "Raise the limit.", "validate.timeout_s"
                ) from error
            finally:
                await _end(process)


@contextlib.asynccontextmanager
async def written(files: Sequence[SourceFile]) -> AsyncIterator[Path]:
    """A private folder with `files` in it, removed at the end. Raises ToolError if it cannot be made."""
    holder = tempfile.TemporaryDirectory(prefix="quantumlayer-", ignore_cleanup_errors=True)
    try:
        try:
            root = await asyncio.to_thread(_write_all, Path(holder.name), files)
        except OSError as error:
            raise ToolError(f"the project cannot be written to a temporary folder: {error}") from error
        yield root
    finally:
        await asyncio.shield(asyncio.to_thread(holder.cleanup))


@contextlib.asynccontextmanager
async def on_demand(files: Sequence[SourceFile]) -> AsyncIterator[tuple[Path, Fill]]:
    """The same, empty at first, and how files get into it: a tool that reads one needs no thousand others.

    The first time, one file of each module comes along: ruff tells the project's own modules by them. What
    could not be written is tried again, so that no tool takes a file that is not there for a clean one.
    """
    missing = {file.path: file for file in files}
    turn = asyncio.Lock()
    folders = {path.rpartition("/")[0] for path in missing}
    for folder in folders:
        if above := next((place for place in _with_parents(folder) if place in missing), ""):
            raise ToolError(f"the project cannot be written to a folder: {above} is a file and a folder")
    async with written(()) as root:

        async def fill(paths: Collection[str] | None) -> None:
            async with turn:
                wanted = set(missing if paths is None else paths)
                if len(missing) == len(files):
                    wanted |= set(modules(missing).values())  # the first time
                new = [missing[path] for path in wanted & missing.keys()]
                try:
                    await asyncio.to_thread(_write_all, root, new)
                except OSError as error:
                    raise ToolError(f"files cannot be written to a temporary folder: {error}") from error
                for file in new:
                    del missing[file.path]

        yield root, fill


def _with_parents(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def modules(paths: Collection[str]) -> dict[str, str]:
    """What ruff takes for the project's own modules, and one file of each."""
    found: dict[str, str] = {}
    for path in paths:
        parts = path.split("/")
        for depth in (1, 2) if parts[0] == "src" else (1,):
            found.setdefault("/".join(parts[:depth]), path)
    return found


def _write_all(folder: Path, files: Sequence[SourceFile]) -> Path:
    root = folder.resolve()
    for file in files:
        target = root / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.text.encode())
        # mypy's cache takes a file of the same size and second for the same file: time follows content.
        seconds = 10**9 + int(file.digest[:7], 16)
        os.utime(target, (seconds, seconds))
    return root


async def all_of(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Like gather, but nothing goes on when one raises or the caller is cancelled."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            # gather may have cancelled it; a second time would interrupt its clearing up.
            if not task.cancelling():
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _name(command: Sequence[str | Path]) -> str:
    """`python -I .../source` and `python -m mypy` are known by what they run."""
    words = [str(word) for word in command]
    if Path(words[0]) == Path(sys.executable):
        return words[words.index("-m") + 1] if "-m" in words else "the syntax reader"
    return Path(words[0]).name


def environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_FROM_HOST if name in os.environ}
    # Safe path: `python -m` would import, and so run, the judged project's modules in place of its own.
    fixed = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONUTF8": "1", "NO_COLOR": "1", "PYTHONSAFEPATH": "1"}
    return kept | fixed


async def _start(
    command: Sequence[str | Path], cwd: Path, env: dict[str, str], name: str
) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=env,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        raise ToolError(f"{name} cannot be started: {error}") from error


def _limit(pid: int, memory_mb: int) -> None:
    """From outside, when it has begun: between fork and exec nothing may be done beside other threads."""
    if memory_mb and sys.platform == "linux":
        import resource

        with contextlib.suppress(OSError, ValueError):  # it has ended, or has a lower limit already
            resource.prlimit(pid, resource.RLIMIT_AS, (memory_mb * 2**20, memory_mb * 2**20))


async def _communicate(process: asyncio.subprocess.Process, stdin: str, name: str) -> Completed:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    stdout, stderr, _ = await asyncio.gather(
        _read(process.stdout, name), _read(process.stderr, name), _feed(process.stdin, stdin)
    )
    return Completed(await process.wait(), stdout, stderr)


async def _read(stream: asyncio.StreamReader, name: str) -> str:
    content = bytearray()
    while chunk := await stream.read(65536):
        content += chunk
        if len(content) > _OUTPUT_LIMIT:
            raise ToolError(f"{name} said more than {_OUTPUT_LIMIT // 2**20} MB")
    return content.decode("utf-8", "replace")


async def _feed(stream: asyncio.StreamWriter, text: str) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stream.write(text.encode("utf-8", "surrogatepass"))
        await stream.drain()
        stream.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kills what is left of the process and its children, and waits until it is gone."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    await asyncio.shield(process.wait())

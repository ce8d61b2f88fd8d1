"""Doctor: what is here, what is missing, what to do. It reports every fault and never is one."""

import asyncio
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..options import settings_files
from ..settings import Settings
from .errors import QuantumLayerError
from .types import Check, ModelInfo

_TOOLS = ("ruff", "mypy", "pyrefly", "oxlint", "pip")
_LEAST_FREE = 2 * 1024**3
_ENGINES = ("docker", "bubblewrap")
_PATIENCE_S = 60.0


async def diagnose(
    settings: Settings, *, workspace: Path | None = None, environ: Mapping[str, str] = os.environ
) -> tuple[Check, ...]:
    """Every dependency, key, model, engine and folder: found or missing, and what to do.

    `workspace` is the folder whose settings file counts; default: the current one. Of keys, only the
    names are told.
    """
    sections: tuple[tuple[str, Callable[[], Awaitable[Sequence[Check]]]], ...] = (
        ("tools", lambda: asyncio.to_thread(_programs)),
        ("sandbox", lambda: _sandbox(settings)),
        ("models", lambda: _models(settings)),
        ("keys", lambda: asyncio.to_thread(_keys, environ)),
        ("folders", lambda: asyncio.to_thread(_folders, settings)),
        ("settings", lambda: asyncio.to_thread(_settings_files, workspace or Path.cwd(), environ)),
    )
    found = await asyncio.gather(*(_guarded(name, look) for name, look in sections))
    return tuple(check for checks in found for check in checks)


async def _guarded(name: str, look: Callable[[], Awaitable[Sequence[Check]]]) -> Sequence[Check]:
    """What cannot be examined is one of the findings."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await look()
    except TimeoutError:
        return [Check(name=name, status="warning", detail=f"no answer within {_PATIENCE_S:.0f} s")]
    except QuantumLayerError as error:
        return [Check(name=name, status="missing", detail=error.cause, next_step=error.next_step)]
    except Exception as error:  # noqa: BLE001  A defect in one check must not hide the other checks.
        step = "Please report this, with the rest of this list."
        detail = f"could not be examined: {type(error).__name__}: {error}"
        return [Check(name=name, status="warning", detail=detail, next_step=step)]


# -- programs ----------------------------------------------------------------------------------


def _programs() -> list[Check]:
    python = f"{platform.python_version()}, {sys.executable}"
    return [Check(name="python", status="ok", detail=python), *map(_tool, _TOOLS), _git()]


def _tool(name: str) -> Check:
    try:
        return Check(name=name, status="ok", detail=version(name))
    except PackageNotFoundError:
        step = f"Install it beside QuantumLayer: {sys.executable} -m pip install {name}"
        return Check(name=name, status="missing", detail="not installed", next_step=step)


def _git() -> Check:
    if found := shutil.which("git"):
        return Check(name="git", status="ok", detail=found)
    step = "Install git if `validate` should leave out what a repository ignores."
    return Check(name="git", status="warning", detail="not found", next_step=step)


# -- sandbox and models ------------------------------------------------------------------------


async def _sandbox(settings: Settings) -> list[Check]:
    """One engine that works is enough: what the others lack is then no more than a warning."""
    from .sandbox import check_sandbox

    if settings.sandbox.engine == "none":
        step = "Set sandbox.engine to auto to have generated programs run and verified."
        return [
            Check(name="sandbox", status="warning", detail="turned off by sandbox.engine", next_step=step)
        ]
    checks = await check_sandbox(settings)
    if not any(check.name in _ENGINES and check.status == "ok" for check in checks):
        return list(checks)
    return [_softened(check) for check in checks]


def _softened(check: Check) -> Check:
    return check.model_copy(update={"status": "warning"}) if check.status == "missing" else check


async def _models(settings: Settings) -> list[Check]:
    from .llm.models import list_models

    models = await list_models(settings)
    return [_answering(models), *(_local(model) for model in models if model.kind != "provider")]


def _answering(models: Sequence[ModelInfo]) -> Check:
    active = next((model for model in models if model.active), None)
    if active is not None and active.available:
        return Check(name="model", status="ok", detail=f"{active.name} is used")
    detail = f"{active.name} cannot be used: {active.detail}" if active else "none can be used"
    step = "Fetch the embedded one with `quantumlayer models pull`, or set a provider's key."
    return Check(name="model", status="missing", detail=detail, next_step=step)


def _local(model: ModelInfo) -> Check:
    """A model that is not here is a choice, not a fault."""
    return Check(name=model.name, status="ok" if model.available else "warning", detail=model.detail)


def _keys(environ: Mapping[str, str]) -> list[Check]:
    from .llm.providers import PROVIDERS

    names = [key for provider in PROVIDERS for key in provider.keys if environ.get(key)]
    if names:
        return [Check(name="keys", status="ok", detail=f"set: {', '.join(dict.fromkeys(names))}")]
    return [Check(name="keys", status="ok", detail="no provider's key is set; the embedded model needs none")]


# -- folders and settings ----------------------------------------------------------------------


def _folders(settings: Settings) -> list[Check]:
    storage = settings.storage
    return [
        _writable("data folder", storage.data_dir, "storage.data_dir"),
        _writable("cache folder", storage.cache_dir, "storage.cache_dir"),
        _free_space(storage.cache_dir),
    ]


def _writable(name: str, folder: Path, setting: str) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        step = f"Make it writable, or set {setting} to another folder."
        reason = error.strerror or str(error)
        return Check(name=name, status="missing", detail=f"{folder}: {reason}", next_step=step)
    return Check(name=name, status="ok", detail=str(folder))


def _free_space(folder: Path) -> Check:
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
        free = shutil.disk_usage(there).free
    except (OSError, StopIteration) as error:
        return Check(name="disk space", status="warning", detail=f"{folder}: {error}")
    detail = f"{free / 1e9:.1f} GB free at {there}"
    if free < _LEAST_FREE:
        step = "The embedded model takes 1.2 GB: free some space, or set storage.cache_dir."
        return Check(name="disk space", status="warning", detail=detail, next_step=step)
    return Check(name="disk space", status="ok", detail=detail)


def _settings_files(workspace: Path, environ: Mapping[str, str]) -> list[Check]:
    files = settings_files(workspace, environ)
    detail = ", ".join(map(str, files)) if files else "no settings file; defaults and environment"
    return [Check(name="settings files", status="ok", detail=detail)]

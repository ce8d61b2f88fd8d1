"""From layers of options to `Settings`, and where each value came from."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..settings import Off, OffBelow, Settings
from . import files, layers, schema, trust
from .problems import OptionsError, Problem

_TRUSTED = "check.trusted"


@dataclass(frozen=True)
class Explained:
    """One setting in effect: its value and the place that decided it."""

    key: str
    value: Any
    origin: str
    overridden: tuple[str, ...] = ()
    """Places that set it too and lost, the strongest first."""


def load_settings(
    *,
    workspace: Path | None,
    editor: Mapping[str, object] | None = None,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings in effect for a workspace folder; reads files, so not on an event loop.

    `editor` and `flags` hold dotted or nested keys; None means not set. Raises OptionsError, a
    SettingsError, with every mistake in every layer.
    """
    return _settings(_checked(workspace, editor, flags, environ), workspace)


def explain_settings(
    *,
    workspace: Path | None,
    editor: Mapping[str, object] | None = None,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[Explained, ...]:
    """Every setting with its value and origin, in the order of `Settings`; raises as load_settings."""
    stack = _checked(workspace, editor, flags, environ)
    settings = _settings(stack, workspace)
    return tuple(_explain(key, settings, stack) for key in schema.known_keys())


def _checked(
    workspace: Path | None,
    editor: Mapping[str, object] | None,
    flags: Mapping[str, object] | None,
    environ: Mapping[str, str],
) -> tuple[layers.Layer, ...]:
    """The layers, weakest first; raises OptionsError if there is any problem in any of them."""
    own = files.user_file(environ)
    users = layers.from_file(own if os.path.lexists(own) else None)
    theirs = layers.from_file(files.workspace_file(workspace) if workspace else None)
    stack = (
        users,
        theirs,
        layers.from_environment(environ),
        layers.from_editor(editor or {}),
        layers.from_flags(flags or {}),
    )
    _limit(theirs, users, own, _trusted(stack))
    problems: list[Problem] = [problem for layer in stack for problem in layer.problems]
    if problems:
        raise OptionsError(problems)
    return stack


def _trusted(stack: tuple[layers.Layer, ...]) -> tuple[str, ...]:
    return next((one.values[_TRUSTED] for one in reversed(stack) if _TRUSTED in one.values), ())


def _limit(theirs: layers.Layer, users: layers.Layer, users_file: Path, folders: tuple[str, ...]) -> None:
    trusted = theirs.file is not None and trust.is_trusted(theirs.file, folders)
    for key, value in theirs.values.items():
        own = users.values.get(key, schema.known_keys()[key].get_default(call_default_factory=True))
        if reason := trust.refuse(key, value, own, trusted=trusted):
            theirs.complain(key, reason, f"Remove it there, or set it in your own file, {users_file}.")


def _settings(stack: tuple[layers.Layer, ...], workspace: Path | None) -> Settings:
    nested: dict[str, dict[str, Any]] = {}
    trusted = _trusted(stack)
    for number, layer in enumerate(stack):
        theirs = layer.file if number else None
        for key, value in layer.values.items():
            section, _, name = key.partition(".")
            placed = _placed(value, theirs.parent if theirs is not None else workspace)
            if theirs is not None and not trust.is_trusted(theirs, trusted):
                placed = trust.held_back(key, placed)
            nested.setdefault(section, {})[name] = placed
    return Settings.model_validate(nested)


def _placed(value: Any, folder: Path | None) -> Any:
    """What names paths says where they begin: a file in a workspace speaks of its own folder."""
    if folder is None or not (isinstance(value, tuple) and value and isinstance(value[0], Off)):
        return value
    below = str(folder.expanduser().absolute())
    return tuple(OffBelow(**off.model_dump(exclude={"folder"}), folder=below) for off in value)


def _explain(key: str, settings: Settings, stack: tuple[layers.Layer, ...]) -> Explained:
    section, _, name = key.partition(".")
    field = "validate_" if section == "validate" else section
    places = [layer.place(key)[0] for layer in reversed(stack) if key in layer.values]
    return Explained(
        key=key,
        value=getattr(getattr(settings, field), name),
        origin=places[0] if places else "default",
        overridden=tuple(places[1:]),
    )

"""Changing the user's own settings file; comments and order stay as they are."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..engine.disk import storage_error, write_atomic
from ..engine.errors import SettingsError
from . import files, schema
from .problems import OptionsError, Problem


def set_user_option(key: str, value: object, *, environ: Mapping[str, str] = os.environ) -> Path:
    """Sets `section.key` in the user's file, or removes it when `value` is None; returns the file.

    Raises OptionsError if the key or value is wrong or the file is not TOML, StorageError if it cannot
    be written; the file is then as it was.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    file = files.user_file(environ)
    _check(key, value)
    if file.exists():
        files.read_table(file)
    section, _, name = key.partition(".")
    try:
        document = tomlkit.parse(file.read_text(encoding="utf-8-sig") if file.exists() else "")
        table: Any = document.setdefault(section, tomlkit.table())
        if value is None:
            table.pop(name, None)
        else:
            table[name] = str(value) if isinstance(value, Path) else value
        text = tomlkit.dumps(document)
    except (TOMLKitError, TypeError, AttributeError) as error:
        raise SettingsError(f"{file} cannot be changed: {error}", f"Set {key} in it by hand.", key) from error
    _write(file, text)
    return file


def _check(key: str, value: object) -> None:
    place = "the setting to change"
    if key not in schema.known_keys():
        raise OptionsError([Problem(schema.unknown(key), place, key)])
    try:
        if value is not None:
            schema.convert(key, value)
    except ValueError as error:
        raise OptionsError([Problem(str(error), place, key)]) from error


def _write(file: Path, text: str) -> None:
    """Whole or not at all. A link, as people have who keep their dotfiles in a repository, stays one."""
    target = file.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, (text.encode(),), private=True)
    except OSError as error:
        raise storage_error(error, file) from error

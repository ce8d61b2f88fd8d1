"""One layer of options: some keys, their typed values, and where each was written."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import files, schema
from .problems import OptionsError, Problem

_PREFIX = "QUANTUMLAYER_"
_SHORT_NAMES = {
    "QUANTUMLAYER_MODEL": "models.model",
    "QUANTUMLAYER_API_BASE": "models.api_base",
    "QUANTUMLAYER_BUDGET": "budget.usd",
    "QUANTUMLAYER_SANDBOX": "sandbox.engine",
    "QUANTUMLAYER_DATA_DIR": "storage.data_dir",
    "QUANTUMLAYER_CACHE_DIR": "storage.cache_dir",
}
_NOT_SETTINGS = frozenset({"QUANTUMLAYER_API_KEY", "QUANTUMLAYER_CONFIG", "QUANTUMLAYER_DEBUG"})
# What an editor's own extension keeps in the same section; the server has no use for it.
_EDITORS_OWN = frozenset({"trace", "server"})


@dataclass
class Layer:
    file: Path | None = None
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, key: str) -> tuple[str, int]:
        """Where `key` was written, and its line."""
        if self.file is None:
            return self.places[key if key in self.places else ".".join(key.split(".")[:2])], 0
        line = files.find_line(self.file, key)
        return (f"{self.file}:{line}" if line else str(self.file)), line

    def complain(self, key: str, message: str, next_step: str = "") -> None:
        place, line = self.place(key)
        self.problems.append(Problem(message, place, key, self.file, line, next_step))

    def take(self, key: str, value: object, convert: Callable[[str, Any], Any]) -> None:
        if key not in schema.known_keys():
            self.complain(key, schema.unknown(key))
            return
        try:
            self.values[key] = convert(key, value)
        except ValueError as error:
            self.complain(error.key if isinstance(error, schema.Wrong) else key, str(error))


def from_file(file: Path | None) -> Layer:
    layer = Layer(file=file)
    if file is None:
        return layer
    try:
        table = files.read_table(file)
    except OptionsError as error:
        layer.problems.extend(error.problems)
        return layer
    for key, value in schema.flatten(table):
        layer.take(key, value, schema.convert)
    return layer


def from_environment(environ: Mapping[str, str]) -> Layer:
    """`QUANTUMLAYER_SECTION__KEY`, and a few short names; the long name wins. An empty one is not set."""
    layer = Layer()
    named = [(name, text) for name, text in environ.items() if _is_setting(name) and text.strip()]
    for name, text in sorted(named, key=lambda item: "__" in item[0]):
        key = _SHORT_NAMES.get(name) or _long_name(name)
        if key:
            layer.places[key] = f"environment variable {name}"
            layer.take(key, text, schema.convert_text)
        elif meant := difflib.get_close_matches(name, _SHORT_NAMES, n=1, cutoff=0.9):
            message = f"there is no setting of this name; did you mean {meant[0]}?"
            layer.problems.append(Problem(message, f"environment variable {name}"))
    return layer


def from_editor(values: Mapping[str, object]) -> Layer:
    kept = {name: value for name, value in values.items() if name.partition(".")[0] not in _EDITORS_OWN}
    return _from_mapping(kept, lambda key: f"editor setting quantumlayer.{key}")


def from_flags(values: Mapping[str, object]) -> Layer:
    return _from_mapping(values, lambda key: f"command line ({key})")


def _is_setting(name: str) -> bool:
    return name.startswith(_PREFIX) and name not in _NOT_SETTINGS


def _long_name(name: str) -> str:
    section, separator, key = name.removeprefix(_PREFIX).lower().partition("__")
    return f"{section}.{key}" if separator else ""


def _from_mapping(values: Mapping[str, object], place: Callable[[str], str]) -> Layer:
    """Keys nested or dotted; None is not set."""
    layer = Layer()
    for key, value in _set(values):
        layer.places[key] = place(key)
        layer.take(key, value, schema.convert)
    return layer


def _set(values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    return ((key, value) for key, value in schema.flatten(values) if value is not None)

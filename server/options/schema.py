"""The keys there are, what each may hold, and which one was probably meant."""

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ..settings import Settings


@cache
def known_keys() -> dict[str, FieldInfo]:
    """`section.key` -> its field, in the order of `Settings`."""
    found: dict[str, FieldInfo] = {}
    for name, field in Settings.model_fields.items():
        section = field.annotation
        assert isinstance(section, type)
        assert issubclass(section, BaseModel)
        for key, inner in section.model_fields.items():
            found[f"{field.alias or name}.{key}"] = inner
    return found


@cache
def sections() -> frozenset[str]:
    return frozenset(key.partition(".")[0] for key in known_keys())


def flatten(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """`{"models": {"model": "x"}}` and `{"models.model": "x"}` both give `("models.model", "x")`."""
    for name, value in values.items():
        if isinstance(value, Mapping) and (name in sections() or value):
            for key, inner in value.items():
                yield f"{name}.{key}", inner
        else:
            yield name, value


class Wrong(ValueError):
    """`key` is the part of the setting that is wrong, such as `check.off.0.stages`."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


def convert(key: str, value: object) -> Any:
    """The typed value of `key`; raises ValueError saying in words what it should be."""
    try:
        written = json.dumps(value, default=_as_text, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError(f"{key} cannot be {value!r}") from None
    try:
        converted = _adapter(key).validate_json(written, strict=True)
    except ValidationError as error:
        raise _wrong(key, value, error) from None
    return _place(key, converted) if isinstance(converted, Path) else converted


def convert_text(key: str, text: str) -> Any:
    """The typed value of `key` from text, as an environment variable has it.

    Lists are split at commas; lists of tables are JSON.
    """
    if _table(key) is not None:
        return convert(key, _json(key, text))
    if get_origin(known_keys()[key].annotation) is tuple:
        items = [item.strip() for item in text.split(",") if item.strip()]
        return convert(key, items)
    try:
        converted = _adapter(key).validate_strings(text.strip())
    except ValidationError as error:
        raise _wrong(key, text, error) from None
    if isinstance(converted, float) and converted in {float("inf"), float("-inf")}:
        raise ValueError(f"{key} should be a finite number, not {text!r}")
    return _place(key, converted) if isinstance(converted, Path) else converted


def nearest(key: str) -> str:
    """The key that was probably meant, or an empty string."""
    if found := difflib.get_close_matches(key, known_keys(), n=1, cutoff=0.75):
        return found[0]
    last = {known.rpartition(".")[2]: known for known in known_keys()}
    if found := difflib.get_close_matches(key.rpartition(".")[2], last, n=1, cutoff=0.75):
        return last[found[0]]
    return ""


def unknown(key: str) -> str:
    """Why `key` is refused, in words."""
    if key in sections():
        inside = ", ".join(known.partition(".")[2] for known in known_keys() if known.startswith(f"{key}."))
        return f"{key} is a section, not a setting; it holds {inside}"
    meant = nearest(key)
    return f"there is no setting {key}" + (f"; did you mean {meant}?" if meant else "")


@cache
def _adapter(key: str) -> TypeAdapter[Any]:
    field = known_keys()[key]
    return TypeAdapter(field.rebuild_annotation())


def _as_text(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(value)


def _place(key: str, path: Path) -> Path:
    try:
        expanded = path.expanduser()
    except RuntimeError:
        raise ValueError(f"{key} begins with ~, but this user has no home folder") from None
    if not expanded.is_absolute():
        raise ValueError(f"{key} should be an absolute path, or begin with ~, not {str(path)!r}")
    return expanded


def _table(key: str) -> type[BaseModel] | None:
    """What the entries of a list of tables are."""
    inner = get_args(known_keys()[key].annotation)
    found = inner[0] if inner and get_origin(known_keys()[key].annotation) is tuple else None
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _json(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f"{key} should be a list of tables, written as JSON, not {text!r}") from None


def _wrong(key: str, value: object, error: ValidationError) -> Wrong:
    first = error.errors(include_url=False)[0]
    wrong = first["input"] if first["loc"] else value
    table = _table(key)
    if table is None or not first["loc"]:
        return Wrong(key, _in_words(key, first["msg"], wrong, _choices(known_keys()[key].annotation)))
    number, *inside = first["loc"]
    deep = f"{key}.{number}" + "".join(f".{name}" for name in inside[:1])
    name = f"{key}[{int(number) + 1}]" + "".join(f".{part}" for part in inside[:1])
    if first["type"] == "extra_forbidden":
        meant = difflib.get_close_matches(str(inside[0]), table.model_fields, n=1)
        known = f"; did you mean {meant[0]}?" if meant else f"; there are {', '.join(table.model_fields)}"
        return Wrong(deep, f"there is no setting {name}{known}")
    if not inside:
        return Wrong(deep, f"{name} {first['msg'].removeprefix('Value error, ').removeprefix('Input ')}")
    return Wrong(
        deep, _in_words(name, first["msg"], wrong, _choices(table.model_fields[str(inside[0])].annotation))
    )


def _in_words(name: str, message: str, wrong: object, choices: list[str]) -> str:
    said = f"{name} {message.removeprefix('Value error, ').removeprefix('Input ')}, not {wrong!r}"
    meant = difflib.get_close_matches(wrong, choices, n=1) if isinstance(wrong, str) else []
    return f"{said}; did you mean {meant[0]}?" if meant else said


def _choices(annotation: Any) -> list[str]:
    def literals(annotation: Any) -> Iterator[str]:
        if get_origin(annotation) is Literal:
            yield from get_args(annotation)
        for inner in get_args(annotation):
            yield from literals(inner)

    return list(literals(annotation))

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


def convert(key: str, value: object) -> Any:
    """The typed value of `key`; raises ValueError saying in words what it should be."""
    try:
        written = json.dumps(value, default=_as_text, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError(f"{key} cannot be {value!r}") from None
    try:
        converted = _adapter(key).validate_json(written, strict=True)
    except ValidationError as error:
        raise ValueError(_in_words(key, value, error)) from None
    return _place(key, converted) if isinstance(converted, Path) else converted


def convert_text(key: str, text: str) -> Any:
    """The typed value of `key` from text, as an environment variable has it; lists are split at commas."""
    if get_origin(known_keys()[key].annotation) is tuple:
        items = [item.strip() for item in text.split(",") if item.strip()]
        return convert(key, items)
    try:
        converted = _adapter(key).validate_strings(text.strip())
    except ValidationError as error:
        raise ValueError(_in_words(key, text, error)) from None
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


def _in_words(key: str, value: object, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    wrong = first["input"] if first["loc"] else value
    said = f"{key} {first['msg'].removeprefix('Input ')}, not {wrong!r}"
    meant = difflib.get_close_matches(wrong, _choices(key), n=1) if isinstance(wrong, str) else []
    return f"{said}; did you mean {meant[0]}?" if meant else said


def _choices(key: str) -> list[str]:
    def literals(annotation: Any) -> Iterator[str]:
        if get_origin(annotation) is Literal:
            yield from get_args(annotation)
        for inner in get_args(annotation):
            yield from literals(inner)

    return list(literals(known_keys()[key].annotation))

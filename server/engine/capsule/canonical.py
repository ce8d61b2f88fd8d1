"""Canonical JSON (RFC 8785): one value, one sequence of bytes, so that a digest names a value."""

import hashlib
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import CapsuleError

Model = TypeVar("Model", bound=BaseModel)


def digest(data: bytes) -> str:
    """SHA-256, in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: BaseModel) -> bytes:
    """The value as canonical JSON, in UTF-8.

    Raises CapsuleError for what JSON cannot carry: NaN, integers past 2**53, half a surrogate pair.
    """
    return canonical_json(value.model_dump(mode="python"), f"The {type(value).__name__.lower()}")


def canonical_json(value: Any, what: str = "The document") -> bytes:
    """As `canonical`, for dictionaries, lists and plain values."""
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise CapsuleError(f"{what} cannot be written as canonical JSON: {error}.") from error


def parse(model: type[Model], data: bytes, what: str) -> Model:
    """Reads canonical JSON; `what` names the document in errors.

    Raises CapsuleError if it is not that kind of document or if its bytes are not the canonical ones:
    duplicate keys, unknown fields, spaces, another order, or another spelling of a number.
    """
    try:
        value = model.model_validate_json(data)
    except ValidationError as error:
        raise CapsuleError(f"{what} is not valid: {_first_problem(error)}.") from error
    if canonical(value) != data:
        raise CapsuleError(f"{what} is not in canonical form (RFC 8785).")
    return value


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]

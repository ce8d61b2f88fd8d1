"""The base of every value, and what a safe path is."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value; equal content is an equal value."""

    # Most of a process's values are of a few kinds; what reads the others is made when one is.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def check_path(path: str) -> str:
    """Returns `path` if it is safe inside a project on every platform; raises ValueError if not.

    Relative, POSIX separators, no `.` or `..` parts, no control characters, no name that Windows
    reserves, no part with a trailing dot or space, NFC, at most 200 characters and 12 parts.
    """
    if not path or len(path) > 200 or not _is_plain(path):
        raise ValueError(f"unsafe path: {path!r}")
    if "\\" in path or ":" in path:
        raise ValueError(f"unsafe path: {path!r}")
    parts = path.split("/")
    if len(parts) > 12:
        raise ValueError(f"unsafe path: {path!r}")
    for part in parts:
        if part in {"", ".", ".."} or part != part.rstrip(". ") or _RESERVED.match(part):
            raise ValueError(f"unsafe path: {path!r}")
        if part.casefold() == ".git":
            raise ValueError(f"unsafe path: {path!r}")
    return path


def _is_plain(text: str) -> bool:
    """Whether it is NFC and without control characters."""
    if text.isascii():
        return text.isprintable()
    if text != unicodedata.normalize("NFC", text):
        return False
    return not any(unicodedata.category(char).startswith("C") for char in text)


SafePath = Annotated[str, AfterValidator(check_path)]

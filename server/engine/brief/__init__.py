"""The brief: reading it, and what can be told of it without a model."""

from .reading import (
    MAX_BYTES,
    decode_brief,
    derive_name,
    file_stem,
    is_brief,
    parse_brief,
    read_brief,
    safe_name,
)

__all__ = [
    "MAX_BYTES",
    "decode_brief",
    "derive_name",
    "file_stem",
    "is_brief",
    "parse_brief",
    "read_brief",
    "safe_name",
]

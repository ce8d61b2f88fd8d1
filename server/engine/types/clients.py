"""What clients ask about beside capsules: models, tools, this machine."""

from typing import Literal

from .findings import Stage
from .value import Value


class ModelInfo(Value):
    name: str
    """As `--model` takes it."""
    kind: Literal["embedded", "ollama", "provider"]
    available: bool
    active: bool
    size: int = 0
    """Bytes on disk once pulled; 0 when it is not ours to store."""
    detail: str = ""


class ToolSeat(Value):
    """A tool that judges a language in a stage, in `validate`, while typing, or both."""

    language: str
    stage: Stage
    tool: str
    batch: bool
    live: bool
    version: str = ""
    missing: str = ""
    """Why it is not here, and what to do; empty when it is."""


class Cleaned(Value):
    """What was removed from one place that grows, and what is left there, in bytes."""

    what: Literal["journal", "capsules"]
    removed: int
    freed: int
    kept: int
    reason: str = ""
    """Why nothing could be removed."""


class Check(Value):
    """One line of `doctor` or `sandbox check`."""

    name: str
    status: Literal["ok", "warning", "missing"]
    detail: str = ""
    next_step: str = ""

"""What is asked, what is planned, what was drafted, and what it cost."""

from typing import Annotated

from pydantic import Field

from .files import SourceFile
from .value import SafePath, Value


class Brief(Value):
    """What the user asked, in their words, plus what front matter or flags say explicitly."""

    text: Annotated[str, Field(min_length=1)]
    name: str = ""
    language: str = "python"
    constraints: tuple[str, ...] = ()


class Traits(Value):
    """The brief's measured characteristics; no model is asked."""

    words: int
    sentences: int
    paths: tuple[str, ...]
    """File paths the brief names."""
    symbols: tuple[str, ...]
    """Identifiers the brief names in code spans."""
    signatures: tuple[str, ...]
    """Calls the brief names in code spans, as written: `parse(text, strict=False)`."""
    packages: tuple[str, ...]
    """Third-party packages the brief allows or asks for, by distribution name."""
    standard_library_only: bool
    constraints: int
    """How many requirements it states."""
    complexity: Annotated[float, Field(ge=0, le=1)]


class PlannedFile(Value):
    path: SafePath
    purpose: str
    interface: tuple[str, ...] = ()
    """Signatures others may rely on, one per line of Python: `def f(x: int) -> str`, `class A`."""
    depends_on: tuple[SafePath, ...] = ()


class Plan(Value):
    """The files to write, in dependency order, and how to run and check the result."""

    summary: str
    files: Annotated[tuple[PlannedFile, ...], Field(min_length=1, max_length=40)]
    packages: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    """Commands a user would type, such as `python wordcount.py FILE`."""


class Candidate(Value):
    """One agent's answer for one task, and what it cost."""

    file: SourceFile
    model: str
    sample: int = 0
    copies: int = 1
    """How many answers were the same: what a model says often it says for a reason."""
    problems: tuple[str, ...] = ()
    """What the gate found; empty means the candidate may be used."""


class Usage(Value):
    """What a run consumed. `calls_reused` came from the journal and cost nothing again."""

    calls: int = 0
    calls_reused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            calls=self.calls + other.calls,
            calls_reused=self.calls_reused + other.calls_reused,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            cost_usd=self.cost_usd + other.cost_usd,
            seconds=self.seconds + other.seconds,
        )

"""How a capsule was made: who wrote what, what it was chosen by, and what the run did when."""

from typing import Annotated, Literal

from pydantic import Field

from .value import SafePath, Value

How = Literal["given", "rule", "only", "elected", "composed", "searched", "repaired"]
"""How a text came to be: the brief gave it; it follows from other files by a rule; it was the only usable
answer; it won an election among answers; it holds functions that were elected one by one; it was rewritten
after a failure; or a version of it was found by running many that differ from an answer in little."""


class CheckRecord(Value):
    """What candidates were run against."""

    name: str
    code: str
    """As statements of Python."""
    source: Literal["brief", "model", "probe"]
    """Whose claim it is: a value of the brief, a model's; a probe claims nothing, it only looks."""
    passed: bool
    """By what was chosen in the end; false for a probe."""


class CandidateRecord(Value):
    """One of the answers that stood for election, and what was seen of it."""

    path: SafePath
    target: str = ""
    """The function that was elected by itself; empty for a file as a whole."""
    sample: int = 0
    copies: int = 1
    """How many answers were the same."""
    model: str = ""
    sha256: str
    elected: bool = False
    score: float = 0.0
    passed: int = 0
    total: int = 0
    """Checks that claim something."""
    shown: dict[str, str] = Field(default_factory=dict)
    """For each check what the candidate showed in its place: nothing if it passed."""


class Region(Value):
    """A function, method or class of a generated file."""

    name: str
    """`parse` or `Ledger.add`."""
    sha256: str
    """Of its source, without common indentation."""
    how: How
    candidates: int = 0
    """Different answers that were compared for it by itself; 0 if only its file was."""
    reason: str = ""


class Authorship(Value):
    """Who wrote a file, what it was chosen by, and what that took."""

    path: SafePath
    sha256: str
    how: How
    reason: str = ""
    model: str = ""
    tier: str = ""
    candidates: int = 0
    """Different answers that were compared."""
    checks_passed: int = 0
    checks_total: int = 0
    calls: Annotated[int, Field(ge=0)] = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    regions: tuple[Region, ...] = ()


class Escalation(Value):
    """Something that a model was asked for again, and what was wrong with what there was."""

    path: SafePath
    target: str = ""
    """The function that was written again; empty for the whole file."""
    step: Literal["drawn", "again", "widened", "mended", "repaired"]
    """More answers were drawn beside the first; the file was asked for again, as none passed the gate, or as
    none passed the brief's examples; a function was, before there was a candidate; or after it was run."""
    reason: str


class Moment(Value):
    """A phase of the run."""

    phase: str
    detail: str = ""
    at: float
    """Seconds since the run began."""
    seconds: float

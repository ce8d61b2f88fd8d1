"""What is asked for at one place in a file, and what came of it."""

from typing import Annotated, Literal

from pydantic import Field

from .files import SourceFile
from .findings import Finding
from .value import SafePath, Value

Task = Literal["implement", "test", "fix", "document", "harden", "comment"]


class Wish(Value):
    """One file as an editor shows it, a line in it, and what goes with the file."""

    task: Task
    path: SafePath
    text: str
    line: Annotated[int, Field(ge=0)]
    """Counted from zero."""
    findings: tuple[Finding, ...] = ()
    """Those to be mended: for `fix` and `harden`."""
    files: tuple[SourceFile, ...] = ()
    """The other files: what it imports, tests that concern it and what those import."""
    tests: tuple[SafePath, ...] = ()
    """Which of them are tests that concern the file."""
    test_file: str = ""
    """Where tests for the file belong; its text is among `files` if it is there."""
    packages: tuple[str, ...] = ()
    draw: Annotated[int, Field(ge=0)] = 0
    """Another number draws other candidates; the same one gives the same ones, from the journal."""


class Offer(Value):
    """What can be done at a line."""

    task: Task
    target: str
    """A function, `Class.method`, or empty for a part of the file that has no name."""


class Written(Value):
    """Who wrote a region of code, and what was seen of it."""

    name: str
    sha256: str
    """Of its source, without common indentation."""
    path: str
    how: str
    """`elected`, `composed`, `repaired`, `only`, `rule` or `given`."""
    model: str
    tier: str = ""
    task: str = ""
    """What was asked for; empty for a region of a capsule."""
    candidates: int = 0
    agreeing: int = 0
    """Candidates that behave like the one that was taken."""
    checks_passed: int = 0
    checks_total: int = 0
    stages: dict[str, str] = Field(default_factory=dict)
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    evidence: tuple[str, ...] = ()
    """What was checked, one sentence each."""
    capsule: str = ""
    draw: int = 0
    at: str = ""
    """RFC 3339, UTC."""


class Authored(Value):
    """A region of a text whose author is known. Lines are counted from zero."""

    first: int
    last: int
    written: Written


class Help(Value):
    """The file that comes of a wish; without `text` nothing is offered, and `said` tells why."""

    task: Task
    target: str
    path: SafePath
    text: str = ""
    said: str
    """One or two sentences for the user: what was done, and what was checked."""
    written: tuple[Written, ...] = ()
    sure: bool = False
    """Whether it was run, and nothing that was asked of it failed."""

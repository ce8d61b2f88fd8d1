"""What is said of a capsule's versions: which there are, how two differ, what came of merging them."""

from typing import Literal

from pydantic import Field

from .capsules import CapsuleSummary
from .files import SourceFile
from .findings import Finding, StageResult
from .value import Value

Change = Literal["added", "removed", "changed"]


class Version(Value):
    """One stored capsule, and the names that it has now."""

    summary: CapsuleSummary
    branches: tuple[str, ...] = ()
    """Those whose head it is."""
    tags: tuple[str, ...] = ()
    current: bool = False
    """It is what the project's name means: the head of the current branch."""


class Branches(Value):
    """The branches and tags of one project."""

    name: str
    branch: str
    """The current one."""
    branches: dict[str, str]
    tags: dict[str, str] = Field(default_factory=dict)


class History(Value):
    """Versions of one project, children before their parents."""

    name: str
    branch: str
    versions: tuple[Version, ...]
    missing: tuple[str, ...] = ()
    """Ids of parents that are not on this machine."""


class Rollback(Value):
    """A branch that was moved to another version."""

    name: str
    branch: str
    before: str
    """The id that was the head; it stays in the store."""
    now: str


class FileChange(Value):
    path: str
    change: Change
    plus: int
    minus: int
    text: str = ""
    """A unified diff; empty if the file is too large to be compared line by line."""
    note: str = ""


class InterfaceChange(Value):
    """A public function, class or method that another version has otherwise, or not at all."""

    path: str
    name: str
    change: Change
    before: str = ""
    after: str = ""
    breaking: bool = False
    """Calls that were right may be wrong now."""


class DependencyChange(Value):
    name: str
    change: Change
    before: str = ""
    after: str = ""


class Side(Value):
    """What was observed of one of two versions."""

    id: str
    name: str
    created: str
    status: Literal["verified", "unverified"]
    confidence: float
    reasons: tuple[str, ...] = ()
    tests_passed: int | None = None
    tests_failed: int | None = None


class Difference(Value):
    """How one version differs from another: in its text, and in what it means."""

    before: Side
    after: Side
    files: tuple[FileChange, ...] = ()
    interface: tuple[InterfaceChange, ...] = ()
    dependencies: tuple[DependencyChange, ...] = ()
    appeared: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    summary: tuple[str, ...] = ()


class Conflict(Value):
    """A file that two versions changed in ways that exclude each other."""

    path: str
    kind: Literal["both changed", "both added", "changed and removed"]
    places: int = 0
    """How many, where lines conflict."""


class Merge(Value):
    """What came of merging two versions."""

    ours: str
    theirs: str
    base: str
    """The common ancestor."""
    outcome: Literal["merged", "conflicts", "up to date", "fast-forward"]
    capsule: str = ""
    """The id of the version that holds both; empty where there are conflicts."""
    conflicts: tuple[Conflict, ...] = ()
    files: tuple[SourceFile, ...] = ()
    """Where there are conflicts: every file as it was merged, conflicts marked."""


class CheckedOut(Value):
    """What became of a folder that a version's files were brought into."""

    id: str
    folder: str
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Files that somebody changed; they were left alone."""


class Deployment(Value):
    """Files that build and start a project in a container, and what was found in them."""

    id: str
    name: str
    files: tuple[SourceFile, ...]
    notes: tuple[str, ...] = ()
    """What a user should know before relying on them."""
    stages: tuple[StageResult, ...] = ()

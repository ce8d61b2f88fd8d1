"""What goes into a sandbox and what comes out of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import Field

from ..types import SourceFile, Value

OnOutput = Callable[[str, str], None]
"""Called on the event loop with ("stdout" or "stderr", cleaned text) while the program runs."""


class Job(Value):
    """One program to run: its files, and what to type in their folder."""

    files: tuple[SourceFile, ...] = ()
    """Written under `/work`, which is empty before and gone afterwards."""
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    """Run in `/work`; `python` is the sandbox's Python."""
    stdin: str = ""
    packages: Path | None = None
    """A host folder of installed wheels, importable inside from a read-only `/packages`."""
    seconds: Annotated[float, Field(gt=0)] | None = None
    """Wall-clock limit; without it `sandbox.seconds` holds."""
    language: str = "python"
    """Whose root it runs in: a key of `ROOTS`."""


class Outcome(Value):
    """What was observed. Output is valid Unicode without terminal escapes, cut at the limit."""

    exit_code: int | None
    """128 + N when signal N ended the program; None when the sandbox stopped it."""
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False
    truncated: bool = False
    """Some output was dropped because it passed `sandbox.output_kb`."""
    out_of_memory: bool = False
    seconds: float = 0.0


class Sandbox(Protocol):
    """Runs hostile programs. Each run starts from nothing and leaves nothing behind."""

    @property
    def name(self) -> str:
        """`docker` or `bubblewrap`."""
        ...

    @property
    def version(self) -> str: ...

    @property
    def python(self) -> str:
        """Version of the Python inside, such as `3.12`."""
        ...

    async def version_of(self, language: str) -> str:
        """Of a language's program inside, such as `22.20.0`. Raises SandboxError: why there is none."""
        ...

    async def run(self, job: Job, on_output: OnOutput | None = None) -> Outcome:
        """Runs `job` and returns what happened, whatever the program did.

        Cancelling ends the program within a second. Raises SandboxError when the sandbox itself fails.
        """
        ...

    async def aclose(self) -> None:
        """Ends what is running and releases the engine."""
        ...


def described(sandbox: Sandbox | None) -> str:
    """How evidence names it; empty if there is none."""
    return f"{sandbox.name} {sandbox.version}, Python {sandbox.python}" if sandbox else ""

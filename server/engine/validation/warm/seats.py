"""Which warm tool looks at which language, and when."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...types import Stage
from ..adapters import oxlint, typescript
from .oxlint import WarmOxlint
from .pyrefly import WarmPyrefly
from .reader import WarmReader
from .ruff import WarmRuff
from .server import WarmTool
from .typescript import WarmTypeScript

AT_ONCE = frozenset({Stage.SYNTAX, Stage.STYLE, Stage.SECURITY})


@dataclass(frozen=True)
class Place:
    """What a tool is made for."""

    folder: Path
    python: str
    cache: Path


@dataclass(frozen=True)
class Seat:
    name: str
    languages: frozenset[str]
    stages: frozenset[Stage]
    when: Literal["at once", "after a pause"]
    make: Callable[[Place], WarmTool]


SEATS = (
    Seat("ruff", WarmRuff.languages, AT_ONCE, "at once", lambda place: WarmRuff(place.python)),
    Seat("reader", WarmReader.languages, frozenset({Stage.SYNTAX}), "at once", lambda place: WarmReader()),
    Seat("oxlint", oxlint.LANGUAGES, AT_ONCE, "at once", lambda place: WarmOxlint(place.folder, place.cache)),
    Seat(
        "pyrefly",
        WarmPyrefly.languages,
        frozenset({Stage.TYPES}),
        "after a pause",
        lambda place: WarmPyrefly(place.folder, place.python, place.cache),
    ),
    Seat(
        "typescript",
        typescript.LANGUAGES,
        frozenset({Stage.TYPES}),
        "after a pause",
        lambda place: WarmTypeScript(place.folder),
    ),
)

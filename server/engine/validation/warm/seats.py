"""Which warm tool looks at which language, and when."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...types import Stage
from ..adapters import oxlint, typescript
from .oxlint import BY_STAGE as OXLINTS
from .oxlint import WarmOxlint
from .pyrefly import WarmPyrefly
from .reader import WarmReader, reader_of
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
    called: Callable[[Stage, str], str]
    """The tool's name in findings of a stage and language; `validate` uses the same."""


SEATS = (
    Seat(
        name="ruff",
        languages=WarmRuff.languages,
        stages=AT_ONCE,
        when="at once",
        make=lambda place: WarmRuff(place.python),
        called=lambda stage, _: {Stage.SYNTAX: "ruff parser", Stage.SECURITY: "ruff security"}.get(
            stage, "ruff"
        ),
    ),
    Seat(
        name="reader",
        languages=WarmReader.languages,
        stages=frozenset({Stage.SYNTAX}),
        when="at once",
        make=lambda place: WarmReader(),
        called=lambda _, language: reader_of(language),
    ),
    Seat(
        name="oxlint",
        languages=oxlint.LANGUAGES,
        stages=AT_ONCE,
        when="at once",
        make=lambda place: WarmOxlint(place.cache),
        called=lambda stage, _: OXLINTS[stage].name,
    ),
    Seat(
        name="pyrefly",
        languages=WarmPyrefly.languages,
        stages=frozenset({Stage.TYPES}),
        when="after a pause",
        make=lambda place: WarmPyrefly(place.folder, place.python, place.cache),
        called=lambda *_: "pyrefly",
    ),
    Seat(
        name="typescript",
        languages=typescript.LANGUAGES,
        stages=frozenset({Stage.TYPES}),
        when="after a pause",
        make=lambda place: WarmTypeScript(place.folder),
        called=lambda *_: "typescript",
    ),
)

"""Briefs with what a person says of them: `held_out` was never looked at while the measuring was tuned.

The labels, by the person who wrote them:

- `domain`: what the program is about. `web` (servers, APIs, sites, crawlers), `command line` (called in a
  terminal), `data` (tables, files of rows, databases), `text` (reading and writing notations and words),
  `numbers` (mathematics, algorithms, structures), `records` (things that are kept and change by rules),
  `systems` (processes, files, threads, secrets, caches), `general` (none of these, or it cannot be told).
- `size`: `function` (one is asked for), `module` (one file's worth), `project` (several files or parts).
- `complexity`: `simple` (up to some five rules), `moderate`, `complex` (fifteen and more, which depend on
  each other).
- `ambiguity`: `clear` (names, parameters and results are given), `open` (what it is for is clear, how it is
  called is not), `vague` (a wish; most of it has to be invented).
- `constraints`: which kinds of limits are stated: `errors` (what is refused, and how), `limits` (numbers and
  sizes), `packages`, `format` (of what is shown or written), `order`, `performance`, `security`, `platform`.
- `languages`: programming languages that are named or shown. `written`: the language of the brief itself.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_FOLDER = Path(__file__).resolve().parent.parent / "fixtures/briefs"
Part = Literal["tuned", "held_out"]


@dataclass(frozen=True)
class Labelled:
    text: str
    domain: str
    size: str
    complexity: str
    ambiguity: str
    constraints: frozenset[str]
    languages: frozenset[str]
    written: str


def labelled_briefs(part: Part) -> list[Labelled]:
    table = tomllib.loads((_FOLDER / f"{part}.toml").read_text(encoding="utf-8"))
    sets = ("constraints", "languages")
    return [
        Labelled(**{key: frozenset(value) if key in sets else value for key, value in one.items()})
        for one in table["brief"]
    ]

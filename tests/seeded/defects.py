"""What a seeded defect is, and how one is made of a file that works."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

Stage = str
SECRETS = {
    "GITHUB": "ghp" + "_" + "Zr3LmT5vXw9YbNcKd7Hf4Gj6Ps1Qa2Wd8Ek0",
    "NUMBER": "q8Zr3LmT5vXw9YbN" + "2cKd7Hf4Gj6Ps1Qa",
    "WORD": "tr0ub4dor" + "-3x",
    "HEAD": "-----BEGIN RSA " + "PRIVATE KEY-----",
}
"""Nobody's; in parts, so that whoever searches this repository for secrets finds none."""


@dataclass(frozen=True)
class Edit:
    """Within one line, counted from zero: what stands from `start` to `end` becomes `text`."""

    line: int
    start: int
    end: int
    text: str


Ways = Callable[[str], Iterable[Edit]]
"""Every place of a file where a defect of one kind can be put."""


@dataclass(frozen=True)
class Kind:
    """A way to go wrong. `stage` must find it."""

    name: str
    stage: Stage
    ways: Ways


@dataclass(frozen=True)
class Language:
    """`fits` says whether a text is a defect of the stage: one of types, for example, must still parse.

    `harmless` has nothing wrong with it: a rule that tells of it, at the end of a file, tells of no defect.
    """

    name: str
    originals: Mapping[str, str]
    kinds: tuple[Kind, ...]
    fits: Callable[[str, Stage], bool] = lambda text, stage: True
    harmless: str = ""

    def control(self) -> dict[str, str]:
        return {path: text + self.harmless for path, text in self.originals.items()}


@dataclass(frozen=True)
class Defect:
    language: str
    stage: Stage
    kind: str
    original: str
    """The path of the file that works."""
    path: str
    text: str
    line: int
    """Counted from one."""


def seeded(language: Language) -> Iterator[Defect]:
    """One defect of each kind in each original that has a place for it."""
    for path, text in language.originals.items():
        for kind in language.kinds:
            made = _made(language, kind, path, text)
            if made is not None:
                edit, changed = made
                folder = f"{kind.name}_{path.replace('.', '_').lower()}"
                yield Defect(
                    language.name, kind.stage, kind.name, path, f"{folder}/{path}", changed, edit.line + 1
                )


def _made(language: Language, kind: Kind, path: str, text: str) -> tuple[Edit, str] | None:
    places = list(kind.ways(text))
    random.Random(f"{path} {kind.name}").shuffle(places)  # the same places every time
    for edit in places[:40]:
        changed = apply(text, edit)
        if changed != text and language.fits(changed, kind.stage):
            return edit, changed
    return None


def apply(text: str, edit: Edit) -> str:
    lines = text.split("\n")
    line = lines[edit.line]
    lines[edit.line] = line[: edit.start] + edit.text + line[edit.end :]
    return "\n".join(lines)


def appended(*added: str) -> Ways:
    """At the end of the file, where it stands for itself."""

    def ways(text: str) -> Iterator[Edit]:
        last = text.count("\n")
        yield Edit(last, 0, 0, "\n".join(added) + "\n")

    return ways

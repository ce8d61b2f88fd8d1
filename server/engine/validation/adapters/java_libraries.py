"""What of a compiler's errors may follow from libraries that are not here, and is no mistake of the project.

A class that inherits from a library's, or bears its annotations (which may make constructors and methods),
has more in it than its text says; so has a class that inherits from that one.
"""

import re
from collections.abc import Iterable, Sequence

from ...types import Severity, SourceFile

_AWAY = re.compile(r"^package (?P<name>[\w.]+) does not exist$")
_PACKAGE = re.compile(r"^[ \t]*package\s+([\w.]+)\s*;", re.MULTILINE)
_OTHERS = re.compile(r"^[ \t]*package[ \t]+([\w.]+)", re.MULTILINE)
_DECLARED = re.compile(r"\b(?:class|interface|enum|record)\s+(\w+)")
_INHERITED = re.compile(r"\b(?:extends|implements)\s([^{]{1,1000})\{")
_WHERE = re.compile(r"location: .*?(?:of type|class|interface|enum|record) (?:[\w]+\.)*(\w+)")
_MEMBER = re.compile(r"symbol: (?:method|variable|constructor)\b")
_TEXT_SAYS = re.compile(
    r"missing return|unreachable statement|duplicate class|not a statement|"
    r".*(?:might not have been initialized|already defined|expected|illegal start|unclosed|end of file)"
)
"""Whatever a library may bring, these are wrong."""
_TYPES_SAY = re.compile(r"incompatible types(?!.*(?:infer|lambda))|bad operand")
"""So are these, where all that they name is known."""
_NEVER = re.compile(r"cannot be converted to (?:boolean|byte|char|short|int|long|float|double|String)\b")
_ARGUMENTS = re.compile(r"<[^<>]*>")
_CLASS = re.compile(r"symbol: class (\w+)")
_ELSEWHERE = re.compile(r"\b(?:class|interface|object|trait|enum|record|typealias)\s+(\w+)")
_STANDARD = "java."
_SHARED = 2
"""Dots: `io.github` and `org.springframework` have more than one owner below them."""


def package_of(file: SourceFile) -> str:
    named = _PACKAGE.search(file.text)
    return named[1] if named else ""


class Libraries:
    """`errors`: path and message of each; `others`: files of languages whose classes Java may use."""

    def __init__(
        self,
        files: Sequence[SourceFile],
        errors: Iterable[tuple[str, str, str]],
        others: Sequence[SourceFile] = (),
    ) -> None:
        own = {package for file in files if (package := package_of(file))}
        above = {package.rpartition(".")[0] for package in own}
        self._roots = own | {one for one in above if one.count(".") >= _SHARED}
        self._elsewhere = {name for file in others for name in _ELSEWHERE.findall(file.text)}
        self._elsewhere |= {f"{_stem(file.path)}Kt" for file in others}
        self._packages = {named[1] for file in others if (named := _OTHERS.search(file.text))}
        missed = [(path, said) for path, said, more in errors if self.names(said, more) or self._made(said)]
        self._paths = {path for path, _ in missed}
        self._classes = _fuller(files, self._paths)

    def names(self, said: str, more: str = "") -> str:
        """The missing library's package, or a class of another language.

        Not a package that the project or Java itself should have.
        """
        if said.startswith("cannot find symbol"):
            missing = _CLASS.search(more)
            return missing[1] if missing and missing[1] in self._elsewhere else ""
        name = _missing(said)
        return "" if name.startswith(_STANDARD) or self._made(said) else name

    def _made(self, said: str) -> bool:
        """A package below or beside one of the project's: forgotten, unless a program makes it."""
        name = _missing(said)
        return name not in self._packages and name.rpartition(".")[0] in self._roots

    def severity(self, path: str, said: str, more: str) -> Severity | None:
        """None for what may be right."""
        if self._made(said):
            return Severity.WARNING
        if not self._paths or _TEXT_SAYS.match(said) or _missing(said).startswith(_STANDARD):
            return Severity.ERROR
        whole = f"{said} {more}"
        fuller = self._names_fuller(whole) and not _NEVER.search(whole)
        if _TYPES_SAY.match(said):
            return None if fuller else Severity.ERROR
        if path in self._paths:
            return None
        if said.startswith("cannot find symbol"):
            place = _WHERE.search(more)
            inside = place is not None and place[1] in self._classes
            if _MEMBER.search(more):
                return None if inside else Severity.ERROR
            return Severity.WARNING
        # Annotations make whole classes, and constructors.
        return None if fuller else Severity.WARNING

    def _names_fuller(self, whole: str) -> bool:
        """What a list holds is nothing that the list is."""
        while (plain := _ARGUMENTS.sub("", whole)) != whole:
            whole = plain
        return any(name in self._classes for name in re.findall(r"\w+", whole))


def _missing(said: str) -> str:
    named = _AWAY.match(said)
    return named["name"] if named else ""


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def _fuller(files: Sequence[SourceFile], paths: set[str]) -> set[str]:
    """The classes with more in them than their texts say."""
    found = {name for file in files if file.path in paths for name in _DECLARED.findall(file.text)}
    heirs = [(set(_DECLARED.findall(file.text)), _parents(file.text)) for file in files]
    while new := {name for own, above in heirs if above & found for name in own} - found:
        found |= new
    return found


def _parents(text: str) -> set[str]:
    return {name for part in _INHERITED.findall(text) for name in re.findall(r"\w+", part)}

"""What of a compiler's errors may follow from libraries that are not here, and is no mistake of the project.

A class that inherits from a library's, or bears its annotations (which may make constructors and methods),
has more in it than its text says; so has a class that inherits from that one.
"""

import re
from collections.abc import Iterable, Sequence

from ...types import Severity, SourceFile

_AWAY = re.compile(r"^package (?P<name>[\w.]+) does not exist$")
_PACKAGE = re.compile(r"^[ \t]*package\s+([\w.]+)\s*;", re.MULTILINE)
_DECLARED = re.compile(r"\b(?:class|interface|enum|record)\s+(\w+)")
_INHERITED = re.compile(r"\b(?:extends|implements)\s([^{]{1,1000})\{")
_WHERE = re.compile(r"location: .*?(?:of type|class|interface|enum|record) (?:[\w]+\.)*(\w+)")
_MEMBER = re.compile(r"symbol: (?:method|variable|constructor)\b")
_SURE = re.compile(
    r"incompatible types|missing return|unreachable statement|bad operand|duplicate class|not a statement|"
    r".*(?:might not have been initialized|already defined|expected|illegal start|unclosed|end of file)"
)
"""Whatever a library may bring, these are wrong."""
_STANDARD = "java."


def package_of(file: SourceFile) -> str:
    named = _PACKAGE.search(file.text)
    return named[1] if named else ""


class Libraries:
    """`errors`: path and message of each."""

    def __init__(self, files: Sequence[SourceFile], errors: Iterable[tuple[str, str]]) -> None:
        self._own = {top for file in files if (top := _top(package_of(file)))}
        self._paths = {path for path, said in errors if self.names(said)}
        self._classes = _fuller(files, self._paths)

    def names(self, said: str) -> str:
        """The missing library's package; not one that the project or Java itself should have."""
        named = _AWAY.match(said)
        name = f"{named['name']}." if named else ""
        if not name or name.startswith(_STANDARD) or any(name.startswith(f"{top}.") for top in self._own):
            return ""
        return name.rstrip(".")

    def severity(self, path: str, said: str, more: str) -> Severity | None:
        """None for what may be right."""
        if not self._paths or _SURE.match(said):
            return Severity.ERROR
        if path in self._paths:
            return None
        if said.startswith("cannot find symbol"):
            place = _WHERE.search(more)
            inside = place is not None and place[1] in self._classes
            if _MEMBER.search(more):
                return None if inside else Severity.ERROR
        # Annotations make whole classes, and constructors.
        return Severity.WARNING


def _top(package: str) -> str:
    """`com.shop` of `com.shop.tax`: who else's could it be."""
    return ".".join(package.split(".")[:2])


def _fuller(files: Sequence[SourceFile], paths: set[str]) -> set[str]:
    """The classes with more in them than their texts say."""
    found = {name for file in files if file.path in paths for name in _DECLARED.findall(file.text)}
    heirs = [(set(_DECLARED.findall(file.text)), _parents(file.text)) for file in files]
    while new := {name for own, above in heirs if above & found for name in own} - found:
        found |= new
    return found


def _parents(text: str) -> set[str]:
    return {name for part in _INHERITED.findall(text) for name in re.findall(r"\w+", part)}

"""For which Java a project is, where its build says so: a newer one's own classes have more in them."""

import re
from collections.abc import Iterable, Iterator, Sequence

from ...types import Finding, Severity, SourceFile

_RELEASE = re.compile(
    r"<(?:maven\.compiler\.release|maven\.compiler\.source|java\.version|release|source)>\s*(\d+)\s*<|"
    r"VERSION_(\d+)\b|JavaLanguageVersion\.of\((\d+)\)|"
    r"(?:sourceCompatibility|options\.release)\s*(?:=|\.set\()?\s*[\"']?(\d+)"
)
_DECLARED = re.compile(r"\b(?:class|interface|enum|record)\s+(\w+)")
_PLACE = re.compile(r"location: .*?(?:of type|class|interface) ([\w.]+)")


def release_of(builds: Sequence[SourceFile]) -> int:
    """The newest that any of them names; 0 where none does."""
    named = (number for file in builds for found in _RELEASE.findall(file.text) for number in found)
    return max((int(number) for number in named if number), default=0)


def newer_told(found: Iterable[Finding], files: Sequence[SourceFile]) -> Iterator[Finding]:
    """What an older compiler misses in Java's own classes may be there in the project's Java."""
    own = {name for file in files for name in _DECLARED.findall(file.text)}
    for one in found:
        place = _PLACE.search(one.message) if one.rule == "cannot-find-symbol" else None
        if place and place[1].rpartition(".")[2] not in own and one.severity is Severity.ERROR:
            said = f"{one.message}; this project is for a newer Java than javac's, which may have it"
            yield one.model_copy(update={"severity": Severity.WARNING, "message": said})
        else:
            yield one

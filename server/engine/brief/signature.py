"""Signatures: one line of an interface, however a brief, a plan or a file writes it.

def area(width: int, height: int = 1) -> int
area(width, height=1)
class Shape(Thing)
Shape(name)                 the class, with what its constructor takes
Shape.grow(by)              a method
"""

import re

from ..types import Value

_LINE = re.compile(
    r"""
    ^(?P<word>(?:async\s+)?def\s+|class\s+)?
    (?:(?P<owner>[A-Za-z_]\w*)(?:\.|:\s*(?:async\s+)?def\s+))?
    (?P<name>[A-Za-z_]\w*)\s*
    (?:\((?P<params>.*?)\))?
    (?:\s*->\s*(?P<returns>[^:]+))?
    \s*:?(?:\s*\.\.\.)?$
    """,
    re.VERBOSE,
)
_CLASS = re.compile(r"^[A-Z]\w*[a-z]\w*$")
_ERROR = re.compile(r"(Error|Exception|Warning)$")


class Signature(Value):
    name: str
    owner: str = ""
    """The class a method belongs to."""
    params: str = ""
    """As written, without `self`; a class has those of its constructor."""
    returns: str = ""
    bases: str = ""
    is_class: bool = False
    is_async: bool = False
    on_class: bool = False
    """A method that is called on the class itself."""

    @property
    def head(self) -> str:
        """The name at the top level that this stands for; none for a method."""
        return "" if self.owner else self.name

    @property
    def full_name(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def is_error(self) -> bool:
        return self.is_class and bool(_ERROR.search(self.name) or _ERROR.search(self.bases))

    @property
    def line(self) -> str:
        """The one way interfaces write it."""
        returns = f" -> {self.returns}" if self.returns else ""
        if self.is_class:
            return f"class {self.name}({self.bases})" if self.bases else f"class {self.name}"
        if self.owner:
            params = ", ".join(filter(None, ("cls" if self.on_class else "", self.params)))
            return f"{self.full_name}({params}){returns}"
        return f"{'async ' if self.is_async else ''}def {self.name}({self.params}){returns}"


def read_signature(line: str) -> Signature | None:
    match = _LINE.match(" ".join(line.split()))
    if match is None:
        return None
    word, owner, name = match["word"] or "", match["owner"] or "", match["name"]
    params = match["params"]
    if word.startswith("class") or (not word and not owner and params is not None and _CLASS.match(name)):
        declared = word.startswith("class")
        return Signature(
            name=name,
            is_class=True,
            bases=(params or "") if declared else "",
            params="" if declared else params or "",
        )
    if params is None:
        return None
    plain, on_class = _without_self(params)
    return Signature(
        name=name,
        owner=owner,
        params=plain,
        returns=(match["returns"] or "").strip(),
        is_async="async" in line.split("(")[0].split(),
        on_class=on_class,
    )


def looks_like_a_class(name: str) -> bool:
    return bool(_CLASS.match(name))


def _without_self(params: str) -> tuple[str, bool]:
    first, _, rest = params.partition(",")
    receiver = first.split(":")[0].strip()
    return (rest.strip(), receiver == "cls") if receiver in {"self", "cls"} else (params.strip(), False)

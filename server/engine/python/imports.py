"""Missing imports, added the way an editor's quick fix adds them.

Small models use names of the project's other files and of the standard library without importing them.
Where it is certain what is meant, the import is added; where it is not, the gate reports the name.
"""

import ast
import builtins
import sys
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from .outline import public_names
from .syntax import after_docstring, parsed

_WELL_KNOWN = {
    "abc": ("ABC", "abstractmethod"),
    "collections": ("Counter", "OrderedDict", "defaultdict", "deque"),
    "contextlib": ("contextmanager", "suppress"),
    "dataclasses": ("asdict", "dataclass", "field"),
    "datetime": ("date", "timedelta", "timezone"),
    "decimal": ("Decimal", "InvalidOperation"),
    "enum": ("Enum", "IntEnum", "auto"),
    "fractions": ("Fraction",),
    "functools": ("cache", "lru_cache", "partial", "reduce", "wraps"),
    "itertools": ("chain", "count", "groupby", "islice", "product"),
    "pathlib": ("Path",),
    "typing": (
        "Any", "Callable", "Dict", "Iterable", "Iterator", "List", "Optional", "Sequence", "Set",
        "Tuple", "Union",
    ),
}  # fmt: skip
_HOME = {name: module for module, names in _WELL_KNOWN.items() for name in names}
_PACKAGES = {
    "fastapi": (
        "APIRouter", "Body", "Depends", "FastAPI", "HTTPException", "Query", "Request", "Response", "status",
    ),
    "pydantic": ("BaseModel", "Field", "ValidationError", "field_validator", "model_validator", "validator"),
}  # fmt: skip
_BRINGS = {"fastapi": ("pydantic",)}
"""Packages that come with another one, and are used with it."""


def complete_imports(path: str, code: str, others: Mapping[str, str], packages: Iterable[str] = ()) -> str:
    """`code` with imports for names that are used, bound nowhere, and found in exactly one place.

    `others` are the texts of the project's other files by path. Imports of a project's name from the wrong
    project module are pointed at the right one. Code that does not parse is returned as it is.
    """
    if (tree := parsed(code)) is None:
        return code
    homes = _homes(path, others)
    code = _redirected(path, code, tree, homes, set(others))
    if (tree := parsed(code)) is None:
        return code
    installed = {name for package in packages for name in (package, *_BRINGS.get(package, ()))}
    known = _HOME | {name: package for package in sorted(installed) for name in _PACKAGES.get(package, ())}
    lines: list[str] = []
    for name in sorted(_unbound(tree)):
        if name in homes:
            lines.append(f"from {homes[name]} import {name}")
        elif name in known:
            lines.append(f"from {known[name]} import {name}")
        elif name in sys.stdlib_module_names and _is_module(tree, name):
            lines.append(f"from datetime import {name}" if _is_class(tree, name) else f"import {name}")
    if not lines:
        return code
    at = after_docstring(tree)
    whole = code.splitlines()
    return "\n".join([*whole[:at], *lines, *whole[at:]]) + "\n"


def import_line(path: str, other: str, code: str) -> str:
    """How `path` imports the public names of the file `other`; empty if it has none."""
    names = public_names(code)
    return f"from {_module(path, other)} import {', '.join(names)}" if names else ""


def _homes(path: str, others: Mapping[str, str]) -> dict[str, str]:
    """For each public name of the other files the module to import it from; ambiguous ones left out."""
    found: dict[str, list[str]] = {}
    for other, text in others.items():
        if other.endswith(".py") and PurePosixPath(other).name != "__init__.py":
            for name in public_names(text):
                found.setdefault(name, []).append(_module(path, other))
    return {name: modules[0] for name, modules in found.items() if len(modules) == 1}


def _module(path: str, other: str) -> str:
    here, there = PurePosixPath(path), PurePosixPath(other)
    if here.parent == there.parent and here.parent.parts:
        return f".{there.stem}"
    return ".".join(there.with_suffix("").parts).removeprefix("src.")


def _redirected(path: str, code: str, tree: ast.Module, homes: Mapping[str, str], others: set[str]) -> str:
    """Points `from package import Name` at the module that defines the name."""
    own = {PurePosixPath(other).with_suffix("").parts[0] for other in [*others, path]}
    lines = code.splitlines()
    for node in reversed(tree.body):
        if not isinstance(node, ast.ImportFrom) or any(alias.name == "*" for alias in node.names):
            continue
        if not (node.level or (node.module or "").split(".")[0] in own):
            continue
        wanted = [homes.get(alias.name) for alias in node.names]
        written = "." * node.level + (node.module or "")
        if not any(wanted) or all(home in (None, written) for home in wanted):
            continue
        parts = [
            f"from {home or written} import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
            for alias, home in zip(node.names, wanted, strict=True)
        ]
        lines[node.lineno - 1 : node.end_lineno] = parts
    return "\n".join(lines) + "\n"


def _unbound(tree: ast.Module) -> set[str]:
    used: set[str] = set()
    bound: set[str] = set(dir(builtins)) | {"__file__", "__name__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif (isinstance(node, ast.ExceptHandler) and node.name) or (
            isinstance(node, ast.MatchAs | ast.MatchStar) and node.name
        ):
            bound.add(node.name)
    return used - bound


def _is_module(tree: ast.Module, name: str) -> bool:
    """Whether the name is only ever used as `name.something`, or called, as `datetime(...)` is."""
    nodes = list(ast.walk(tree))
    bases = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    uses = [node for node in nodes if isinstance(node, ast.Name) and node.id == name]
    return name == "datetime" or all(id(use) in bases for use in uses)


def _is_class(tree: ast.Module, name: str) -> bool:
    """`datetime` is the class unless it is used as `datetime.datetime` and the like."""
    if name != "datetime":
        return False
    attributes = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    }
    return not attributes & {"datetime", "timedelta", "date", "timezone"}

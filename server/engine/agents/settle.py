"""Settling a drafted plan: whatever a model drafted becomes a sound `Plan`, or PlanError says why not.

The rules, in order: files the brief names are in it, and if it names any source file, no other source
file is; paths are safe; tests and documents are not planned (they have their own steps); packages have
their `__init__.py`; dependencies point at planned files and have no cycle; every name the brief mentions
belongs to some file's interface; third-party packages are real names that the brief does not forbid.
"""

import keyword
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ..errors import PlanError
from ..types import Brief, Plan, PlannedFile, Traits, check_path
from .interfaces import interfaces, needs

_MAX_FILES = 40


def settle(draft: Any, brief: Brief, traits: Traits) -> Plan:
    if not isinstance(draft, Mapping):
        raise PlanError("the plan is not a JSON object")
    drafted = _drafted(draft.get("files"))
    named = sources(traits)
    if named:
        drafted = {path: drafted.get(path, {}) for path in [*named, *_inits(named)]}
    elif not drafted:
        raise PlanError("the plan has no source file with a safe path")
    else:
        drafted |= {path: {} for path in _inits(drafted) if path not in drafted}
    if len(drafted) > _MAX_FILES:
        raise PlanError(f"the plan has {len(drafted)} files; {_MAX_FILES} are the most")
    lines = {path: [_text(item) for item in _list(entry.get("interface"))] for path, entry in drafted.items()}
    interface = interfaces(lines, brief, traits)
    used = needs(interface, brief.text)
    edges = _without_cycles(
        {path: [*_dependencies(path, entry, drafted), *used[path]] for path, entry in drafted.items()}
    )
    files = [
        PlannedFile(
            path=path,
            purpose=_text(drafted[path].get("purpose")) or _purpose(path, brief),
            interface=interface[path],
            depends_on=tuple(edges[path]),
        )
        for path in _in_order(edges)
    ]
    return Plan(
        summary=_text(draft.get("summary")) or brief.name or "project",
        files=tuple(files),
        packages=_packages(draft.get("packages"), traits, drafted),
        run=tuple(line for item in _list(draft.get("run")) if _runs(line := _text(item), drafted))[:4],
    )


def sources(traits: Traits) -> tuple[str, ...]:
    """The Python source files the brief names; its tests are not among them."""
    return tuple(path for path in traits.paths if path.endswith(".py") and not is_test(path))


def is_test(path: str) -> bool:
    parts = PurePosixPath(path)
    return (
        parts.name.startswith("test_")
        or parts.stem.endswith("_test")
        or "tests" in parts.parts[:-1]
        or (parts.name == "conftest.py")
    )


def _drafted(files: Any) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for entry in _list(files):
        if not isinstance(entry, Mapping):
            continue
        path = str(entry.get("path", "")).strip().removeprefix("./")
        try:
            check_path(path)
        except ValueError:
            continue
        if path.endswith(".py") and not is_test(path) and _importable(path):
            found.setdefault(path, entry)
    return found


def _importable(path: str) -> bool:
    parts = PurePosixPath(path).with_suffix("").parts
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)


def _inits(paths: Iterable[str]) -> tuple[str, ...]:
    """The `__init__.py` of every folder that holds a module, `src` excepted."""
    folders: dict[str, None] = {}
    for path in paths:
        for folder in PurePosixPath(path).parents:
            if folder.parts and folder.parts != ("src",):
                folders[f"{folder}/__init__.py"] = None
    return tuple(folders)


def _dependencies(path: str, entry: Mapping[str, Any], drafted: Mapping[str, Any]) -> list[str]:
    here = PurePosixPath(path)
    if here.name == "__init__.py":
        return [other for other in drafted if other != path and PurePosixPath(other).parent == here.parent]
    wanted = [str(item).strip().removeprefix("./") for item in _list(entry.get("depends_on"))]
    found = []
    for name in wanted:
        candidates = [
            name,
            f"{here.parent}/{name}",
            f"{name.replace('.', '/')}.py",
            f"{here.parent}/{name}.py",
        ]
        match = next((c for c in candidates if c in drafted and c != path), None)
        if match and PurePosixPath(match).name != "__init__.py" and match not in found:
            found.append(match)
    return found


def _without_cycles(edges: dict[str, list[str]]) -> dict[str, list[str]]:
    """Drops each edge that would close a cycle, keeping those seen first."""
    kept: dict[str, list[str]] = {path: [] for path in edges}

    def reaches(start: str, goal: str) -> bool:
        seen, stack = set(), [start]
        while stack:
            at = stack.pop()
            if at == goal:
                return True
            if at not in seen:
                seen.add(at)
                stack += kept[at]
        return False

    for path, targets in edges.items():
        for target in dict.fromkeys(targets):
            if not reaches(target, path):
                kept[path].append(target)
    return kept


def _in_order(edges: Mapping[str, list[str]]) -> list[str]:
    order: dict[str, None] = {}

    def visit(path: str) -> None:
        if path not in order:
            for target in edges[path]:
                visit(target)
            order[path] = None

    for path in edges:
        visit(path)
    return list(order)


def _packages(drafted: Any, traits: Traits, files: Mapping[str, Any]) -> tuple[str, ...]:
    if traits.standard_library_only:
        return ()
    own = {PurePosixPath(path).parts[0].removesuffix(".py") for path in files}
    found: dict[str, None] = {canonicalize_name(name): None for name in traits.packages}
    for item in _list(drafted):
        try:
            name = canonicalize_name(Requirement(_text(item)).name)
        except InvalidRequirement:
            continue
        module = name.replace("-", "_")
        grounded = not traits.packages or name in traits.packages
        if grounded and module not in sys.stdlib_module_names and module not in own and name != "pytest":
            found[name] = None
    return tuple(sorted(found))


def _runs(line: str, files: Mapping[str, Any]) -> bool:
    """Whether a command starts something the plan has: one of its files, or a package's `__main__`."""
    if module := re.match(r"python3? -m ([\w.]+)", line):
        path = module[1].replace(".", "/")
        return f"{path}/__main__.py" in files or f"{path}.py" in files
    return any(path in line.split() for path in files) or line.startswith(("uvicorn ", "fastapi ", "flask "))


def _purpose(path: str, brief: Brief) -> str:
    """The words of the brief around the path, else what such a file is for."""
    if PurePosixPath(path).name == "__init__.py":
        return "makes the package's public names importable from the package itself"
    for line in brief.text.splitlines():
        if path in line:
            return "as the specification says"
    return "part of the project"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""

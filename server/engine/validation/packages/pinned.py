"""What a project's files pin: requirements and lock files, with the place of each line."""

import contextlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...declared import naming_files, read_regular
from ...types import SourceFile
from .distributions import canonical

_REQUIREMENTS = re.compile(r"requirements([-_.].*)?\.txt|constraints\.txt")
_LOCKS = {"uv.lock": "package", "poetry.lock": "package", "pdm.lock": "package", "pylock.toml": "packages"}
_LINE = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w,. -]*\])?\s*([=<>!~;]|$)")


@dataclass(frozen=True)
class Pin:
    """A distribution and its version; the version is empty where no exact one is named."""

    name: str
    version: str
    path: str
    line: int
    """Counted from one."""
    column: int
    text: str


def pins(files: Sequence[SourceFile]) -> tuple[list[Pin], list[Pin]]:
    """Exact ones, and those that name no exact version and are in no lock file either."""
    found = [pin for file in files for pin in _in_file(file)]
    exact = [pin for pin in found if pin.version]
    known = {pin.name for pin in exact}
    return exact, [pin for pin in found if not pin.version and pin.name not in known]


def unlocked(files: Sequence[SourceFile]) -> list[Pin]:
    """What requirements, extras and groups name, and no lock file: a resolver has found what is locked."""
    locks = [(file, name) for file in files if (name := file.path.rpartition("/")[2]) in _LOCKS]
    packages = [one for file, name in locks for one in _listed(table(file.text).get(_LOCKS[name]))]
    locked = {canonical(str(package.get("name", ""))) for package in packages}
    others = {file.path for file, _ in locks}
    found = [pin for file in files if file.path not in others for pin in _in_file(file)]
    return [pin for pin in found if pin.name not in locked]


def may_pin(path: str) -> bool:
    """Whether a file of this name is looked through for distributions and their versions."""
    name = path.rpartition("/")[2]
    return name == "pyproject.toml" or name in _LOCKS or _REQUIREMENTS.fullmatch(name) is not None


def named_anywhere(files: Sequence[SourceFile]) -> tuple[str, ...]:
    """Every distribution that requirements, extras, groups, Poetry's tables and lock files name."""
    names = {pin.name for file in files for pin in _in_file(file)}
    for file in files:
        if file.path.rpartition("/")[2] == "pyproject.toml":
            names |= {canonical(text) for text in _besides(table(file.text))}
    return tuple(sorted(names - {""}))


def named_in(folder: Path) -> tuple[str, ...]:
    """The same of a folder on disk, without its lock files, which take long to read."""
    files = []
    for path in naming_files(folder):
        with contextlib.suppress(OSError, ValueError):
            files.append(SourceFile(path=path.name, text=read_regular(path)))
    return named_anywhere(files)


def _besides(read: dict[str, Any]) -> Iterator[str]:
    yield from _optional(read)
    yield from _texts(within(read, "build-system").get("requires"))
    yield from of_poetry(read)


def of_poetry(read: dict[str, Any]) -> Iterator[str]:
    """Names in Poetry's own tables, with `python` among them."""
    poetry = within(read, "tool", "poetry")
    groups = [group for group in within(poetry, "group").values() if isinstance(group, dict)]
    for holder in (poetry, *groups):
        yield from within(holder, "dependencies")
        yield from within(holder, "dev-dependencies")


def _optional(read: dict[str, Any]) -> Iterator[str]:
    """Requirements of extras and of groups."""
    for section in (("project", "optional-dependencies"), ("dependency-groups",)):
        for listed in within(read, *section).values():
            yield from _texts(listed)


def _texts(listed: Any) -> list[str]:
    return [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []


def within(read: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The table in a table, or an empty one."""
    for key in keys:
        found = read.get(key)
        read = found if isinstance(found, dict) else {}
    return read


def _in_file(file: SourceFile) -> Iterator[Pin]:
    if not may_pin(file.path):
        return
    name = file.path.rpartition("/")[2]
    if _REQUIREMENTS.fullmatch(name):
        for number, line in enumerate(file.text.splitlines(), 1):
            text = line.partition(" #")[0].partition(" --hash")[0].rstrip("\\ \t")
            if _LINE.match(text.lstrip()) and "://" not in text:
                column = len(text) - len(text.lstrip())
                yield from _pin(text.strip(), file.path, number, column)
    elif name == "pyproject.toml":
        read = table(file.text)
        listed = [*_texts(within(read, "project").get("dependencies")), *_optional(read)]
        for text in dict.fromkeys(listed):
            if "://" not in text:
                yield from _pin(text, file.path, *_place(file.text, text))
    elif name in _LOCKS:
        yield from _locked(file, _LOCKS[name])


def _locked(file: SourceFile, key: str) -> Iterator[Pin]:
    places = list(_named_at(file.text, key))
    for number, package in enumerate(_listed(table(file.text).get(key))):
        if _is_local(package.get("source")):
            continue
        name, version = package.get("name"), package.get("version")
        if isinstance(name, str) and isinstance(version, str):
            line, text = places[number] if number < len(places) else (1, "")
            yield Pin(canonical(name), version, file.path, line, 0, text)


def _listed(packages: Any) -> list[dict[str, Any]]:
    """As long as the list it is: what is no table is an empty one."""
    listed = packages if isinstance(packages, list) else []
    return [one if isinstance(one, dict) else {} for one in listed]


def _named_at(text: str, key: str) -> Iterator[tuple[int, str]]:
    """For each package of a lock file, in order: the line that names it, or the one it begins at."""
    start = re.compile(rf"\s*\[\[\s*{key}\s*\]\]")
    lines = text.split("\n")
    begins = [number for number, line in enumerate(lines) if start.match(line)]
    for begin, end in pairwise([*begins, len(lines)]):
        named = (at for at in range(begin, end) if lines[at].startswith("name = "))
        at = next(named, begin)
        yield at + 1, lines[at].rstrip()


def _is_local(source: Any) -> bool:
    """The project itself, or a neighbour of it: nobody else's database knows them."""
    return isinstance(source, dict) and bool({"editable", "virtual", "directory", "path"} & source.keys())


def _pin(text: str, path: str, line: int, column: int) -> Iterator[Pin]:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return
    exact = [one for one in requirement.specifier if one.operator in {"==", "==="}]
    version = exact[0].version if exact and "*" not in exact[0].version else ""
    yield Pin(canonical(requirement.name), version, path, line, column, text)


def table(text: str) -> dict[str, Any]:
    """What TOML says; nothing where it is none."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}  # the syntax stage tells


def _place(text: str, wanted: str) -> tuple[int, int]:
    quoted = next((at for sign in "\"'" if (at := text.find(f"{sign}{wanted}{sign}")) >= 0), -1)
    offset = quoted + 1 if quoted >= 0 else max(text.find(wanted), 0)
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1)

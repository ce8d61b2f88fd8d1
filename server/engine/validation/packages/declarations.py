"""Which packages a project's own files ask of registries, and where each name stands.

Not those that a lock file has: a resolver has found them. Nor what comes from a folder, an address or an
index that the project names itself: the user's own client would not find it, and should not be asked.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from ...types import SourceFile
from .distributions import canonical
from .pinned import of_poetry, table, unlocked, within

Client = Literal["pip", "npm"]
_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_NPM_NAME = re.compile(r"(@[a-z0-9~][\w.~-]*/)?[a-z0-9~][\w.~-]*", re.ASCII | re.IGNORECASE)
_PIP_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)
_LONGEST = 214
_ELSEWHERE = re.compile(r"[\w+.-]+:|[.~/]|[^@/\s]+/[^/\s]")
"""A version that is none: `file:`, `workspace:`, `git+ssh:`, a folder, `owner/repository`."""
_ALIAS = re.compile(r"npm:(@?[^@]+)(@.*)?")
_OWN_INDEX = re.compile(r"\s*(-i|--index-url|--extra-index-url|-f|--find-links|--no-index)\b")
_FILES = {"pip": ("pip.conf", "pip.ini", "uv.toml"), "npm": (".npmrc", ".yarnrc", ".yarnrc.yml")}
_NAMES_AN_INDEX = re.compile(r"(?i)index|find.links|registry|npmScopes")


@dataclass(frozen=True)
class Declared:
    """A name that a client would look up in its registry."""

    client: Client
    name: str
    path: str
    line: int
    """Counted from one."""
    column: int
    text: str
    """As it is written there."""


def is_name(client: Client, name: str) -> bool:
    """Whether it can be a package's name, and nothing else for the client, such as an option."""
    pattern = _PIP_NAME if client == "pip" else _NPM_NAME
    return len(name) <= _LONGEST and pattern.fullmatch(name) is not None


def declared(files: Sequence[SourceFile]) -> list[Declared]:
    """In the order of the files; of names that cannot be one, nothing."""
    found = [*_of_python(files), *_of_node(files)]
    return [one for one in found if is_name(one.client, one.name)]


def own_index(client: Client, files: Sequence[SourceFile]) -> str:
    """The file that says that the project has an index of its own; empty if there is none."""
    for file in files:
        name = PurePosixPath(file.path).name
        configures = name in _FILES[client] and _NAMES_AN_INDEX.search(file.text)
        if configures or (client == "pip" and _names_an_index(name, file.text)):
            return file.path
    return ""


def configuration_files(client: Client) -> tuple[str, ...]:
    """Names of files in which a folder may say where its packages come from."""
    return _FILES[client]


def _names_an_index(name: str, text: str) -> bool:
    if name.startswith("requirements") and name.endswith(".txt"):
        return any(_OWN_INDEX.match(line) for line in text.splitlines())
    if name != "pyproject.toml":
        return False
    tools = within(table(text), "tool")
    uv = within(tools, "uv")
    sources = (within(tools, name).get("source") for name in ("poetry", "pdm"))
    indexes = (uv.get(key) for key in ("index", "index-url", "extra-index-url", "find-links"))
    return any(sources) or any(indexes) or any(within(uv, "pip").get(key) for key in ("index-url", "index"))


# -- Python ------------------------------------------------------------------------------------


def _of_python(files: Sequence[SourceFile]) -> Iterator[Declared]:
    projects = [file for file in files if PurePosixPath(file.path).name == "pyproject.toml"]
    tables = {file.path: table(file.text) for file in projects}
    known = {name for read in tables.values() for name in _own_names(read)}
    for pin in unlocked(files):
        if pin.name not in known:
            written = re.match(r"[\w.-]*", pin.text)
            yield Declared("pip", pin.name, pin.path, pin.line, pin.column, written[0] if written else "")
    if any(PurePosixPath(file.path).name == "poetry.lock" for file in files):
        return
    for file in projects:
        for name in of_poetry(tables[file.path]):
            if canonical(name) not in {*known, "python"}:
                yield Declared("pip", canonical(name), file.path, *_key_at(file.text, name), name)


def _own_names(read: dict[str, Any]) -> Iterator[str]:
    """The project itself, and packages whose place it tells."""
    poetry = within(read, "tool", "poetry")
    for named in (within(read, "project").get("name"), poetry.get("name")):
        if isinstance(named, str):
            yield canonical(named)
    yield from (canonical(name) for name in within(read, "tool", "uv", "sources"))
    groups = [group for group in within(poetry, "group").values() if isinstance(group, dict)]
    for holder in (poetry, *groups):
        for section in ("dependencies", "dev-dependencies"):
            for name, wanted in within(holder, section).items():
                if isinstance(wanted, dict) and {"path", "git", "url", "source"} & wanted.keys():
                    yield canonical(name)


def _key_at(text: str, name: str) -> tuple[int, int]:
    found = re.search(rf"^\s*[\"']?({re.escape(name)})[\"']?\s*=", text, re.MULTILINE)
    return _place(text, found.start(1) if found else 0)


# -- JavaScript --------------------------------------------------------------------------------


def _of_node(files: Sequence[SourceFile]) -> Iterator[Declared]:
    manifests = [
        (file, _json(file.text))
        for file in files
        if PurePosixPath(file.path).name == "package.json" and "node_modules" not in file.path.split("/")
    ]
    known = {str(read.get("name", "")) for _, read in manifests} | _locked(files)
    for file, read in manifests:
        for section in _SECTIONS:
            start = _section_at(file.text, section)
            for written, version in within(read, section).items():
                name = _asked(written, version)
                if name and name not in known:
                    at = file.text.find(f'"{written}"', start) + 1
                    yield Declared("npm", name, file.path, *_place(file.text, at), written)


def _asked(name: str, version: Any) -> str:
    """What npm looks up for a dependency; nothing if it comes from elsewhere."""
    if not isinstance(version, str):
        return ""
    if alias := _ALIAS.fullmatch(version):
        return alias[1]
    return "" if _ELSEWHERE.match(version) and not version.startswith("catalog:") else name


def _locked(files: Sequence[SourceFile]) -> set[str]:
    names = set()
    for file in files:
        if PurePosixPath(file.path).name in {"package-lock.json", "npm-shrinkwrap.json"}:
            read = _json(file.text)
            names |= {path.rpartition("node_modules/")[2] for path in within(read, "packages")}
            names |= set(within(read, "dependencies"))
    return names


def _section_at(text: str, section: str) -> int:
    found = re.search(rf'"{section}"\s*:\s*\{{', text)
    return found.end() if found else 0


def _json(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}  # the syntax stage tells
    return read if isinstance(read, dict) else {}


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1)

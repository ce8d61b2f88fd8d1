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
from .pinned import Pin, of_poetry, table, unlocked, within

Client = Literal["pip", "npm"]
_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_NPM_NAME = re.compile(r"(@[a-z0-9~][\w.~-]*/)?[a-z0-9~][\w.~-]*", re.ASCII | re.IGNORECASE)
_PIP_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)
_LONGEST = 214
LOCKS = frozenset({"package-lock.json", "npm-shrinkwrap.json"})
"""npm's: nobody judges them, but what they name was found."""
_ELSEWHERE = re.compile(r"[\w+.-]+:|\.|~?/|[^@/\s]+/[^/\s]")
"""A version that is none: `file:`, `workspace:`, `git+ssh:`, a folder, `owner/repository`."""
_JSON_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
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
    """As it is written there; empty where it was not found."""


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
    lines = {file.path: file.text.splitlines() for file in files}
    for pin in unlocked(files):
        if pin.name not in known:
            written = re.match(r"[\w.-]*", pin.text)
            text = written[0] if written and _stands_at(pin, lines[pin.path]) else ""
            yield Declared("pip", pin.name, pin.path, pin.line, pin.column, text)
    if any(PurePosixPath(file.path).name == "poetry.lock" for file in files):
        return
    for file in projects:
        for name in of_poetry(tables[file.path]):
            if canonical(name) not in {*known, "python"}:
                yield Declared("pip", canonical(name), file.path, *_key_at(file.text, name))


def _stands_at(pin: Pin, lines: Sequence[str]) -> bool:
    """TOML may write it otherwise, and then its place is not known."""
    return pin.line <= len(lines) and lines[pin.line - 1].startswith(pin.text, pin.column)


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


def _key_at(text: str, name: str) -> tuple[int, int, str]:
    """In one of Poetry's tables of dependencies, and nowhere else."""
    section = ""
    for found in re.finditer(
        rf"^\s*(?:\[([^\]\n]+)\]|[\"']?({re.escape(name)})[\"']?\s*=)", text, re.MULTILINE
    ):
        section = found[1] or section
        if found[2] and section.startswith("tool.poetry.") and section.endswith("dependencies"):
            return *_place(text, found.start(2)), name
    return 1, 0, ""


# -- JavaScript --------------------------------------------------------------------------------


def _of_node(files: Sequence[SourceFile]) -> Iterator[Declared]:
    manifests = [
        (file, _json(file.text))
        for file in files
        if PurePosixPath(file.path).name == "package.json" and "node_modules" not in file.path.split("/")
    ]
    known = {str(read.get("name", "")) for _, read in manifests} | _locked(files)
    for file, read in manifests:
        places = _keys_of(file.text)
        for section in _SECTIONS:
            for written, version in within(read, section).items():
                name = _asked(written, version)
                if name and name not in known:
                    at, text = places.get((section, written), (0, ""))
                    yield Declared("npm", name, file.path, *_place(file.text, at), text)


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
        if PurePosixPath(file.path).name in LOCKS:
            read = _json(file.text)
            names |= {path.rpartition("node_modules/")[2] for path in within(read, "packages")}
            names |= set(within(read, "dependencies"))
    return names


def _keys_of(text: str) -> dict[tuple[str, str], tuple[int, str]]:
    """Of the tables in a JSON object, by the table's name and the key: where each key stands, and as what."""
    found = {}
    depth, table, latest = 0, "", ""
    for part in _JSON_PARTS.finditer(text):
        if part[0] in "{[":
            depth += 1
            table = latest if depth == 2 else table
        elif part[0] in "}]":
            depth -= 1
        elif depth in {1, 2} and _is_key(text, part.end()):
            latest = _string(part[0])
            if depth == 2:
                found[table, latest] = (part.start() + 1, part[0][1:-1])
    return found


def _is_key(text: str, end: int) -> bool:
    while text[end : end + 1].isspace():
        end += 1
    return text[end : end + 1] == ":"


def _string(written: str) -> str:
    try:
        return str(json.loads(written))
    except ValueError:
        return ""


def _json(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}  # the syntax stage tells
    return read if isinstance(read, dict) else {}


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1)

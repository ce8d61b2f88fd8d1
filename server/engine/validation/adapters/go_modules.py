"""Judged Go as folders in which Go's own tools run nothing of it and fetch nothing for it.

Of a `go.mod` only the name and the language's version are kept: `toolchain` chooses a program, `replace`
leads to other folders, and what is required is not here anyway.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...types import SourceFile

_MODULE = re.compile(r"^[ \t]*module[ \t]+[\"`]?([\w./~+-]+)", re.MULTILINE)
_VERSION = re.compile(r"^[ \t]*go[ \t]+(\d+\.\d+(?:\.\d+)?)\b", re.MULTILINE)
_EMBED = re.compile(r"//go:embed\b")
_PLACED = re.compile(r"(//|/\*)line ")
"""What follows would be told of another file."""
_CGO = re.compile(r'^[ \t]*(?:import\s+)?"C"\s*(?://.*)?$', re.MULTILINE)
_OLDEST = "1.18"
_LEFT_OUT = {"vendor", "testdata", "node_modules"}


@dataclass(frozen=True)
class Modules:
    files: tuple[SourceFile, ...]
    """As they are to be written, with a `go.mod` for each module."""
    packages: frozenset[str]
    """Folders whose files are judged; `` is the top."""
    native: Mapping[str, str]
    """Folders that need a C compiler, which is not run, and the file that says so."""
    several: bool
    left_out: tuple[str, ...]
    """Files that Go looks at only when it is asked for them by name."""


def laid_out(files: Iterable[SourceFile]) -> Modules:
    sources, heads, left_out = [], {}, []
    for file in files:
        path = PurePosixPath(file.path)
        if path.name == "go.mod":
            heads[folder_of(file.path)] = _head(file.text)
        elif path.suffix == ".go" and left_out_above(file.path):
            left_out.append(file.path)
        elif path.suffix == ".go":
            # What is embedded is not here, and would be missed.
            text = _PLACED.sub(r"\1xxxx ", _EMBED.sub("//go:xxxxx", file.text))
            sources.append(SourceFile(path=file.path, text=text))
    folders = {folder_of(file.path) for file in sources}
    if any(not _module_of(folder, heads) for folder in folders):
        heads.setdefault("", "module judged\n\ngo 1.22\n")
    used = {head for folder in folders for head in _module_of(folder, heads)}
    written = [SourceFile(path=f"{head}/go.mod".lstrip("/"), text=heads[head]) for head in sorted(used)]
    if len(used) > 1:
        written.append(SourceFile(path="go.work", text=_work(used, heads)))
    native = {folder_of(file.path): file.path for file in sources if _CGO.search(file.text)}
    packages = frozenset(folders - native.keys())
    return Modules((*sources, *written), packages, native, len(used) > 1, tuple(left_out))


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def environment(cache: Path, *, several: bool) -> dict[str, str]:
    """No compiler but Go's own, no network, no other toolchain, and nothing of the user's settings."""
    home = cache / "go"
    return {
        "GOCACHE": str(home / "build"),
        "GOPATH": str(home / "path"),
        "GOMODCACHE": str(home / "path" / "mod"),
        "GOENV": "off",
        "GOFLAGS": "-mod=readonly" if several else "-mod=mod",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOSUMDB": "off",
        "GOVCS": "*:off",
        "GOTELEMETRY": "off",
        "GO111MODULE": "on",
        "CGO_ENABLED": "0",
        **({} if several else {"GOWORK": "off"}),
    }


def _head(text: str) -> str:
    name, version = _MODULE.search(text), _VERSION.search(text)
    return f"module {name[1] if name else 'judged'}\n\ngo {version[1] if version else _OLDEST}\n"


def left_out_above(path: str) -> str:
    """The topmost folder that `./...` leaves out; empty if there is none."""
    parts = path.split("/")[:-1]
    for depth, part in enumerate(parts, 1):
        if part in _LEFT_OUT or part.startswith((".", "_")):
            return "/".join(parts[:depth])
    return ""


def _module_of(folder: str, heads: Mapping[str, str]) -> list[str]:
    """The nearest one, as a list that may be empty."""
    while folder not in heads and folder:
        folder = folder_of(folder)
    return [folder] if folder in heads else []


def _work(used: Iterable[str], heads: Mapping[str, str]) -> str:
    versions = [_VERSION.search(heads[head]) for head in used]
    newest = max((one[1] for one in versions if one), key=lambda text: [int(n) for n in text.split(".")])
    return f"go {newest}\n\nuse (\n" + "".join(f"\t./{head}\n" for head in sorted(used)) + ")\n"

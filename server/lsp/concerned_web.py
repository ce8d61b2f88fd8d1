"""Which JavaScript and TypeScript tests concern a file: those that import it, directly or not.

Read from the text by a pattern, as for Python: a test too many is run, and none too few. A name that is
computed, or that a package maps to a file, may mean every file.
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath

from ..engine.languages import is_node_test

_BETWEEN = r"(?:[\s(]|/\*(?:[^*]|\*(?!/)){0,300}\*/|//[^\n]{0,300}\n)*"
_IMPORT = re.compile(rf"\b(?:from|import|require(?:\.resolve)?)\b{_BETWEEN}(['\"`])(?P<name>[^'\"`\n]+)\1")
_COMPUTED = re.compile(
    r"\b(?:import|require)\s*\(\s*[^\s'\"`)]|\b(?:import|require)\s*\(\s*`[^`]*\$\{"
    r"|child_process|worker_threads|createRequire|node:vm|\beval\s*\(|mock\.module|['\"`]#"
)
_NAME = re.compile(r'"name"\s*:\s*"([^"\\]+)"')
_ENDINGS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".json")


def web_tests_of(files: Mapping[str, str], changed: Collection[str]) -> Iterator[str]:
    """The files of tests among `files` that concern a changed one."""
    own = {
        name
        for path, text in files.items()
        if posixpath.basename(path) == "package.json"
        for name in _NAME.findall(text)
    }
    for path in files:
        if is_node_test(path) and _concerns(path, files, changed, own):
            yield path


def is_shown_as_test(path: PurePosixPath, text: str) -> bool:
    """Whether it is offered to be run: helpers in a folder of tests are not."""
    return is_node_test(path.name) or (is_node_test(path.as_posix()) and "node:test" in text)


def _concerns(test: str, files: Mapping[str, str], changed: Collection[str], own: Collection[str]) -> bool:
    """`own`: names of the project's packages; what they give to those who import them may be any file."""
    seen: set[str] = set()
    waiting = [test]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        if path in changed or _computes(files[path]):
            return True
        seen.add(path)
        folder = posixpath.dirname(path)
        names = _names(files[path])
        if any(name == one or name.startswith(f"{one}/") for name in names for one in own):
            return True
        for name in filter(_is_relative, names):
            place = posixpath.normpath(posixpath.join(folder, name))
            waiting.extend(found for found in _candidates(place) if found in files)
    return False


def _candidates(place: str) -> Iterator[str]:
    """Where a bundler or a compiler would look, too: without an ending, or with that of what is compiled."""
    stem, ending = posixpath.splitext(place)
    yield place
    yield from (place + one for one in _ENDINGS)
    yield from (f"{place}/index{one}" for one in _ENDINGS)
    if ending in _ENDINGS:
        yield from (stem + one for one in _ENDINGS)


@lru_cache(maxsize=4096)
def _computes(text: str) -> bool:
    return _COMPUTED.search(text) is not None


@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match["name"] for match in _IMPORT.finditer(text)))


def _is_relative(name: str) -> bool:
    return name.startswith(".")

"""Which tests concern a file: those that import it, directly or not.

It is read from the text by a pattern, which is fast; what it takes too much, such as an import in a string,
runs a test too many and none too few. What imports or starts anything by a name that it computes concerns
every file.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from ..engine.languages import WEB, is_node_module, is_node_test, language_of
from .concerned_web import web_tests_of

_IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*(?:from[ \t]+(?P<base>[.\w]+)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n;#]*)"
    r"|import[ \t]+(?P<modules>[^\n;#]*))",
    re.MULTILINE,
)
_COMPUTED = re.compile(
    r"\b(?:import_module|__import__|importlib|importorskip|runpy|entry_points|pytest_plugins|exec|eval"
    r"|subprocess|create_subprocess_(?:exec|shell)|multiprocessing|os\.system|sys\.executable"
    r"|sys\.path|syspath_prepend|(?:patch(?:\.dict|\.multiple)?|(?:set|del)attr)\(\s*(?:target\s*=\s*)?[rf]?[\"'])"
)
_COMMENT = re.compile(r"#[^\n]*")
_ROOTS = ("", "src/")


def tests_of(files: Mapping[str, str], changed: Collection[str]) -> tuple[str, ...]:
    """The files of tests among `files` that concern a changed one; all, where that cannot be told.

    A file that is no code (data, settings) may be read by any test. Code concerns tests in its own language.
    """
    kinds = {_kind(path) for path in changed}
    if "" in kinds:
        return tuple(path for path in files if is_test_file(path))
    tests = [path for path in files if is_test_module(path)] if "python" in kinds else []
    found = [test for test in tests if _concerns(test, files, frozenset(changed))]
    return (*found, *(web_tests_of(files, frozenset(changed)) if "web" in kinds else ()))


def is_test_file(path: str) -> bool:
    """Whether pytest or Node.js looks for tests in it."""
    return is_test_module(path) or is_node_test(path)


def has_tests(path: str) -> bool:
    """Whether there may be tests of such a file: it is code that tests can import, and no stub."""
    return path.endswith(".py") or is_node_module(path)


def _kind(path: str) -> str:
    if path.endswith(".py"):
        return "python"
    return "web" if language_of(path) in WEB else ""


def is_test_module(path: str) -> bool:
    """Whether pytest looks for tests in it."""
    pure = PurePosixPath(path)
    return pure.suffix == ".py" and (pure.stem.startswith("test_") or pure.stem.endswith("_test"))


def _concerns(test: str, files: Mapping[str, str], changed: frozenset[str]) -> bool:
    seen: set[str] = set()
    roots = _roots(test)
    waiting = [test, *_conftests(test, files)]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        if path in changed or _computes(files[path]):
            return True
        seen.add(path)
        waiting.extend(_imported(path, files, roots))
    return False


def _roots(test: str) -> tuple[str, ...]:
    """Where imports may start: pytest puts the test's folder on the path, and that of each conftest above."""
    above = ("" if folder == PurePosixPath(".") else f"{folder}/" for folder in PurePosixPath(test).parents)
    return (*_ROOTS, *above)


def _conftests(test: str, files: Mapping[str, str]) -> Iterator[str]:
    for folder in PurePosixPath(test).parents:
        path = (folder / "conftest.py").as_posix()
        if path in files:
            yield path


def _imported(path: str, files: Mapping[str, str], roots: Sequence[str]) -> Iterator[str]:
    folder = PurePosixPath(path).parent
    here = "" if folder == PurePosixPath(".") else f"{folder}/"
    for level, name in _names(files[path]):
        if level:
            above = "/".join(folder.parts[: len(folder.parts) - level + 1])
            bases: Iterable[str] = (f"{above}/" if above else "",)
        else:
            bases = dict.fromkeys((*roots, here))
        for base in bases:
            yield from _files(base, name, files)


def _files(base: str, name: str, files: Mapping[str, str]) -> Iterator[str]:
    """What importing `name` reads: each package on the way, and the module."""
    parts = name.split(".") if name else []
    for length in range(len(parts) + 1):
        place = base + "/".join(parts[:length])
        found = (f"{place}.py", f"{place.rstrip('/')}/__init__.py") if length else (f"{base}__init__.py",)
        yield from (path for path in found if path in files)


@lru_cache(maxsize=4096)
def _computes(text: str) -> bool:
    return _COMPUTED.search(text) is not None


@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[tuple[int, str], ...]:
    """Each name that a text may import, and how many dots stand before it."""
    found: dict[tuple[int, str], None] = {}
    for match in _IMPORT.finditer(_COMMENT.sub("", text.replace("\\\n", " "))):
        if match["modules"] is not None:
            for part in match["modules"].split(","):
                found[(0, part.split(" as ")[0].strip())] = None
            continue
        base = match["base"].lstrip(".")
        level = len(match["base"]) - len(base)
        found[(level, base)] = None
        for part in match["names"].strip("() ").split(","):
            if name := part.split(" as ")[0].strip("() \t\n"):
                found[(level, f"{base}.{name}" if base else name)] = None
    return tuple(found)

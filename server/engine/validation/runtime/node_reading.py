"""What it means that a JavaScript file could not be loaded: its fault, or that nothing here could run it.

Third-party packages are not in the sandbox, nor is a browser, a bundler, or another test runner. A file that
needs one of them is not checked, and that is said; it has not failed.
"""

import posixpath
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from .node_project import BROWSER_WHY

_PACKAGE = re.compile(r"Cannot find (?:package|module) '(?P<name>[^'./][^']*)'")
_FILE = re.compile(
    r"Cannot find module '(?P<name>\.[^']*)'"
    r"(?: imported from \./(?P<from>\S+)|\s+Require stack:\s+- \./(?P<by>\S+))?"
)
_SPECIFIER = re.compile(r"(?:from|import|require)\b[\s(]*(?P<quote>['\"])(?P<name>[^'\"]+)(?P=quote)")
_NOT_DEFINED = re.compile(r"ReferenceError: (?P<name>\S+) is not defined")
_OF_RUNNERS = """describe it test expect jest vi suite setup teardown before after beforeEach beforeAll
afterEach afterAll specify context cy Deno Bun"""
_OF_BROWSERS = """window document navigator localStorage sessionStorage indexedDB matchMedia customElements
XMLHttpRequest DOMParser FileReader MutationObserver IntersectionObserver ResizeObserver
requestAnimationFrame alert importScripts addEventListener postMessage define $ jQuery"""
"""Names that nobody gives to what is theirs: a forgotten import is no browser."""
_RUNNERS, _BROWSER = frozenset(_OF_RUNNERS.split()), frozenset(_OF_BROWSERS.split())
_ELEMENT = re.compile(r"(?:HTML|SVG)\w*Element")
_OWN = re.compile(
    r"\b(?:self\.(?:addEventListener|on[a-z]+|postMessage|importScripts|clients|registration|skipWaiting)"
    r"|location\.(?:href|hash|host|hostname|origin|pathname|search|protocol|assign|reload|replace)"
    r"|history\.(?:pushState|replaceState|scrollRestoration|back))\b"
)
"""What stands on a line that asks a browser; the names alone may be the project's own."""
_BUNDLED = re.compile(r"\bimport\.meta\.(?:env|glob|hot|globEager)\b")
"""What bundlers add."""
_ROOTED = re.compile(r"Cannot find module '/(?P<name>[^']*)' imported from \./(?P<from>\S+)")
_ABSENT = {"ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"}
_OF_NETWORKS = """EACCES EADDRINUSE EAI_AGAIN ECONNREFUSED ECONNRESET EHOSTUNREACH ENETUNREACH ENOTFOUND EPERM
ETIMEDOUT EROFS ERR_SYSTEM_ERROR"""
_UNREACHABLE = frozenset(_OF_NETWORKS.split())
_BUILD = {
    "ERR_UNKNOWN_FILE_EXTENSION",
    "ERR_UNSUPPORTED_DIR_IMPORT",
    "ERR_UNSUPPORTED_ESM_URL_SCHEME",
    "ERR_IMPORT_ATTRIBUTE_MISSING",
    "ERR_IMPORT_ASSERTION_TYPE_MISSING",
}
_MODULE_IN_SCRIPT = ("Cannot use import statement outside a module", "Unexpected token 'export'")
_SYNTAX = ("ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX", "ERR_INVALID_TYPESCRIPT_SYNTAX")
_BUILT = {"dist", "build", "out", "generated"}
_ENDINGS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".json", ".vue", ".svelte")


def not_checked(outcome: dict[str, Any], texts: Mapping[str, str], *, loading: bool) -> str:
    """Why nothing can be said of it; empty if it is at fault. `texts` are the project's, by path.

    `loading`: it happened while a file was loaded. A name that a running test does not find is a mistake.
    """
    message, code = outcome.get("message", ""), outcome.get("code", "")
    if outcome.get("outcome") == "ended":
        return "loading it ends the program"
    if code in _ABSENT:
        return _absent(message, texts)
    if match := _NOT_DEFINED.match(message):
        return _undefined(match["name"], outcome, texts) if loading else ""
    if loading and message.startswith("TypeError: ") and _BUNDLED.search(_line(outcome, texts)):
        return "it needs a build"
    if code in _UNREACHABLE or outcome.get("cause") in _UNREACHABLE:
        return f"it needs what the sandbox does not give ({outcome.get('cause') or code})"
    if code in _BUILD or (loading and any(one in message for one in _MODULE_IN_SCRIPT)):
        return "it needs a build, or a newer Node.js"
    if code in _SYNTAX:
        return "it has TypeScript that is more than types"
    return ""


def _absent(message: str, texts: Mapping[str, str]) -> str:
    if match := _PACKAGE.search(message):
        name = _package(match["name"])
        return "" if name.startswith("node:") else f"it needs the package {name}"
    if match := _ROOTED.search(message):
        # Bundlers take it from the folder of the package.
        above = (parent.as_posix() for parent in PurePosixPath(match["from"]).parents)
        return "it needs a build" if any(_is_built(f"{one}/{match['name']}", texts) for one in above) else ""
    match = _FILE.search(message)
    return "it needs a build" if match and _is_built(_wanted(match), texts) else ""


def _line(outcome: dict[str, Any], texts: Mapping[str, str]) -> str:
    lines = texts.get(outcome.get("at", ""), "").splitlines()
    number = outcome.get("line", 0)
    return lines[number - 1] if 0 < number <= len(lines) else ""


def _undefined(name: str, outcome: dict[str, Any], texts: Mapping[str, str]) -> str:
    if name in _RUNNERS:
        forgotten = "node:test" in texts.get(outcome.get("at", ""), "")
        return "" if forgotten else "it is for another test runner"
    asked = _OWN.search(_line(outcome, texts))
    if name in _BROWSER or _ELEMENT.fullmatch(name) or (asked and asked[0].startswith(f"{name}.")):
        return BROWSER_WHY
    made = re.compile(rf"\bwindow\.{re.escape(name)}\s*=[^=]")
    return BROWSER_WHY if any(map(made.search, texts.values())) else ""


def _package(name: str) -> str:
    parts = name.split("/")
    return "/".join(parts[:2]) if name.startswith("@") else parts[0]


def place_of_missing(outcome: dict[str, Any], texts: Mapping[str, str]) -> tuple[str, int]:
    """Path and line of the import of a file that is not there, for errors that do not say it themselves."""
    match = _FILE.search(outcome.get("message", ""))
    by = (match["from"] or match["by"]) if match else ""
    if not match or by not in texts:
        return "", 0
    wanted = _wanted(match)
    for number, line in enumerate(texts[by].splitlines(), 1):
        for found in _SPECIFIER.finditer(line):
            if posixpath.normpath(posixpath.join(posixpath.dirname(by), found["name"])) == wanted:
                return by, number
    return by, 1


def line_of_test(test: str, texts: Mapping[str, str]) -> int:
    """Where a test begins, by its name: for one that ended its process, or was ended. 0: nobody knows."""
    path, _, name = test.partition("::")
    last = re.sub(r" \(\d+\)$", "", name.rpartition(" > ")[2])
    quoted = tuple(f"{quote}{last}{quote}" for quote in "'\"`") if last else ()
    lines = enumerate(texts.get(path, "").splitlines(), 1)
    return next((number for number, line in lines if any(one in line for one in quoted)), 0)


def _wanted(match: re.Match[str]) -> str:
    """What was looked for, from the project's top: modules name it so, others from their own folder."""
    if match["from"]:
        return posixpath.normpath(match["name"])
    return posixpath.normpath(posixpath.join(posixpath.dirname(match["by"] or ""), match["name"]))


def _is_built(place: str, texts: Mapping[str, str]) -> bool:
    """Whether a bundler or a compiler would find, or make, what Node.js does not find."""
    place = posixpath.normpath(place)
    stem, ending = posixpath.splitext(place)
    bare = stem if ending in _ENDINGS else place
    wanted = {place, *(bare + one for one in _ENDINGS)} | {f"{bare}/index{one}" for one in _ENDINGS}
    return not _BUILT.isdisjoint(place.split("/")) or not wanted.isdisjoint(texts)

"""What of a project Node.js is to run: its modules, its tests, and what it cannot be asked to run."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ...languages import WEB, is_node_module, is_node_test, language_of
from ..types import Project
from .node_pages import shown_by_pages

_STRIPS, _STRIPS_IF_ASKED = ((22, 18), (23, 6)), (22, 6)
"""Versions that run TypeScript by leaving its types out: the first of two lines, and the first that can."""
_CONFIGURES = re.compile(
    r"(?:.*\.)?(?:config|conf|setup)\.[cm]?[jt]s|\..*|(?:gulp|grunt)file\.[cm]?js", re.IGNORECASE
)
_JSX = (".jsx", ".tsx")
BROWSER_WHY = "it is for a browser"
_JSX_WHY = "JSX needs a build"


@dataclass(frozen=True)
class NodeWork:
    """What to run, each with the folder to run it in, and why files were left out."""

    modules: tuple[dict[str, Any], ...]
    tests: tuple[dict[str, Any], ...]
    left_out: Mapping[str, str]


def has_web(project: Project) -> bool:
    return any(language_of(file.path) in WEB for file in project.files)


def work_of(project: Project, version: str, off: Collection[str], tests: Sequence[str] | None) -> NodeWork:
    """`tests`: these files only, and no modules; None: everything but what is `off`."""
    packages = {
        _folder(file.path) for file in project.files if PurePosixPath(file.path).name == "package.json"
    }
    left_out: dict[str, str] = {}
    modules, chosen = [], []
    shown = shown_by_pages(project)
    for file in project.files:
        if (
            language_of(file.path) not in WEB
            or file.path in off
            or (tests is not None and file.path not in tests)
        ):
            continue
        if tests is None and (file.path in project.left_alone or "node_modules" in file.path.split("/")):
            continue
        if why := _unreadable(file.path, version):
            left_out[file.path] = why
        elif is_node_test(file.path):
            hooked = "node:test" in file.text
            chosen.append({**_entry(file.path, packages), "hooked": hooked})
        elif file.path in shown:
            left_out[file.path] = BROWSER_WHY
        elif is_node_module(file.path) and not _is_started(file.path, file.text):
            modules.append(_entry(file.path, packages))
    return NodeWork(tuple(modules) if tests is None else (), tuple(chosen), left_out)


def flags(version: str) -> list[str]:
    """What a version must be asked for, and later ones do by themselves."""
    numbers = _numbers(version)
    asked = []
    if strips(version) and not _by_itself(numbers):
        asked.append("--experimental-strip-types")
    if (20, 10) <= numbers < (20, 19) or (21, 0) <= numbers < (22, 7):
        asked.append("--experimental-detect-module")
    return asked


def strips(version: str) -> bool:
    """Whether it can run TypeScript."""
    return _numbers(version) >= _STRIPS_IF_ASKED


def cannot_strip(version: str) -> str:
    return f"Node.js {version} cannot read TypeScript, 22.18 can"


def _by_itself(numbers: tuple[int, ...]) -> bool:
    return any(numbers >= first and numbers[0] == first[0] for first in _STRIPS) or numbers >= (24, 0)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _unreadable(path: str, version: str) -> str:
    if path.endswith(_JSX):
        return _JSX_WHY
    if is_node_module(path) and language_of(path) == "typescript" and not strips(version):
        return cannot_strip(version)
    return ""


def _is_started(path: str, text: str) -> bool:
    """A program, or what configures another one: not there to be loaded."""
    return text.startswith("#!") or _CONFIGURES.fullmatch(PurePosixPath(path).name) is not None


def _folder(path: str) -> str:
    parent = PurePosixPath(path).parent.as_posix()
    return "" if parent == "." else parent


def _entry(path: str, packages: Collection[str]) -> dict[str, Any]:
    """It is run where its package is, as `npm test` would."""
    above = (_folder(f"{parent}/x") for parent in PurePosixPath(path).parents)
    return {"path": path, "cwd": next((folder for folder in above if folder in packages), "")}

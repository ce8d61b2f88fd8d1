"""Types: packages that a project asks for and no registry has, as pip and npm tell.

Their names were invented, or are misspelt; somebody else may register them. What is installed, locked or
resolved is not asked about.
"""

import asyncio
import contextlib
import difflib
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ...declared import read_regular
from ...languages import ANY_LANGUAGE, language_of
from ...types import Edit, Finding, Fix, Position, Range, Severity, SourceFile, Stage
from ..packages.declarations import Client, Declared, configuration_files, declared, own_index
from ..packages.distributions import brought_by, canonical
from ..packages.well_known import WELL_KNOWN
from ..process import Tools, all_of
from ..switches import Switches
from ..types import PartlyKnown, Project, Surroundings, ToolError, ToolMissing, finding
from .imports import Imports

if TYPE_CHECKING:
    from ..packages.registries import Registries

_MOST_NAMED = 3
_DECLARING = re.compile(r"pyproject\.toml|package\.json|requirements.*\.txt")
_IMPORTED = re.compile(r"`(\w+)` cannot be imported")
_CLIENTS: tuple[Client, ...] = ("pip", "npm")
Told = tuple[list[Finding], str]
"""Findings, and what could not be found out."""


class Invented:
    """`wanted`: `declared` names, or those `imported` too; `switches`: what the user leaves out."""

    name = "packages"
    stage = Stage.TYPES
    languages = ANY_LANGUAGE

    def __init__(
        self, registries: "Registries", wanted: str, switches: Switches | None = None, root: str = ""
    ) -> None:
        self._registries = registries
        self._wanted = wanted
        self._switches = switches
        self._root = root

    @property
    def rules(self) -> Any:
        """With the hour: a name may be registered; and with what is left out, which is not asked about."""
        left_out = self._switches.rules if self._switches else []
        return [1, self._wanted, self._registries.moment, left_out]

    def version(self) -> str:
        return "1"

    def concerns(self, project: Project) -> bool:
        """Whether there may be something to ask about."""
        names = (PurePosixPath(file.path).name for file in project.files)
        imports = self._wanted == "imported" and any(
            language_of(one.path) == "python" for one in project.files
        )
        return imports or any(_DECLARING.fullmatch(name) for name in names)

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """Raises PartlyKnown if a registry cannot be asked, or would be the wrong one."""
        files = [file for file in project.files if self._is_looked_at(file.path)]
        named = await asyncio.to_thread(declared, files)
        if self._wanted == "imported":
            named += await self._imported(project, files, around, tools)
        told = await all_of([self._of(client, named, project, around, tools) for client in _CLIENTS])
        found = [one for findings, _ in told for one in findings]
        if reasons := [reason for _, reason in told if reason]:
            step = "Try again with a network, or set it to none."
            raise PartlyKnown(ToolError(f"{'; '.join(reasons)}.", step, "validate.registries"), found)
        return found

    def _is_looked_at(self, path: str) -> bool:
        return not self._switches or self._switches.is_on(self.stage, path, self.name)

    async def _imported(
        self, project: Project, files: Sequence[SourceFile], around: Surroundings, tools: Tools
    ) -> list[Declared]:
        python = tuple(file for file in project.files if language_of(file.path) == "python")
        unknown = await Imports().run(project.model_copy(update={"files": python}), around, tools)
        looked_at = {file.path for file in files}
        named = []
        for one in unknown:
            written = _IMPORTED.match(one.message)
            if written and one.rule == "unknown-module" and one.path in looked_at:
                start = one.range.start
                place = (one.path, start.line + 1, start.column)
                named.append(Declared("pip", canonical(written[1]), *place, written[1]))
        return named

    async def _of(
        self, client: Client, named: Sequence[Declared], project: Project, around: Surroundings, tools: Tools
    ) -> Told:
        names = dict.fromkeys(one.name for one in named if one.client == client)
        if client == "pip" and around.packages is not None:  # resolved, so all of them are there
            names = dict.fromkeys(names.keys() - {canonical(one) for one in project.packages})
        here = await asyncio.to_thread(_installed, client, tuple(names), self._root)
        asked = [name for name in names if name not in here]
        if not asked:
            return [], ""
        if file := await asyncio.to_thread(_own_index, client, project.files, self._root):
            return [], _unknown(asked, f"{file} names an index of its own")
        try:
            answers = await self._registries.look_up(client, asked, tools, around.seconds)
        except ToolMissing as error:
            return [], _unknown(asked, error.cause.rstrip("."))
        known = {*project.known, *asked, *WELL_KNOWN[client]} - answers.missing - answers.unknown
        missing = (one for one in named if one.client == client and one.name in answers.missing)
        found = [_told(one, sorted(known)) for one in missing]
        return found, _unknown(sorted(answers.unknown), answers.why) if answers.unknown else ""


def _unknown(names: Sequence[str], why: str) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    verb = "exists" if len(names) == 1 else "exist"
    return f"whether {shown}{more} {verb} is not known ({why})"


def _told(one: Declared, known: Sequence[str]) -> Finding:
    """A scope of npm's may be private, and is told apart from no other reason."""
    private = one.client == "npm" and one.name.startswith("@")
    package = brought_by(one.text) if one.client == "pip" else ""
    near = package or next(iter(difflib.get_close_matches(one.name, known, n=1, cutoff=0.8)), "")
    meant = f"; `{one.text}` is what `{package}` brings" if package else ""
    meant = meant or (f"; did you mean `{near}`?" if near else "")
    message = f"the registry that {one.client} asks has no package `{one.name}`"
    message += ", or it is private" if private else ""
    made = finding(
        Stage.TYPES,
        "packages",
        "invented-package",
        Severity.WARNING if private else Severity.ERROR,
        one.path,
        message + meant,
        start=(one.line, one.column),
        end=(one.line, one.column + len(one.text)),
    )
    return made.model_copy(update={"fix": _renamed(one, near)}) if near else made


def _renamed(one: Declared, near: str) -> Fix | None:
    """Only where it is declared, and as itself: an import is of a module, which may be called otherwise."""
    written = canonical(one.text) if one.client == "pip" else one.text
    if not _DECLARING.fullmatch(PurePosixPath(one.path).name) or written != one.name:
        return None
    start = Position(line=one.line - 1, column=one.column)
    end = Position(line=one.line - 1, column=one.column + len(one.text))
    return Fix(title=f"Use {near}", edits=(Edit(range=Range(start=start, end=end), text=near),), safe=False)


# -- on a thread -------------------------------------------------------------------------------


def _installed(client: Client, names: Sequence[str], root: str) -> set[str]:
    """Those that lie in an environment: beside us, or in the project's folder. Nothing of them is run."""
    if client == "npm":
        return {name for name in names if root and Path(root, "node_modules", name).is_dir()}
    patterns = ("lib/python3*/site-packages/*.dist-info", "Lib/site-packages/*.dist-info")
    places = (place for one in patterns for place in Path(root, ".venv").glob(one)) if root else ()
    theirs = {canonical(place.name.partition("-")[0]) for place in places}
    return {name for name in names if name in theirs or _is_beside_us(name)}


def _is_beside_us(name: str) -> bool:
    try:
        distribution(name)
    except (PackageNotFoundError, ValueError):
        return False
    return True


def _own_index(client: Client, files: Sequence[SourceFile], root: str) -> str:
    """Also by a file that is hidden, and so was not among those to judge."""
    kept = list(files)
    for name in configuration_files(client) if root else ():
        with contextlib.suppress(OSError, ValueError):
            kept.append(SourceFile(path=name, text=read_regular(Path(root, name))))
    return own_index(client, kept)

"""Types: packages that a project asks for and no registry has, as pip and npm tell.

Their names were invented, or are misspelt; somebody else may register them. What is installed, locked or
resolved is not asked about.
"""

import asyncio
import difflib
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ...languages import ANY_LANGUAGE, language_of
from ...types import Edit, Finding, Fix, Position, Range, Severity, SourceFile, Stage
from ..packages.declarations import LOCKS, Client, Declared, declared, own_index
from ..packages.distributions import brought_by, canonical
from ..packages.installed import index_around, installed, marks, places
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
    beside = LOCKS

    def __init__(
        self, registries: "Registries", wanted: str, switches: Switches | None = None, root: str = ""
    ) -> None:
        self._registries = registries
        self._wanted = wanted
        self._switches = switches
        self._root = root

    @property
    def rules(self) -> Any:
        """With what is left out, which is not asked about."""
        return [2, self._wanted, self._switches.rules if self._switches else []]

    def seen_around(self, project: Project) -> Any:
        """With the hour: a name may be registered."""
        return [self._registries.moment, marks(self._places(project))]

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

    def _places(self, project: Project) -> tuple[Path, ...]:
        declaring = [file for file in project.files if _DECLARING.fullmatch(PurePosixPath(file.path).name)]
        return places(declaring, self._root)

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
        folders = await asyncio.to_thread(self._places, project)
        here = await asyncio.to_thread(installed, client, tuple(names), folders)
        asked = [name for name in names if name not in here]
        if not asked:
            return [], ""
        told = await asyncio.to_thread(own_index, client, project.files)
        if told := told or await asyncio.to_thread(index_around, client, folders, self._root):
            return [], _unknown(asked, f"{told} names an index of its own")
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

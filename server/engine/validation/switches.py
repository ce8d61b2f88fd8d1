"""What a user does not want to be looked at: by path, language, stage and tool.

It is for files that somebody works on. Generated code is judged whole, whatever the settings say.
"""

import fnmatch
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from ...settings import Off, OffBelow, Settings
from ..languages import language_of
from ..types import Stage, StageResult

OFF = "switched off by check.off"
_IN_VAIN = (
    "looked at although the folder's own check.off says otherwise; check.trusted names folders of yours"
)
_PYTHON_TYPES = Off(languages=("python",), stages=("syntax", "types"), tools=("ruff", "pyrefly"))
_PYTHON_STYLE = Off(languages=("python",), stages=("style",), tools=("ruff",))
_WEB = ("javascript", "typescript")
SHOWN_BY = {
    "ruff": Off(languages=("python",), stages=("syntax", "style"), tools=("ruff",)),
    "flake8": _PYTHON_STYLE,
    "pylint": _PYTHON_STYLE,
    "pylance": _PYTHON_TYPES,
    "pyright": _PYTHON_TYPES,
    "basedpyright": _PYTHON_TYPES,
    "ty": _PYTHON_TYPES,
    "pyrefly": _PYTHON_TYPES,
    "mypy": Off(languages=("python",), stages=("types",), tools=("pyrefly",)),
    "eslint": Off(languages=_WEB, stages=("style",)),
    "oxlint": Off(languages=_WEB, stages=("style",)),
    "biome": Off(languages=_WEB, stages=("syntax", "style")),
    "typescript": Off(languages=_WEB, stages=("syntax", "types")),
}
"""What another extension shows already. It shows nothing of what was left out of the code, and few show
what is a risk: those stay."""


class Switches:
    """`folder` is where the paths that are asked about begin; empty: nobody knows."""

    def __init__(self, settings: Settings, folder: str = "", *, live: bool = False) -> None:
        beside = tuple(SHOWN_BY[name] for name in settings.live.beside) if live else ()
        self._rules = (*settings.check.off, *beside)
        self._folder = folder

    def __bool__(self) -> bool:
        return bool(self._rules)

    @property
    def rules(self) -> list[dict[str, object]]:
        """What it goes by, as JSON."""
        return [rule.model_dump(mode="json") for rule in self._rules]

    def is_on(self, stage: Stage, path: str, tool: str = "") -> bool:
        """Whether `path` is looked at; without a tool, by any of the stage's tools."""
        return not any(self._fits(rule, stage, path, tool) for rule in self._rules)

    def telling(
        self, path: str, told: Callable[[Sequence[StageResult]], None]
    ) -> Callable[[Sequence[StageResult]], None]:
        """`told` without the results of tools that are off; a file has been looked at all the same."""

        def tell(results: Sequence[StageResult]) -> None:
            told([self._kept(result, path) for result in results])

        return tell if self else told

    def paths(self, stage: Stage, paths: Iterable[str], tool: str = "") -> tuple[str, ...]:
        """Those that are looked at."""
        return tuple(path for path in paths if self.is_on(stage, path, tool))

    def explained(self, result: StageResult) -> StageResult:
        """The result, which says that the folder's own settings asked in vain not to be looked at."""
        theirs = (rule for rule in self._rules if isinstance(rule, OffBelow) and rule.theirs)
        if result.stage is not Stage.SECURITY or not any("security" in rule.stages for rule in theirs):
            return result
        reason = "; ".join(part for part in (result.reason, _IN_VAIN) if part)
        return result.model_copy(update={"reason": reason})

    def _kept(self, result: StageResult, path: str) -> StageResult:
        if all(self.is_on(result.stage, path, tool.name) for tool in result.tools):
            return result
        return result.model_copy(update={"findings": (), "status": "passed"})

    def _fits(self, rule: Off, stage: Stage, path: str, tool: str) -> bool:
        return (
            not (stage is Stage.SECURITY and isinstance(rule, OffBelow) and rule.theirs)
            and (not rule.stages or str(stage) in rule.stages)
            and (not rule.tools or tool in rule.tools)
            and (not rule.languages or language_of(path) in rule.languages)
            and (not rule.paths or self._lies_in(path, rule))
        )

    def _lies_in(self, path: str, rule: Off) -> bool:
        below = rule.folder if isinstance(rule, OffBelow) else ""
        if below and self._folder:
            whole = Path(self._folder, path)
            if not whole.is_relative_to(below):
                return False
            path = whole.relative_to(below).as_posix()
        parts = path.split("/")
        return any(_covers(_pattern(glob), parts) for glob in rule.paths)


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> tuple[re.Pattern[str] | None, ...]:
    """As in a `.gitignore`: without a slash inside, of that name in any folder; None is `**`."""
    names = glob.strip("/").split("/")
    if "/" not in glob.rstrip("/"):
        names = ["**", *names]
    if names[-1] == "**":
        names[-1] = "*"  # something below, and with it all below that
    return tuple(None if name == "**" else _name(name) for name in names)


def _name(glob: str) -> re.Pattern[str]:
    """Brackets stand for themselves. Where globs come from a stranger, no star may be tried twice: fnmatch's
    patterns never go back."""
    return re.compile(fnmatch.translate(glob.replace("[", "[[]")))


def _covers(pattern: Sequence[re.Pattern[str] | None], parts: Sequence[str]) -> bool:
    """Whether the pattern fits the path or a folder above it, in time that grows with both lengths only."""
    ends = {0}
    for name in pattern:
        if not ends:
            return False
        if name is None:
            ends = set(range(min(ends), len(parts)))
        else:
            ends = {end + 1 for end in ends if end < len(parts) and name.match(parts[end])}
    return bool(ends)


def counted(files: Collection[str]) -> str:
    return f"{len(files)} {'file' if len(files) == 1 else 'files'}"


def partly(result: StageResult, off: Collection[str], tools: Sequence[str]) -> StageResult:
    """The result, which says that not every file, or not every tool, is in it."""
    if not tools and (result.status == "skipped" or not off):
        return result
    what = ", ".join([*([counted(off)] if off else []), *tools])
    reason = "; ".join(part for part in (result.reason, f"check.off leaves out {what}") if part)
    return result.model_copy(update={"reason": reason})

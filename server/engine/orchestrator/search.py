"""Search: a function that fails the brief's own examples is looked for among its neighbours.

What models get wrong is often small: a separator, a bound, a sign, a case that another of their drafts has.
Versions with one such thing done differently are run by the hundred, the best of them again, until one passes
all that the brief says of the function. That costs seconds of a processor and no model. Too few examples
would be met by chance, so there must be some.
"""

import ast
import asyncio
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..agents.checks import Check, TestBed, working_module
from ..errors import AnswerError, SandboxError
from ..events import FileFinished, PhaseStarted
from ..python.body import answered, body_text, with_body
from ..python.nearby import nearby
from ..python.place import function_named
from ..python.splice import splice
from ..types import Candidate, Plan, PlannedFile
from .choice import tell
from .contract import module_name
from .examine import Examined, choose
from .gate import gate
from .targets import called_in, targets_of
from .workshop import Candidates, Files, Workshop

LEAST_EXAMPLES = 4
"""With two or three, what was found passed them by chance more often than not."""
_KIND = "search"
_VERSION = 1
"""Of the way in which is looked: what another way found is not taken for what this one would find."""
_ROUNDS = 6
_PATIENCE = 2
"""Rounds without anything better before it is given up."""
_BEAM = 4
_MOST = 1800
"""Versions run in one round."""
_MOST_RUNS = 20_000
"""Checks run in one round, all versions together."""
_SECONDS = 12.0
"""For one round."""
_BEYOND = {"run", "client", "tmp_path"}
"""Checks that use these take too long, or need what pytest gives."""
_MOST_FUNCTIONS = 6
_MOST_WORDS = 24
_QUOTED = re.compile(r"""["']([^"'`\n]{1,12})["']|`([^`\w\n]{1,3}|\w)`""")


@dataclass(frozen=True)
class Found:
    text: str
    """The file, with another version of the function."""
    tried: int
    edits: int


async def search(
    shop: Workshop,
    plan: Plan,
    files: Files,
    path: str,
    target: str,
    texts: Sequence[str],
    bed: TestBed,
    checks: Sequence[Check],
) -> Found | None:
    """A version of the file that passes all `checks`, near one of `texts`, the best of which is the first.

    None if there is none, nothing can be run, or the checks are too few or of a kind that takes too long.
    """
    able = [
        check for check in checks if _BEYOND.isdisjoint(called_in(check.code)) and "(tmp" not in check.code
    ]
    if not shop.tier.search or shop.sandbox is None or len(able) < LEAST_EXAMPLES or len(able) < len(checks):
        return None
    shared = working_module(bed, able) + "\n\n\n" + "\n\n\n".join(filter(None, map(_sides, able)))
    looking = _Looking(shop, plan, files, path, target, tuple(dict.fromkeys(texts)), shared, able)
    inputs = looking.inputs
    if (stored := await shop.journal.get(_KIND, inputs)) is not None:
        return Found(**stored) if stored else None
    try:
        found = await looking.look()
    except SandboxError:
        return None
    await shop.journal.put(_KIND, inputs, {} if found is None else asdict(found))
    return found


@dataclass(frozen=True)
class _Looking:
    shop: Workshop
    plan: Plan
    files: Files
    path: str
    target: str
    texts: tuple[str, ...]
    shared: str
    checks: Sequence[Check]

    @property
    def inputs(self) -> dict[str, Any]:
        """What decides what is found, but for the time that a busy machine leaves."""
        return {
            "version": _VERSION,
            "files": {path: file.digest for path, file in self.files.items() if path != self.path},
            "target": [self.path, self.target],
            "texts": list(self.texts),
            "checks": self.shared,
            "words": list(_words(self.shop.brief.text)),
        }

    async def look(self) -> Found | None:
        most = min(_MOST, _MOST_RUNS // len(self.checks))
        beam = list(self.texts[:_BEAM])
        known: set[str] = set()
        best, idle, tried = (0, 0.0), 0, 0
        for number in range(1, _ROUNDS + 1):
            options = await asyncio.to_thread(self._around, beam, known, most)
            if not options:
                return None
            near = await self._tried(options)
            tried += len(options)
            merit = [(sum(value == 1 for value in one), sum(one)) for one in near]
            order = sorted(range(len(options)), key=lambda index: merit[index], reverse=True)
            if merit[order[0]][0] == len(self.checks):
                return Found(options[order[0]], tried, number)
            idle = 0 if merit[order[0]] > best else idle + 1
            if idle >= _PATIENCE:
                return None
            best = max(best, merit[order[0]])
            beam = _different(order, options, near)
        return None

    def _around(self, beam: Sequence[str], known: set[str], most: int) -> list[str]:
        """Versions that were not tried yet; at first with those that they are made of."""
        words = _words(self.shop.brief.text)
        sources = [nearby(text, self.target, self.texts, words) for text in beam]
        fresh = dict.fromkeys(() if known else beam)
        for one in _dealt(sources):
            if len(fresh) >= most:
                break
            if one not in known:
                fresh[one] = None
        known.update(fresh)
        return list(fresh)

    async def _tried(self, options: Sequence[str]) -> list[tuple[float, ...]]:
        return await self.shop.mesh.try_versions(
            [*self.files.values()],
            self.path,
            module_name(self.path),
            options,
            self.shared,
            [check.name for check in self.checks],
            self.plan.packages,
            seconds=_SECONDS,
        )


def _dealt(sources: Sequence[Iterator[str]]) -> Iterator[str]:
    """One of each in turn."""
    for row in itertools.zip_longest(*sources):
        yield from (one for one in row if one is not None)


def _different(order: Sequence[int], options: Sequence[str], near: Sequence[tuple[float, ...]]) -> list[str]:
    """The best ones, of those that show the same the first."""
    first: dict[tuple[float, ...], int] = {}
    for index in order:
        first.setdefault(near[index], index)
    return [options[index] for index in first.values()][:_BEAM]


def _sides(check: Check) -> str:
    """The check as a function of the same name that returns what is seen and what is wanted; empty if it does
    not compare."""
    (function,) = ast.parse(check.code).body
    assert isinstance(function, ast.FunctionDef)
    last = function.body[-1]
    if not isinstance(last, ast.Assert) or not isinstance(last.test, ast.Compare):
        return ""
    if len(last.test.ops) != 1 or not isinstance(last.test.ops[0], ast.Eq):
        return ""
    sides = ast.Tuple([last.test.left, last.test.comparators[0]], ast.Load())
    function.body[-1] = ast.Return(sides)
    return ast.unparse(ast.fix_missing_locations(function))


def _words(brief: str) -> tuple[str, ...]:
    """Short texts that the brief gives as code or in quotes: what a function may have to write or find."""
    found = dict.fromkeys(match[1] or match[2] for match in _QUOTED.finditer(brief))
    return tuple(found)[:_MOST_WORDS]


def _failing(examined: Examined, target: str) -> list[Check]:
    """The brief's examples that call the function, if it fails any of them."""
    name = target.rpartition(".")[2]
    mine = [check for check in examined.checks if check.anchored and name in called_in(check.code)]
    return mine if any(check.name not in examined.passed for check in mine) else []


async def searched(shop: Workshop, plan: Plan, examined: Examined, candidates: Candidates) -> Examined:
    """The project with functions that search could mend. Raises SandboxError."""
    if not shop.tier.search or shop.sandbox is None:
        return examined
    wanted = [
        (planned, target, checks)
        for planned in plan.files
        for target in targets_of(examined.files[planned.path].text)
        if not shop.is_given(target) and (checks := _failing(examined, target))
    ][:_MOST_FUNCTIONS]
    if wanted:
        count = "1 function" if len(wanted) == 1 else f"{len(wanted)} functions"
        shop.emit(PhaseStarted(phase="search", detail=count))
    for planned, target, checks in wanted:
        mine = examined.files[planned.path].text
        others = [_with(mine, other.file.text, target) for other in candidates.get(planned.path, ())]
        texts = list(dict.fromkeys([mine, *filter(None, others)]))
        found = await search(shop, plan, examined.files, planned.path, target, texts, examined.bed, checks)
        if found is not None:
            examined = await _taken(shop, plan, planned, target, examined, found)
    return examined


async def _taken(
    shop: Workshop, plan: Plan, planned: PlannedFile, target: str, examined: Examined, found: Found
) -> Examined:
    """With what was found, if it passes the gate and nothing is lost by it."""
    mine = examined.files[planned.path]
    place, body = function_named(mine.text, target), body_in(found, target)
    text = with_body(mine.text, place, body) if place and body else ""
    if not text:
        return examined
    written = {path: examined.files[path] for path in planned.depends_on}
    (judged,) = await gate(
        shop, plan, planned, written, [Candidate(file=mine.model_copy(update={"text": text}), model="")]
    )
    if judged.problems:
        return examined
    after = await choose(shop, plan, examined, [judged])
    anchored = {check.name for check in examined.checks if check.anchored}
    if not (examined.passed & anchored) < (after.passed & anchored):
        return examined
    tell(shop, judged.file, "searched", told(found), target=target)
    shop.emit(FileFinished(file=judged.file))
    return replace(after, agreement=examined.agreement)


def told(found: Found) -> str:
    steps = "one edit" if found.edits == 1 else f"{found.edits} edits"
    return f"found by search: {steps} from a model's answer, the first of {found.tried} tried to pass"


def body_in(found: Found, target: str) -> str:
    """The statements of what was found, at the margin."""
    answer = answered(found.text, target)
    return body_text(answer) if answer else ""


def _with(file: str, other: str, target: str) -> str:
    """The file with another one's version of a function; empty where that has none."""
    try:
        return splice(file, other, target)
    except AnswerError:
        return ""

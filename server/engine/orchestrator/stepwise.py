"""Stepwise writing: a file is written gap by gap, and what is written is run before the next gap is.

A small model is hardly ever right in every function of a file, but often in some of its answers for one. So
each function is drawn for itself, in sight of those that are settled, and the brief's own examples decide
which version the next ones stand on (programs put together from parts that are tested one by one: Parsel,
arXiv 2212.10561). What examples cannot decide keeps its other versions, for the election of the whole.
"""

import ast
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..agents.checks import Check, TestBed
from ..agents.completer import Begun, begin, fill
from ..errors import AnswerError, SandboxError
from ..llm.types import Answer
from ..python.frame import Gap, body_in
from ..python.imports import complete_imports
from ..python.syntax import parsed
from ..types import Candidate, Plan, PlannedFile, SourceFile
from .contract import contract_of
from .elect import Seen, passed, rank
from .escalations import escalate
from .examine import Examined, run, seen_in
from .proof import SETTLED, examples_for
from .search import body_in as body_found
from .search import search, told
from .targets import called_in
from .workshop import Files, Workshop

_MOST_OF_TIME = 0.4
_LEAST_NODES = 16
_MOST_TOKENS = 700
_LEAST_TOKENS = 120
_CHARACTERS = 4
"""Of code, to a token."""


@dataclass
class _Version:
    """What stands in a gap."""

    body: str
    model: str
    copies: int = 1


@dataclass
class _Part:
    """A gap with the versions drawn for it, the best first."""

    gap: Gap
    versions: list[_Version] = field(default_factory=list)
    proven: bool = False


@dataclass(frozen=True)
class Drafts:
    candidates: tuple[Candidate, ...] = ()
    """The best first; not judged by the gate."""
    found: Mapping[str, str] = field(default_factory=dict)
    """How functions came to be that search found."""


async def stepwise(shop: Workshop, plan: Plan, planned: PlannedFile, written: Files) -> Drafts:
    """Drafts of the file; none where it cannot be written so."""
    begun = await begin(shop.gateway, shop.brief, plan, planned, written)
    if begun is None:
        return Drafts()
    writing = _Writing(shop, plan, planned, written, begun)
    try:
        return Drafts(await writing.drafts(), writing.found)
    except AnswerError:
        return Drafts()


class _Writing:
    def __init__(
        self, shop: Workshop, plan: Plan, planned: PlannedFile, written: Files, begun: Begun
    ) -> None:
        self._shop = shop
        self._plan = plan
        self._planned = planned
        self._written = written
        self._begun = begun
        self._before = Examined(files={}, bed=TestBed(shared="", names=()), checks=())
        self.found: dict[str, str] = {}
        """What search found, by function."""
        self._parts = [_Part(gap) for gap in begun.frame.gaps]

    async def drafts(self) -> tuple[Candidate, ...]:
        for number, part in enumerate(self._parts):
            await self._draw(number, samples=1)
            if not part.versions:
                return ()
            await self._settle(number)
        most = max((len(part.versions) for part in self._parts if not part.proven), default=1)
        return tuple(self._draft(index) for index in range(most))

    def _draft(self, index: int) -> Candidate:
        """The file with the version of that number in each part that is open, else the best."""
        chosen = [
            part.versions[0 if part.proven or index >= len(part.versions) else index] for part in self._parts
        ]
        text = self._text([one.body for one in chosen]) + self._begun.frame.end
        return Candidate(
            file=SourceFile(path=self._planned.path, text=text), model=chosen[0].model, sample=index
        )

    # -- drawing ------------------------------------------------------------------------------------

    async def _draw(self, number: int, *, samples: int, first: int = 0) -> None:
        """Adds versions that can be read."""
        part = self._parts[number]
        before = self._text([one.versions[0].body for one in self._parts[:number]], lead=False)
        answers = await fill(
            self._shop.gateway,
            self._begun,
            part.gap,
            before,
            samples=samples,
            first=first,
            max_tokens=min(self._shop.max_tokens, self._most_tokens(part)),
        )
        self._add(number, answers)

    def _add(self, number: int, answers: Sequence[Answer]) -> None:
        part = self._parts[number]
        for answer in answers:
            if (body := self._body(number, answer)) is not None:
                known = next((one for one in part.versions if one.body == body), None)
                if known is None:
                    part.versions.append(_Version(body, answer.model))
                else:
                    known.copies += 1

    def _most_tokens(self, part: _Part) -> int:
        """What runs on for far longer than the first version does not come to an end."""
        if not part.versions:
            return _MOST_TOKENS
        return min(_MOST_TOKENS, _LEAST_TOKENS + len(part.versions[0].body) * 2 // _CHARACTERS)

    def _body(self, number: int, answer: Answer) -> str | None:
        if answer.finish != "stop":
            return None
        body = body_in(answer.text)
        if not body.strip():
            return None
        bodies = [one.versions[0].body for one in self._parts[:number]]
        return body if parsed(self._text([*bodies, body])) is not None else None

    def _text(self, bodies: Sequence[str], *, lead: bool = True) -> str:
        parts = zip(self._parts, bodies, strict=False)
        return (self._begun.lead if lead else "") + "".join(f"{part.gap.bare}{body}" for part, body in parts)

    # -- settling -----------------------------------------------------------------------------------

    async def _settle(self, number: int) -> None:
        """Gets more versions of that part until the brief's examples of it pass, or it is enough."""
        shop, part = self._shop, self._parts[number]
        if shop.tier.samples <= 1 and not shop.tier.search:
            return
        checks = self._about(number)
        (seen,) = await self._seen(number, checks, 1)
        right = {check.name for check in checks} <= passed(seen)
        settled = right and (len(checks) >= SETTLED or not self._is_telling(number))
        if settled and shop.tier.stops_early:
            part.proven = True
            return
        for wave in range(1 + (shop.tier.waves if checks else 0)):
            if wave and shop.spent(_MOST_OF_TIME):
                return
            if (samples := shop.samples if wave else shop.samples - 1) > 0:
                if wave or shop.tier.stops_early:
                    why = _why(checks, right)
                    escalate(shop, self._planned.path, part.gap.target, "widened" if wave else "drawn", why)
                await self._draw(number, samples=samples, first=1 + wave * shop.samples)
            outcomes = await self._seen(number, checks, len(part.versions))
            order = rank(outcomes, checks, [one.copies for one in part.versions])
            part.versions = [part.versions[index] for index in order]
            right = {check.name for check in checks} <= passed(outcomes[order[0]])
            if not right:
                right = await self._search(number, checks)
            part.proven = right and len(checks) >= SETTLED and shop.tier.stops_early
            if right:
                return

    async def _search(self, number: int, checks: Sequence[Check]) -> bool:
        """Looks among the neighbours of the versions; whether one passes the examples."""
        part, target = self._parts[number], self._parts[number].gap.target
        texts = [self._file(self._bodies(number, index)).text for index in range(len(part.versions))]
        found = await search(
            self._shop,
            self._plan,
            self._before.files,
            self._planned.path,
            target,
            texts,
            self._before.bed,
            checks,
        )
        if found is None or not (body := body_found(found, target)):
            return False
        indent = "    " * (1 + target.count("."))
        part.versions.insert(0, _Version(f"{textwrap.indent(body, indent)}\n\n", part.versions[0].model))
        self.found[target] = told(found)
        return True

    def _bodies(self, number: int, version: int) -> list[str]:
        """The best versions of what stands before that part, and one of its own."""
        before = [part.versions[0].body for part in self._parts[:number]]
        return [*before, self._parts[number].versions[version].body]

    def _is_telling(self, number: int) -> bool:
        """Whether there is something in the best version that another could do differently."""
        body = self._parts[number].versions[0].body
        tree = parsed("def _():\n" + "".join(f"    {line}\n" for line in body.splitlines()))
        return tree is None or sum(1 for _ in ast.walk(tree)) >= _LEAST_NODES

    # -- examples -----------------------------------------------------------------------------------

    def _about(self, number: int) -> tuple[Check, ...]:
        """The brief's examples that call what is in that part, and can be run with what is there."""
        target = self._parts[number].gap.target
        if self._shop.sandbox is None or "." in target:
            return ()
        self._before = self._examined(self._bodies(number, 0))
        called = "run" if target == "main" else target
        return tuple(check for check in self._before.checks if called in called_in(check.code))

    def _examined(self, bodies: Sequence[str]) -> Examined:
        file = self._file(bodies)
        files = {**self._written, file.path: file}
        part = self._plan.model_copy(
            update={"files": tuple(one for one in self._plan.files if one.path in files)}
        )
        bed = contract_of(self._shop, part, files).bed
        return Examined(files=files, bed=bed, checks=examples_for(self._shop, bed))

    async def _seen(self, number: int, checks: Sequence[Check], versions: int) -> list[Seen]:
        """What each of the first versions shows; nothing where nothing can be run."""
        if not checks:
            return [{} for _ in range(versions)]
        before = replace(self._before, checks=tuple(checks))
        files = [self._file(self._bodies(number, version)) for version in range(versions)]
        try:
            reports = await run(self._shop, self._plan, before, files)
        except SandboxError:
            return [{} for _ in files]
        return [seen_in(report) for report in reports]

    def _file(self, bodies: Sequence[str]) -> SourceFile:
        path = self._planned.path
        text = self._text(bodies)
        if len(bodies) == len(self._parts):
            text += self._begun.frame.end
        others = {other: file.text for other, file in self._written.items()}
        return SourceFile(path=path, text=complete_imports(path, text, others, self._plan.packages))


def _why(checks: Sequence[Check], right: bool) -> str:
    if not checks:
        return "the brief gives no example of it"
    return "the brief's examples do not prove it" if right else "it fails an example of the brief"

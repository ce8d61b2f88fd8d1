"""The chronicle of a run: who wrote what, what it was chosen by, and what took how long.

It listens to the run's events and hands them on, so that nothing is told twice.
"""

import hashlib
import time
from collections.abc import Collection, Mapping

from ..events import Chosen, Emit, Escalated, Event, ModelCalled, PhaseStarted, RunStarted
from ..python.regions import Placed, regions
from ..types import Authorship, CandidateRecord, Escalation, How, Moment, Region, SourceFile, Usage

_BY_RULE = Chosen(
    path="", sha256="", how="rule", reason="it follows from the brief, the plan and the other files"
)


class Chronicle:
    """An `Emit` that remembers."""

    def __init__(self, emit: Emit, tier: str = "") -> None:
        """`tier` is the one that the run was asked for."""
        self._emit = emit
        self._tier = tier
        self._began = time.monotonic()
        self._model = ""
        self._phases: list[tuple[PhaseStarted, float]] = []
        self._usage: dict[str, Usage] = {}
        self._files: dict[str, Chosen] = {}
        self._functions: dict[tuple[str, str, str], Chosen] = {}
        """By path, name and digest: what is replaced later is another function."""
        self._records: list[CandidateRecord] = []
        self._escalations: list[Escalation] = []

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._model = event.model
            case PhaseStarted():
                self._phases.append((event, time.monotonic() - self._began))
            case ModelCalled():
                if path := _path_of(event.purpose):
                    self._usage[path] = self._usage.get(path, Usage()) + event.usage
            case Chosen():
                if event.target:
                    self._functions[event.path, event.target, event.sha256] = event
                else:
                    self._files[event.path] = event
                self._records += event.candidates
            case Escalated():
                self._escalations.append(event.escalation)
        self._emit(event)

    @property
    def candidates(self) -> tuple[CandidateRecord, ...]:
        return tuple(self._records)

    @property
    def escalations(self) -> tuple[Escalation, ...]:
        return tuple(self._escalations)

    def timeline(self) -> tuple[Moment, ...]:
        """Each phase lasts until the next one begins, the last one until now."""
        ends = [at for _, at in self._phases[1:]] + [time.monotonic() - self._began]
        return tuple(
            Moment(phase=phase.phase, detail=phase.detail, at=round(at, 3), seconds=round(end - at, 3))
            for (phase, at), end in zip(self._phases, ends, strict=True)
        )

    def authors(
        self,
        files: Mapping[str, SourceFile],
        given: Mapping[str, Collection[str]],
        checks: Mapping[str, tuple[int, int]],
    ) -> tuple[Authorship, ...]:
        """One for each file.

        `given` holds the names that the brief itself wrote in a file, `checks` how many of a file's checks
        pass, and how many there are.
        """
        return tuple(
            self._author(files[path], given.get(path, ()), checks.get(path, (0, 0))) for path in sorted(files)
        )

    def _author(self, file: SourceFile, given: Collection[str], checks: tuple[int, int]) -> Authorship:
        chosen = self._files.get(file.path, _BY_RULE)
        found = tuple(self._region(file, placed, chosen, given) for placed in regions(file.text))
        parts = {region.how for region in found}
        how: How = next((one for one in ("repaired", "searched", "composed") if one in parts), chosen.how)
        usage = self._usage.get(file.path, Usage())
        return Authorship(
            path=file.path,
            sha256=hashlib.sha256(file.text.encode()).hexdigest(),
            how=how,
            reason=chosen.reason,
            model="" if chosen.how == "rule" else self._model,
            tier="" if chosen.how == "rule" else self._tier_of(file.path),
            candidates=len(chosen.candidates),
            checks_passed=checks[0],
            checks_total=checks[1],
            calls=usage.calls + usage.calls_reused,
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            cost_usd=usage.cost_usd,
            seconds=round(usage.seconds, 3),
            regions=found,
        )

    def _tier_of(self, path: str) -> str:
        """The tier that a file took: with `auto` the cheap one, unless something was asked for again."""
        if self._tier != "auto":
            return self._tier
        return "T2" if any(one.path == path for one in self._escalations) else "T1"

    def _region(self, file: SourceFile, placed: Placed, whole: Chosen, given: Collection[str]) -> Region:
        if placed.name in given:
            return Region(
                name=placed.name, sha256=placed.sha256, how="given", reason="the brief gives this code"
            )
        own = self._functions.get((file.path, placed.name, placed.sha256))
        chosen = own or whole
        return Region(
            name=placed.name,
            sha256=placed.sha256,
            how=chosen.how,
            candidates=len(own.candidates) if own else 0,
            reason=chosen.reason,
        )


def _path_of(purpose: str) -> str:
    """The file that a model was asked for."""
    kind, _, rest = purpose.partition(" ")
    return rest.split(" ")[0] if kind in {"write", "repair"} and "." in rest else ""

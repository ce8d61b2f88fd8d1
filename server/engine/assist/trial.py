"""The trial: versions of one file run against the user's tests, the examples and the checks, and are ranked.

The file as it was takes part first: tests that pass without the new code say nothing of it, and those that
fail with the old code may fail for reasons that are not its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..agents.checks import Check, TestBed, working_module
from ..errors import SandboxError
from ..orchestrator.elect import PASSED, Seen, agreement, rank
from ..orchestrator.examine import seen_in
from ..python.place import Place, function_at, functions, split
from ..types import SourceFile, Wish
from ..validation.runtime.python import RuntimeReport, TestOutcome
from .desk import Desk

PROBE = "test_probe_"
CHECKS = "test_quantumlayer_checks.py"
_SECONDS = 30.0
_RAN = {"passed", "failed"}
_NOT_THERE = {"NotImplementedError", "FileNotFoundError", "ModuleNotFoundError"}
"""Another stub, or what the sandbox has not: the test cannot tell, unless the new code raised it."""


@dataclass(frozen=True)
class Version:
    """The file with one candidate in it."""

    text: str
    model: str
    copies: int = 1


@dataclass(frozen=True)
class Trial:
    """What was seen of each version, the old file's first."""

    before: Seen
    seen: tuple[Seen, ...]
    checks: tuple[Check, ...]
    tests: tuple[str, ...]
    """Ids of the user's tests that count."""
    order: tuple[int, ...]
    """Versions, the best first."""
    agreeing: tuple[int, ...]
    """For each version how many candidates behave like it, itself included."""
    failures: tuple[dict[str, str], ...]
    """For each version, by check or test, what was seen where it failed."""
    keeping: bool = False
    """Whether the code worked before."""
    not_run: str = ""
    """Why nothing was run."""

    def passed(self, version: int, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if self.seen[version].get(name) == PASSED)

    @property
    def anchored(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks if check.anchored)

    @property
    def invented(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks if not check.anchored)


async def hold(
    desk: Desk,
    wish: Wish,
    versions: Sequence[Version],
    bed: TestBed,
    checks: Sequence[Check],
    probes: Sequence[Check] = (),
    *,
    before: str = "",
    keeping: bool = False,
) -> Trial:
    """Runs the versions. `before`: the old file, if it is not as the wish has it. `keeping`: the code worked
    before, so what passed then is what counts."""
    tests = [path for path in wish.tests if path != wish.path]
    if desk.sandbox is None:
        return unrun(versions, desk.no_sandbox)
    if not checks and not tests:
        return unrun(versions, "there was nothing to run it against")
    old_text = before or wish.text
    texts = [one.text for one in versions]
    try:
        reports = await _reports(desk, wish, [old_text, *texts], bed, checks, probes)
    except SandboxError as error:
        return unrun(versions, error.cause)
    if problem := next((one.problem for one in reports if one.problem and not one.tests), ""):
        return unrun(versions, problem)
    if checks and (problem := _not_loaded(reports)):
        return unrun(versions, problem)
    old, *seen = [_seen(report) for report in reports]
    told = {test.id: test for report in reports for test in report.tests}
    counting = _counting(reports, keeping, [_New(wish.path, old_text, text) for text in texts])
    kept = [check for check in checks if not keeping or old.get(check.name) == PASSED]
    evidence = [*kept, *probes, *(_as_check(name) for name in counting)]
    copies = [one.copies for one in versions]
    order = rank(seen, evidence, copies)
    names = {check.name for check in evidence}
    compared = [{name: one[name] for name in names if name in one} for one in seen]
    total = sum(copies)
    return Trial(
        before=old,
        seen=tuple(seen),
        checks=tuple(kept),
        tests=tuple(name for name in counting if name in told),
        order=tuple(order),
        agreeing=tuple(round(agreement(compared, number, copies) * total) for number in range(len(seen))),
        failures=tuple(_failures(report) for report in reports[1:]),
        keeping=keeping,
    )


async def _reports(
    desk: Desk,
    wish: Wish,
    texts: Sequence[str],
    bed: TestBed,
    checks: Sequence[Check],
    probes: Sequence[Check],
) -> tuple[RuntimeReport, ...]:
    tests = [path for path in wish.tests if path != wish.path]
    base = [file for file in wish.files if file.path not in {wish.path, CHECKS}]
    if checks:
        base.append(SourceFile(path=CHECKS, text=working_module(bed, [*checks, *probes])))
    return await desk.mesh.run_variants(
        base,
        [(SourceFile(path=wish.path, text=text),) for text in texts],
        wish.packages,
        seconds=min(_SECONDS, desk.settings.sandbox.seconds),
        tests=[*([CHECKS] if checks else []), *tests],
    )


def _not_loaded(reports: Sequence[RuntimeReport]) -> str:
    """Why no version's checks could be loaded; empty if some were."""
    broken = [next((test for test in one.tests if test.id == CHECKS), None) for one in reports]
    if not all(broken):
        return ""
    said = broken[-1].message.strip().splitlines() if broken[-1] else []
    return f"the file cannot be loaded in the sandbox: {said[-1] if said else 'it failed'}"


def unrun(versions: Sequence[Version], why: str) -> Trial:
    most = sorted(range(len(versions)), key=lambda number: -versions[number].copies)
    return Trial(
        before={},
        seen=tuple({} for _ in versions),
        checks=(),
        tests=(),
        order=tuple(most),
        agreeing=tuple(one.copies for one in versions),
        failures=tuple({} for _ in versions),
        not_run=why,
    )


@dataclass(frozen=True)
class _New:
    """What one version has that the old file has not."""

    path: str
    old: str
    text: str

    def raised(self, test: TestOutcome) -> bool:
        """Whether the test was ended by a function that is new or has changed."""
        if test.at != self.path:
            return False
        place = function_at(self.text, test.line - 1)
        return place is not None and _source(self.text, place) not in {
            _source(self.old, one) for one in functions(self.old)
        }


def _source(text: str, place: Place) -> tuple[str, str]:
    return place.name, "".join(split(text)[place.first : place.end])


def _counting(reports: Sequence[RuntimeReport], keeping: bool, news: Sequence[_New]) -> list[str]:
    """The user's tests that say something of the new code."""
    old, *new = reports
    passed = {test.id for test in old.tests if test.outcome == "passed"}
    if keeping:
        return [one for one in sorted(passed) if not one.startswith(CHECKS)]
    found: dict[str, None] = {}
    for report, version in zip(new, news, strict=True):
        for test in report.tests:
            ours = test.id.startswith(CHECKS) or test.id in passed
            excused = test.kind in _NOT_THERE and not version.raised(test)
            if not ours and test.outcome in _RAN and not excused:
                found[test.id] = None
    return list(found)


def _as_check(name: str) -> Check:
    """A user's test weighs as much as an example that the user gave."""
    return Check(name=name, body=("assert True",), anchored=True, covers=())


def _seen(report: RuntimeReport) -> Seen:
    return {_key(test): shown for test in report.tests for shown in seen_in(_alone(test)).values()}


def _alone(test: TestOutcome) -> RuntimeReport:
    return RuntimeReport(tests=(test,))


def _key(test: TestOutcome) -> str:
    """Our checks by their names, the user's tests as pytest names them."""
    return test.id.rsplit("::", 1)[-1] if test.id.startswith(CHECKS) else test.id


def _failures(report: RuntimeReport) -> dict[str, str]:
    return {_key(test): test.message for test in report.tests if test.outcome not in {"passed", "skipped"}}

"""Examining: checks are written from the contract, candidates are run against them, one is elected.

With several files the candidates of one file are compared while the others stay as they are, file by file
in dependency order. All candidates of a file run in one sandbox call.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..agents.checks import Check, TestBed, working_module
from ..agents.probes import probes_of
from ..agents.tester import write_checks as ask_for_checks
from ..types import Candidate, CandidateRecord, Plan, SourceFile
from ..validation.runtime.python import RuntimeReport, TestOutcome
from .choice import records_of, tell, why_elected
from .contract import Contract
from .elect import BROKEN, PASSED, Passed, Seen, agreement, passed, rank
from .workshop import Candidates, Files, Workshop, first_choice

CHECKS = "tests/test_checks_in_progress.py"
_VARIANT_SECONDS = 30.0
_CHECK_TOKENS = 320
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_DEFECTS = frozenset(
    [
        "NameError",
        "UnboundLocalError",
        "AttributeError",
        "ImportError",
        "ModuleNotFoundError",
        "RecursionError",
    ]
)
"""Errors that no brief asks for."""


@dataclass(frozen=True)
class Examined:
    """Chosen files, the checks they were run against, and what was seen."""

    files: Files
    bed: TestBed
    checks: tuple[Check, ...]
    probes: tuple[Check, ...] = ()
    """Calls that claim nothing: in elections they show what candidates do alike."""
    passed: Passed = frozenset()
    agreement: float = 1.0
    failures: dict[str, str] = field(default_factory=dict)
    """For each failed check what was seen, for the repairer."""
    crashed: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Failed checks in which the project's own code raised what no check expected, and where."""
    passable: frozenset[str] = frozenset()
    """Checks that some candidate passed: they can be right."""
    contest: tuple[CandidateRecord, ...] = ()
    """What stood for the last election, and what was seen of it."""
    reason: str = ""
    """Why its winner won."""

    @property
    def evidence(self) -> tuple[Check, ...]:
        """What candidates are compared by."""
        return (*self.checks, *self.probes)


async def write_checks(shop: Workshop, contract: Contract) -> tuple[Check, ...]:
    """Checks for what the files offer; none when nothing can be imported."""
    if not contract.bed.names:
        return ()
    return await ask_for_checks(
        shop.gateway,
        shop.brief,
        contract.bed,
        interface=contract.interface,
        subjects=contract.subjects,
        max_tokens=min(shop.max_tokens, _CHECK_TOKENS),
    )


async def examine(
    shop: Workshop, plan: Plan, candidates: Candidates, bed: TestBed, checks: tuple[Check, ...]
) -> Examined:
    """Elects a candidate for each file by running them. Without a sandbox the first ones are taken."""
    examined = Examined(files=first_choice(candidates), bed=bed, checks=checks, probes=_probes(shop, checks))
    if shop.sandbox is None or not checks:
        return examined
    contested = [path for path, options in candidates.items() if len(options) > 1] or list(examined.files)[:1]
    for path in contested:
        options = candidates[path]
        examined = await choose(shop, plan, examined, options)
        if len(options) > 1:
            tell(shop, examined.files[path], "elected", examined.reason, candidates=examined.contest)
    return examined


def _probes(shop: Workshop, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return probes_of(checks) if shop.uses("dialectical") else ()


async def choose(shop: Workshop, plan: Plan, before: Examined, options: Sequence[Candidate]) -> Examined:
    """Runs each of `options` in place of the file of the same path, and elects one."""
    reports = await run(shop, plan, before, [option.file for option in options])
    outcomes = [seen_in(report) for report in reports]
    copies = [option.copies for option in options]
    winner = rank(outcomes, before.evidence, copies)[0]
    share = min(before.agreement, agreement(outcomes, winner, copies))
    return replace(
        chosen(before, options[winner].file, reports[winner], outcomes),
        agreement=share,
        contest=records_of(options, outcomes, winner, before.checks, before.probes),
        reason=why_elected(options, outcomes, winner, before.checks),
    )


async def run(
    shop: Workshop, plan: Plan, before: Examined, options: Sequence[SourceFile]
) -> tuple[RuntimeReport, ...]:
    assert shop.sandbox is not None
    test = SourceFile(path=CHECKS, text=working_module(before.bed, before.evidence))
    return await shop.mesh.run_variants(
        (*before.files.values(), test),
        [(option,) for option in options],
        plan.packages,
        seconds=min(_VARIANT_SECONDS, shop.settings.sandbox.seconds),
        tests=[CHECKS],
    )


def chosen(before: Examined, file: SourceFile, report: RuntimeReport, outcomes: Sequence[Seen]) -> Examined:
    """With `file` in its place, after `report` on it and `outcomes` of it and the others."""
    failed = {name_of(test.id): test for test in report.tests if test.outcome != "passed"}
    return replace(
        before,
        files={**before.files, file.path: file},
        passed=passed(seen_in(report)),
        passable=before.passable.union(*(passed(seen) for seen in outcomes)),
        failures={name: test.message for name, test in failed.items()},
        crashed={name: (test.at, test.line) for name, test in failed.items() if test.in_project},
    )


def seen_in(report: RuntimeReport) -> Seen:
    return {name_of(test.id): _shown(test) for test in report.tests}


def _shown(test: TestOutcome) -> str:
    """What the code did there, alike where it did the same."""
    if test.outcome == "passed":
        return PASSED
    if test.outcome in {"timeout", "not_run"} or (test.in_project and test.kind in _DEFECTS):
        return BROKEN
    return test.kind if test.in_project else _ADDRESS.sub("", test.message)


def name_of(test_id: str) -> str:
    """The check's name in pytest's id of it: `tests/test_x.py::test_a[case]` -> `test_a`."""
    return test_id.rsplit("::", 1)[-1].split("[", 1)[0]

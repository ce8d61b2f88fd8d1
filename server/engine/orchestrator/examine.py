"""Examining: checks are written from the contract, candidates are run against them, one is elected.

With several files the candidates of one file are compared while the others stay as they are, file by file
in dependency order. All candidates of a file run in one sandbox call.
"""

from dataclasses import dataclass, field, replace

from ..agents.checks import Check, TestBed, working_module
from ..agents.tester import write_checks as ask_for_checks
from ..types import Plan, SourceFile
from ..validation.runtime import RuntimeReport
from .contract import Contract
from .elect import Passed, agreement, elect
from .workshop import Files, Workshop
from .write import Candidates, first_choice

CHECKS = "tests/test_checks_in_progress.py"
_VARIANT_SECONDS = 30.0
_CHECK_TOKENS = 256


@dataclass(frozen=True)
class Examined:
    """Chosen files, the checks they were run against, and what was seen."""

    files: Files
    bed: TestBed
    checks: tuple[Check, ...]
    passed: Passed = frozenset()
    agreement: float = 1.0
    failures: dict[str, str] = field(default_factory=dict)
    """For each failed check what was seen, for the repairer."""
    crashed: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Failed checks in which the project's own code raised what no check expected, and where."""
    passable: frozenset[str] = frozenset()
    """Checks that some candidate passed: they can be right."""


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
    examined = Examined(files=first_choice(candidates), bed=bed, checks=checks)
    if shop.sandbox is None or not checks:
        return examined
    contested = [path for path, options in candidates.items() if len(options) > 1] or list(examined.files)[:1]
    for path in contested:
        examined = await choose(shop, plan, examined, [option.file for option in candidates[path]])
    return examined


async def choose(shop: Workshop, plan: Plan, before: Examined, options: list[SourceFile]) -> Examined:
    """Runs each of `options` in place of the file of the same path, and elects one."""
    reports = await run(shop, plan, before, options)
    outcomes = [_passed(report) for report in reports]
    winner = elect(outcomes, before.checks)
    passable = before.passable.union(*outcomes)
    return _seen(
        replace(before, passable=passable), options[winner], reports[winner], agreement(outcomes, winner)
    )


async def run(
    shop: Workshop, plan: Plan, before: Examined, options: list[SourceFile]
) -> tuple[RuntimeReport, ...]:
    assert shop.sandbox is not None
    test = SourceFile(path=CHECKS, text=working_module(before.bed, before.checks))
    return await shop.mesh.run_variants(
        (*before.files.values(), test),
        [(option,) for option in options],
        plan.packages,
        seconds=min(_VARIANT_SECONDS, shop.settings.sandbox.seconds),
        tests=[CHECKS],
    )


def _seen(before: Examined, chosen: SourceFile, report: RuntimeReport, share: float) -> Examined:
    failed = {name_of(test.id): test for test in report.tests if test.outcome != "passed"}
    return replace(
        before,
        files={**before.files, chosen.path: chosen},
        passed=_passed(report),
        agreement=min(before.agreement, share),
        failures={name: test.message for name, test in failed.items()},
        crashed={name: (test.at, test.line) for name, test in failed.items() if test.in_project},
    )


def _passed(report: RuntimeReport) -> Passed:
    return frozenset(name_of(test.id) for test in report.tests if test.outcome == "passed")


def name_of(test_id: str) -> str:
    """The check's name in pytest's id of it: `tests/test_x.py::test_a[case]` -> `test_a`."""
    return test_id.rsplit("::", 1)[-1].split("[", 1)[0]

"""Building: from a brief to a judged project.

What budget or time no longer allow is left out from the end: without money for checks or repairs there is
still the project and an honest verdict; without money for its files there is nothing to give.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..agents.checks import Check, tests_for_people
from ..agents.planner import draft_plan
from ..brief.given import given_code
from ..errors import AnswerError, BudgetError, ModelError, SandboxError
from ..events import Notice, PhaseStarted, PlanReady
from ..python.regions import regions
from ..types import CheckRecord, Plan, Severity, SourceFile, Stage, StageResult, Verdict
from ..validation.packages.folders import Packages
from .choice import checks_of, tell
from .compose import compose
from .contract import Contract, contract_of
from .examine import Examined, examine, write_checks
from .fix import blame, repair_round
from .obtain import without_invented
from .proof import examples_for
from .search import searched
from .targets import called_in
from .verdict import judge, shows_enough
from .widen import widen
from .workshop import Candidates, Files, Workshop, first_choice, project_of
from .write import write_files


@dataclass(frozen=True)
class Built:
    plan: Plan
    files: Files
    verdict: Verdict
    checks: tuple[CheckRecord, ...] = ()
    by_file: dict[str, tuple[int, int]] = field(default_factory=dict)
    """For each file how many of the checks that call what it defines pass, and how many there are."""
    given: dict[str, frozenset[str]] = field(default_factory=dict)
    """For each file the names of what the brief itself wrote in it."""
    hurried: bool = False
    """Whether something was left out for want of time: with more of it the same brief may come out better."""


_TIME_FOR_COMPOSING = 0.5
_TIME_FOR_REPAIR = 0.7
"""Shares of the longest time a run may take: what has not begun by then is left out."""


async def build(shop: Workshop) -> Built:
    shop.emit(PhaseStarted(phase="plan"))
    plan = await _planned(shop)
    shop.emit(PlanReady(plan=plan))
    shop.emit(PhaseStarted(phase="write"))
    candidates = await write_files(shop, plan)
    notes: list[str] = []
    hurried = False
    examined = await _examined(shop, plan, candidates, notes)
    if shop.spent(_TIME_FOR_COMPOSING):
        hurried = True
        _note(shop, notes, "functions were not drawn one by one: half of the time limit was over")
    else:
        examined = await _widened(shop, plan, examined, candidates, notes)
        examined = await _composed(shop, plan, examined, candidates, notes)
    examined = await _searched(shop, plan, examined, candidates, notes)
    tests = await _tests(shop, plan, examined)
    shop.emit(PhaseStarted(phase="validate"))
    stages = await _validate(shop, plan, examined, tests)
    for number in range(1, shop.tier.repair_rounds + 1):
        if shop.sandbox is None or not blame(plan, examined, stages):
            break
        if shop.spent(_TIME_FOR_REPAIR):
            hurried = True
            _note(shop, notes, "no more repairs: the time limit is near")
            break
        shop.emit(PhaseStarted(phase="repair", detail=f"round {number}"))
        try:
            repaired = await repair_round(shop, plan, examined, stages, number)
        except (BudgetError, ModelError, SandboxError) as error:
            _note(shop, notes, f"no more repairs: {error}")
            break
        if repaired is not examined:
            examined = repaired
            tests = await _tests(shop, plan, examined)
            shop.emit(PhaseStarted(phase="validate"))
            stages = await _validate(shop, plan, examined, tests)
    verdict = judge(plan, shop.traits, stages, examined, notes=notes, given=_names_given(shop))
    return Built(
        plan=plan,
        files={**examined.files, **tests},
        verdict=verdict,
        checks=checks_of(examined.checks, examined.probes, examined.passed),
        by_file={path: _checked(examined, file) for path, file in examined.files.items()},
        given={path: _given(shop, file) for path, file in examined.files.items()},
        hurried=hurried,
    )


def _checked(examined: Examined, file: SourceFile) -> tuple[int, int]:
    """How many checks that call what the file defines pass, and how many there are."""
    names = {placed.name.rpartition(".")[2] for placed in regions(file.text)}
    about = [check.name for check in examined.checks if not names.isdisjoint(called_in(check.code))]
    return sum(name in examined.passed for name in about), len(about)


def _names_given(shop: Workshop) -> list[str]:
    return [one.signature.head for one in given_code(shop.brief.text).definitions if not one.is_stub]


def _given(shop: Workshop, file: SourceFile) -> frozenset[str]:
    return frozenset(placed.name for placed in regions(file.text) if shop.is_given(placed.name))


async def _planned(shop: Workshop) -> Plan:
    """With packages that there are, as far as a sandbox will run them."""
    plan = await draft_plan(shop.gateway, shop.brief, shop.traits)
    if shop.sandbox is None:
        return plan
    packages = Packages(shop.settings, shop.sandbox.python)
    plan, said = await without_invented(plan, shop.traits.packages, packages)
    for message in said:
        shop.emit(Notice(severity=Severity.WARNING, message=message))
    return plan


async def _examined(shop: Workshop, plan: Plan, candidates: Candidates, notes: list[str]) -> Examined:
    shop.emit(PhaseStarted(phase="test"))
    contract = contract_of(shop, plan, first_choice(candidates))
    checks = examples_for(shop, contract.bed)
    if shop.tier.checks != "always":
        examined = await _run(shop, plan, candidates, contract, checks, notes)
        if shop.tier.checks == "never" or shows_enough(plan, shop.traits, examined, given=_names_given(shop)):
            return examined
    try:
        checks = await write_checks(shop, contract)
    except (BudgetError, ModelError, AnswerError) as error:
        _note(shop, notes, f"no checks were written: {error}")
    return await _run(shop, plan, candidates, contract, checks, notes)


async def _run(
    shop: Workshop,
    plan: Plan,
    candidates: Candidates,
    contract: Contract,
    checks: tuple[Check, ...],
    notes: list[str],
) -> Examined:
    try:
        return await examine(shop, plan, candidates, contract.bed, checks)
    except SandboxError as error:
        _note(shop, notes, f"the candidates could not be run: {error}")
        return Examined(files=first_choice(candidates), bed=contract.bed, checks=checks)


async def _widened(
    shop: Workshop, plan: Plan, examined: Examined, candidates: Candidates, notes: list[str]
) -> Examined:
    try:
        return await widen(shop, plan, examined, candidates)
    except (BudgetError, ModelError, AnswerError, SandboxError) as error:
        _note(shop, notes, f"no more answers were sampled: {error}")
        return examined


async def _composed(
    shop: Workshop, plan: Plan, examined: Examined, candidates: Candidates, notes: list[str]
) -> Examined:
    try:
        return await compose(shop, plan, examined, candidates)
    except SandboxError as error:
        _note(shop, notes, f"functions were not drawn one by one: {error}")
        return examined


async def _searched(
    shop: Workshop, plan: Plan, examined: Examined, candidates: Candidates, notes: list[str]
) -> Examined:
    try:
        return await searched(shop, plan, examined, candidates)
    except SandboxError as error:
        _note(shop, notes, f"nothing was searched: {error}")
        return examined


async def _validate(shop: Workshop, plan: Plan, examined: Examined, tests: Files) -> tuple[StageResult, ...]:
    project = project_of(plan, {**examined.files, **tests})
    stages = tuple(Stage(stage) for stage in shop.settings.validate_.stages)
    return await shop.mesh.check(project, stages, emit=shop.emit)


async def _tests(shop: Workshop, plan: Plan, examined: Examined) -> Files:
    """The tests the project keeps: the checks it passes, and those anchored in the brief it fails.

    An invented check that the elected project fails is as likely wrong as right; it stays out of the
    project and counts as disputed in the verdict.
    """
    kept = [check for check in examined.checks if check.name in examined.passed or check.anchored]
    if not kept:
        return {}
    path = f"tests/test_{_stem(plan)}.py"
    (file,) = await shop.mesh.format((SourceFile(path=path, text=tests_for_people(examined.bed, kept)),))
    tell(shop, file, "rule", _origin_of(kept))
    return {path: file}


def _origin_of(checks: Sequence[Check]) -> str:
    """Whose claims the tests are."""
    theirs = sum(check.anchored for check in checks)
    ours = len(checks) - theirs
    said = [f"{_checks(theirs)} of the brief"] if theirs else []
    said += [f"{_checks(ours)} that a model wrote and the project passes"] if ours else []
    return " and ".join(said)


def _checks(number: int) -> str:
    return "1 check" if number == 1 else f"{number} checks"


def _stem(plan: Plan) -> str:
    last = plan.files[-1].path
    parts = last.removesuffix(".py").split("/")
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]


def _note(shop: Workshop, notes: list[str], message: str) -> None:
    notes.append(message)
    shop.emit(Notice(severity=Severity.WARNING, message=message))

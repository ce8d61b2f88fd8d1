"""The verdict: hard gates, and a confidence computed from what was observed.

*Verified* means: everything the brief declares is defined, no stage failed, was skipped or left out, at least
three checks passed, every public name the brief gives was exercised by a check that passed, no check
anchored in the brief failed, and disputed checks (invented ones the project fails, so either may be wrong)
are fewer than those that passed.

The confidence is the estimated chance that the next check of the brief would pass: passed and failed
checks as a Beta posterior with a uniform prior, where an invented check counts a third of an anchored one,
times how much of the contract was exercised and how many candidates behave alike. It is an estimate until
it is calibrated on recorded outcomes, and the evidence says what it rests on.
"""

import ast
import builtins
from collections.abc import Collection, Iterator, Sequence

from ..brief.signature import read_signature
from ..python.outline import is_pretended
from ..python.syntax import parsed
from ..types import Plan, Stage, StageResult, Traits, Verdict
from .elect import ANCHORED, INVENTED
from .examine import Examined
from .workshop import Files, head_name, mentioned_names

_LEAST_CHECKS = 3


def judge(
    plan: Plan,
    traits: Traits,
    stages: Sequence[StageResult],
    examined: Examined,
    *,
    notes: Sequence[str] = (),
    given: Collection[str] = (),
) -> Verdict:
    """`given`: what the brief itself wrote, so that nothing of it need be shown."""
    passed = [check for check in examined.checks if check.name in examined.passed]
    anchored_failed = [
        check for check in examined.checks if check.anchored and check.name not in examined.passed
    ]
    disputed = [
        check for check in examined.checks if not check.anchored and check.name not in examined.passed
    ]
    names = [name for name in contract_names(plan, traits) if name not in given]
    missing = undefined_names(traits, examined.files)
    exercised = {name for check in passed for name in check.covers}
    unexercised = [name for name in names if name not in exercised]

    reasons = [*notes]
    if missing:
        asked = ", ".join(f"`{name}`" for name in missing)
        reasons.append(f"the brief asks for {asked}, and no file defines it")
    for stage in stages:
        if stage.status == "failed":
            reasons.append(f"{stage.stage} failed: {stage.reason or _first_finding(stage)}")
        elif stage.status == "skipped":
            reasons.append(f"{stage.stage} was skipped: {stage.reason}")
    seen = {stage.stage for stage in stages}
    if left_out := [str(stage) for stage in Stage if stage not in seen]:
        reasons.append(f"validate.stages leaves out {', '.join(left_out)}")
    if len(passed) < _LEAST_CHECKS:
        reasons.append(f"only {len(passed)} checks of the brief passed; {_LEAST_CHECKS} are the least")
    if anchored_failed:
        reasons.append(f"{len(anchored_failed)} checks with values from the brief fail")
    if unexercised:
        reasons.append(f"no passing check exercises {', '.join(f'`{name}`' for name in unexercised)}")
    if disputed and len(disputed) >= len(passed):
        reasons.append(f"{len(disputed)} checks are disputed, against {len(passed)} that pass")

    coverage = 1 - len(unexercised) / len(names) if names else 1.0
    good = sum(1 if check.anchored else INVENTED / ANCHORED for check in passed)
    bad = len(anchored_failed) + len(disputed) * INVENTED / ANCHORED
    confidence = (good + 1) / (good + bad + 2) * (0.5 + 0.5 * coverage) * (0.75 + 0.25 * examined.agreement)
    confidence *= 0.5 ** sum(stage.status == "skipped" for stage in stages)
    if missing or any(stage.status == "failed" for stage in stages):
        confidence = min(confidence, 0.3)
    return Verdict(
        status="unverified" if reasons else "verified",
        stages=tuple(stages),
        confidence=round(confidence, 2),
        evidence=(
            f"{len(passed)} of {len(examined.checks)} checks pass "
            f"({sum(check.anchored for check in passed)} with values from the brief)",
            f"{len(names) - len(unexercised)} of {len(names)} public names of the brief are exercised "
            "by a passing check",
            f"{round(100 * examined.agreement)} % of the candidates behave like the chosen one",
            *(f"{stage.stage}: {_summary(stage)}" for stage in stages),
        ),
        reasons=tuple(reasons),
    )


def shows_enough(plan: Plan, traits: Traits, examined: Examined, *, given: Collection[str] = ()) -> bool:
    """Whether the checks that there are would do for a verdict: enough of them, on every public name, and all
    pass."""
    names = {name for name in contract_names(plan, traits) if name not in given}
    exercised = {name for check in examined.checks for name in check.covers}
    passed = {check.name for check in examined.checks} <= examined.passed
    return passed and len(examined.checks) >= _LEAST_CHECKS and names <= exercised


def contract_names(plan: Plan, traits: Traits) -> tuple[str, ...]:
    """Top-level names that both the brief and the plan's interfaces give."""
    mentioned = mentioned_names(traits)
    names = (head_name(line) for file in plan.files for line in file.interface)
    return tuple(dict.fromkeys(name for name in names if name and name in mentioned))


def undefined_names(traits: Traits, files: Files) -> tuple[str, ...]:
    """What the brief declares, as `f(x)`, and no file has: neither function, class nor method.

    What only raises NotImplementedError is not there.
    """
    defined = {
        node.name
        for file in files.values()
        if file.path.endswith(".py")
        for node in _nodes(file.text)
        if isinstance(node, ast.ClassDef)
        or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_pretended(node))
    }
    declared = [signature for line in traits.signatures if (signature := read_signature(line))]
    return tuple(
        one.full_name
        for one in declared
        if one.name not in defined
        and not one.name.startswith("__")
        and (one.owner or not hasattr(builtins, one.name))
    )


def _nodes(text: str) -> Iterator[ast.AST]:
    if (tree := parsed(text)) is not None:
        yield from ast.walk(tree)


def _first_finding(stage: StageResult) -> str:
    errors = [finding for finding in stage.findings if finding.severity == "error"] or list(stage.findings)
    if not errors:
        return "see the report"
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{first.path}:{first.range.start.line + 1}: {first.message}{more}"


def _summary(stage: StageResult) -> str:
    if stage.status == "skipped":
        return f"skipped, {stage.reason}"
    facts = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in stage.facts.items())
    return f"{stage.status}{f' ({facts})' if facts else ''}"

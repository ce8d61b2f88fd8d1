"""Learning from runs: which patterns this one uses, and what is recorded of it."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from ...settings import Settings
from ..errors import StorageError
from ..events import Emit, Notice
from ..journal import Journal, step_key
from ..patterns.outcomes import Outcome
from ..patterns.reading import outcomes_of, select, without_records
from ..types import Brief, CheckRecord, Selection, Severity, StageResult, Traits, Usage, Verdict
from .elect import ANCHORED, INVENTED

_STEP = "patterns"
_FAILED_STAGE = 0.5
"""What passes its checks with a failed stage is half as good."""
log = logging.getLogger(__name__)


async def selected(
    brief: Brief, traits: Traits, settings: Settings, journal: Journal, inputs: dict[str, Any], emit: Emit
) -> Selection:
    """The same for the same run whenever it is begun again, so that what it has paid for is used."""

    async def draw() -> Any:
        try:
            found = await asyncio.to_thread(select, brief, traits, settings)
        except StorageError as error:
            emit(Notice(severity=Severity.WARNING, message=f"nothing is learned from earlier runs: {error}"))
            found = without_records(brief, traits, settings)
        return found.model_dump(mode="json")

    drawn, _ = await journal.step(_STEP, inputs, draw)
    return Selection.model_validate(drawn)


async def remember(
    selection: Selection,
    checks: Sequence[CheckRecord],
    verdict: Verdict,
    settings: Settings,
    inputs: dict[str, Any],
    usage: Usage,
    seconds: float,
) -> None:
    """Records what came of a run, if anything was seen; that it cannot be recorded is no reason to fail.

    It counts by the patterns it was to use, whether or not it came to draw: to count by what was needed would
    leave the hard briefs to one side and the easy ones to the other. T0 draws nothing whatever is chosen, so
    that it says nothing of patterns.
    """
    share = share_passed(checks, verdict.stages)
    if share is None or settings.generate.tier == "T0":
        return
    outcome = Outcome(
        key=step_key("outcome", inputs),
        bucket=selection.bucket,
        patterns=selection.on,
        samples=selection.samples,
        share=round(share, 4),
        verified=verdict.status == "verified",
        model=inputs["model"],
        tokens=usage.tokens_in + usage.tokens_out,
        seconds=round(seconds, 3),
    )
    try:
        await asyncio.to_thread(outcomes_of(settings).record, outcome)
    except StorageError as error:
        log.warning("the run is not learned from: %s", error)


def share_passed(checks: Sequence[CheckRecord], stages: Sequence[StageResult]) -> float | None:
    """The share of checks that pass, those of the brief counting more; None where nothing was run."""
    claims = [
        (ANCHORED if one.source == "brief" else INVENTED, one.passed)
        for one in checks
        if one.source != "probe"
    ]
    ran = any(stage.stage == "runtime" and stage.status != "skipped" for stage in stages)
    if not claims or not ran:
        return None
    share = sum(weight for weight, passed in claims if passed) / sum(weight for weight, _ in claims)
    return share * _FAILED_STAGE if any(stage.status == "failed" for stage in stages) else share


def review_of(verdict: Verdict, settings: Settings) -> str:
    """Why somebody should look at it before it is used; empty where its confidence is enough."""
    least = settings.generate.review_below
    if verdict.confidence >= least:
        return ""
    return f"its confidence of {verdict.confidence:.2f} is below {least:.2f}"

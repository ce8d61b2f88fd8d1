"""Escalations: what is asked for again, because what there was did not pass, is told before it is asked."""

from typing import Literal

from ..events import Escalated
from ..types import Escalation
from .workshop import Workshop

Step = Literal["drawn", "again", "widened", "mended", "repaired"]


def escalate(shop: Workshop, path: str, target: str, step: Step, reason: str) -> None:
    """`reason`: the first thing that was wrong, in one line."""
    line = " ".join(reason.split())
    shop.emit(Escalated(escalation=Escalation(path=path, target=target, step=step, reason=line)))

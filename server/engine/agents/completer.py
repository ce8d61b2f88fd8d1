"""The completer: a file whose frame is certain is written gap by gap, by a model that can go on from a
beginning.

Each gap is a request of its own, which holds all that stands before it. A model with a prompt cache reads
only what is new.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..brief.given import given_code
from ..llm.gateway import Gateway
from ..llm.types import Answer, Message, Request
from ..python.frame import Frame, Gap, frame_of
from ..python.imports import import_line
from ..python.skeleton import skeleton
from ..types import Brief, Plan, PlannedFile, SourceFile
from .coder import CREATIVE, allowed_imports, project_context
from .planner import full_text
from .prompts import render
from .worked import worked_examples

_FENCE = "```python\n"
_FEW_WORDS = 12


@dataclass(frozen=True)
class Begun:
    """A file that is to be completed."""

    path: str
    messages: tuple[Message, ...]
    lead: str
    """Stands before the frame: imports from the project's own modules."""
    frame: Frame


async def begin(
    gateway: Gateway, brief: Brief, plan: Plan, planned: PlannedFile, written: Mapping[str, SourceFile]
) -> Begun | None:
    """None where the model cannot go on from a beginning, or too little of the file is certain: packages
    decide how code looks.
    """
    if plan.packages or not planned.interface or not await gateway.continues():
        return None
    text = full_text(brief)
    code = given_code(text)
    given = {one.signature.full_name for one in code.definitions}
    frame = frame_of(skeleton(planned.interface, text, planned.path), lambda name: name in given)
    if frame is None:
        return None
    project = project_context(plan, planned, written)
    if len(code.outside.split()) > _FEW_WORDS:
        messages = render(
            "complete",
            brief=text,
            project=project,
            path=planned.path,
            allowed=allowed_imports(plan, planned.path),
            worked=worked_examples(brief, plan, planned),
        )
    else:
        messages = render("finish", code=_whole(frame).rstrip(), project=project, path=planned.path)
    files = [written[path] for path in planned.depends_on if path in written]
    lines = [line for file in files if (line := import_line(planned.path, file.path, file.text))]
    lead = "\n".join(lines) + "\n\n\n" if lines else ""
    return Begun(planned.path, messages, lead, frame)


async def fill(
    gateway: Gateway,
    begun: Begun,
    gap: Gap,
    written: str,
    *,
    samples: int,
    first: int = 0,
    max_tokens: int,
) -> tuple[Answer, ...]:
    """Answers for one gap. `written` is what stands before the gap's own text; sample 0 is greedy."""
    assert first or samples == 1
    beginning = f"{_FENCE}{begun.lead}{written}{gap.before}"
    return await gateway.ask(
        Request(
            purpose=f"write {begun.path} {gap.target}",
            messages=(*begun.messages, Message(role="assistant", content=beginning)),
            temperature=CREATIVE if first else 0.0,
            max_tokens=max_tokens,
            seed=first,
            samples=samples,
            stop=gap.stops,
        )
    )


def _whole(frame: Frame) -> str:
    return "".join(gap.before for gap in frame.gaps) + frame.end

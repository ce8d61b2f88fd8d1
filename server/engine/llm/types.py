"""What is asked of a model, and what comes back."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ..types import Usage, Value

Finish = Literal["stop", "length", "loop", "refused"]
"""Why an answer ended: by itself; cut at `max_tokens`; repeating itself, so it was stopped; or the
model declined or gave nothing."""


class Message(Value):
    role: Literal["system", "user", "assistant"]
    content: str


class Request(Value):
    """One question, asked `samples` times. What it holds, and the model, decide the journal's key."""

    purpose: str
    """Who asks and why, such as `plan` or `write`: for the ledger and for people, not for the model."""
    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    json_schema: dict[str, Any] | None = None
    """The answer is to be JSON that satisfies this; it comes back as text and is not checked here."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Longest single answer; None, or more than the settings allow, means `models.max_tokens`."""
    seed: int = 0
    samples: Annotated[int, Field(ge=1, le=64)] = 1
    stop: tuple[str, ...] = ()

    @property
    def goes_on(self) -> bool:
        """Whether the answer's beginning is given. There may be nothing to add to it."""
        return self.messages[-1].role == "assistant"


class Answer(Value):
    """One sample. A sample that failed while others came is `refused`, with no text."""

    text: str
    finish: Finish
    model: str
    """The model that answered; a fallback's name if the first could not."""
    usage: Usage = Usage()
    """What this answer cost in this run; nothing but a count when `reused`."""
    sample: int = 0
    reused: bool = False

"""One call: a place in the line, money set aside, the stream read into drafts, the bill settled."""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ...settings import Settings
from ..errors import QuantumLayerError
from ..events import Emit, ModelCalled, TokensStreamed
from ..types import Usage
from .budget import Budget
from .faults import Fault
from .ledger import Spent
from .loops import LoopWatch
from .providers import Deployment
from .transport import Counted, Delta, Transport, answer_limit
from .types import Answer, Finish, Request

_EVENT_SECONDS = 0.2
_BREATH = 32
"""Pieces read in a row before others on the loop get their turn."""
_BYTES_PER_TOKEN = 3
_FINISHES: dict[str, Finish] = {"length": "length", "max_tokens": "length", "content_filter": "refused"}
_MAYBE_PAID = frozenset({"timeout", "cut"})
Keep = Callable[[int, str, Finish], Awaitable[None]]
"""Makes a finished sample durable: its number, text and how it ended."""


@dataclass
class Draft:
    """One answer while it is written."""

    sample: int
    may_be_empty: bool = False
    parts: list[str] = field(default_factory=list)
    tokens: int = 0
    finish: Finish | None = None
    watch: LoopWatch = field(default_factory=LoopWatch)

    @property
    def text(self) -> str:
        """Two pieces may hold a half each of one character; a half without its other fits into no file."""
        joined = "".join(self.parts)
        if joined.isascii():
            return joined
        return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    @property
    def empty(self) -> bool:
        return not self.text.strip() and not (self.may_be_empty and self.finish == "stop")

    def add(self, delta: Delta) -> bool:
        """Takes a piece; returns whether the answer has just ended."""
        if self.finish is not None:
            return False
        if delta.text:
            self.parts.append(delta.text)
            self.tokens += 1
            if self.watch.feed(delta.text):
                self.finish = "loop"
        if delta.finish and self.finish is None:
            self.finish = _FINISHES.get(delta.finish, "stop")
        return self.finish is not None


@dataclass
class Called:
    """What came of a call. Samples in none of the fields were never spoken of by the server."""

    answers: dict[int, Answer] = field(default_factory=dict)
    empty: set[int] = field(default_factory=set)
    fault: Fault | None = None


class Caller:
    """Sends the calls of one run, at most `models.parallel` at once."""

    def __init__(self, settings: Settings, transport: Transport, budget: Budget, emit: Emit) -> None:
        self._settings = settings
        self._transport = transport
        self._budget = budget
        self._emit = emit
        self._line = asyncio.Semaphore(settings.models.parallel)
        self.usage = Usage()

    async def call(
        self,
        deployment: Deployment,
        request: Request,
        samples: tuple[int, ...],
        *,
        seed: int,
        native_schema: bool,
        keep: Keep,
    ) -> Called:
        """Asks for `samples` in one request; raises BudgetError or StorageError, not Fault."""
        async with self._line:
            prompt = estimate_tokens(request)
            most = answer_limit(request, self._settings) * len(samples)
            worst = await self._transport.price(deployment, prompt, most)
            reservation = await self._budget.reserve(request.purpose, deployment.name, worst)
            drafts = [Draft(sample, request.goes_on) for sample in samples]
            counted: list[Counted] = []
            fault: Fault | None = None
            outcome = "cancelled"
            started = time.monotonic()
            try:
                await self._read(deployment, request, drafts, counted, seed, native_schema, keep)
                outcome = _outcome(drafts)
            except Fault as error:
                fault = error
                outcome = error.kind
            except QuantumLayerError:
                outcome = "error"
                raise
            finally:
                seconds = time.monotonic() - started
                tokens_in, tokens_out = _tokens(drafts, counted, prompt, outcome)
                spent = await self._transport.price(deployment, tokens_in, tokens_out)
                await asyncio.shield(self._budget.settle(reservation, spent, seconds, outcome))
                called = self._account(deployment, request, drafts, spent, seconds)
            called.fault = fault
            return called

    async def _read(
        self,
        deployment: Deployment,
        request: Request,
        drafts: list[Draft],
        counted: list[Counted],
        seed: int,
        native_schema: bool,
        keep: Keep,
    ) -> None:
        stream = self._transport.stream(
            deployment, request, choices=len(drafts), seed=seed, native_schema=native_schema
        )
        number, fresh, told = 0, 0, time.monotonic()
        async with contextlib.aclosing(stream):  # type: ignore[type-var]
            async for piece in stream:
                if (number := number + 1) % _BREATH == 0:
                    await asyncio.sleep(0)
                if isinstance(piece, Counted):
                    counted.append(piece)
                    continue
                if piece.choice >= len(drafts):
                    continue
                draft = drafts[piece.choice]
                fresh += bool(piece.text)
                if draft.add(piece) and draft.finish is not None and not draft.empty:
                    await keep(draft.sample, draft.text, draft.finish)
                if fresh and time.monotonic() - told >= _EVENT_SECONDS:
                    self._emit(TokensStreamed(purpose=request.purpose, tokens=fresh))
                    fresh, told = 0, time.monotonic()
                if _only_loops_left(drafts):
                    return
        if any(draft.finish is None and draft.parts for draft in drafts) or not any(
            draft.finish for draft in drafts
        ):
            raise Fault("cut", "the answer broke off")

    def _account(
        self, deployment: Deployment, request: Request, drafts: list[Draft], spent: Spent, seconds: float
    ) -> Called:
        """Divides what was spent among the answers that came, and tells it."""
        called = Called()
        done = [draft for draft in drafts if draft.finish is not None]
        answered = [draft for draft in done if not draft.empty]
        called.empty = {draft.sample for draft in done if draft.empty}
        if not answered:
            self.usage += _usage(spent, seconds)
        for number, draft in enumerate(answered):
            usage = _usage(_share(spent, number, answered), seconds / len(answered))
            self.usage += usage
            called.answers[draft.sample] = Answer(
                text=draft.text,
                finish=draft.finish or "stop",
                model=deployment.name,
                usage=usage,
                sample=draft.sample,
            )
            self._emit(ModelCalled(purpose=request.purpose, model=deployment.name, usage=usage))
        return called


def estimate_tokens(request: Request) -> int:
    """A prompt's tokens, rather too many than too few."""
    size = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in request.messages)
    if request.json_schema is not None:
        size += len(str(request.json_schema))
    return math.ceil(size / _BYTES_PER_TOKEN) + 8 * len(request.messages)


def _only_loops_left(drafts: list[Draft]) -> bool:
    """Whether nothing but the rest of a loop can still come."""
    return any(draft.finish == "loop" for draft in drafts) and all(draft.finish for draft in drafts)


def _outcome(drafts: list[Draft]) -> str:
    finishes = {draft.finish for draft in drafts}
    if all(draft.empty for draft in drafts):
        return "empty"
    return next((bad for bad in ("loop", "length", "refused") if bad in finishes), "ok")


def _tokens(drafts: list[Draft], counted: list[Counted], prompt: int, outcome: str) -> tuple[int, int]:
    """Tokens in and out: the server's count, or ours where it gave none."""
    written = sum(draft.tokens for draft in drafts)
    if counted:
        return max(one.tokens_in for one in counted), max(written, sum(one.tokens_out for one in counted))
    if written or outcome in _MAYBE_PAID or outcome in {"cancelled", "empty"}:
        return prompt, written
    return 0, 0


def _share(spent: Spent, number: int, answered: list[Draft]) -> Spent:
    """The part of one answer: output by length, the prompt with the first."""
    total = sum(draft.tokens for draft in answered) or 1
    before = sum(draft.tokens for draft in answered[:number])
    after = before + answered[number].tokens
    out = spent.tokens_out * after // total - spent.tokens_out * before // total
    return Spent(spent.tokens_in if number == 0 else 0, out, spent.cost_usd / len(answered))


def _usage(spent: Spent, seconds: float) -> Usage:
    return Usage(
        calls=1,
        tokens_in=spent.tokens_in,
        tokens_out=spent.tokens_out,
        cost_usd=spent.cost_usd,
        seconds=seconds,
    )

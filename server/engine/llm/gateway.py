"""The gateway: the one way to a model.

A request becomes answers from the journal where it has them, and else from the first deployment that
can answer. Each failure is met by what helps against it: a passing one by waiting and asking again, a
lasting one by the next deployment, a server that cannot do several answers or a schema by asking it
otherwise. What is answered is durable before anyone sees it, also when the rest of its batch fails.
"""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from ...settings import Settings
from ..errors import AnswerError, ModelError
from ..events import Emit, ModelCalled, Notice, ignore
from ..journal import Journal, step_key
from ..types import Severity, Usage
from .budget import Budget
from .calls import Called, Caller
from .faults import Fault, explain
from .ledger import Ledger
from .providers import Deployment, deployments
from .transport import Transport, answer_limit
from .types import Answer, Finish, Request

_KIND = "model"
_FIRST_DELAY = 0.5
_LONGEST_DELAY = 60.0
_COOLDOWN = 30.0
_OTHER_SEED = 1_000_003


@dataclass
class _State:
    """What a run has learned about a deployment."""

    batch: int
    native_schema: bool
    resting_until: float = 0.0


class Gateway:
    """Asks models on behalf of one run; belongs to one event loop."""

    def __init__(self, settings: Settings, journal: Journal, *, emit: Emit = ignore, run: str = "") -> None:
        self._settings = settings
        self._journal = journal
        self._emit = emit
        self._ledger = Ledger(settings.storage.data_dir / "ledger.sqlite")
        self._transport = Transport(settings, emit)
        budget = Budget(settings.budget, self._ledger, run)
        self._caller = Caller(settings, self._transport, budget, emit)
        self._reused = Usage()
        self._states: dict[str, _State] = {}
        self._deployments: tuple[Deployment, ...] = ()
        self._resolving = asyncio.Lock()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ask(self, request: Request) -> tuple[Answer, ...]:
        """Exactly `request.samples` answers, by number.

        A sample that could not be had while others could is `refused` and empty. Raises AnswerError if
        every answer was empty, ModelError if no deployment answers, BudgetError before a call that would
        pass the budget, StorageError. Whatever was answered by then is in the journal.
        """
        key = step_key(_KIND, request.model_dump())
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with lock:
            return await self._ask(request)

    async def model(self) -> str:
        """The name of the first deployment, discovered if the settings leave it open."""
        return (await self._resolved())[0].name

    async def continues(self) -> bool:
        """Whether whoever answers goes on from a message of the assistant, if it is the last one."""
        told = self._settings.models.continues
        return all(one.provider.continues or (told and one.api_base) for one in await self._resolved())

    @property
    def usage(self) -> Usage:
        """What this run's calls took so far, failed ones included."""
        return self._caller.usage + self._reused

    async def aclose(self) -> None:
        await self._transport.aclose()
        await self._ledger.aclose()

    # -- answers -------------------------------------------------------------------------------

    async def _ask(self, request: Request) -> tuple[Answer, ...]:
        answers: dict[int, Answer] = {}
        failures: list[ModelError | AnswerError] = []
        for deployment in await self._in_order():
            missing = [sample for sample in range(request.samples) if sample not in answers]
            answers |= await self._recall(deployment, request, missing)
            missing = [sample for sample in missing if sample not in answers]
            if not missing:
                break
            try:
                fresh, failure = await self._fresh(deployment, request, missing)
            except ModelError as error:
                fresh, failure = {}, error
            answers |= fresh
            if failure is None:
                break
            failures.append(failure)
        if not answers:
            raise _together(failures)
        for failure in failures:
            self._emit(Notice(severity=Severity.WARNING, message=str(failure)))
        blank = [sample for sample in range(request.samples) if sample not in answers]
        name = next(iter(answers.values())).model
        answers |= {sample: Answer(text="", finish="refused", model=name, sample=sample) for sample in blank}
        return tuple(answers[sample] for sample in range(request.samples))

    async def _fresh(
        self, deployment: Deployment, request: Request, missing: list[int]
    ) -> tuple[dict[int, Answer], ModelError | AnswerError | None]:
        """Answers to `missing` samples, and why some are still missing."""
        answers: dict[int, Answer] = {}
        empty: dict[int, int] = {}
        while left := [s for s in missing if s not in answers and empty.get(s, 0) < 2]:
            groups = _chunks(left, self._state(deployment).batch)
            rounds = await asyncio.gather(
                *(
                    self._persist(deployment, request, group, max(empty.get(s, 0) for s in group))
                    for group in groups
                ),
                return_exceptions=True,
            )
            faults: list[Fault] = []
            for result in rounds:
                if isinstance(result, BaseException):
                    raise result
                answers |= result.answers
                for sample in result.empty:
                    empty[sample] = empty.get(sample, 0) + 1
                if result.fault is not None:
                    faults.append(result.fault)
            if faults:
                self._rest(deployment, faults[0])
                return answers, explain(faults[0], deployment)
        if len(answers) < len(missing):
            return answers, AnswerError(
                f"{deployment.name} gave an empty answer twice ({request.purpose})",
                "Try again, or choose another model with `--model`.",
                "models.model",
            )
        return answers, None

    async def _persist(
        self, deployment: Deployment, request: Request, samples: tuple[int, ...], round_: int
    ) -> Called:
        """One call, repeated while its failure may pass; no fault: ask anew for what is missing."""
        state = self._state(deployment)
        attempt = 0
        while True:
            called = await self._caller.call(
                deployment,
                request,
                samples,
                seed=request.seed + samples[0] + round_ * _OTHER_SEED,
                native_schema=state.native_schema,
                keep=lambda sample, text, finish: self._keep(deployment, request, sample, text, finish),
            )
            fault = called.fault
            if fault is None and len(called.answers) + len(called.empty) < len(samples):
                state.batch = 1
            if fault is None or called.answers:
                called.fault = None if fault is None or fault.passing else fault
                return called
            if fault.kind == "request" and _adapt(state, request, len(samples)):
                called.fault = None
                return called
            wait = _delay(attempt, fault)
            if not fault.passing or attempt >= self._settings.models.retries or wait is None:
                return called
            attempt += 1
            await asyncio.sleep(wait)

    # -- the journal ---------------------------------------------------------------------------

    async def _recall(
        self, deployment: Deployment, request: Request, samples: list[int]
    ) -> dict[int, Answer]:
        answers = {}
        for sample in samples:
            found = await self._journal.get(_KIND, self._inputs(deployment, request, sample))
            if found is None:
                continue
            usage = Usage(calls_reused=1)
            self._reused += usage
            answers[sample] = Answer(**found, model=deployment.name, usage=usage, sample=sample, reused=True)
            self._emit(ModelCalled(purpose=request.purpose, model=deployment.name, usage=usage))
        return answers

    async def _keep(
        self, deployment: Deployment, request: Request, sample: int, text: str, finish: Finish
    ) -> None:
        inputs = self._inputs(deployment, request, sample)
        await self._journal.put(_KIND, inputs, {"text": text, "finish": finish})

    def _inputs(self, deployment: Deployment, request: Request, sample: int) -> dict[str, Any]:
        """What an answer is a function of: the model's name and all it was told, not where it runs."""
        return {
            "model": deployment.name,
            "messages": [[message.role, message.content] for message in request.messages],
            "schema": request.json_schema,
            "temperature": request.temperature,
            "max_tokens": answer_limit(request, self._settings),
            "stop": list(request.stop),
            "seed": request.seed,
            "sample": sample,
        }

    # -- deployments ---------------------------------------------------------------------------

    async def _resolved(self) -> tuple[Deployment, ...]:
        async with self._resolving:
            if not self._deployments:
                self._deployments = await deployments(self._settings)
            return self._deployments

    async def _in_order(self) -> list[Deployment]:
        """Those that failed a moment ago go last."""
        now = time.monotonic()
        return sorted(await self._resolved(), key=lambda one: self._state(one).resting_until > now)

    def _state(self, deployment: Deployment) -> _State:
        provider = deployment.provider
        return self._states.setdefault(deployment.name, _State(provider.batch, provider.schema))

    def _rest(self, deployment: Deployment, fault: Fault) -> None:
        seconds = max(_COOLDOWN, fault.retry_after or 0.0) if fault.passing else float("inf")
        if fault.kind != "request":
            self._state(deployment).resting_until = time.monotonic() + seconds


def _chunks(samples: list[int], size: int) -> list[tuple[int, ...]]:
    """Runs of neighbours: a server counts seeds up from the first, so that each sample keeps its own."""
    chunks: list[list[int]] = []
    for sample in samples:
        if chunks and len(chunks[-1]) < size and chunks[-1][-1] == sample - 1:
            chunks[-1].append(sample)
        else:
            chunks.append([sample])
    return [tuple(chunk) for chunk in chunks]


def _adapt(state: _State, request: Request, asked: int) -> bool:
    """After a refused request: asks for fewer answers at once, then for the schema in words."""
    if asked > 1:
        state.batch = max(1, asked // 2)
        return True
    if request.json_schema is not None and state.native_schema:
        state.native_schema = False
        return True
    return False


def _delay(attempt: int, fault: Fault) -> float | None:
    """Seconds to wait: what the server asks, else exponential back-off with full jitter; None: too long."""
    if fault.retry_after is not None:
        return fault.retry_after if fault.retry_after <= _LONGEST_DELAY else None
    return random.uniform(0, min(_LONGEST_DELAY, _FIRST_DELAY * 2**attempt))  # noqa: S311 (no secret)


def _together(failures: list[ModelError | AnswerError]) -> ModelError | AnswerError:
    if len(failures) == 1:
        return failures[0]
    causes = "; ".join(failure.cause for failure in failures)
    return ModelError(causes, failures[0].next_step, failures[0].setting)

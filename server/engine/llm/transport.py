"""The wire: one request to one deployment through litellm, read as it streams.

Always streamed, so that cancelling closes the connection at once and a loop is seen while it is written.
Servers that speak OpenAI's protocol are read from the client's own stream: litellm's wrapper keeps one
finish reason for all choices and invents `stop` where a stream was cut.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextvars import ContextVar
from typing import Any, NamedTuple

from ...settings import Settings
from ..events import Emit, Notice
from ..importing import large_import
from ..types import Severity
from .faults import Fault, classify
from .ledger import Spent
from .providers import Deployment, is_loopback, missing_keys
from .types import Request

_CONNECT_SECONDS = 10.0
_RESPONSES: ContextVar[list[Any]] = ContextVar("responses of this call")


class Delta(NamedTuple):
    """A piece of one answer; `finish` is set on its last."""

    choice: int
    text: str
    finish: str = ""


class Counted(NamedTuple):
    """Tokens, as the server counts them. There may be several of these; outputs add up."""

    tokens_in: int
    tokens_out: int


class Target(NamedTuple):
    """Where a deployment is now, and by which key."""

    api_base: str
    api_key: str
    model: str


class Transport:
    """Keeps connections open between the calls of a run."""

    def __init__(self, settings: Settings, emit: Emit) -> None:
        self._settings = settings
        self._emit = emit
        self._clients: dict[tuple[str, str], Any] = {}
        self._connecting = asyncio.Lock()
        self._unpriced: set[str] = set()

    async def price(self, deployment: Deployment, tokens_in: int, tokens_out: int) -> Spent:
        """What so many tokens cost by litellm's own price list; 0 USD where it has no price."""
        if deployment.provider.free:
            return Spent(tokens_in, tokens_out, 0.0)
        prices = (await load_litellm()).model_cost
        row = prices.get(deployment.name) or prices.get(deployment.model)
        if row is None:
            self._tell_no_price(deployment.name)
            row = {}
        cost = tokens_in * (row.get("input_cost_per_token") or 0.0)
        cost += tokens_out * (row.get("output_cost_per_token") or 0.0)
        return Spent(tokens_in, tokens_out, float(cost))

    def _tell_no_price(self, name: str) -> None:
        if name not in self._unpriced:
            self._unpriced.add(name)
            message = f"The price of {name} is not known: only its tokens count against the budget."
            self._emit(Notice(severity=Severity.WARNING, message=message))

    async def stream(
        self, deployment: Deployment, request: Request, *, choices: int, seed: int, native_schema: bool
    ) -> AsyncIterator[Delta | Counted]:
        """The pieces of `choices` answers as they come; raises Fault."""
        target = await self._target(deployment)
        litellm = await load_litellm()
        responses: list[Any] = []
        try:
            await self._connect(deployment, target)
            arguments = self._arguments(deployment, target, request, choices, seed, native_schema)
            answer = await self._begun(deployment, _asked(litellm, arguments, responses))
            async with contextlib.aclosing(answer):
                async for piece in self._pieces(answer):
                    yield piece
        except self._expected() as error:
            raise classify(error, (target.api_key,)) from None
        finally:
            for response in responses:
                await response.aclose()

    async def aclose(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()

    async def _begun(self, deployment: Deployment, asking: Coroutine[Any, Any, Any]) -> Any:
        """The answer once it begins. Looking for the target now and then ends a host that hangs."""
        task = asyncio.ensure_future(asking)
        try:
            for waited in range(deployment.provider.patience):
                if waited:
                    await self._target(deployment)
                done, _ = await asyncio.wait({task}, timeout=self._settings.models.timeout_s)
                if done:
                    return task.result()
            raise TimeoutError
        except asyncio.CancelledError:
            # It may have begun in the very moment of the cancel; then nobody else would close it.
            if task.done() and not task.cancelled() and task.exception() is None:
                await task.result().aclose()
            raise
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    async def _pieces(self, answer: Any) -> AsyncIterator[Delta | Counted]:
        from openai import AsyncStream

        raw = answer.completion_stream
        exact = isinstance(raw, AsyncStream)
        chunks = aiter(raw if exact else answer)
        while True:
            try:
                async with asyncio.timeout(self._settings.models.timeout_s):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            for choice in chunk.choices or ():  # What is no answer, such as an error, has none.
                finish = choice.finish_reason or ""
                if finish and not (exact or _really_finished(answer)):
                    finish = ""
                refusal = getattr(choice.delta, "refusal", None)
                if refusal:
                    finish = "content_filter"
                text = refusal or getattr(choice.delta, "content", None) or ""
                yield Delta(choice.index or 0, text, finish)
            if usage := getattr(chunk, "usage", None):
                yield Counted(usage.prompt_tokens or 0, usage.completion_tokens or 0)

    def _arguments(
        self,
        deployment: Deployment,
        target: Target,
        request: Request,
        choices: int,
        seed: int,
        native_schema: bool,
    ) -> dict[str, Any]:
        settings = self._settings.models
        messages = [message.model_dump() for message in request.messages]
        arguments: dict[str, Any] = {
            "model": f"openai/{target.model}" if deployment.provider.openai else deployment.name,
            "messages": messages,
            "max_tokens": answer_limit(request, self._settings),
            "temperature": request.temperature,
            "seed": seed,
            "stream": True,
            "stream_options": {"include_usage": True},
            "timeout": settings.timeout_s * deployment.provider.patience,
            "num_retries": 0,
            "max_retries": 0,
            "drop_params": True,
        }
        if deployment.provider.effort:
            arguments["reasoning_effort"] = deployment.provider.effort
        if request.stop:
            arguments["stop"] = list(request.stop)
        if choices > 1:
            arguments["n"] = choices
        if deployment.provider.name == "embedded":
            # Without progress to write, the host notices a closed connection only after the whole prompt.
            arguments["extra_body"] = {"return_progress": True}
        if request.json_schema is not None and native_schema:
            schema = {"name": "answer", "schema": request.json_schema}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif request.json_schema is not None:
            messages[-1]["content"] += _schema_in_words(request.json_schema)
        if target.api_base:
            arguments["api_base"] = target.api_base
        if deployment.provider.openai:
            arguments["api_key"] = target.api_key
            arguments["client"] = self._clients[target.api_base, target.api_key]
        return arguments

    async def _connect(self, deployment: Deployment, target: Target) -> None:
        """Has a client ready; making one reads certificates, so it is made off the loop."""
        where = (target.api_base, target.api_key)
        async with self._connecting:
            if deployment.provider.openai and where not in self._clients:
                self._clients[where] = await asyncio.to_thread(
                    _client, target, self._settings.models.timeout_s
                )

    async def _target(self, deployment: Deployment) -> Target:
        provider = deployment.provider
        if provider.name == "embedded":
            return await self._embedded(deployment)
        missing = missing_keys(provider)
        if missing and not deployment.api_base:
            raise Fault("auth", f"{' and '.join(missing)} is not set")
        return Target(deployment.api_base, deployment.api_key or "none", deployment.model)

    async def _embedded(self, deployment: Deployment) -> Target:
        from .embedded import embedded_endpoint

        endpoint = await embedded_endpoint(self._settings, deployment.name, emit=self._emit)
        return Target(endpoint.base_url, endpoint.token, endpoint.model)

    @staticmethod
    def _expected() -> tuple[type[Exception], ...]:
        import httpx
        from openai import OpenAIError

        return (
            OpenAIError,
            httpx.HTTPError,
            httpx.InvalidURL,
            OSError,
            ValueError,
            RuntimeError,
            ImportError,
        )


def _client(target: Target, timeout_s: float) -> Any:
    import httpx
    from openai import AsyncOpenAI

    timeout = httpx.Timeout(timeout_s, connect=_CONNECT_SECONDS)
    client = AsyncOpenAI(
        base_url=target.api_base or None,
        api_key=target.api_key,
        max_retries=0,
        timeout=timeout,
        http_client=httpx.AsyncClient(
            timeout=timeout,
            trust_env=not is_loopback(target.api_base),
            event_hooks={"response": [_remember]},
        ),
    )
    _ = client.chat  # imported at its first use
    return client


async def _asked(litellm: Any, arguments: dict[str, Any], responses: list[Any]) -> Any:
    _RESPONSES.set(responses)
    return await litellm.acompletion(**arguments)


async def _remember(response: Any) -> None:
    """So that it is closed also when we are cancelled after it came and before litellm gave it to us."""
    _RESPONSES.get([]).append(response)


async def load_litellm() -> Any:
    """litellm, imported off the event loop, with nothing that talks or phones home."""
    return await asyncio.to_thread(_import_litellm if "litellm" in sys.modules else _import_first)


def _import_first() -> Any:
    with large_import():
        return _import_litellm()


def _import_litellm() -> Any:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    # Else it reads a `.env` above its own folder, such as the one of the project at hand.
    os.environ["LITELLM_MODE"] = "PRODUCTION"
    first = "litellm" not in sys.modules
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).disabled = True
    if first:
        # Its parts are imported at their first use, which would be on the event loop for half a second.
        litellm.token_counter("openai/none", text="-")
        litellm.completion("openai/none", [{"role": "user", "content": "-"}], mock_response="-", api_key="-")
    return litellm


def answer_limit(request: Request, settings: Settings) -> int:
    """Longest single answer, in tokens."""
    limit = settings.models.max_tokens
    return min(request.max_tokens or limit, limit)


def _really_finished(answer: Any) -> bool:
    return bool(answer.received_finish_reason or answer.intermittent_finish_reason)


def _schema_in_words(schema: dict[str, Any]) -> str:
    import json

    return f"\n\nAnswer with JSON only, that satisfies this JSON Schema:\n{json.dumps(schema)}"

"""What can go wrong with a call, told apart by what to do about it, and never with a secret in it."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Literal

from ...redaction import redact
from ..errors import ModelError
from .providers import Deployment

Kind = Literal["auth", "model", "request", "rate", "server", "unreachable", "timeout", "cut", "setup"]
_PASSING = frozenset({"rate", "server", "unreachable", "timeout", "cut"})
_PREFIX = re.compile(r"^(?:(?:litellm\.)?\w*(?:Error|Exception|Timeout):?\s*(?:-\s*)?)+")


class Fault(Exception):
    """One failed attempt."""

    def __init__(self, kind: Kind, message: str, retry_after: float | None = None) -> None:
        self.kind = kind
        self.message = message
        self.retry_after = retry_after
        """Seconds the server asked to wait."""
        super().__init__(message)

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed a little later."""
        return self.kind in _PASSING


def classify(error: Exception, secrets: Iterable[str] = ()) -> Fault:
    """The fault behind an exception of litellm, the OpenAI client, httpx or the operating system."""
    import httpx
    import openai

    message = _message(error, secrets)
    status = getattr(error, "status_code", None)
    if isinstance(error, ImportError):
        return Fault("setup", message)
    # litellm reports a refused connection as a server's error 500; the cause behind it tells.
    if any(isinstance(cause, httpx.ConnectError | ConnectionRefusedError) for cause in _causes(error)):
        return Fault("unreachable", message)
    if isinstance(error, openai.APITimeoutError | httpx.TimeoutException | TimeoutError):
        return Fault("timeout", message)
    if isinstance(error, httpx.TransportError):
        return Fault("cut", message)
    if isinstance(error, openai.APIConnectionError | httpx.InvalidURL | OSError):
        return Fault("unreachable", message)
    if isinstance(status, int):
        return Fault(_kind_of(status), message, _retry_after(error))
    return Fault("cut", message)


def explain(fault: Fault, deployment: Deployment) -> ModelError:
    """The error a user reads: what happened, and what to do."""
    name, keys = deployment.name, " and ".join(deployment.provider.keys)
    where = redact(deployment.api_base) or deployment.provider.title
    told = f": {fault.message}" if fault.message else ""
    another = "or choose another model with `--model` or in `models.model`"
    match fault.kind:
        case "auth":
            return ModelError(
                f"{where} refused the key for {name}{told}", f"Set {keys} to a valid key, {another}."
            )
        case "model":
            return ModelError(
                f"{where} does not know the model {name}{told}",
                "Check its name: `quantumlayer models list` shows what can be used.",
                "models.model",
            )
        case "rate":
            return ModelError(
                f"{name} takes no more requests now{told}",
                f"Wait, raise the quota at {where}, {another}; what is done is kept.",
            )
        case "timeout":
            return ModelError(
                f"{name} was silent for too long{told}",
                f"Raise `models.timeout_s`, {another}.",
                "models.timeout_s",
            )
        case "unreachable":
            return ModelError(
                f"{name} cannot be reached at {where}{told}", f"Check that it is running, {another}."
            )
        case "setup":
            return ModelError(f"{name} cannot be used{told}", f"Install what is missing, {another}.")
        case "request":
            return ModelError(f"{name} refused the request{told}", f"Shorten the brief, {another}.")
        case _:
            return ModelError(
                f"{name} failed{told}", f"Run the same command again: it goes on where it stopped, {another}."
            )


def _kind_of(status: int) -> Kind:
    if status in {401, 403}:
        return "auth"
    if status == 404:
        return "model"
    if status in {402, 429}:
        return "rate"
    if status == 408:
        return "timeout"
    return "request" if status < 500 else "server"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, and so on."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _message(error: Exception, secrets: Iterable[str]) -> str:
    first = _PREFIX.sub("", str(error).strip()).split("\n", 1)[0].strip()
    return redact(first, secrets)[:300]


def _retry_after(error: Exception) -> float | None:
    """Seconds, from a number or an HTTP date (RFC 9110, section 10.2.3)."""
    value = _headers(error).get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _headers(error: Exception) -> Mapping[str, str]:
    import httpx

    for holder in (error, getattr(error, "response", None)):
        for name in ("litellm_response_headers", "headers"):
            if headers := getattr(holder, name, None):
                return httpx.Headers(headers)
    return {}

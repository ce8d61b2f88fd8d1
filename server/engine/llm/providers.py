"""Who can answer: the table of providers, and which of them a run asks, in order.

With `models.model` set, that model answers, then `models.fallbacks`. With `auto`: an OpenAI-compatible
server if `models.api_base` names one, else the first provider whose keys are in the environment, else
Ollama if it runs here, else the embedded model.
"""

import ipaddress
import os
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from ...redaction import redact
from ...settings import Settings
from ..errors import ModelError
from ..types import ModelInfo

_PROBE_SECONDS = 1.0
_OLLAMA = "http://127.0.0.1:11434"


@dataclass(frozen=True)
class Provider:
    name: str
    """As litellm spells it before the slash of a model's name."""
    title: str
    keys: tuple[str, ...] = ()
    """Environment variables, all of which it needs."""
    default: str = ""
    """The model that `auto` takes."""
    openai: bool = False
    """Speaks OpenAI's protocol, so that its stream can be read as it comes, several answers at once."""
    batch: int = 1
    """Most answers in one request."""
    schema: bool = True
    """Takes a JSON schema while it streams. Groq does not, and litellm would not stream then."""
    effort: str = ""
    """How long its models may think before they write, where they can: our answers are short."""
    free: bool = False
    """Has no price that we could know: only tokens count against the budget."""
    patience: int = 1
    """How many times `models.timeout_s` an answer may take to begin: a model here serves its users in
    turn, and says nothing to those who wait."""
    continues: bool = False
    """Goes on from a last message of the assistant, as its own beginning."""
    needs: str = ""
    """A package it cannot do without."""


PROVIDERS = (
    Provider("anthropic", "Anthropic", ("ANTHROPIC_API_KEY",), "anthropic/claude-sonnet-5"),
    Provider(
        "openai", "OpenAI", ("OPENAI_API_KEY",), "openai/gpt-5.4-mini", openai=True, batch=8, effort="low"
    ),
    Provider(
        "azure", "Azure OpenAI", ("AZURE_API_KEY", "AZURE_API_BASE"), "azure/gpt-5.4-mini", effort="low"
    ),
    Provider(
        "bedrock",
        "Amazon Bedrock",
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"),
        "bedrock/us.anthropic.claude-sonnet-5",
        needs="boto3",
    ),
    Provider("groq", "Groq", ("GROQ_API_KEY",), "groq/openai/gpt-oss-120b", schema=False, effort="low"),
)
OLLAMA = Provider("ollama", "Ollama", openai=True, free=True, patience=6)
EMBEDDED = Provider(
    "embedded", "the embedded model", openai=True, batch=4, free=True, patience=6, continues=True
)
COMPATIBLE = Provider(
    "openai", "an OpenAI-compatible server", ("QUANTUMLAYER_API_KEY",), openai=True, batch=16, free=True
)
_BY_NAME = {provider.name: provider for provider in (*PROVIDERS, OLLAMA, EMBEDDED)}
_BARE = (("claude", "anthropic"), ("gpt-", "openai"), ("o1", "openai"), ("o3", "openai"), ("o4", "openai"))
_CODE_MODELS = ("coder", "code", "devstral")


@dataclass(frozen=True)
class Deployment:
    """One model where it can be asked."""

    name: str
    """As users write it and the journal and ledger keep it, such as `anthropic/claude-sonnet-5`."""
    provider: Provider
    api_base: str = ""
    api_key: str = field(default="", repr=False)

    @property
    def model(self) -> str:
        """The name without its provider."""
        prefix, slash, rest = self.name.partition("/")
        return rest if slash and prefix == self.provider.name else self.name


async def deployments(settings: Settings) -> tuple[Deployment, ...]:
    """The models a run asks, in order; looks at the environment and for Ollama only if it must."""
    wanted = settings.models
    if wanted.model != "auto":
        first = named(wanted.model, wanted.api_base)
    elif wanted.api_base:
        first = await _served_at(wanted.api_base)
    else:
        first = await _discover()
    others = [named(model) for model in wanted.fallbacks]
    return (first, *(other for other in others if other.name != first.name))


def named(model: str, api_base: str = "") -> Deployment:
    """The deployment that a setting means."""
    prefix, slash, rest = model.partition("/")
    if model == "embedded" or prefix == "embedded":
        from .models import embedded_name

        return Deployment(f"embedded/{embedded_name(model)}", EMBEDDED)
    if not slash:
        prefix = next((provider for start, provider in _BARE if model.startswith(start)), "")
        if not prefix and not api_base:
            raise ModelError(
                f"the model {model!r} names no provider",
                "Write it as PROVIDER/NAME, such as `openai/gpt-5.4-mini`, `ollama/NAME` or `embedded`.",
                "models.model",
            )
    if api_base and (prefix not in _BY_NAME or prefix == "openai"):
        name = rest if prefix == "openai" and slash else model
        return Deployment(f"openai/{name}", COMPATIBLE, api_base.rstrip("/"), _compatible_key(api_base))
    if prefix == "ollama":
        base = (api_base or _ollama_url()).rstrip("/")
        return Deployment(model, OLLAMA, base if base.endswith("/v1") else base + "/v1", "ollama")
    provider = _BY_NAME.get(prefix) or Provider(prefix, prefix, (f"{prefix.upper()}_API_KEY",))
    name = model if slash else f"{prefix}/{model}"
    base = api_base.rstrip("/") or (_openai_base() if prefix == "openai" else "")
    key = os.environ.get(provider.keys[0], "") if provider.openai else ""
    return Deployment(name, provider, base, key)


def missing_keys(provider: Provider) -> tuple[str, ...]:
    """Which of the variables that `provider` needs are not in the environment."""
    return tuple(key for key in provider.keys if not os.environ.get(key))


async def list_providers(settings: Settings) -> tuple[ModelInfo, ...]:
    """Every provider with its default model, and every model of an Ollama that runs here.

    A chosen model that cannot be one is listed too, with the reason.
    """
    wrong: tuple[ModelInfo, ...] = ()
    try:
        active = (await deployments(settings))[0].name
    except ModelError as error:
        active, name = "", settings.models.model
        wrong = (ModelInfo(name=name, kind="provider", available=False, active=True, detail=error.cause),)
    return (*wrong, *(_described(provider, active) for provider in PROVIDERS), *await _ollama_infos(active))


def _described(provider: Provider, active: str) -> ModelInfo:
    missing = missing_keys(provider)
    detail = f"{provider.title}: " + (
        f"set {' and '.join(missing)}" if missing else f"{provider.keys[0]} is set"
    )
    mine = active.startswith(provider.name + "/")
    return ModelInfo(
        name=active if mine else provider.default,
        kind="provider",
        available=not missing,
        active=mine,
        detail=detail,
    )


async def _ollama_infos(active: str) -> tuple[ModelInfo, ...]:
    models = await _ollama_models()
    if models is None:
        detail = f"Ollama: nothing answers at {_ollama_url()}"
        return (ModelInfo(name="ollama/NAME", kind="ollama", available=False, active=False, detail=detail),)
    return tuple(
        ModelInfo(name=f"ollama/{name}", kind="ollama", available=True, active=active == f"ollama/{name}")
        for name in models
    )


# -- discovery -----------------------------------------------------------------------------------


async def _discover() -> Deployment:
    for provider in PROVIDERS:
        if not missing_keys(provider) and (not provider.needs or find_spec(provider.needs)):
            return named(provider.default)
    models = await _ollama_models()
    if models:
        return named(f"ollama/{_for_code(models)}")
    return named("embedded")


async def _served_at(api_base: str) -> Deployment:
    """The first model that an OpenAI-compatible server lists."""
    base = api_base.rstrip("/")
    key = _compatible_key(api_base)
    answer = await _get(f"{base}/models", seconds=10 * _PROBE_SECONDS, key=key)
    listed = answer.get("data") if isinstance(answer, dict) else None
    if not listed or not isinstance(listed[0], dict) or "id" not in listed[0]:
        raise ModelError(
            f"the server at {redact(base)} does not list its models",
            "Check that it runs, or name the model in `models.model`.",
            "models.api_base",
        )
    return Deployment(f"openai/{listed[0]['id']}", COMPATIBLE, base, key)


async def _ollama_models() -> tuple[str, ...] | None:
    """Names of Ollama's models; None if it does not answer."""
    answer = await _get(f"{_ollama_url()}/api/tags", seconds=_PROBE_SECONDS)
    if not isinstance(answer, dict):
        return None
    return tuple(model["name"] for model in answer.get("models") or () if "name" in model)


def _for_code(models: tuple[str, ...]) -> str:
    return next((model for word in _CODE_MODELS for model in models if word in model), models[0])


async def _get(url: str, *, seconds: float, key: str = "") -> Any:
    """The JSON at `url`, or None."""
    import httpx

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        # Certificates take long to read, and plain HTTP has no use for them.
        verify = not url.startswith("http://")
        async with httpx.AsyncClient(
            timeout=seconds, trust_env=not is_loopback(url), verify=verify
        ) as client:
            response = await client.get(url, headers=headers)
            return response.json() if response.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None


# -- addresses and keys --------------------------------------------------------------------------


def is_loopback(url: str) -> bool:
    host = _host(url)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # A name, such as 127.example.org.


def _host(url: str) -> str:
    """Empty if `url` is no address; asking there says so."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _ollama_url() -> str:
    host = os.environ.get("OLLAMA_HOST", "").strip().rstrip("/")
    if not host:
        return _OLLAMA
    url = host if "://" in host else f"http://{host}"
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "127.0.0.1", parts.port or 11434
    except ValueError:  # No address; asking there says that nothing answers.
        return url
    # These are where Ollama was told to listen, not where to ask.
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)  # noqa: S104
    return f"{parts.scheme}://{f'[{name}]' if ':' in name else name}:{port}"


def _openai_base() -> str:
    return (os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE") or "").rstrip("/")


def _compatible_key(api_base: str) -> str:
    """The key for a server of the user's own.

    OpenAI's key goes to OpenAI, to this machine, or where the environment says; a base URL that came
    with a workspace does not get it.
    """
    if key := os.environ.get("QUANTUMLAYER_API_KEY"):
        return key
    theirs = _host(api_base) == "api.openai.com" or api_base.rstrip("/") == _openai_base()
    return os.environ.get("OPENAI_API_KEY", "") if theirs or is_loopback(api_base) else ""

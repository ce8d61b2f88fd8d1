"""What the code reads: settings, resolved and typed.

`Settings` is frozen and complete. Where each value came from (defaults, the user's file, the
workspace's file, environment, editor, flags) is decided by `load_settings`.
"""

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class ModelSettings(Section):
    model: str = "auto"
    """A litellm model name, `embedded` or `embedded/NAME`; `auto` looks for keys, Ollama, embedded."""
    fallbacks: tuple[str, ...] = ()
    """Models tried in order when the first cannot answer."""
    api_base: str = ""
    """Base URL for an OpenAI-compatible server; applies to `model` only."""
    timeout_s: Positive = 300.0
    """Longest silence allowed from a model, in seconds."""
    retries: Annotated[int, Field(ge=0, le=10)] = 3
    max_tokens: Count = 2048
    """Longest single answer."""
    parallel: Count = 4
    """Requests in flight at once."""
    idle_minutes: Positive = 10.0
    """The embedded model's process ends after this long without work."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Threads of the embedded model; 0 means the number of physical cores."""


class BudgetSettings(Section):
    usd: Annotated[float, Field(ge=0)] = 1.0
    """Hard stop per run."""
    month_usd: Annotated[float, Field(ge=0)] = 50.0
    """Hard stop per calendar month, over all runs on this machine."""
    tokens: Count = 400_000
    """Hard stop per run, input and output together."""


class GenerateSettings(Section):
    samples: Annotated[int, Field(ge=1, le=16)] = 4
    """Answers sampled per file; the gate and the sandbox choose among them."""
    repair_rounds: Annotated[int, Field(ge=0, le=5)] = 2
    timeout_s: Positive = 1800.0


class ValidateSettings(Section):
    stages: tuple[Literal["syntax", "style", "security", "types", "runtime"], ...] = (
        "syntax",
        "style",
        "security",
        "types",
        "runtime",
    )
    timeout_s: Positive = 60.0
    """Longest time for one tool."""
    max_file_kb: Count = 1024
    advisories: str = "https://api.osv.dev"
    """A database with OSV's protocol; it is told which versions a project pins; `none` asks nobody."""


class LiveSettings(Section):
    """What is shown while someone types."""

    stages: tuple[Literal["syntax", "style", "security", "types"], ...] = (
        "syntax",
        "style",
        "security",
        "types",
    )
    """None of them switches it off; leave out what another extension shows already."""
    pause_ms: Annotated[int, Field(ge=0, le=10_000)] = 20
    """Types are looked at after this long without a change."""


class SandboxSettings(Section):
    engine: Literal["auto", "docker", "bubblewrap", "none"] = "auto"
    image: str = "quantumlayer-python"
    memory_mb: Annotated[int, Field(ge=64)] = 512
    cpus: Positive = 1.0
    pids: Count = 64
    seconds: Positive = 60.0
    output_kb: Count = 1024
    work_mb: Count = 64


def _data() -> Path:
    return platformdirs.user_data_path("quantumlayer")


def _cache() -> Path:
    return platformdirs.user_cache_path("quantumlayer")


class StorageSettings(Section):
    data_dir: Path = Field(default_factory=_data)
    """Journal, ledger, capsule store: what must not be lost."""
    cache_dir: Path = Field(default_factory=_cache)
    """Models, wheels, validator results: what can be made again."""


class Settings(Section):
    models: ModelSettings = ModelSettings()
    budget: BudgetSettings = BudgetSettings()
    generate: GenerateSettings = GenerateSettings()
    validate_: ValidateSettings = Field(default=ValidateSettings(), alias="validate")
    live: LiveSettings = LiveSettings()
    sandbox: SandboxSettings = SandboxSettings()
    storage: StorageSettings = Field(default_factory=StorageSettings)

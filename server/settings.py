"""What the code reads: settings, resolved and typed.

`Settings` is frozen and complete. Where each value came from (defaults, the user's file, the
workspace's file, environment, editor, flags) is decided by `load_settings`.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Language = Literal[
    "python",
    "javascript",
    "typescript",
    "go",
    "rust",
    "java",
    "c",
    "c++",
    "shell",
    "sql",
    "yaml",
    "json",
    "jsonc",
    "toml",
    "ini",
    "html",
    "css",
    "dockerfile",
    "terraform",
    "workflow",
    "text",
]
Extension = Literal[
    "ruff",
    "flake8",
    "pylint",
    "pylance",
    "pyright",
    "basedpyright",
    "ty",
    "pyrefly",
    "mypy",
    "eslint",
    "biome",
    "oxlint",
    "typescript",
]
ToolName = Literal[
    "compile",
    "cppcheck",
    "cppcheck security",
    "dependencies",
    "go",
    "go vet",
    "gofmt",
    "hadolint",
    "hadolint parser",
    "hadolint security",
    "imports",
    "javac",
    "javac lint",
    "kubernetes",
    "mypy",
    "omissions",
    "oxlint",
    "oxlint parser",
    "oxlint security",
    "packages",
    "pyrefly",
    "ruff",
    "ruff parser",
    "ruff security",
    "rustfmt",
    "secrets",
    "shellcheck",
    "shellcheck parser",
    "shellcheck security",
    "sqruff",
    "tree-sitter",
    "typescript",
    "yaml",
    "yamllint",
    "zizmor",
    "zizmor parser",
]
"""As findings name them."""
StageName = Literal["syntax", "style", "security", "types", "runtime"]
PatternSwitch = Literal["auto", "none", "abstraction", "uncertainty", "dialectical"]
"""Patterns that a run can be made with and without."""
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class ModelSettings(Section):
    model: str = "auto"
    """A litellm model name, `embedded` or `embedded/NAME`; `auto` looks for keys, Ollama, embedded."""
    fallbacks: tuple[str, ...] = ()
    """Models tried in order when the first cannot answer."""
    api_base: str = ""
    """Base URL for an OpenAI-compatible server; applies to `model` only."""
    continues: bool = False
    """Whether the server at `api_base` goes on from an answer that is begun for it, as llama.cpp's does."""
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


def _alone(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Without repetitions; nothing named means `none`."""
    for word in ("auto", "none"):
        if word in patterns and set(patterns) != {word}:
            raise ValueError(f"should have `{word}` alone, or names")
    return tuple(dict.fromkeys(patterns)) or ("none",)


class GenerateSettings(Section):
    tier: Literal["auto", "T0", "T1", "T2"] = "auto"
    """How much is spent before a result is taken; `auto` begins cheaply, and spends more on what is not
    proven."""
    samples: Annotated[int, Field(ge=1, le=16)] = 4
    """Answers sampled per file; the gate and the sandbox choose among them."""
    waves: Annotated[int, Field(ge=0, le=8)] = 2
    """How often as many answers are sampled again where none passes the brief's own examples."""
    draws: Annotated[int, Field(ge=0, le=16)] = 0
    """Versions of each single function that are drawn besides, once a file's draft is elected."""
    search: bool = True
    """Whether versions near the answers are run by the hundred where none passes the brief's own examples."""
    repair_rounds: Annotated[int, Field(ge=0, le=5)] = 2
    timeout_s: Positive = 1800.0
    patterns: Annotated[tuple[PatternSwitch, ...], AfterValidator(_alone)] = ("auto",)
    """`auto` chooses by what is known of such briefs; `none`, or names, leave nothing to choose."""
    units: Annotated[float, Field(ge=0, le=64)] = 3.0
    """What patterns may cost for each file, in answers of the model, where `auto` chooses."""
    explore: Annotated[float, Field(ge=0, le=1)] = 0.1
    """The share of runs in which `auto` tries what is little known."""
    review_below: Annotated[float, Field(ge=0, le=1)] = 0.8
    """What has less confidence is marked for review."""


class Off(Section):
    """What is not looked at: all that is named must fit, and what is not named fits everything."""

    paths: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Globs as in a `.gitignore`, from the folder of the file that they are written in."""
    languages: tuple[Language, ...] = ()
    stages: tuple[StageName, ...] = ()
    tools: tuple[ToolName, ...] = ()

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.paths or self.languages or self.stages or self.tools):
            raise ValueError("names none of paths, languages, stages and tools")
        return self

    def __str__(self) -> str:
        said = ((name, getattr(self, name)) for name in ("paths", "languages", "stages", "tools"))
        return "; ".join(f"{name} {' '.join(values)}" for name, values in said if values)


class OffBelow(Off):
    """The same, once it is known where its paths begin."""

    folder: str = ""
    """Absolute; empty: the folder that is looked at."""
    theirs: bool = False
    """Written in the folder itself, which the user does not trust: it does not reach security."""


def _absolute(folder: str) -> str:
    if not (folder.startswith("~") or Path(folder).is_absolute()):
        raise ValueError("should be absolute paths, or begin with ~")
    return folder


class CheckSettings(Section):
    """What is looked at, while you type and when you validate. Generated code is always judged whole."""

    off: tuple[Off, ...] = ()
    trusted: tuple[Annotated[str, AfterValidator(_absolute)], ...] = ()
    """Folders whose own files may leave out security."""


class ValidateSettings(Section):
    stages: tuple[StageName, ...] = (
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
    registries: Literal["none", "declared", "imported"] = "declared"
    """Which names pip and npm ask their registries about: those declared, or also unknown imports."""


class LiveSettings(Section):
    """What is shown while someone types."""

    stages: tuple[Literal["syntax", "style", "security", "types"], ...] = (
        "syntax",
        "style",
        "security",
        "types",
    )
    """None of them switches it off."""
    beside: tuple[Extension, ...] = ()
    """Other extensions of your editor: what they show is not shown twice."""
    files: Literal["open", "all"] = "open"
    """All: files that are not open are looked at too, for clients that pull the workspace's diagnostics."""
    tests: Literal["never", "on_demand", "on_save"] = "on_demand"
    """When the tests that concern a file are run, in the sandbox."""
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
    journal_days: Count = 90
    """What the journal holds is removed once nobody has used it for so long."""
    journal_mb: Count = 1024
    """What nobody has used for longest is removed beyond this size."""


class Settings(Section):
    models: ModelSettings = ModelSettings()
    budget: BudgetSettings = BudgetSettings()
    generate: GenerateSettings = GenerateSettings()
    check: CheckSettings = CheckSettings()
    validate_: ValidateSettings = Field(default=ValidateSettings(), alias="validate")
    live: LiveSettings = LiveSettings()
    sandbox: SandboxSettings = SandboxSettings()
    storage: StorageSettings = Field(default_factory=StorageSettings)

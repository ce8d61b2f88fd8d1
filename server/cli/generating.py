"""What `generate` does: read the brief, run the engine, leave project and archive, tell how it went."""

import asyncio
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from ..engine.brief import MAX_BYTES, decode_brief, parse_brief, read_brief
from ..engine.errors import BriefError, CapsuleError, QuantumLayerError, StorageError
from ..engine.events import Emit, Event, PatternsChosen, RunFinished
from ..engine.facade import Engine
from ..engine.types import Brief, Capsule, Selection
from ..settings import BudgetSettings, Settings
from . import supervise
from .endings import Ending
from .generate_report import as_json, print_summary
from .progress import showing
from .workspace import settings_here

_CANCELLED = "cancelled: what was done is kept; run the same command again to go on from there"


@dataclass(frozen=True)
class Request:
    """What was asked on the command line."""

    source: str
    out: Path
    name: str = ""
    force: bool = False
    json: bool = False
    events: bool = False
    model: str | None = None
    tier: str | None = None
    budget: float | None = None
    budget_tokens: int | None = None
    patterns: str | None = None
    timeout: float | None = None


@dataclass(frozen=True)
class Result:
    """What came of it; a capsule may be there although its folder could not be written."""

    capsule: Capsule | None = None
    folder: Path | None = None
    archive: Path | None = None
    error: QuantumLayerError | None = None
    cancelled: bool = False
    finished: RunFinished | None = None
    selection: Selection | None = None
    """Of this run: a project that was made before keeps the evidence of its first making."""
    seconds: float = 0.0
    budget: BudgetSettings | None = None

    @property
    def ending(self) -> Ending:
        if self.cancelled:
            return Ending.CANCELLED
        if self.capsule is None or self.error is not None:
            return Ending.FAILED
        return Ending.DONE if self.capsule.evidence.verdict.status == "verified" else Ending.UNVERIFIED


def run(request: Request) -> Ending:
    """Raises the QuantumLayerError that kept it from being done, after what there is was told."""
    try:
        brief = read_source(request.source, request.name)
        settings = settings_here(**_flags(request))
        _check_target(request.out, brief.name)
    except QuantumLayerError as error:
        if request.json:
            print(as_json(Result(error=error)), flush=True)  # noqa: T201
        raise
    return supervise.run(lambda: _work(request, brief, settings), cancelled=_CANCELLED)


def _flags(request: Request) -> dict[str, object]:
    patterns = None
    if request.patterns is not None:
        patterns = [name.strip() for name in request.patterns.split(",") if name.strip()]
    return {
        "models__model": request.model,
        "generate__tier": request.tier,
        "budget__usd": request.budget,
        "budget__tokens": request.budget_tokens,
        "generate__patterns": patterns,
        "generate__timeout_s": request.timeout,
    }


def read_source(source: str, name: str) -> Brief:
    """A brief from `-`, from a file if there is one of that name, else from the words themselves."""
    if source == "-":
        if sys.stdin.isatty():
            print("Write the brief; end it with Ctrl-D.", file=sys.stderr)  # noqa: T201
        return parse_brief(decode_brief(sys.stdin.buffer.read(MAX_BYTES + 4)), name=name)
    try:
        file = Path(source)
        if source and file.is_dir():
            raise BriefError(f"{file} is a folder", "Name a file in it, or write the brief in quotes.")
        if source and file.is_file():
            return read_brief(file, name=name)
    except (OSError, ValueError):  # too long for a file's name, or with characters no name has
        pass
    if len(source.split()) == 1 and source.lower().endswith((".md", ".markdown", ".txt")):
        raise BriefError(f"there is no file {source}", "Check the path, or write the brief in quotes.")
    return parse_brief(source, name=name)


def _check_target(out: Path, name: str) -> None:
    """Finds out before anything is paid for that the project could not be written."""
    folder = out / name
    try:
        if folder.exists() and not folder.is_dir():
            raise CapsuleError(f"{folder} is a file", "Choose another --name or --out.")
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{out} cannot be used: {error.strerror or error}", "Choose another --out."
        ) from error


async def _work(request: Request, brief: Brief, settings: Settings) -> Ending:
    began = time.monotonic()
    listener = _Listener()
    async with showing(quiet=request.json, events=request.events) as show:
        listener.show = show
        result = await _produce(request, brief, settings, listener)
    result = replace(
        result,
        seconds=time.monotonic() - began,
        finished=listener.finished,
        selection=listener.selection,
        budget=settings.budget,
    )
    if request.json:
        print(as_json(result), flush=True)  # noqa: T201
    elif result.capsule is not None:
        print_summary(result)
    if result.cancelled:
        raise asyncio.CancelledError
    if result.error is not None:
        raise result.error
    return result.ending


async def _produce(request: Request, brief: Brief, settings: Settings, listener: "_Listener") -> Result:
    """The result, also of a run that failed or was cancelled."""
    result = Result()
    try:
        async with Engine(settings) as engine:
            capsule = await engine.generate(brief, emit=listener.take)
            result = Result(capsule=capsule)
            name = capsule.manifest.name
            folder = await engine.write_project(capsule, request.out / name, overwrite=request.force)
            result = replace(result, folder=folder)
            archive = await engine.export(
                capsule.id, "qlcapsule", request.out / f"{name}.qlcapsule", overwrite=request.force
            )
            result = replace(result, archive=archive)
    except asyncio.CancelledError:
        return replace(result, cancelled=True)
    except QuantumLayerError as error:
        return replace(result, error=_with_way_out(error, result))
    return result


def _with_way_out(error: QuantumLayerError, result: Result) -> QuantumLayerError:
    """When only the writing failed, the capsule is kept, and that must be said."""
    if result.capsule is None or not isinstance(error, CapsuleError):
        return error
    step = f"The capsule is kept as {result.capsule.id[:12]}: run again with --force, or with another --out."
    return CapsuleError(error.cause, step)


class _Listener:
    """Passes events on, and keeps what is told of the run as a whole."""

    def __init__(self) -> None:
        self.show: Emit | None = None
        self.finished: RunFinished | None = None
        self.selection: Selection | None = None

    def take(self, event: Event) -> None:
        if isinstance(event, RunFinished):
            self.finished = event
        elif isinstance(event, PatternsChosen):
            self.selection = event.selection
        if self.show is not None:
            self.show(event)

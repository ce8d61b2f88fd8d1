"""One run: brief in, capsule out, every event on the way."""

import asyncio
import functools
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ...settings import Settings
from ..agents.conflicts import conflicts
from ..brief.traits import measure
from ..capsule.store import Store
from ..errors import CapsuleError, QuantumLayerError
from ..events import (
    Emit,
    FileFinished,
    Notice,
    PatternsChosen,
    PhaseStarted,
    PlanReady,
    RunFinished,
    RunStarted,
    StageFinished,
)
from ..journal import Journal
from ..llm.gateway import Gateway
from ..sandbox import Sandbox
from ..types import Brief, Capsule, Severity
from ..validation.mesh import Mesh
from .build import build
from .chronicle import Chronicle
from .learning import remember, review_of, selected
from .pack import name_of, pack
from .sign import is_distrusted
from .workshop import Workshop

_ROOMS = ("agents", "brief", "languages.py", "orchestrator", "patterns", "python", "validation", "sandbox")
"""What decides how a capsule comes out."""
log = logging.getLogger(__name__)


async def generate(
    brief: Brief,
    *,
    settings: Settings,
    journal: Journal,
    open_sandbox: Callable[[], Awaitable[tuple[Sandbox | None, str]]],
    store: Store,
    emit: Emit,
) -> Capsule:
    """Makes the capsule of a brief, or gives the one that was made of it before.

    Raises what keeps it from having one; `RunFinished` is emitted in every case.
    """
    run = hashlib.sha256(f"{time.time_ns()}{brief.text}".encode()).hexdigest()[:12]
    emit = chronicle = Chronicle(emit, settings.generate.tier)
    gateway = Gateway(settings, journal, emit=emit, run=run)
    try:
        async with asyncio.timeout(settings.generate.timeout_s):
            model = await gateway.model()
            emit(RunStarted(run=run, name=name_of(brief), model=model))
            inputs = _inputs(brief, settings, model)
            if (capsule := await _remembered(journal, store, inputs, settings)) is not None:
                _replay(capsule, emit)
                _finish(run, capsule, settings, emit, usage=gateway.usage, reused=True)
                return capsule
            traits = await asyncio.to_thread(measure, brief)
            for said in await asyncio.to_thread(conflicts, brief, traits):
                emit(Notice(severity=Severity.WARNING, message=said))
            selection = await selected(brief, traits, settings, journal, inputs, emit)
            emit(PatternsChosen(selection=selection))
            sandbox, no_sandbox = await open_sandbox()
            mesh = Mesh(settings, journal, sandbox, no_sandbox)
            shop = Workshop(brief, traits, selection, settings, journal, gateway, mesh, sandbox, emit)
            built = await build(shop)
        emit(PhaseStarted(phase="pack"))
        made, unsigned = await asyncio.to_thread(
            pack, brief, built, store, gateway.usage, model, sandbox, chronicle, selection, settings
        )
        if unsigned:
            emit(Notice(severity=Severity.WARNING, message=unsigned))
        if not built.hurried and not any(stage.status == "skipped" for stage in built.verdict.stages):
            await journal.put("run", inputs, {"capsule": made.id})
        seconds = time.monotonic() - shop.started
        await remember(selection, built.checks, built.verdict, settings, inputs, gateway.usage, seconds)
        _finish(run, made, settings, emit, usage=gateway.usage)
        return made
    except asyncio.CancelledError:
        emit(
            RunFinished(
                run=run, outcome="cancelled", message="cancelled; what was done is kept", usage=gateway.usage
            )
        )
        raise
    except TimeoutError:
        error = QuantumLayerError(
            f"the run took longer than {settings.generate.timeout_s:.0f} s",
            "Run the same command again: it goes on where it stopped. Or raise the timeout.",
            "generate.timeout_s",
        )
        emit(RunFinished(run=run, outcome="failed", message=str(error), usage=gateway.usage))
        raise error from None
    except QuantumLayerError as error:
        emit(RunFinished(run=run, outcome="failed", message=str(error), usage=gateway.usage))
        raise
    finally:
        await gateway.aclose()


def _inputs(brief: Brief, settings: Settings, model: str) -> dict[str, Any]:
    """What decides the capsule of a run: the same inputs, the same capsule."""
    return {
        "engine": _engine_digest(),
        "brief": brief.model_dump(mode="json"),
        "model": model,
        "max_tokens": settings.models.max_tokens,
        "generate": settings.generate.model_dump(mode="json", exclude={"timeout_s", "review_below"}),
        "stages": list(settings.validate_.stages),
        "sandbox": settings.sandbox.model_dump(mode="json"),
    }


@functools.cache
def _engine_digest() -> str:
    """Of the code and prompts that make capsules: another engine would make another one."""
    engine = Path(__file__).parent.parent
    found = hashlib.sha256()
    for room in (engine / name for name in _ROOMS):
        for file in [room] if room.is_file() else sorted(room.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(file.relative_to(engine).as_posix().encode() + b"\0")
                found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


async def _remembered(
    journal: Journal, store: Store, inputs: dict[str, Any], settings: Settings
) -> Capsule | None:
    """The capsule of an earlier run with the same inputs, if the store still has it whole, and signed.

    It is the newest of its name again, as if it had just been made. One that could not be signed, or
    that a key signed which is trusted no more, is made again, out of the journal, and signed anew.
    """
    found = await journal.get("run", inputs)
    if found is None:
        return None
    try:
        capsule = await asyncio.to_thread(store.get, found["capsule"])
        if capsule.seal is None or await asyncio.to_thread(is_distrusted, capsule.seal, settings):
            return None
        return await asyncio.to_thread(store.add, capsule, renew=True)
    except CapsuleError as error:
        log.warning("the remembered capsule %s is gone: %s", found["capsule"], error)
        return None


def _replay(capsule: Capsule, emit: Emit) -> None:
    """The events a listener needs to show a capsule that was there already."""
    if capsule.evidence.selection is not None:
        emit(PatternsChosen(selection=capsule.evidence.selection))
    if capsule.evidence.plan is not None:
        emit(PlanReady(plan=capsule.evidence.plan))
    for file in capsule.files:
        emit(FileFinished(file=file))
    for stage in capsule.evidence.verdict.stages:
        emit(StageFinished(result=stage))


def _finish(run: str, capsule: Capsule, settings: Settings, emit: Emit, **details: Any) -> None:
    verdict = capsule.evidence.verdict
    message = "; ".join(verdict.reasons) if verdict.reasons else "every stage passed"
    emit(
        RunFinished(
            run=run,
            outcome=verdict.status,
            capsule=capsule.id,
            message=message,
            review=review_of(verdict, settings),
            **details,
        )
    )

"""Jobs: work that outlives the request that asked for it.

A command answers with a job's id at once. The job then tells of itself by progress, ends with exactly
one message, and is cancelled by its id, by its progress token, or by the end of the connection.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from lsprotocol import types

from ..engine.errors import QuantumLayerError
from ..redaction import redact
from . import names
from .progress import Progress

if TYPE_CHECKING:
    from .server import QuantumLayerServer

log = logging.getLogger(__name__)
PATIENCE_S = 2.5
"""How long the end of a connection waits for jobs that were cancelled."""

Outcome = Literal["verified", "unverified", "done", "failed", "cancelled"]
_SEVERITY: dict[Outcome, types.MessageType] = {
    "verified": types.MessageType.Info,
    "unverified": types.MessageType.Warning,
    "done": types.MessageType.Info,
    "failed": types.MessageType.Error,
    "cancelled": types.MessageType.Info,
}


@dataclass(frozen=True)
class Ending:
    """How a job ended, in words for its user."""

    outcome: Outcome
    message: str
    capsule: str = ""
    review: str = ""
    """Why somebody should look at the capsule before it is used."""

    @property
    def severity(self) -> types.MessageType:
        if self.review and self.outcome == "verified":
            return types.MessageType.Warning
        return _SEVERITY[self.outcome]


Work = Callable[["Job"], Awaitable[Ending]]


@dataclass
class Job:
    id: str
    title: str
    key: str
    progress: Progress
    running: "asyncio.Task[Ending] | None" = field(default=None, repr=False)
    cancelled: bool = False
    quiet: bool = False
    """Nobody asked for it: how it ends is told in the log."""

    def cancel(self) -> None:
        self.cancelled = True
        if self.running is not None:
            self.running.cancel()


class Jobs:
    """The jobs of one connection."""

    def __init__(self, server: "QuantumLayerServer") -> None:
        self._server = server
        self._jobs: dict[str, Job] = {}
        self._supervisors: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    def start(self, title: str, work: Work, *, key: str = "", quiet: bool = False) -> Job:
        """Begins `work` and returns at once. A job of the same `key` that runs uncancelled is that one."""
        for job in self._jobs.values():
            if key and job.key == key and not job.cancelled:
                return job
        job_id = uuid.uuid4().hex[:12]
        job = Job(job_id, title, key, Progress(self._server, f"quantumlayer/{job_id}", title))
        job.quiet = quiet
        self._jobs[job_id] = job
        self._supervisors[job_id] = asyncio.create_task(self._supervise(job, work), name=f"job {job_id}")
        return job

    def cancel(self, job_id: str) -> bool:
        """False if there is no such job (any more)."""
        job = self._jobs.get(job_id)
        if job is not None:
            job.cancel()
        return job is not None

    def cancel_all(self) -> bool:
        """False if no job was running."""
        jobs = tuple(self._jobs.values())
        for job in jobs:
            job.cancel()
        return bool(jobs)

    def cancel_token(self, token: types.ProgressToken) -> None:
        if isinstance(token, str):
            self.cancel(token.removeprefix("quantumlayer/"))

    async def aclose(self) -> None:
        """Cancels every job and waits for them, within bounds; they end without a message."""
        self._closing = True
        for job in self._jobs.values():
            job.cancel()
        if self._supervisors:
            _, pending = await asyncio.wait(tuple(self._supervisors.values()), timeout=PATIENCE_S)
            for supervisor in pending:
                log.error("%s did not end in time", supervisor.get_name())
                supervisor.cancel()

    async def _supervise(self, job: Job, work: Work) -> None:
        try:
            job.running = asyncio.create_task(self._run(job, work))
            if self._closing or job.cancelled:
                job.running.cancel()
            await asyncio.wait({job.running})
            self._tell(job, _ending(job, job.running))
        finally:
            self._jobs.pop(job.id, None)
            self._supervisors.pop(job.id, None)

    async def _run(self, job: Job, work: Work) -> Ending:
        log.info("job %s began: %s", job.id, job.title)
        await job.progress.begin()
        return await work(job)

    def _tell(self, job: Job, ending: Ending) -> None:
        log.info("job %s ended: %s", job.id, ending.outcome)
        job.progress.end(ending.outcome)
        if self._closing:
            return
        if job.quiet:
            self._server.log_message(ending.message)
        else:
            self._server.show(ending.severity, ending.message)
        told = {
            "job": job.id,
            "outcome": ending.outcome,
            "capsule": ending.capsule,
            "message": ending.message,
        }
        if ending.review:
            told["review"] = ending.review
        self._server.tell_extension(names.JOB_FINISHED, told)


def _ending(job: Job, task: "asyncio.Task[Ending]") -> Ending:
    if task.cancelled():
        return Ending("cancelled", f"Cancelled: {job.title}. What was finished is kept for the next time.")
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, QuantumLayerError):
        log.warning("job %s failed: %s", job.id, error)
        return Ending("failed", redact(f"{job.title} failed: {in_words(error)}"))
    log.error("job %s failed unexpectedly", job.id, exc_info=error)
    return Ending(
        "failed", f"{job.title} failed: an internal error. The server's log says more: {log_file()}"
    )


def in_words(error: QuantumLayerError) -> str:
    """The cause and what to do, as sentences."""
    return " ".join(f"{part.rstrip('.')}." for part in (error.cause, error.next_step) if part)


def log_file() -> str:
    """Where this process logs to, for people."""
    files = (getattr(handler, "baseFilename", "") for handler in logging.getLogger().handlers)
    return next((str(file) for file in files if file), "standard error")

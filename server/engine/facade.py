"""The facade: everything a client may ask of the engine.

An `Engine` belongs to one event loop. It opens rooms on first use, so that making one is cheap.
Cancelling the task of any call stops its model and its sandbox.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from ..settings import Settings
from .events import Emit, ignore
from .keeping import Keeping
from .learned import Learned
from .types import (
    Authored,
    Brief,
    Capsule,
    Check,
    Cleaned,
    Finding,
    Help,
    ModelInfo,
    Offer,
    OpenFile,
    SourceFile,
    Stage,
    StageResult,
    ToolSeat,
    Wish,
    Written,
)

if TYPE_CHECKING:
    from .capsule.store import Store
    from .journal import Journal
    from .journal_trim import Keep
    from .llm.choice import Choice
    from .provenance import Provenance
    from .sandbox import Sandbox
    from .validation.live import LiveMesh
    from .validation.mesh import Mesh

ReportFormat = Literal["text", "json", "sarif", "github"]
Tidying = Literal["fix", "imports", "format"]
ALL_STAGES = tuple(Stage)


def preload() -> None:
    """Imports what `generate` and `validate` need.

    A server calls it on a thread, so that the first call does not hold up its event loop.
    """
    for room in (".assist", ".sandbox", ".validation.mesh", ".validation.live", ".capsule.archive"):
        import_module(room, __package__)


class Engine(Keeping, Learned):
    """Generates, validates and keeps capsules.

    Use it as an asynchronous context manager, or call `aclose`. Settings are the resolved ones;
    without them the defaults are used and no file is read.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._opened_journal: Journal | None = None
        self._opened_sandbox: Sandbox | None = None
        self._opened_live: LiveMesh | None = None
        self._opened_provenance: Provenance | None = None
        self._sandbox_error = ""
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stops what is running and closes what was opened."""
        if self._opened_live is not None:
            await self._opened_live.aclose()
            self._opened_live = None
        if self._opened_provenance is not None:
            await asyncio.to_thread(self._opened_provenance.close)
            self._opened_provenance = None
        if self._opened_sandbox is not None:
            await self._opened_sandbox.aclose()
            self._opened_sandbox = None
        if self._opened_journal is not None:
            await self._opened_journal.aclose()
            self._opened_journal = None

    # -- generating and validating -------------------------------------------------------------

    async def generate(self, brief: Brief, *, emit: Emit = ignore) -> Capsule:
        """Turns a brief into a capsule; the verdict is in its evidence.

        Raises BriefError, PlanError, ModelError, BudgetError or StorageError when there is no capsule
        to give. What was done by then is in the journal: the same call goes on from there.
        """
        from .orchestrator import generate

        return await generate(
            brief,
            settings=self.settings,
            journal=await self._journal(),
            open_sandbox=self._open_sandbox,
            store=self._store(),
            emit=emit,
        )

    async def validate(
        self,
        files: Sequence[SourceFile],
        stages: Sequence[Stage] = ALL_STAGES,
        *,
        packages: Sequence[str] = (),
        folder: str = "",
        emit: Emit = ignore,
    ) -> tuple[StageResult, ...]:
        """Runs the stages over files as they are; third-party `packages` are made importable.

        `folder`, absolute, is where the files' paths begin, for settings that name paths, and no
        tool is taken from it. Minified and generated files are left alone except by security, and
        named in the result.
        """
        from .validation.leaving import why_left_alone
        from .validation.mesh import Mesh
        from .validation.packages.pinned import named_anywhere
        from .validation.switches import Switches
        from .validation.types import Project

        sandbox = await self._sandbox() if Stage.RUNTIME in stages else None
        asked = self.settings.validate_.advisories
        mesh = Mesh(
            self.settings,
            await self._journal(),
            sandbox,
            self._sandbox_error,
            Switches(self.settings, folder),
            advisories="" if asked == "none" else asked,
            registries=self.settings.validate_.registries,
            root=folder,
        )
        alone = tuple(file.path for file in files if why_left_alone(file.path, file.text))
        named = await asyncio.to_thread(named_anywhere, files)
        project = Project.of(files, tuple(packages)).model_copy(update={"left_alone": alone, "known": named})
        return await mesh.check(project, stages, emit=emit)

    async def run_tests(
        self,
        files: Sequence[SourceFile],
        tests: Sequence[str],
        *,
        packages: Sequence[str] = (),
        folder: str = "",
        emit: Emit = ignore,
    ) -> StageResult:
        """Runs the tests in some of the files, in the sandbox, whether anything has changed or not.

        Failures stand on the lines of the tests. `emit` is told of each test as it ends, and of output.
        """
        from .validation.runtime.testing import run_chosen

        return await run_chosen(
            self.settings, await self._sandbox(), self._sandbox_error, files, tests, packages, folder, emit
        )

    # -- help at one place ---------------------------------------------------------------------

    @staticmethod
    def offers_at(path: str, text: str, line: int, findings: Sequence[Finding] = ()) -> tuple[Offer, ...]:
        """What can be asked for at a line of Python, counted from zero, given the findings at it."""
        from .assist import offers_at

        return offers_at(path, text, line, findings)

    async def assist(self, wish: Wish, *, emit: Emit = ignore) -> Help:
        """The file that comes of a wish, checked; without a text nothing is offered, and `said` tells why.

        The same wish is answered from the journal. Raises AnswerError, BudgetError, ModelError or
        StorageError.
        """
        from .assist import at_desk

        return await at_desk(
            wish, self.settings, await self._journal(), await self._sandbox(), self._sandbox_error, emit
        )

    async def keep_authors(self, written: Sequence[Written] | Capsule) -> None:
        """Remembers who wrote what: regions, or those of a capsule, that are in someone's files now."""
        from .provenance import written_in

        ones = written_in(written) if isinstance(written, Capsule) else written
        await asyncio.to_thread(self._provenance().keep, ones)

    async def authors_of(self, text: str) -> tuple[Authored, ...]:
        """The regions of a text whose authors are remembered, found by what they say."""
        return await asyncio.to_thread(self._provenance().of, text)

    # -- while someone types -------------------------------------------------------------------

    async def check_open(self, file: OpenFile, told: Callable[[Sequence[StageResult]], None]) -> None:
        """Tells what the live stages find in a file as it is shown; cancel it when the file changes."""
        await self._live().check(file, told)

    def close_file(self, file: OpenFile) -> None:
        """It is not shown any more."""
        if self._opened_live is not None:
            self._opened_live.forget(file)

    def files_changed(self, uris: Mapping[str, int]) -> None:
        """Files on disk are others now: by URI, how (1 created, 2 changed, 3 deleted)."""
        if self._opened_live is not None:
            self._opened_live.changed(uris)

    async def tidy(self, file: OpenFile, what: Tidying) -> str:
        """The file's text with every safe fix, with its imports in order, or formatted.

        Raises ToolError if it cannot be done; text that does not parse stays as it is.
        """
        from .validation.tidying import tidied

        return await tidied(file, what, self.settings.validate_.timeout_s)

    @staticmethod
    def report(results: Sequence[StageResult], form: ReportFormat) -> str:
        """The results as a document, ending in a newline."""
        from .validation.report import render

        return render(results, form)

    # -- what is kept --------------------------------------------------------------------------

    async def clean(self, days: int | None = None) -> tuple[Cleaned, ...]:
        """Removes what nobody has used for `days`, by default the setting, and what belongs to nothing.

        Capsules stay, whatever their age. Raises StorageError if the disk refuses.
        """
        keep = self._keep()
        trimmed = await (await self._journal()).trim(keep if days is None else keep._replace(days=days))
        journal = Cleaned(
            what="journal",
            removed=trimmed.results + trimmed.files,
            freed=trimmed.freed,
            kept=trimmed.kept,
        )
        return journal, await asyncio.to_thread(self._store().clean)

    # -- models, sandbox, health ---------------------------------------------------------------

    async def list_models(self) -> tuple[ModelInfo, ...]:
        from .llm.models import list_models

        return await list_models(self.settings)

    async def use_model(self, name: str) -> "Choice":
        """Writes the choice into the user's settings. Raises what tells that no model can be meant."""
        from .llm.choice import use_model

        return await use_model(self.settings, await self.list_models(), name)

    async def pull_model(self, source: str, *, sha256: str = "", emit: Emit = ignore) -> ModelInfo:
        """Fetches an embedded model: a name from the catalogue, a path, or a URL with its SHA-256."""
        from .llm.models import pull_model

        return await pull_model(self.settings, source, sha256=sha256, emit=emit)

    async def check_sandbox(self) -> tuple[Check, ...]:
        """What each sandbox engine gives on this machine, found by trying it."""
        from .sandbox import check_sandbox

        return await check_sandbox(self.settings)

    async def build_sandbox(self, languages: Sequence[str] = (), *, emit: Emit = ignore) -> tuple[str, ...]:
        """Makes the sandbox images of languages, `python` or `node`, or all; returns their names."""
        from .sandbox.image import build_image
        from .sandbox.roots import ROOTS

        return tuple([await build_image(self.settings, emit, language) for language in languages or ROOTS])

    async def tools(self) -> tuple[ToolSeat, ...]:
        """Which tool judges which language in which stage, and whether it is on this machine."""
        from .validation.catalogue import seats, with_sandbox

        sandbox = await self._sandbox()
        return await with_sandbox(await asyncio.to_thread(seats), sandbox, self._sandbox_error)

    async def doctor(self) -> tuple[Check, ...]:
        """Every dependency, key, model and engine: found or missing, and what to do."""
        from .doctor import diagnose

        return await diagnose(self.settings)

    # -- rooms, opened on first use ------------------------------------------------------------

    async def _journal(self) -> "Journal":
        if self._opened_journal is None:
            from .journal import Journal

            self._opened_journal = Journal(self.settings.storage.data_dir / "journal", self._keep())
        return self._opened_journal

    def _provenance(self) -> "Provenance":
        if self._opened_provenance is None:
            from .provenance import Provenance

            self._opened_provenance = Provenance(self.settings.storage.data_dir)
        return self._opened_provenance

    def _keep(self) -> "Keep":
        from .journal_trim import Keep

        storage = self.settings.storage
        return Keep(storage.journal_days, storage.journal_mb)

    def _live(self) -> "LiveMesh":
        if self._opened_live is None:
            from .validation.live import LiveMesh

            self._opened_live = LiveMesh(self.settings)
        return self._opened_live

    def _store(self) -> "Store":
        from .capsule.store import Store

        return Store(self.settings.storage.data_dir / "capsules")

    async def _open_sandbox(self) -> "tuple[Sandbox | None, str]":
        """The sandbox, or why there is none."""
        return await self._sandbox(), self._sandbox_error

    async def _mesh(self) -> "tuple[Mesh, Sandbox | None]":
        from .validation.mesh import Mesh

        sandbox = await self._sandbox()
        return Mesh(self.settings, await self._journal(), sandbox, self._sandbox_error), sandbox

    async def _sandbox(self) -> "Sandbox | None":
        from .errors import SandboxError
        from .sandbox import open_sandbox

        async with self._opening:
            if self._opened_sandbox is None:
                try:
                    self._opened_sandbox = await open_sandbox(self.settings)
                    self._sandbox_error = ""
                except SandboxError as error:
                    self._sandbox_error = str(error)
        return self._opened_sandbox

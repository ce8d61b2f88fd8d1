"""The facade: everything a client may ask of the engine.

An `Engine` belongs to one event loop. It opens rooms on first use, so that making one is cheap.
Cancelling the task of any call stops its model and its sandbox.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from ..settings import Settings
from .events import Emit, ignore
from .types import (
    Authored,
    Brief,
    BriefReading,
    Capsule,
    CapsuleSummary,
    Check,
    Cleaned,
    Finding,
    Help,
    ModelInfo,
    Offer,
    OpenFile,
    PatternPage,
    PatternRecord,
    SourceFile,
    Stage,
    StageResult,
    ToolSeat,
    VerifyReport,
    Wish,
    Written,
)
from .versioning import Versioning

if TYPE_CHECKING:
    from .capsule.store import Store
    from .capsule.trust import Trust
    from .journal import Journal
    from .journal_trim import Keep
    from .llm.choice import Choice
    from .provenance import Provenance
    from .sandbox import Sandbox
    from .validation.live import LiveMesh
    from .validation.mesh import Mesh

ArchiveFormat = Literal["zip", "tar.gz", "qlcapsule"]
ReportFormat = Literal["text", "json", "sarif", "github"]
Tidying = Literal["fix", "imports", "format"]
ALL_STAGES = tuple(Stage)


def preload() -> None:
    """Imports what `generate` and `validate` need.

    A server calls it on a thread, so that the first call does not hold up its event loop.
    """
    for room in (".assist", ".sandbox", ".validation.mesh", ".validation.live", ".capsule.archive"):
        import_module(room, __package__)


class Engine(Versioning):
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

    # -- capsules ------------------------------------------------------------------------------

    async def list_capsules(self) -> tuple[CapsuleSummary, ...]:
        """Newest first, each with what its signature is worth to this user."""
        return await self.trust.with_signatures(await asyncio.to_thread(self._store().list))

    async def export(self, ref: str, form: ArchiveFormat, target: Path, *, overwrite: bool = False) -> Path:
        """Writes an archive, byte for byte the same for the same capsule; returns its path.

        A file that is there and is not this capsule is kept and CapsuleError names it, unless `overwrite`.
        """
        from .capsule.archive import write_archive

        capsule = await self.get_capsule(ref)
        return await asyncio.to_thread(write_archive, capsule, form, target, overwrite=overwrite)

    async def verify(self, source: Path | str, *, rerun: bool = False) -> VerifyReport:
        """Recomputes everything in an archive (Path) or a stored capsule (str), and says whose word it is.

        With `rerun` a whole one is validated and run again, and what comes out is compared with what it
        says was seen. Nothing of it is asked of a network, but for packages that it needs to run.
        """
        from .verifying import verify

        return await verify(source, self.settings, self.trust, self._store(), self._open_sandbox, rerun=rerun)

    async def import_capsule(self, archive: Path) -> Capsule:
        """Takes a `.qlcapsule` into the store after verifying it; raises CapsuleError if it is not safe.

        Whose word it is, `trust.signature` says of what is returned.
        """
        from .capsule.archive import read_archive

        capsule = await asyncio.to_thread(read_archive, archive)
        return await asyncio.to_thread(self._store().add, capsule)

    async def capsule_report(self, source: Path | str) -> tuple[Capsule, str]:
        """A capsule of the store (str) or in an archive (Path), and one self-contained HTML page about it.

        An archive is verified, and CapsuleError raised if it is not what it says; it is not stored.
        """
        from .capsule.archive import read_archive
        from .capsule.report import render_report
        from .capsule.report.wording import whose_word

        if isinstance(source, Path):
            capsule = await asyncio.to_thread(read_archive, source)
        else:
            capsule = await self.get_capsule(source)
        whose = await self.trust.signature(capsule)
        said = whose_word(whose.state, whose.key, whose.name, own=whose.own)
        return capsule, await asyncio.to_thread(render_report, capsule, signature=said)

    async def write_report(
        self, capsule: Capsule, html: str, target: Path, *, overwrite: bool = False
    ) -> Path:
        """Writes the page of `capsule_report` to a file, or into a folder as NAME.html; returns its path.

        A file that is there and is no report is kept, and CapsuleError names it, unless `overwrite`.
        """
        from .capsule.report.writing import write_report

        return await asyncio.to_thread(write_report, capsule, html, target, overwrite=overwrite)

    async def keep_report(self, capsule: Capsule, html: str) -> Path:
        """Writes the page into the cache, for this user only and for a week, for whoever shows it."""
        from .capsule.report.writing import keep_report

        folder = self.settings.storage.cache_dir / "reports"
        return await asyncio.to_thread(keep_report, capsule, html, folder)

    async def remove_capsule(self, ref: str) -> CapsuleSummary:
        """Removes a capsule for good, with every file that no other one has; `ref` as for `get_capsule`."""
        removed = await asyncio.to_thread(self._store().remove, ref)
        await asyncio.to_thread(self._store().clean)
        return removed

    async def write_project(self, capsule: Capsule, folder: Path, *, overwrite: bool = False) -> Path:
        """Writes a capsule's files under `folder`.

        Files that are there with other content are kept and CapsuleError names them, unless `overwrite`.
        """
        from .capsule.project import write_project

        return await asyncio.to_thread(write_project, capsule, folder, overwrite=overwrite)

    @property
    def trust(self) -> "Trust":
        """The user's keys, and what signatures are worth to this user."""
        from .capsule.trust import Trust

        return Trust(self.settings.storage.data_dir)

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

    # -- patterns ------------------------------------------------------------------------------

    async def read_brief(self, brief: Brief, *, seed: int | None = None) -> BriefReading:
        """What can be told of a brief before a model is asked, and which patterns its run would use now.

        The choice is drawn; the same `seed` and the same recorded runs draw the same one. A run that was
        begun keeps the choice it began with.
        """
        from .agents.conflicts import conflicts
        from .patterns.reading import read

        reading = await asyncio.to_thread(read, brief, self.settings, seed=seed)
        found = await asyncio.to_thread(conflicts, brief, reading.traits)
        return reading.model_copy(update={"conflicts": found})

    async def pattern_guide(self) -> tuple[PatternPage, ...]:
        """The eight patterns: what each does, what it costs, and which are not built."""
        from .patterns.reading import guide

        return await asyncio.to_thread(guide)

    async def pattern_records(self) -> tuple[PatternRecord, ...]:
        """What came of earlier runs, by kind of brief and pattern."""
        from .patterns.reading import outcomes_of

        return await asyncio.to_thread(outcomes_of(self.settings).records)

    async def forget_patterns(self) -> int:
        """Forgets what came of earlier runs; returns how many they were."""
        from .patterns.reading import outcomes_of

        return await asyncio.to_thread(outcomes_of(self.settings).reset)

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

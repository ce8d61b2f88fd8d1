"""What a client may ask of capsules as they are kept, given away and taken in: a part of the facade."""

import asyncio
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .types import Capsule, CapsuleSummary, VerifyReport
from .versioning import Versioning

if TYPE_CHECKING:
    from .capsule.trust import Trust
    from .sandbox import Sandbox
    from .types.versions import History, Version

ArchiveFormat = Literal["zip", "tar.gz", "qlcapsule"]


class Keeping(Versioning):
    """`ref` is as for `get_capsule` everywhere. What cannot be done is a CapsuleError or a StorageError."""

    @abstractmethod
    async def _open_sandbox(self) -> "tuple[Sandbox | None, str]":
        """The sandbox, or why there is none."""

    async def list_capsules(self) -> tuple[CapsuleSummary, ...]:
        """Newest first, each with what its signature is worth to this user."""
        return await self.trust.with_signatures(await asyncio.to_thread(self._store().list))

    async def list_versions(self, name: str = "") -> "tuple[Version, ...]":
        """As there, each with what its signature is worth to this user."""
        return await self._signed(await super().list_versions(name))

    async def history(self, ref: str, *, every: bool = False) -> "History":
        found = await super().history(ref, every=every)
        return found.model_copy(update={"versions": await self._signed(found.versions)})

    async def _signed(self, found: "tuple[Version, ...]") -> "tuple[Version, ...]":
        signed = await self.trust.with_signatures([version.summary for version in found])
        return tuple(
            version.model_copy(update={"summary": summary})
            for version, summary in zip(found, signed, strict=True)
        )

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

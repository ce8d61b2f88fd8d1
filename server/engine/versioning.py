"""What a client may ask of the versions of its capsules: a part of the facade."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..settings import Settings
from .events import Emit, ignore
from .types import Capsule, SourceFile, Stage

if TYPE_CHECKING:
    from .capsule.store import Store
    from .sandbox import Sandbox
    from .types.versions import (
        Branches,
        CheckedOut,
        Deployment,
        Difference,
        History,
        Merge,
        Rollback,
        Version,
    )
    from .validation.mesh import Mesh


class Versioning(ABC):
    """`ref` is as for `get_capsule` everywhere. What cannot be done is a CapsuleError or a StorageError."""

    settings: Settings

    @abstractmethod
    def _store(self) -> "Store": ...

    @abstractmethod
    async def _mesh(self) -> "tuple[Mesh, Sandbox | None]":
        """Every stage, and what programs run in."""

    async def get_capsule(self, ref: str) -> Capsule:
        """`ref` is an id, a unique beginning of one, a name (the head of its current branch), `NAME@TAG`,

        `NAME@BRANCH`, or any of these with `~N`: N versions before.
        """
        return await asyncio.to_thread(self._store().get, ref)

    async def list_versions(self, name: str = "") -> "tuple[Version, ...]":
        """Every capsule, or those of a name, the newest first, with the branches and tags they have."""
        from .capsule.versions import all_versions

        return await asyncio.to_thread(all_versions, self._store(), name)

    async def list_projects(self, name: str = "") -> "tuple[Branches, ...]":
        """The branches and tags of every project, or of one."""
        from .capsule.versions import all_branches

        return await asyncio.to_thread(all_branches, self._store(), name)

    async def branches(self, name: str) -> "Branches":
        from .capsule.versions import branches_of

        return await asyncio.to_thread(branches_of, self._store(), name)

    async def history(self, ref: str, *, every: bool = False) -> "History":
        """A version and those before it, children before parents; with `every`, all of its name."""
        from .capsule.versions import history

        return await asyncio.to_thread(history, self._store(), ref, every=every)

    async def tag(self, ref: str, name: str, *, move: bool = False) -> "tuple[Branches, str]":
        """Gives a version a name that stays; returns the project's names, and the version's id."""
        from .capsule.versions import tag

        return await asyncio.to_thread(tag, self._store(), ref, name, move=move)

    async def branch(self, ref: str, name: str, *, switch: bool = True) -> "Branches":
        """Makes a branch at a version, unless it is there; what is generated next goes to the current one."""
        from .capsule.versions import branch

        return await asyncio.to_thread(branch, self._store(), ref, name, switch=switch)

    async def forget(self, ref: str, name: str, what: Literal["branch", "tag"]) -> "tuple[Branches, str]":
        """Deletes a branch or a tag of the project of `ref`; its versions stay."""
        from .capsule.versions import forget

        return await asyncio.to_thread(forget, self._store(), ref, name, what)

    async def roll_back(self, ref: str, to: str = "") -> "Rollback":
        """Moves the current branch to another version, by default the one before. No version is lost."""
        from .capsule.versions import roll_back

        return await asyncio.to_thread(roll_back, self._store(), ref, to)

    async def compare(self, before: str, after: str) -> "Difference":
        """How two versions differ: text, interface, dependencies, findings, verdict."""
        from .capsule.diff import compare

        old, new = await self.get_capsule(before), await self.get_capsule(after)
        return await asyncio.to_thread(compare, old, new)

    async def merge(
        self,
        ours: str,
        theirs: str,
        *,
        resolved: Mapping[str, str] | None = None,
        emit: Emit = ignore,
    ) -> "Merge":
        """Merges `theirs` into `ours` over what both descend from, validates the result and stores it.

        With conflicts nothing is stored: settle them in the files of the answer, and give all of them, by
        path, as `resolved`.
        """
        from .orchestrator.merging import merge

        mesh, sandbox = await self._mesh()
        return await merge(
            self._store(), mesh, sandbox, ours, theirs, settings=self.settings, resolved=resolved, emit=emit
        )

    async def check_out(
        self, ref: str, folder: Path, *, overwrite: bool = False, keep: bool = False
    ) -> "CheckedOut":
        """Makes a folder hold a version's files.

        If somebody changed files there, CapsuleError names them and nothing is touched, unless they are to
        be replaced (`overwrite`) or left alone (`keep`).
        """
        from .capsule.checkout import check_out

        capsule = await self.get_capsule(ref)
        return await asyncio.to_thread(
            check_out, self._store(), capsule, folder, overwrite=overwrite, keep=keep
        )

    async def deployment(self, ref: str) -> "Deployment":
        """A Dockerfile and a compose file for a version, and what the mesh finds in them."""
        from .capsule.deploy import deployment_of
        from .validation.types import Project

        made = await asyncio.to_thread(deployment_of, await self.get_capsule(ref))
        mesh, _ = await self._mesh()
        stages = (Stage.SYNTAX, Stage.STYLE, Stage.SECURITY)
        return made.model_copy(update={"stages": await mesh.check(Project.of(made.files), stages)})

    async def write_deployment(self, made: "Deployment", folder: Path, *, overwrite: bool = False) -> Path:
        """Writes the files into the project's folder, with those of the project that are not there.

        What is there with other content is kept: for the project's files that is right, for the others
        CapsuleError names them, unless `overwrite`.
        """
        from .capsule.project import write_files, write_missing

        capsule = await self.get_capsule(made.id)
        texts = {file.path: file.text.encode() for file in made.files}
        await asyncio.to_thread(write_files, texts, folder, overwrite=overwrite)
        return await asyncio.to_thread(write_missing, capsule, folder)

    async def write_files(
        self, files: Sequence[SourceFile], folder: Path, *, overwrite: bool = False
    ) -> Path:
        """Writes files into a folder; others that are in their place are kept, unless `overwrite`."""
        from .capsule.project import write_files

        texts = {file.path: file.text.encode() for file in files}
        return await asyncio.to_thread(write_files, texts, folder, overwrite=overwrite)

    async def known_files(self, name: str) -> Mapping[str, frozenset[str]]:
        """By path, the SHA-256 digests that a file has in the versions of a project."""
        from .capsule.checkout import known_files

        return await asyncio.to_thread(known_files, self._store(), name)

"""`quantumlayer.capsules.*`: the versions of what was generated, for editors.

What only looks is answered at once; what changes files or takes time is a job.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from . import bring, capsule_shapes, deploy, merging, names

if TYPE_CHECKING:
    from .jobs import Job
    from .server import QuantumLayerServer


@dataclass(frozen=True)
class CapsuleCommands:
    """The commands about capsules of one connection."""

    server: "QuantumLayerServer"

    def by_name(self) -> dict[str, Callable[..., Any]]:
        return {
            names.LIST_CAPSULES: self.list,
            names.SHOW_CAPSULE: self.show,
            names.CAPSULE_FILE: self.file,
            names.CAPSULE_LOG: self.log,
            names.DIFF_CAPSULES: self.diff,
            names.TAG_CAPSULE: self.tag,
            names.BRANCH_CAPSULE: self.branch,
            names.ROLL_BACK_CAPSULE: self.rollback,
            names.CHECK_OUT_CAPSULE: self.checkout,
            names.MERGE_CAPSULES: self.merge,
            names.DEPLOY_CAPSULE: self.deploy,
        }

    # -- answered at once ----------------------------------------------------------------------

    async def list(self, *arguments: Any) -> dict[str, Any]:
        given = _given(arguments or ({},), texts=("name",))
        async with self.server.session.engine() as engine:
            versions = await engine.list_versions(given.get("name", ""))
            projects = await engine.list_projects(given.get("name", ""))
        return {
            "capsules": [capsule_shapes.listed(one) for one in versions],
            "projects": [*map(capsule_shapes.project, projects)],
        }

    async def show(self, *arguments: Any) -> dict[str, Any]:
        given = _given(arguments, texts=("capsule",), needed=("capsule",))
        async with self.server.session.engine() as engine:
            capsule = await engine.get_capsule(given["capsule"])
            versions = await engine.list_versions(capsule.manifest.name)
        version = next((one for one in versions if one.summary.id == capsule.id), None)
        return await asyncio.to_thread(capsule_shapes.whole, capsule, version)

    async def file(self, *arguments: Any) -> dict[str, Any]:
        given = _given(arguments, texts=("capsule", "path"), needed=("capsule", "path"))
        capsule_id, text = await self.text(given["capsule"], given["path"])
        uri = capsule_shapes.uri_of(capsule_id, given["path"])
        return {"capsule": capsule_id, "path": given["path"], "text": text, "uri": uri}

    async def text(self, ref: str, path: str) -> tuple[str, str]:
        """The id, and a file's text; raises CapsuleError if the version has no such file."""
        from ..engine.errors import CapsuleError

        async with self.server.session.engine() as engine:
            capsule = await engine.get_capsule(ref)
        for file in capsule.files:
            if file.path == path:
                return capsule.id, file.text
        raise CapsuleError(f"{capsule.manifest.name} {capsule.id[:12]} has no file {path!r}.")

    async def log(self, *arguments: Any) -> dict[str, Any]:
        given = _given(arguments, texts=("name",), flags=("all",), needed=("name",))
        async with self.server.session.engine() as engine:
            found = await engine.history(given["name"], every=given.get("all", False))
        versions = [capsule_shapes.listed(one) for one in found.versions]
        return {"name": found.name, "branch": found.branch, "versions": versions}

    async def diff(self, *arguments: Any) -> dict[str, Any]:
        given = _given(arguments, texts=("from", "to"), needed=("from", "to"))
        async with self.server.session.engine() as engine:
            found = await engine.compare(given["from"], given["to"])
        return await asyncio.to_thread(capsule_shapes.difference, found)

    async def tag(self, *arguments: Any) -> dict[str, Any]:
        """`force` moves a tag that is there."""
        flags = ("delete", "force")
        given = _given(arguments, texts=("capsule", "tag"), flags=flags, needed=("capsule", "tag"))
        delete = given.get("delete", False)
        async with self.server.session.engine() as engine:
            if delete:
                found, at = await engine.forget(given["capsule"], given["tag"], "tag")
            else:
                found, at = await engine.tag(given["capsule"], given["tag"], move=given.get("force", False))
        return {"name": found.name, "tag": given["tag"], "id": at, "deleted": delete}

    async def branch(self, *arguments: Any) -> dict[str, Any]:
        flags = ("delete", "switch")
        given = _given(arguments, texts=("capsule", "branch"), flags=flags, needed=("capsule", "branch"))
        async with self.server.session.engine() as engine:
            if given.get("delete", False):
                found, _ = await engine.forget(given["capsule"], given["branch"], "branch")
            else:
                switch = given.get("switch", True)
                found = await engine.branch(given["capsule"], given["branch"], switch=switch)
        return capsule_shapes.project(found)

    # -- jobs ----------------------------------------------------------------------------------

    def rollback(self, *arguments: Any) -> dict[str, Any]:
        given = _given(arguments, texts=("capsule", "to", "folder"), flags=("files",), needed=("capsule",))
        return _started(
            bring.start_rollback(
                self.server,
                given["capsule"],
                given.get("to", ""),
                given.get("folder", ""),
                files=given.get("files", True),
            )
        )

    def checkout(self, *arguments: Any) -> dict[str, Any]:
        given = _given(arguments, texts=("capsule", "folder"), needed=("capsule",))
        return _started(bring.start_checkout(self.server, given["capsule"], given.get("folder", "")))

    def merge(self, *arguments: Any) -> dict[str, Any]:
        given = _given(arguments, texts=("ours", "theirs", "folder", "resolved"), needed=("ours", "theirs"))
        return _started(merging.start(self.server, merging.Request(**given)))

    def deploy(self, *arguments: Any) -> dict[str, Any]:
        given = _given(arguments, texts=("capsule", "folder"), needed=("capsule",))
        return _started(deploy.start(self.server, given["capsule"], given.get("folder", "")))


def _started(job: "Job") -> dict[str, Any]:
    return {"job": job.id}


def _given(
    arguments: Sequence[Any],
    *,
    texts: Collection[str],
    flags: Collection[str] = (),
    needed: Collection[str] = (),
) -> dict[str, Any]:
    """The argument, an object; raises JsonRpcInvalidParams in words that say what is wrong with it."""
    if len(arguments) != 1:
        raise JsonRpcInvalidParams(f"one argument expected, {len(arguments)} given")
    given = arguments[0]
    if not isinstance(given, Mapping):
        raise JsonRpcInvalidParams("the argument is an object")
    present = {str(key): value for key, value in given.items() if value is not None}
    if unknown := sorted(present.keys() - {*texts, *flags}):
        known = ", ".join(sorted([*texts, *flags]))
        raise JsonRpcInvalidParams(f"unknown: {', '.join(unknown)}; known: {known}")
    if wrong := sorted(key for key in texts if not isinstance(present.get(key, ""), str)):
        raise JsonRpcInvalidParams(f"not a text: {', '.join(wrong)}")
    if wrong := sorted(key for key in flags if not isinstance(present.get(key, False), bool)):
        raise JsonRpcInvalidParams(f"neither true nor false: {', '.join(wrong)}")
    if missing := [key for key in needed if not present.get(key)]:
        raise JsonRpcInvalidParams(" and ".join(f'give "{key}"' for key in missing))
    return present

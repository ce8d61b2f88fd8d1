"""A capsule's files on their way into the editor.

Nothing that is there is overwritten without a yes: by the editor's own confirmation where it has
annotations, else by a question.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from .documents import path_of, read_text
from .workspace_edit import FileChange, build_edit

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from ..engine.types import Capsule
    from .server import QuantumLayerServer

log = logging.getLogger(__name__)
_OVERWRITE, _KEEP = "Overwrite", "Keep what is there"


async def hand_over(
    server: "QuantumLayerServer", engine: "Engine", capsule: "Capsule", target: str | None
) -> str:
    """Brings the files to `target`, a folder's URI; returns a sentence that says where they are."""
    stored = f"The capsule {capsule.id[:12]} is kept in the store."
    if target is None:
        return f"{stored} There is no folder to put its files in: open one, or name a folder."
    changes = await _changes(server, capsule, target)
    if not changes:
        return f"Its files are in {_show(target)} already."
    if not server.features.apply_edit:
        return await _write(server, engine, capsule, target, changes)
    if not _confirms(server) and (there := [change for change in changes if change.current is not None]):
        if not await _may_overwrite(server, there):
            changes = [change for change in changes if change.current is None]
        if not changes:
            return f"{stored} The files that are there were kept."
    failure = await apply_changes(server, f"Capsule {capsule.manifest.name}", changes)
    return f"{stored} The editor did not take its files: {failure}." if failure else f"{_show(target)}"


async def _changes(server: "QuantumLayerServer", capsule: "Capsule", target: str) -> list[FileChange]:
    """The files that are not there as they should be."""
    wanted = {f"{target}/{quote(file.path)}": file.text for file in capsule.files}
    current = {uri: server.documents.opened(uri) for uri in wanted}
    on_disk = await asyncio.to_thread(read_texts, [uri for uri, opened in current.items() if opened is None])
    changes = []
    for uri, text in wanted.items():
        opened = current[uri]
        there = opened.text if opened else on_disk.get(uri)
        if there != text:
            changes.append(FileChange(uri, text, there, opened.version if opened else None))
    return changes


def read_texts(uris: list[str]) -> dict[str, str]:
    found = {}
    for uri in uris:
        path = path_of(uri)
        if path is not None and path.is_file():
            found[uri] = read_text(path)
    return found


def _confirms(server: "QuantumLayerServer") -> bool:
    return server.features.change_annotations and server.features.document_changes


async def apply_changes(
    server: "QuantumLayerServer", label: str, changes: list[FileChange], removed: Sequence[str] = ()
) -> str:
    """Empty if the editor took the files, else why not."""
    if not server.features.create_files:
        await asyncio.to_thread(_make_folders, [change.uri for change in changes])
    edit = build_edit(changes, server.features, removed)
    params = types.ApplyWorkspaceEditParams(edit=edit, label=label)
    try:
        result = await server.protocol.ask(types.WORKSPACE_APPLY_EDIT, params)
    except JsonRpcException as error:
        return error.message or "it reported an error"
    if result is not None and result.applied:
        return ""
    return (result.failure_reason if result else "") or "it was declined"


def _make_folders(uris: list[str]) -> None:
    """An editor that cannot create files opens buffers for them, and saves into folders that are there."""
    for path in filter(None, map(path_of, uris)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("no folder %s: %s", path.parent, error)


async def _write(
    server: "QuantumLayerServer", engine: "Engine", capsule: "Capsule", target: str, changes: list[FileChange]
) -> str:
    """For clients that cannot apply edits."""
    folder = path_of(target)
    stored = f"The capsule {capsule.id[:12]} is kept in the store."
    if folder is None:
        return f"{stored} {target} is no folder on this machine."
    there = [change for change in changes if change.current is not None]
    if there and not await _may_overwrite(server, there):
        return f"{stored} The files that are there were kept."
    await engine.write_project(capsule, folder, overwrite=bool(there))
    return f"{_show(target)}"


async def _may_overwrite(server: "QuantumLayerServer", there: list[FileChange]) -> bool:
    names = ", ".join(_show(change.uri).rpartition("/")[2] for change in there[:5])
    more = f" and {len(there) - 5} more" if len(there) > 5 else ""
    answer = await server.ask_user(f"{names}{more}: there already, with other content.", (_OVERWRITE, _KEEP))
    return answer == _OVERWRITE


def _show(uri: str) -> str:
    path = path_of(uri)
    return str(path) if path else uri

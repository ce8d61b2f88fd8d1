"""`quantumlayer.capsuleReport`: the page of a capsule, as text, as a file, or shown in a browser."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from .server import QuantumLayerServer

Form = Literal["html", "file", "shown"]
FORMS: tuple[Form, ...] = ("html", "file", "shown")
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Request:
    capsule: str = ""
    """An id, the beginning of one, or a name."""
    form: str = "html"


async def answer(server: "QuantumLayerServer", request: Request) -> dict[str, Any]:
    """With `html` nothing is written; a file is kept for a week, in the cache."""
    async with server.session.engine(None) as engine:
        capsule, html = await engine.capsule_report(request.capsule)
        told: dict[str, Any] = {"capsule": capsule.id, "name": capsule.manifest.name}
        if request.form == "html":
            return {**told, "html": html}
        path = await engine.keep_report(capsule, html)
    uri = await asyncio.to_thread(path.as_uri)
    if request.form == "file":
        return {**told, "uri": uri}
    shown = server.features.show_document and await _show(server, uri)
    if not shown:
        server.show(types.MessageType.Info, f"The report of {capsule.manifest.name} is in {path}")
    return {**told, "uri": uri, "shown": shown}


async def _show(server: "QuantumLayerServer", uri: str) -> bool:
    """Asks the client to open it outside, in the program for such files: a browser."""
    params = types.ShowDocumentParams(uri=uri, external=True)
    try:
        shown = await server.protocol.ask(types.WINDOW_SHOW_DOCUMENT, params, _PATIENCE_S)
    except (JsonRpcException, TimeoutError):
        return False
    return bool(shown and shown.success)

"""`quantumlayer.patterns.explain`, `.recommend`, `.guide`, and the hover on a brief: which patterns its run
would use, and why. No model is asked, so the answer is given at once and there is no job."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..engine.errors import QuantumLayerError
from . import generate
from .documents import parts_of, split_lines
from .patterns_page import guide_page, page, recommendation_page

if TYPE_CHECKING:
    from ..engine.types import BriefReading
    from .server import QuantumLayerServer

log = logging.getLogger(__name__)


async def explain(server: "QuantumLayerServer", request: generate.Request) -> dict[str, Any]:
    reading = await _read(server, request)
    return {"markdown": page(reading), "reading": reading.model_dump(mode="json")}


async def recommend(server: "QuantumLayerServer", request: generate.Request) -> dict[str, Any]:
    reading = await _read(server, request)
    chosen = reading.selection
    return {
        "markdown": recommendation_page(reading),
        "patterns": list(chosen.on),
        "samples": chosen.samples,
        "conflicts": list(reading.conflicts),
        "advice": list(reading.advice),
    }


async def guide(server: "QuantumLayerServer") -> dict[str, Any]:
    async with server.session.engine(None) as engine:
        pages = await engine.pattern_guide()
    return {"markdown": guide_page(pages), "patterns": [one.model_dump(mode="json") for one in pages]}


async def brief_hover(server: "QuantumLayerServer", params: types.HoverParams) -> types.Hover | None:
    """On the front matter and the first line of a brief; below them the text is its author's."""
    uri = params.text_document.uri
    document = server.documents.opened(uri)
    if document is None or params.position.line > last_line_of_head(document.text):
        return None
    if not await asyncio.to_thread(_is_brief, uri, document.text):
        return None
    try:
        reading = await _read(server, generate.Request(uri=uri))
    except QuantumLayerError as error:
        log.info("nothing can be told of the brief: %s", error)
        return None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, page(reading)))


def last_line_of_head(text: str) -> int:
    """The number of the first line with words, behind the front matter if there is one."""
    lines = [line.strip() for line in split_lines(text)]
    start = 0
    if lines and lines[0] == "---" and "---" in lines[1:]:
        start = lines.index("---", 1) + 1
    return next((number for number in range(start, len(lines)) if lines[number]), len(lines))


async def _read(server: "QuantumLayerServer", request: generate.Request) -> "BriefReading":
    brief = await generate.brief_of(server, request)
    async with server.session.engine(request.uri or None) as engine:
        return await engine.read_brief(brief)


def _is_brief(uri: str, text: str) -> bool:
    from ..engine.brief import is_brief

    return is_brief(parts_of(uri)[1], text)

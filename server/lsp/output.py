"""What tests print while they run, for every client: in its log, and whole in a document or a file.

Clients that show documents of a server (LSP 3.18) have it as one that grows; for the others there is a file,
beside the server's log. Only the newest run of a project is kept.
"""

import asyncio
import hashlib
import logging
from typing import TYPE_CHECKING, Literal

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ..redaction import redact
from . import log as logs

if TYPE_CHECKING:
    from pathlib import Path

    from .server import QuantumLayerServer

log = logging.getLogger(__name__)
SCHEME = "quantumlayer-output"
_MOST = 2 * 1024 * 1024
_REST_LEFT_OUT = f"\nThe rest is left out: it is more than {_MOST // 1024**2} MB.\n"
_TOGETHER_S = 0.2
_PATIENCE_S = 5.0


class Output:
    """The output of one project's tests."""

    def __init__(self, server: "QuantumLayerServer", root: "Path") -> None:
        self._server = server
        digest = hashlib.sha256(str(root).encode()).hexdigest()[:8]
        self.uri = f"{SCHEME}:/{digest}/{_plain(root.name)}-tests.txt"
        self._file = logs.folder() / f"tests-{_plain(root.name)}-{digest}.txt"
        self.text = ""
        self._new: list[str] = []
        self._fresh = True
        self._left_out = False
        self._telling: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    @property
    def place(self) -> str:
        """Where it can be read, for people."""
        return self.uri if self._server.features.text_document_content else str(self._file)

    @property
    def link(self) -> str:
        """The same, as a URI that a client can show."""
        return self.uri if self._server.features.text_document_content else self._file.as_uri()

    def restart(self) -> None:
        self.text = ""
        self._new = []
        self._fresh = True
        self._left_out = False

    def add(self, text: str) -> None:
        """Shown with what comes soon after it; what is too much is left out, which is said once."""
        if len(self.text) < _MOST:
            self._take(redact(text))
        elif not self._left_out:
            self._left_out = True
            self._take(_REST_LEFT_OUT)

    def _take(self, text: str) -> None:
        self.text += text
        self._new.append(text)
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell(), name="tell output")

    async def flush(self) -> None:
        """All of it has been shown."""
        if self._telling is not None:
            await asyncio.wait({self._telling})
        await self._show()

    async def _tell(self) -> None:
        await asyncio.sleep(_TOGETHER_S)
        self._telling = None
        await self._show()

    async def _show(self) -> None:
        """One after the other: a part must not be written before the one that it follows."""
        async with self._turn:
            new, self._new = "".join(self._new), []
            if new.strip():
                self._server.log_message(new.rstrip())
            if self._server.features.text_document_content:
                await self._refresh()
            elif new:
                fresh, self._fresh = self._fresh, False
                await asyncio.to_thread(_write, self._file, new, "w" if fresh else "a")

    async def _refresh(self) -> None:
        params = types.TextDocumentContentRefreshParams(uri=self.uri)
        try:
            await self._server.protocol.ask(
                types.WORKSPACE_TEXT_DOCUMENT_CONTENT_REFRESH, params, _PATIENCE_S
            )
        except (JsonRpcException, TimeoutError):
            return  # nobody looks at it


def _plain(name: str) -> str:
    """In letters that no client escapes when it asks for the document."""
    plain = (letter if (letter.isascii() and letter.isalnum()) or letter in "-_." else "-" for letter in name)
    return "".join(plain) or "project"


def _write(file: "Path", text: str, mode: Literal["w", "a"]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file.open(mode, encoding="utf-8") as out:
            out.write(text)
        file.chmod(0o600)
    except OSError as error:
        log.warning("the output of tests cannot be written to %s: %s", file, error)

"""One warm tool: started when it is first needed, kept in step with the documents, started again when it
ends, and left alone for a while when it keeps ending."""

import asyncio
import logging
import re
import tempfile
import time
from pathlib import Path
from typing import Any, Protocol

from ...types import Finding, OpenFile
from ..process import environment
from ..types import ToolError
from .client import Client, Gone, Refused

log = logging.getLogger(__name__)
_START_S = 20.0
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_MOST_DOCUMENTS = 200
_CAPABILITIES = {
    "general": {"positionEncodings": ["utf-32", "utf-16"]},
    "workspace": {"configuration": True, "workspaceFolders": True},
    "textDocument": {
        "synchronization": {},
        "diagnostic": {"relatedInformation": True},
        "publishDiagnostics": {
            "dataSupport": True,
            "tagSupport": {"valueSet": [1, 2]},
            "codeDescriptionSupport": True,
        },
    },
}


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def lines_of(text: str) -> list[str]:
    """Lines with their ends, as the protocol counts them: a form feed ends no line."""
    return _LINE.findall(text)


class WarmTool(Protocol):
    """What is special about one language server."""

    name: str
    languages: frozenset[str]

    def command(self) -> list[str]:
        """Raises ToolError if it is not installed."""

    def options(self) -> Any:
        """`initializationOptions`."""

    def configuration(self) -> Any:
        """The answer to `workspace/configuration`."""

    def findings(self, file: OpenFile, diagnostics: list[dict[str, Any]], unit: str) -> list[Finding]:
        """`unit` is the server's position encoding."""


class WarmServer:
    """A tool for one folder."""

    def __init__(self, tool: WarmTool, folder: Path, seconds: float) -> None:
        self.tool = tool
        self._folder = folder
        self._seconds = seconds
        self._client: Client | None = None
        self._unit = "utf-16"
        self._starting: asyncio.Task[Client] | None = None
        self._shown: dict[str, tuple[int, str]] = {}
        """Documents the server has open: their version there, and their text."""
        self._failures = 0
        self._not_before = 0.0

    async def check(self, file: OpenFile) -> list[Finding]:
        """Findings in the file as it is given. Raises ToolError if the tool cannot tell."""
        try:
            async with asyncio.timeout(self._seconds + _START_S):
                client = await self._started()
            self._synchronise(client, file)
            async with asyncio.timeout(self._seconds):
                report = await client.ask("textDocument/diagnostic", {"textDocument": {"uri": file.uri}})
        except TimeoutError:
            await self._failed()
            raise ToolError(f"{self.tool.name} took longer than {self._seconds:g} s") from None
        except Gone:
            await self._failed()
            raise ToolError(f"{self.tool.name} ended unexpectedly") from None
        except Refused as error:
            raise ToolError(f"{self.tool.name}: {error}") from None
        self._failures = 0
        return self.tool.findings(file, (report or {}).get("items") or [], self._unit)

    def forget(self, uri: str) -> None:
        if self._shown.pop(uri, None) is not None and self._client is not None:
            self._client.tell("textDocument/didClose", {"textDocument": {"uri": uri}})

    async def aclose(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        client, self._client = self._client, None
        self._shown.clear()
        if client is not None:
            await client.aclose()

    async def _started(self) -> Client:
        """The running server. Its start is not the caller's: one who is cancelled leaves it to the next."""
        if self._client is not None:
            if not self._client.alive:
                raise Gone
            return self._client
        if self._starting is None:
            if time.monotonic() < self._not_before:
                raise ToolError(f"{self.tool.name} keeps failing; it is tried again later")
            self._starting = asyncio.create_task(self._start(), name=f"start {self.tool.name}")
            self._starting.add_done_callback(self._on_start)
        return await asyncio.shield(self._starting)

    def _on_start(self, task: "asyncio.Task[Client]") -> None:
        self._starting = None
        if not task.cancelled() and task.exception() is None:
            self._client = task.result()

    async def _start(self) -> Client:
        try:
            client = await Client.start(
                self.tool.command(),
                cwd=Path(tempfile.gettempdir()),  # the folder may not be on disk yet, and need not be
                env=environment(),
                configuration=self.tool.configuration(),
            )
        except OSError as error:
            raise ToolError(f"{self.tool.name} cannot be started: {error}") from error
        uri = self._folder.as_uri()
        try:
            answer = await client.ask(
                "initialize",
                {
                    "processId": None,
                    "rootUri": uri,
                    "workspaceFolders": [{"uri": uri, "name": self._folder.name}],
                    "capabilities": _CAPABILITIES,
                    "initializationOptions": self.tool.options(),
                },
            )
        except BaseException:
            await client.kill()
            raise
        client.tell("initialized", {})
        self._unit = answer["capabilities"].get("positionEncoding") or "utf-16"
        return client

    def _synchronise(self, client: Client, file: OpenFile) -> None:
        version, text = self._shown.pop(file.uri, (0, ""))
        if version == 0:
            item = {"uri": file.uri, "languageId": file.language, "version": 1, "text": file.text}
            client.tell("textDocument/didOpen", {"textDocument": item})
        elif text != file.text:
            changed = {"uri": file.uri, "version": version + 1}
            edits = [{"text": file.text}]
            client.tell("textDocument/didChange", {"textDocument": changed, "contentChanges": edits})
        self._shown[file.uri] = (version + 1, file.text)
        if len(self._shown) > _MOST_DOCUMENTS:
            self.forget(next(iter(self._shown)))

    async def _failed(self) -> None:
        """Ends what is left of it; the next one starts after a pause that doubles each time."""
        client, self._client = self._client, None
        if self._starting is not None:
            self._starting.cancel()
        self._shown.clear()
        pause = min(_FIRST_PAUSE_S * 2**self._failures, _LONGEST_PAUSE_S)
        self._failures += 1
        self._not_before = time.monotonic() + pause
        log.warning("%s failed; not before %.0f s from now again", self.tool.name, pause)
        if client is not None:
            await client.kill()

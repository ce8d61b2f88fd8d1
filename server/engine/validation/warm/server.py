"""One warm tool: started when it is first needed, kept in step with the documents, started again when it
ends, and left alone for a while when it keeps ending."""

import asyncio
import io
import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from ...languages import editor_id
from ...types import Finding, OpenFile
from ..process import environment
from ..types import ToolError
from .client import MOST_FINDINGS, Client, Gone, Refused

log = logging.getLogger(__name__)
_START_S = 20.0
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_MOST_DOCUMENTS = 200
_FEW_FINDINGS = 100
_SHORT_TEXT = 64 * 1024
"""Few findings in a short text are made in milliseconds: a thread for them would be waited for longer."""
_IDLE_S = 30.0
"""How long a process is kept when no document is open."""
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


def lines_of(text: str) -> list[str]:
    """Lines with their ends, as the protocol counts them: a form feed ends no line."""
    return list(io.StringIO(text, newline=""))


class WarmTool(Protocol):
    """What is special about one language server."""

    name: str
    languages: frozenset[str]
    env: Mapping[str, str]
    """On top of the small environment that every tool is given."""

    def command(self) -> list[str]:
        """Raises ToolError if it is not installed."""

    def options(self) -> Any:
        """`initializationOptions`."""

    def configuration(self) -> Any:
        """The answer to `workspace/configuration`."""

    def findings(self, file: OpenFile, diagnostics: list[dict[str, Any]], unit: str) -> list[Finding]:
        """`unit` is the server's position encoding. Called in a thread where it may take long."""


@runtime_checkable
class Apart(Protocol):
    """A tool that must not look at the judged folder: its folder, and a document's URI there."""

    folder: Path

    def named(self, uri: str) -> str: ...


@runtime_checkable
class ReadsNoFiles(Protocol):
    """A tool whose `findings` look at nothing but what they are given: others wait for the folder's disk."""

    reads_no_files: Literal[True]


class WarmServer:
    """A tool for one folder."""

    def __init__(self, tool: WarmTool, folder: Path, seconds: float) -> None:
        self.tool = tool
        self._folder = tool.folder if isinstance(tool, Apart) else folder
        self._named: Callable[[str], str] = tool.named if isinstance(tool, Apart) else str
        self._reads_no_files = isinstance(tool, ReadsNoFiles)
        self._seconds = seconds
        self._client: Client | None = None
        self._unit = "utf-16"
        self._starting: asyncio.Task[Client] | None = None
        self._shown: dict[str, tuple[int, str]] = {}
        """Documents the server has open: their version there, and their text."""
        self._failures = 0
        self._not_before = 0.0
        self._worked = False
        """Whether this process has answered: one that has is missed at once, one that never did is not."""
        self._asked_at = 0.0
        """Since when an answer is awaited."""
        self._leaving: asyncio.Task[None] | None = None

    async def check(self, file: OpenFile) -> list[Finding]:
        """Findings in the file as it is given. Raises ToolError if the tool cannot tell."""
        self._stay()
        if self._client is not None and self._is_stuck(self._client):
            await self._failed(self._client)
        worked = self._worked
        try:
            return await self._check(file)
        except Gone:
            if not worked:
                raise ToolError(f"{self.tool.name} ended unexpectedly") from None
        # It worked until now, and may have been killed for its memory: another one is not made to wait.
        self._failures, self._not_before = 0, 0.0
        try:
            return await self._check(file)
        except Gone:
            raise ToolError(f"{self.tool.name} ended unexpectedly") from None

    async def _check(self, file: OpenFile) -> list[Finding]:
        try:
            async with asyncio.timeout(_START_S):
                client = await self._started()
        except TimeoutError:
            if self._starting is not None:
                self._starting.cancel()
                self._starting = None
            self._wait_longer()
            raise ToolError(f"{self.tool.name} took longer than {_START_S:g} s to start") from None
        uri = self._named(file.uri)
        try:
            self._synchronise(client, file, uri)
            if self._asked_at <= client.heard_at:
                self._asked_at = time.monotonic()
            async with asyncio.timeout(self._seconds):
                report = await client.ask("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        except TimeoutError:
            await self._failed(client)
            raise ToolError(f"{self.tool.name} took longer than {self._seconds:g} s") from None
        except Gone:
            await self._failed(client)
            raise
        except Refused as error:
            raise ToolError(f"{self.tool.name}: {error}") from None
        self._failures = 0
        self._worked = True
        items = ((report or {}).get("items") or [])[:MOST_FINDINGS]
        quick = len(items) <= _FEW_FINDINGS and len(file.text) <= _SHORT_TEXT
        if quick and self._reads_no_files:
            return self.tool.findings(file, items, self._unit)
        # Some look at files for it, and what is in the folder is anyone's.
        return await asyncio.to_thread(self.tool.findings, file, items, self._unit)

    def _is_stuck(self, client: Client) -> bool:
        """Whether it has been silent too long since it was asked: who types on waits for no single answer."""
        return client.heard_at < self._asked_at < time.monotonic() - self._seconds

    def changed(self, uris: Mapping[str, int]) -> None:
        """Files on disk are others now: by URI, how (LSP's FileChangeType)."""
        if self._client is not None and not isinstance(self.tool, Apart):
            changes = [{"uri": uri, "type": kind} for uri, kind in uris.items()]
            self._client.tell("workspace/didChangeWatchedFiles", {"changes": changes})

    def forget(self, uri: str) -> None:
        self._close(self._named(uri))

    def _close(self, uri: str) -> None:
        if self._shown.pop(uri, None) is not None and self._client is not None:
            self._client.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
        if not self._shown and self._leaving is None:
            self._leaving = asyncio.create_task(self._leave(), name=f"end {self.tool.name}")

    async def _leave(self) -> None:
        """Nothing is open any more: a while later the process is given back."""
        await asyncio.sleep(_IDLE_S)
        self._leaving = None
        await self._end()

    def _stay(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    async def aclose(self) -> None:
        self._stay()
        await self._end()

    async def _end(self) -> None:
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
            return self._client
        if self._starting is None:
            if time.monotonic() < self._not_before:
                raise ToolError(f"{self.tool.name} keeps failing; it is tried again later")
            self._starting = asyncio.create_task(self._start(), name=f"start {self.tool.name}")
            self._starting.add_done_callback(self._on_start)
        return await asyncio.shield(self._starting)

    def _on_start(self, task: "asyncio.Task[Client]") -> None:
        if self._starting is task:
            self._starting = None
        if not task.cancelled() and task.exception() is None:
            self._client = task.result()

    async def _start(self) -> Client:
        try:
            client = await Client.start(
                self.tool.command(),
                cwd=Path(tempfile.gettempdir()),  # the folder may not be on disk yet, and need not be
                env={**environment(), **self.tool.env},
                configuration=self.tool.configuration(),
            )
        except OSError as error:
            raise ToolError(f"{self.tool.name} cannot be started: {error}") from error
        uri = self._folder.as_uri()
        try:
            answer = await self._first_answer(client, uri)
        except BaseException:
            await client.kill()
            raise
        client.tell("initialized", {})
        self._unit = ((answer or {}).get("capabilities") or {}).get("positionEncoding") or "utf-16"
        return client

    async def _first_answer(self, client: Client, uri: str) -> Any:
        try:
            return await client.ask(
                "initialize",
                {
                    "processId": None,
                    "rootUri": uri,
                    "workspaceFolders": [{"uri": uri, "name": self._folder.name}],
                    "capabilities": _CAPABILITIES,
                    "initializationOptions": self.tool.options(),
                },
            )
        except (Gone, Refused) as error:
            self._wait_longer()
            raise ToolError(f"{self.tool.name} does not start: {error or 'it ended'}") from None

    def _synchronise(self, client: Client, file: OpenFile, uri: str) -> None:
        version, text = self._shown.pop(uri, (0, ""))
        if version == 0:
            language = editor_id(file.path, file.language)
            item = {"uri": uri, "languageId": language, "version": 1, "text": file.text}
            client.tell("textDocument/didOpen", {"textDocument": item})
        elif text != file.text:
            changed = {"uri": uri, "version": version + 1}
            edits = [{"text": file.text}]
            client.tell("textDocument/didChange", {"textDocument": changed, "contentChanges": edits})
        self._shown[uri] = (version + 1, file.text)
        if len(self._shown) > _MOST_DOCUMENTS:
            self._close(next(iter(self._shown)))

    async def _failed(self, client: Client) -> None:
        """Ends what is left of it; the next one starts after a pause that doubles each time."""
        if client is self._client:  # several may have waited for it
            self._client = None
            self._shown.clear()
            self._worked = False
            self._wait_longer()
        await client.kill()

    def _wait_longer(self) -> None:
        pause = min(_FIRST_PAUSE_S * 2**self._failures, _LONGEST_PAUSE_S)
        self._failures += 1
        self._not_before = time.monotonic() + pause
        log.warning("%s failed; not before %.0f s from now again", self.tool.name, pause)

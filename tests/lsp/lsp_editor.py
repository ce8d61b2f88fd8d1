"""A small editor for tests: it starts the server as editors do, shows documents, applies edits.

Everything the server sends is checked against the types of the protocol, so a malformed message fails the
test that caused it. Requests of the server are answered as a patient user would; a test may put another
answer in `answers`.
"""

import asyncio
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lsprotocol import converters, types

SERVER = (sys.executable, "-m", "quantumlayer", "lsp")
PATIENCE_S = 20.0
_CONVERTER = converters.get_converter()

FULL: dict[str, Any] = {
    "window": {"workDoneProgress": True, "showMessage": {}},
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "workspaceFolders": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create", "rename", "delete"],
            "changeAnnotationSupport": {"groupsOnLabel": True},
        },
    },
    "textDocument": {
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "refactor"]}}},
        "publishDiagnostics": {"codeDescriptionSupport": True, "versionSupport": True},
    },
    "general": {"positionEncodings": ["utf-16"]},
}
"""What a modern editor can do."""


class RpcError(Exception):
    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.message = error["message"]
        self.data = error.get("data")


@dataclass
class Editor:
    """One editor and its server. `messages` has every notification that came, in order."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    process: asyncio.subprocess.Process | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)
    """Errors that answer no request of ours (their id is null)."""
    answers: dict[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    open_texts: dict[str, str] = field(default_factory=dict)
    """What the editor shows, by URI."""
    answered: list[Any] = field(default_factory=list)
    """Ids of our requests that were answered, in order."""

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._waiting: dict[Any, asyncio.Future[Any]] = {}
        self._arrived = asyncio.Condition()
        self._endings: asyncio.Queue[str] = asyncio.Queue()
        self._listening = asyncio.create_task(self._listen())

    # -- speaking ------------------------------------------------------------------------------

    def send_bytes(self, content: bytes) -> None:
        self.writer.write(content)

    def send_body(self, body: bytes) -> None:
        self.send_bytes(_framed(body))

    def send(self, message: Any) -> None:
        self.send_body(json.dumps(message).encode())

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Any = None, msg_id: Any = None) -> "asyncio.Future[Any]":
        message, future = self._new_request(method, params, msg_id)
        self.send(message)
        return future

    def ask_at_once(self, *requests: tuple[str, Any]) -> "list[asyncio.Future[Any]]":
        """Sends several requests as one piece, so that they arrive together."""
        made = [self._new_request(method, params) for method, params in requests]
        self.send_bytes(b"".join(_framed(json.dumps(message).encode()) for message, _ in made))
        return [future for _, future in made]

    def _new_request(
        self, method: str, params: Any = None, msg_id: Any = None
    ) -> "tuple[dict[str, Any], asyncio.Future[Any]]":
        msg_id = next(self._numbers) if msg_id is None else msg_id
        future = asyncio.get_running_loop().create_future()
        self._waiting[msg_id] = future
        message = {"jsonrpc": "2.0", "id": msg_id, "method": method}
        return (message if params is None else {**message, "params": params}), future

    async def request(self, method: str, params: Any = None, msg_id: Any = None) -> Any:
        return await asyncio.wait_for(self.ask(method, params, msg_id), PATIENCE_S)

    async def initialize(
        self, folder: Path | None = None, capabilities: Mapping[str, Any] = FULL, **more: Any
    ) -> dict[str, Any]:
        folders = [{"uri": folder.as_uri(), "name": folder.name}] if folder else None
        params = {"processId": os.getpid(), "rootUri": folder.as_uri() if folder else None}
        params |= {"workspaceFolders": folders, "capabilities": capabilities, **more}
        answer = await self.request("initialize", params)
        self.notify("initialized", {})
        return answer

    def open(self, path: Path, text: str | None = None, language: str = "") -> str:
        """Shows a file; with `text`, as if the user had typed it and not saved."""
        uri = path.as_uri()
        self.open_texts[uri] = path.read_text() if text is None else text
        item = {"uri": uri, "languageId": language or path.suffix[1:], "version": 1}
        self.notify("textDocument/didOpen", {"textDocument": {**item, "text": self.open_texts[uri]}})
        return uri

    def change(self, uri: str, *changes: Mapping[str, Any], version: int = 2) -> None:
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)}
        self.notify("textDocument/didChange", params)

    async def command(self, name: str, *arguments: Any) -> Any:
        params = {"command": f"quantumlayer.{name}", "arguments": list(arguments)}
        return await self.request("workspace/executeCommand", params)

    async def code_actions(self, uri: str, **context: Any) -> list[dict[str, Any]]:
        place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
        params = {
            "textDocument": {"uri": uri},
            "range": place,
            "context": {"diagnostics": [], **context},
        }
        return await self.request("textDocument/codeAction", params) or []

    # -- listening -----------------------------------------------------------------------------

    def received(self, method: str) -> list[dict[str, Any]]:
        return [message["params"] for message in self.messages if message["method"] == method]

    async def wait_for(
        self,
        method: str,
        wanted: Callable[[dict[str, Any]], bool] = lambda _: True,
        seconds: float = PATIENCE_S,
    ) -> dict[str, Any]:
        """The parameters of the first notification that is `wanted`, whenever it came."""

        def found() -> dict[str, Any] | None:
            return next((params for params in self.received(method) if wanted(params)), None)

        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: found() is not None or self._listening.done())
        if (params := found()) is None:
            raise AssertionError(f"the server ended without {method}: {self.messages[-5:]}")
        return params

    async def ending(self, seconds: float = PATIENCE_S) -> str:
        """The next message that tells the user how a job ended; each is given once, whenever it came."""
        return await asyncio.wait_for(self._endings.get(), seconds)

    async def wait_for_request(self, method: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """The server's first request of this kind."""

        def found() -> dict[str, Any] | None:
            return next((request for request in self.requests if request["method"] == method), None)

        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: found() is not None)
        request = found()
        assert request is not None
        return request

    async def closed(self, seconds: float = PATIENCE_S) -> None:
        """Returns when the server has closed its side."""
        await asyncio.wait_for(asyncio.shield(self._listening), seconds)

    async def exit_code(self, seconds: float = PATIENCE_S) -> int:
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), seconds)

    async def shut_down(self) -> int | None:
        await self.request("shutdown")
        self.notify("exit")
        return await self.exit_code() if self.process else None

    async def _listen(self) -> None:
        """Ends with the stream; a message that the protocol does not allow fails all that wait."""
        ended: Exception = ConnectionError("the server closed the stream")
        try:
            await self._take_messages()
        except Exception as error:
            ended = error
            raise
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ended)
            async with self._arrived:
                self._arrived.notify_all()

    async def _take_messages(self) -> None:
        while (message := await self._read()) is not None:
            check(message)
            if "method" not in message:
                self._take_answer(message)
            elif "id" in message:
                self.requests.append(message)
                self._answer(message)
            else:
                self.messages.append(message)
                if message["method"] == "window/showMessage":
                    self._endings.put_nowait(message["params"]["message"])
            async with self._arrived:
                self._arrived.notify_all()

    async def _read(self) -> Any:
        length = 0
        while line := (await self.reader.readline()).strip():
            name, _, value = line.partition(b":")
            assert name.lower() in {b"content-length", b"content-type"}, f"not a header: {line!r}"
            length = int(value) if name.lower() == b"content-length" else length
        return json.loads(await self.reader.readexactly(length)) if length else None

    def _take_answer(self, message: dict[str, Any]) -> None:
        if message["id"] is None:
            self.refusals.append(message["error"])
            return
        self.answered.append(message["id"])
        future = self._waiting.pop(message["id"])
        if "error" in message:
            future.set_exception(RpcError(message["error"]))
        else:
            future.set_result(message["result"])

    def _answer(self, message: dict[str, Any]) -> None:
        method, params = message["method"], message.get("params")
        given = self.answers.get(method)
        result = given(params) if given else self._usual_answer(method, params)
        if result is not SILENCE:
            kind = "error" if isinstance(result, Refusal) else "result"
            self.send({"jsonrpc": "2.0", "id": message["id"], kind: result})

    def _usual_answer(self, method: str, params: Any) -> Any:
        match method:
            case "workspace/configuration":
                return [self.settings for _ in params["items"]]
            case "workspace/applyEdit":
                apply(params["edit"], self.open_texts)
                return {"applied": True}
            case "window/showMessageRequest":
                return None
            case "window/workDoneProgress/create" | "client/registerCapability":
                return None
            case _:
                return Refusal(code=-32601, message="not known")

    async def aclose(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self.writer.close()
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


class Refusal(dict):  # type: ignore[type-arg]
    """An error in place of a result."""


SILENCE = object()
"""No answer at all."""


def _framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def check(message: Mapping[str, Any]) -> None:
    """Raises if the protocol's types do not allow `message`."""
    assert message["jsonrpc"] == "2.0"
    known = types.METHOD_TO_TYPES.get(message.get("method", ""))
    if known is not None:
        _CONVERTER.structure(message, known[0])


def apply(edit: Mapping[str, Any], shown: dict[str, str]) -> None:
    """A workspace edit, done to the disk and to what is shown."""
    for uri, edits in (edit.get("changes") or {}).items():
        _edit(uri, edits, shown)
    for change in edit.get("documentChanges") or ():
        if change.get("kind") == "create":
            path = to_path(change["uri"])
            assert not path.exists(), f"{path} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        elif change.get("kind") == "delete":
            to_path(change["uri"]).unlink()
        else:
            _edit(change["textDocument"]["uri"], change["edits"], shown)


def _edit(uri: str, edits: Any, shown: dict[str, str]) -> None:
    path = to_path(uri)
    text = shown.get(uri) if uri in shown else (path.read_text() if path.exists() else "")
    assert text is not None
    for edit in edits:
        lines = text.splitlines(keepends=True) or [""]
        start, end = (_offset(lines, edit["range"][key]) for key in ("start", "end"))
        text = text[:start] + edit["newText"] + text[end:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if uri in shown:
        shown[uri] = text


def _offset(lines: list[str], position: Mapping[str, int]) -> int:
    """For texts of ASCII."""
    return sum(map(len, lines[: position["line"]])) + position["character"]


def to_path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))


@asynccontextmanager
async def start(
    environ: Mapping[str, str], *arguments: str, command: tuple[str, ...] = SERVER
) -> AsyncIterator[Editor]:
    """An editor with a server of its own, over standard input and output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=None,
        env=dict(environ),
        limit=2**24,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    editor = Editor(process.stdout, process.stdin, process)
    try:
        yield editor
    finally:
        await editor.aclose()


@asynccontextmanager
async def connect(host: str, port: int) -> AsyncIterator[Editor]:
    """An editor that uses a server listening on a port."""
    reader, writer = await asyncio.open_connection(host, port, limit=2**24)
    editor = Editor(reader, writer)
    try:
        yield editor
    finally:
        await editor.aclose()

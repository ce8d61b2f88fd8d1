"""JSON-RPC as editors need it: every request answered exactly once, whatever arrives.

pygls brings the registry of features, the types and the builtin document synchronisation. What
differs here, and why:

- Messages are checked before they are handled: broken JSON, invalid parameters, requests before
  `initialize` or after `shutdown`, a second `initialize` and a repeated id each get their error.
- Requests to the client are kept apart from requests of the client. One that is no longer wanted is
  cancelled, and its late answer is ignored.
- Futures are dropped when they are done, those of notifications too.
- Errors that are not meant for users go to the log; the client learns that something failed, not how
  the server looks inside. Bodies of messages are never logged.
"""

import asyncio
import contextvars
import itertools
import json
import logging
import math
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage
from pygls.workspace import Workspace

from ..engine.errors import QuantumLayerError
from ..redaction import redact

if TYPE_CHECKING:
    from collections.abc import Generator

    from cattrs import Converter

    from .server import QuantumLayerServer

log = logging.getLogger(__name__)
MessageId = str | int
_NOT_OFFERED = (
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
)
"""The library follows notebooks; the server says it does not, and a change of an unknown one would fail."""
_DEEPEST = 100
"""Lists and objects in each other; what editors send has ten."""


class Writer(Protocol):
    """Where messages leave; `write` neither blocks nor raises."""

    def write(self, data: bytes) -> None: ...
    async def close(self) -> None: ...


class QuantumLayerProtocol(LanguageServerProtocol):
    """One client's conversation."""

    _server: "QuantumLayerServer"

    def __init__(self, server: "QuantumLayerServer", converter: "Converter") -> None:
        super().__init__(server, converter)
        self._initialized = False
        for method in _NOT_OFFERED:
            del self.fm.builtin_features[method]
        self._out: Writer | None = None
        self._replies: dict[MessageId, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)

    # -- what arrives --------------------------------------------------------------------------

    def receive(self, body: bytes) -> None:
        """Handles one message; never raises because of what it says."""
        try:
            data = json.loads(body, parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError):
            self.refuse(None, JsonRpcParseError("the message is not valid JSON"))
            return
        if not isinstance(data, dict) or data.get("jsonrpc") != "2.0":
            self.refuse(_id_of(data), JsonRpcInvalidRequest("the message is not JSON-RPC 2.0"))
        elif isinstance(data.get("method"), str):
            receive = self._receive_request if "id" in data else self._receive_notification
            contextvars.copy_context().run(receive, data)
        elif "id" in data and ("result" in data or "error" in data):
            self._receive_reply(data)
        else:
            self.refuse(_id_of(data), JsonRpcInvalidRequest("neither a request nor a reply"))

    def _receive_request(self, data: dict[str, Any]) -> None:
        msg_id, method = _id_of(data), data["method"]
        if msg_id is None:
            self.refuse(None, JsonRpcInvalidRequest("a request's id is a string or an integer"))
            return
        if (refusal := self._refusal(msg_id, method)) is not None:
            self.refuse(msg_id, refusal)
            return
        try:
            params = self._params(method, data)
        except JsonRpcInvalidParams as error:
            self.refuse(msg_id, error)
            return
        if method == types.INITIALIZE:
            self._initialized = True
        elif method == types.SHUTDOWN:
            self._shutdown = True
        self._handle_request(msg_id, method, params)

    def _refusal(self, msg_id: MessageId, method: str) -> JsonRpcException | None:
        """Why a request cannot be handled now, whatever its parameters are."""
        if msg_id in self._request_futures:
            return JsonRpcInvalidRequest(f"a request with id {msg_id!r} is still running")
        if self._shutdown:
            return JsonRpcInvalidRequest("the server is shutting down")
        if method == types.INITIALIZE and self._initialized:
            return JsonRpcInvalidRequest("the server is initialized already")
        if method != types.INITIALIZE and not self._initialized:
            return JsonRpcServerNotInitialized("the server is not initialized yet")
        if not self._knows(method):
            return JsonRpcMethodNotFound(f"unknown method {method}")
        return None

    def _receive_notification(self, data: dict[str, Any]) -> None:
        method = data["method"]
        if method != types.EXIT and (self._shutdown or not self._initialized):
            return
        if method != types.CANCEL_REQUEST and not self._knows(method):
            log.debug("ignored notification %s", method)
            return
        try:
            params = self._params(method, data)
        except JsonRpcInvalidParams:
            log.warning("ignored %s: its parameters are invalid", method)
            return
        self._handle_notification(method, params)

    def _params(self, method: str, data: dict[str, Any]) -> Any:
        """Raises JsonRpcInvalidParams if they are not those of the method."""
        kind = self.get_message_type(method) or JsonRPCNotification
        if _is_too_deep(data):
            raise JsonRpcInvalidParams(f"the parameters of {method} are nested too deeply")
        try:
            return self._converter.structure({"params": None, **data}, kind).params
        except Exception as error:
            raise JsonRpcInvalidParams(f"invalid parameters for {method}") from error

    def _receive_reply(self, data: dict[str, Any]) -> None:
        msg_id = _id_of(data)
        future = self._replies.pop(msg_id, None) if msg_id is not None else None
        if future is None or future.done():
            log.debug("ignored a late reply")
            return
        if data.get("error", 0) is None and "result" in data:
            del data["error"]  # some clients send both
        try:
            reply = self.structure_message(data)
        except JsonRpcException:
            future.set_exception(JsonRpcInvalidParams("the client's reply is malformed"))
            return
        if isinstance(reply, types.ResponseErrorMessage):
            error = reply.error or types.ResponseError(code=-32603, message="the client reported an error")
            future.set_exception(JsonRpcException(error.message, error.code))
        else:
            future.set_result(reply.result)

    def _knows(self, method: str) -> bool:
        return method in self.fm.builtin_features or method in self.fm.features

    def _handle_cancel_notification(self, msg_id: MessageId) -> None:
        future = self._request_futures.get(msg_id)
        if future is not None:
            future.cancel()

    # -- what is answered ----------------------------------------------------------------------

    def _execute_handler(
        self,
        msg_id: MessageId,
        handler: Callable[..., Any],
        callback: Callable[[Any], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        def finished(future: Any) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, finished, args, kwargs)

    def _send_handler_result(self, future: "Future[Any] | asyncio.Future[Any]", *, msg_id: MessageId) -> None:
        if future.cancelled():
            self.refuse(msg_id, JsonRpcRequestCancelled("the request was cancelled"))
        elif (error := future.exception()) is None:
            self._send_result(msg_id, future.result())
        elif isinstance(error, JsonRpcException):
            self.refuse(msg_id, error)
        elif isinstance(error, QuantumLayerError):
            self.refuse(msg_id, JsonRpcException(redact(str(error)), types.LSPErrorCodes.RequestFailed))
        else:
            log.error("a request failed", exc_info=error)
            self.refuse(msg_id, JsonRpcInternalError("internal error; the server's log has the details"))

    def _send_result(self, msg_id: MessageId, result: Any) -> None:
        try:
            self._send_response(msg_id, result=result)
        except Exception:  # written as JSON before anything leaves
            log.exception("a result could not be sent")
            self.refuse(msg_id, JsonRpcInternalError("internal error; the server's log has the details"))

    def _check_handler_result(self, future: "Future[Any] | asyncio.Future[Any]") -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            log.error("a notification could not be handled", exc_info=error)

    def refuse(self, msg_id: MessageId | None, error: JsonRpcException) -> None:
        # As a plain object: the types leave out an id that is null, which JSON-RPC asks for.
        answer = {"code": int(error.code), "message": error.message}
        self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "error": answer})

    # -- what is sent --------------------------------------------------------------------------

    def _send_data(self, data: Any) -> None:
        if self._out is None:
            return
        body = json.dumps(data, default=self._serialize_message, separators=(",", ":")).encode()
        self._out.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def ask(self, method: str, params: Any = None, seconds: float | None = None) -> Any:
        """Sends a request to the client and returns its result.

        Raises JsonRpcException if the client answers with an error, TimeoutError if it does not
        answer in time. When nobody waits any longer, the client is told so.
        """
        msg_id = f"quantumlayer-{next(self._numbers)}"
        future = asyncio.get_running_loop().create_future()
        self._replies[msg_id] = future
        self._result_types[msg_id] = self.get_result_type(method)
        request_type = self.get_message_type(method) or JsonRPCRequestMessage
        self._send_data(request_type(id=msg_id, method=method, params=params, jsonrpc=self.VERSION))
        try:
            return await asyncio.wait_for(future, seconds)
        except (asyncio.CancelledError, TimeoutError):
            self.notify(types.CANCEL_REQUEST, types.CancelParams(id=msg_id))
            raise
        finally:
            self._replies.pop(msg_id, None)
            self._result_types.pop(msg_id, None)

    def abandon_replies(self) -> None:
        """The client is gone: nobody should wait for it."""
        for future in self._replies.values():
            future.cancel()
        self._replies.clear()

    # The base class caches these per instance in a table that outlives every connection.
    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]
        return types.METHOD_TO_TYPES.get(method, (None,))[0]

    def get_result_type(self, method: str) -> type[Any] | None:  # type: ignore[override]
        return types.METHOD_TO_TYPES.get(method, (None, None))[1]

    # -- the life of a connection --------------------------------------------------------------

    def connect(self, writer: Writer) -> None:
        self._out = writer

    def use_documents(self, documents: Workspace) -> None:
        """Replaces the workspace that the base class makes."""
        self._workspace = documents

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> "Generator[Any, Any, types.InitializeResult]":
        """One that fails may be followed by another."""
        try:
            return (yield from super().lsp_initialize(params))
        except Exception as error:
            self._initialized = False
            if isinstance(error, ValueError):  # of a folder's URI
                raise JsonRpcInvalidParams(f"invalid parameters for {types.INITIALIZE}") from error
            raise

    @lsp_method(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def lsp_workspace__did_change_workspace_folders(
        self, params: types.DidChangeWorkspaceFoldersParams
    ) -> None:
        """Taken away first: a folder with another name comes as both."""
        for folder in params.event.removed:
            self.workspace.remove_folder(folder.uri)
        for folder in params.event.added:
            self.workspace.add_folder(folder)

    @lsp_method(types.SHUTDOWN)
    async def lsp_shutdown(self, *_: Any) -> None:  # type: ignore[override]
        """Ends the work, then answers."""
        await self._server.stop_work()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]
        self._server.end(0 if self._shutdown else 1)

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        self._server.jobs.cancel_token(params.token)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        if not self._server.documents.is_open(params.text_document.uri):
            log.warning("ignored a change to a document that is not open")
            return
        for change in params.content_changes:
            self.workspace.update_text_document(params.text_document, change)
        self._server.live.changed(params.text_document.uri)


def _refuse_constant(name: str) -> None:
    """`NaN` and the like are no JSON; said back to the client, they would break it."""
    raise ValueError(name)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)
    return value


def _is_too_deep(data: Any) -> bool:
    """What can be read can be too deep to be handled and said again, each of which has less stack left."""
    level = [data]
    for _ in range(_DEEPEST):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True


def _id_of(data: Any) -> MessageId | None:
    msg_id = data.get("id") if isinstance(data, dict) else None
    return msg_id if isinstance(msg_id, str | int) and not isinstance(msg_id, bool) else None

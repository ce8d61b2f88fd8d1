"""One client's server: its documents, settings, jobs and engine, and which file handles what."""

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from .. import __version__
from . import authored, tidying
from .capsule_shapes import SCHEME as CAPSULES
from .capsule_shapes import place_in
from .capsules import CapsuleCommands
from .client_features import ClientFeatures
from .code_action import KINDS, code_action
from .code_lens import code_lens
from .commands import Commands
from .configuration import Configuration
from .converter import exact_converter
from .documents import Documents
from .jobs import Jobs
from .live import SETTINGS_FILES, WATCHED, Live
from .log import remove_old
from .output import SCHEME
from .patterns import brief_hover
from .protocol import QuantumLayerProtocol
from .run_tests import Tests
from .session import Session, load
from .shown import Shown
from .workspace_diagnostics import WorkspaceDiagnostics

if TYPE_CHECKING:
    from types import ModuleType

    from cattrs import Converter

log = logging.getLogger(__name__)
_CLOSING_S = 3.0
_PATIENCE_S = 5.0


class QuantumLayerServer(LanguageServer):
    """State of one connection. `watch_parent`: end when the process that the client names has ended."""

    protocol: QuantumLayerProtocol

    def __init__(
        self, *, watch_parent: bool = False, converter: "Callable[[], Converter]" = exact_converter
    ) -> None:
        super().__init__(
            "quantumlayer", __version__, protocol_cls=QuantumLayerProtocol, converter_factory=converter
        )
        self.features = ClientFeatures()
        self.configuration = Configuration(self)
        self.jobs = Jobs(self)
        self.session = Session(self)
        self.exit_code = 1
        self.shown = Shown(self)
        self.live = Live(self)
        self.tests = Tests(self)
        self.workspace_diagnostics = WorkspaceDiagnostics(self)
        self._watch_parent = watch_parent
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._register()

    @property
    def documents(self) -> Documents:
        return cast("Documents", self.workspace)

    # -- lifecycle -----------------------------------------------------------------------------

    def _register(self) -> None:
        actions = types.CodeActionOptions(code_action_kinds=[*KINDS], resolve_provider=True)
        self._handle(types.INITIALIZE, self._initialize)
        self._handle(types.INITIALIZED, self._initialized)
        self._handle(types.WORKSPACE_DID_CHANGE_CONFIGURATION, self._configuration_changed)
        self._handle(types.TEXT_DOCUMENT_CODE_ACTION, self._code_action, actions)
        self._handle(types.TEXT_DOCUMENT_CODE_LENS, self._code_lens)
        self._handle(types.TEXT_DOCUMENT_HOVER, self._hover)
        self._handle(types.WORKSPACE_TEXT_DOCUMENT_CONTENT, self._content)
        self._handle(types.CODE_ACTION_RESOLVE, self._resolve)
        self._handle(types.TEXT_DOCUMENT_FORMATTING, self._format)
        self._handle(types.TEXT_DOCUMENT_DID_OPEN, self._opened)
        self._handle(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, self._files_changed)
        self._handle(types.TEXT_DOCUMENT_DID_SAVE, self._saved)
        self._handle(types.TEXT_DOCUMENT_DID_CLOSE, self._closed)
        for name, command in Commands(self).by_name().items():
            self.command(name)(functools.partial(command))

    def _handle(self, method: str, handler: Callable[..., Any], options: Any = None) -> None:
        self.feature(method, options)(functools.partial(handler))  # pygls marks what it is given

    def _initialize(self, params: types.InitializeParams) -> None:
        self.protocol.use_documents(Documents.of(self.workspace))
        self.features = ClientFeatures.of(params.capabilities)
        self.configuration.take(params.initialization_options)
        if self.features.pull_diagnostics:
            options = types.DiagnosticOptions(
                identifier="quantumlayer", inter_file_dependencies=True, workspace_diagnostics=True
            )
            self._handle(types.WORKSPACE_DIAGNOSTIC, self.workspace_diagnostics.pull)
            self._handle(types.TEXT_DOCUMENT_DIAGNOSTIC, self._diagnostic, options)

    def _initialized(self, _: types.InitializedParams) -> None:
        self.keep(self.configuration.watch())
        self.keep(self._watch())
        self.keep(self._watch_files())
        self.keep(self._offer_content())
        self.keep(asyncio.to_thread(_warm))

    def _configuration_changed(self, params: types.DidChangeConfigurationParams) -> None:
        self.configuration.changed(params.settings)
        self.live.restart()

    def _opened(self, params: types.DidOpenTextDocumentParams) -> None:
        self.live.opened(params.text_document.uri)

    def _saved(self, params: types.DidSaveTextDocumentParams) -> None:
        self.live.files_changed({params.text_document.uri: types.FileChangeType.Changed.value})
        self.tests.saved(params.text_document.uri)

    def _files_changed(self, params: types.DidChangeWatchedFilesParams) -> None:
        self.live.files_changed({change.uri: change.type.value for change in params.changes})

    def _closed(self, params: types.DidCloseTextDocumentParams) -> None:
        self.live.closed(params.text_document.uri)

    async def _diagnostic(self, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        await self.live.first_results(params.text_document.uri)
        return self.shown.pull(params.text_document.uri, params.previous_result_id)

    async def _resolve(self, action: types.CodeAction) -> types.CodeAction:
        return await tidying.resolve(self, action)

    async def _format(self, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        return await tidying.format_document(self, params.text_document.uri)

    async def _code_action(self, params: types.CodeActionParams) -> Any:
        return await code_action(self, params)

    async def _code_lens(self, params: types.CodeLensParams) -> list[types.CodeLens] | None:
        return await code_lens(self, params.text_document.uri)

    async def _hover(self, params: types.HoverParams) -> types.Hover | None:
        return await brief_hover(self, params) or await authored.hover(self, params)

    async def _content(self, params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
        if (place := place_in(params.uri)) is not None:
            _, text = await CapsuleCommands(self).text(*place)
            return types.TextDocumentContentResult(text)
        return types.TextDocumentContentResult(self.tests.text(params.uri))

    async def _offer_content(self) -> None:
        """Asks the client to show documents whose text is here."""
        if not self.features.text_document_content:
            return
        registration = types.Registration(
            id="quantumlayer-output",
            method=types.WORKSPACE_TEXT_DOCUMENT_CONTENT,
            register_options=types.TextDocumentContentRegistrationOptions(schemes=[SCHEME, CAPSULES]),
        )
        try:
            params = types.RegistrationParams([registration])
            await self.protocol.ask(types.CLIENT_REGISTER_CAPABILITY, params, _PATIENCE_S)
        except (JsonRpcException, TimeoutError):
            log.info("the client will not show documents of ours")

    async def _watch_files(self) -> None:
        """Asks to be told of files that change on disk: open documents depend on closed ones."""
        if not self.features.watch_files:
            return
        patterns = [f"**/*{suffix}" for suffix in WATCHED] + [f"**/{name}" for name in SETTINGS_FILES]
        watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in patterns]
        registration = types.Registration(
            id="quantumlayer-files",
            method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            register_options=types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers),
        )
        try:
            params = types.RegistrationParams([registration])
            await self.protocol.ask(types.CLIENT_REGISTER_CAPABILITY, params, _PATIENCE_S)
        except (JsonRpcException, TimeoutError):
            log.info("the client will not tell of files that change")

    async def _watch(self) -> None:
        """Ends when the editor's process has ended."""
        if self._watch_parent and self.process_id is not None:
            parent = await asyncio.to_thread(_import_parent)
            await parent.wait_for_end(self.process_id)
            log.warning("the editor's process %s is gone", self.process_id)
            self.end(1)

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs it in the background, until the connection ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_coro(), exc_info=error)

    def end(self, exit_code: int) -> None:
        """The connection is over."""
        self.exit_code = exit_code
        self._ended.set()

    async def wait_for_end(self) -> None:
        await self._ended.wait()

    async def stop_work(self) -> None:
        """Cancels the jobs and waits for them."""
        await self.jobs.aclose()

    async def aclose(self) -> None:
        """Ends all that belongs to this connection, within seconds."""
        self.protocol.abandon_replies()
        await self.stop_work()
        await self.live.aclose()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await asyncio.wait_for(self.session.aclose(), _CLOSING_S)
        except TimeoutError:
            log.error("the engine did not close in time")

    # -- what features tell the client ---------------------------------------------------------

    def show(self, kind: types.MessageType, message: str) -> None:
        self.window_show_message(types.ShowMessageParams(type=kind, message=message))

    def log_message(self, message: str) -> None:
        self.window_log_message(types.LogMessageParams(type=types.MessageType.Info, message=message))

    def tell_extension(self, method: str, params: Mapping[str, Any]) -> None:
        """Our own notifications, for clients that asked for them."""
        if self.features.quantumlayer:
            self.protocol.notify(method, dict(params))

    async def ask_user(self, question: str, choices: Sequence[str]) -> str:
        """The chosen title; empty if the user closed the question or the client cannot ask."""
        params = types.ShowMessageRequestParams(
            type=types.MessageType.Warning,
            message=question,
            actions=[types.MessageActionItem(title=choice) for choice in choices],
        )
        try:
            chosen = await self.protocol.ask(types.WINDOW_SHOW_MESSAGE_REQUEST, params)
        except JsonRpcException:
            return ""
        return chosen.title if chosen else ""

    def folder_of(self, uri: str | None) -> str | None:
        """The workspace folder that holds `uri`, or the first one for no document in particular."""
        folders = self.documents.folder_uris()
        if uri is None:
            return folders[0] if folders else None
        holding = [folder for folder in folders if _holds(folder, uri)]
        return max(holding, key=len, default=None)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Errors go to the log; telling a broken client about them would fail again, for ever."""
        log.error("%s: %s", getattr(source, "__name__", source), type(error).__name__, exc_info=error)


def _holds(folder: str, uri: str) -> bool:
    """A folder holds itself: its own settings are those of its files."""
    return f"{unquote(uri).rstrip('/')}/".startswith(unquote(folder).rstrip("/") + "/")


def _warm() -> None:
    """On a thread: what the first command needs."""
    load()
    remove_old()


def _import_parent() -> "ModuleType":
    """On a thread: what it needs is too slow to import on the loop."""
    from . import parent

    return parent

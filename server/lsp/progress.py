"""Progress of one job, by `$/progress` where the client has it, else by `window/logMessage`."""

import logging
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from .server import QuantumLayerServer

log = logging.getLogger(__name__)
_PATIENCE_S = 5.0


class Progress:
    """`begin`, then `report` any number of times, then `end` once."""

    def __init__(self, server: "QuantumLayerServer", token: str, title: str) -> None:
        self._server = server
        self._token = token
        self._title = title
        self._shown = False
        self._percentage = 0

    async def begin(self) -> None:
        if self._server.features.work_done_progress:
            self._shown = await self._create()
        if self._shown:
            self._send(
                types.WorkDoneProgressBegin(
                    title=f"QuantumLayer: {self._title}", cancellable=True, percentage=0
                )
            )
        else:
            self._server.log_message(f"{self._title}: started")

    def report(self, message: str, done: float | None = None) -> None:
        """`done` is the part that is finished, 0 to 1; it never goes back."""
        if done is not None:
            self._percentage = max(self._percentage, min(99, int(done * 100)))
        if self._shown:
            self._send(
                types.WorkDoneProgressReport(cancellable=True, message=message, percentage=self._percentage)
            )
        else:
            self._server.log_message(f"{self._title}: {message}")

    def end(self, message: str) -> None:
        if self._shown:
            self._shown = False
            self._send(types.WorkDoneProgressEnd(message=message))
        else:
            self._server.log_message(f"{self._title}: {message}")

    async def _create(self) -> bool:
        params = types.WorkDoneProgressCreateParams(token=self._token)
        try:
            await self._server.protocol.ask(
                types.WINDOW_WORK_DONE_PROGRESS_CREATE, params, seconds=_PATIENCE_S
            )
        except (JsonRpcException, TimeoutError):
            log.info("the client declined to show progress")
            return False
        return True

    def _send(
        self, value: types.WorkDoneProgressBegin | types.WorkDoneProgressReport | types.WorkDoneProgressEnd
    ) -> None:
        self._server.protocol.notify(types.PROGRESS, types.ProgressParams(token=self._token, value=value))

"""The editor's settings, one layer of several."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from ..settings import Settings
    from .server import QuantumLayerServer

log = logging.getLogger(__name__)
SECTION = "quantumlayer"
_PATIENCE_S = 5.0


class Configuration:
    """Asked for when it is first needed, and again after the client told of a change."""

    def __init__(self, server: "QuantumLayerServer") -> None:
        self._server = server
        self._pushed: dict[str, Any] = {}
        self._pulled: dict[str | None, dict[str, Any]] = {}

    def take(self, options: object) -> None:
        """`initializationOptions`: ours alone, with the section around them or without."""
        if isinstance(options, Mapping):
            section = options.get(SECTION, options)
            self._pushed = dict(section) if isinstance(section, Mapping) else {}

    def changed(self, settings: object) -> None:
        """What `workspace/didChangeConfiguration` carries.

        Some clients (Eglot) send the settings of every server, or none at all: only our section counts.
        """
        self._pulled = {}  # a new one, so that an answer on its way is not kept as the new settings
        if isinstance(settings, Mapping) and SECTION in settings:
            section = settings[SECTION]
            self._pushed = dict(section) if isinstance(section, Mapping) else {}

    async def watch(self) -> None:
        """Asks the client to tell of changes."""
        if not (self._server.features.configuration and self._server.features.register_configuration):
            return
        registration = types.Registration(
            id="quantumlayer-settings",
            method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options=types.DidChangeConfigurationRegistrationOptions(section=SECTION),
        )
        try:
            await self._server.protocol.ask(
                types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([registration]), _PATIENCE_S
            )
        except (JsonRpcException, TimeoutError):
            log.info("the client will not tell of changed settings")

    async def settings(self, scope: str | None, workspace: Path | None) -> "Settings":
        """What is in effect for the folder with URI `scope`, at `workspace` on disk.

        Raises SettingsError that names every mistake and the nearest right name. Nothing is left out
        instead: a limit with a misspelt name would be no limit.
        """
        return await asyncio.to_thread(_load, workspace, await self.editor(scope))

    async def editor(self, scope: str | None) -> dict[str, Any]:
        """What the editor says for the folder with URI `scope`, as it says it."""
        if not self._server.features.configuration:
            return self._pushed
        pulled = self._pulled.get(scope)
        if pulled is None:
            cache = self._pulled
            pulled = await self._pull(scope)
            if pulled is None:  # not said: asked again by the next job
                return self._pushed
            cache[scope] = pulled
        return {**self._pushed, **pulled}

    async def _pull(self, scope: str | None) -> dict[str, Any] | None:
        params = types.ConfigurationParams([types.ConfigurationItem(scope_uri=scope, section=SECTION)])
        try:
            answer = await self._server.protocol.ask(types.WORKSPACE_CONFIGURATION, params, _PATIENCE_S)
        except (JsonRpcException, TimeoutError):
            log.warning("the client did not say its settings")
            return None
        first = answer[0] if answer else None
        return dict(first) if isinstance(first, Mapping) else {}


def _load(workspace: Path | None, editor: Mapping[str, object]) -> "Settings":
    from ..options import load_settings

    return load_settings(workspace=workspace, editor=editor)

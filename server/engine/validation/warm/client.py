"""The other side of the protocol: a language server as a child process (LSP 3.17).

Messages are plain JSON. Of what real servers answer only a few fields matter here, and not all of it fits
the types that the specification would have (docs/decisions/warm-validators.md).
"""

import asyncio
import contextlib
import itertools
import json
import logging
import os
import re
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ....framing import TooLargeError, read_body
from ...json_parts import entries

log = logging.getLogger(__name__)
_POLITE_S = 1.0
_STREAM_LIMIT = 64 * 1024
_LONG = 128 * 1024
MOST_FINDINGS = 1000
"""Of one document; those behind them are not even read."""
_LAST = 100
"""Where the id may stand that is not in front."""
_ITEMS = '"items":['
_ID = re.compile(r'"id":\s*(\d+)')


class Gone(Exception):
    """The server's process has ended, or what it says is no message."""


class Refused(Exception):
    """The server answered a request with an error."""


class Client:
    """One running server. `ask` may be used by several tasks at once."""

    def __init__(self, process: asyncio.subprocess.Process, configuration: object) -> None:
        self._process = process
        self._configuration = configuration
        self._numbers = itertools.count(1)
        self._replies: dict[int, asyncio.Future[Any]] = {}
        self.heard_at = time.monotonic()
        """When the server said something last."""
        self._listening = asyncio.create_task(self._listen(), name=f"language server {process.pid}")

    @classmethod
    async def start(
        cls, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], configuration: object = None
    ) -> "Client":
        """`configuration` is the answer to every section the server asks for. Raises OSError."""
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=dict(env),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=os.name == "posix",
            limit=_STREAM_LIMIT,
        )
        return cls(process, configuration)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None and not self._listening.done()

    async def ask(self, method: str, params: object) -> Any:
        """The result. Raises Gone and Refused; a caller that is cancelled cancels the request."""
        if not self.alive:
            raise Gone
        number = next(self._numbers)
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        try:
            self._send({"id": number, "method": method, "params": params})
            return await reply
        except asyncio.CancelledError:
            self.tell("$/cancelRequest", {"id": number})
            raise
        finally:
            self._replies.pop(number, None)

    def tell(self, method: str, params: object) -> None:
        """A notification; nobody hears it when the server is gone."""
        self._send({"method": method, "params": params})

    async def aclose(self) -> None:
        """Asks the server to leave, and ends it with its children if it does not."""
        try:
            with contextlib.suppress(Gone, Refused, TimeoutError):
                async with asyncio.timeout(_POLITE_S):
                    await self.ask("shutdown", None)
                    self.tell("exit", None)
                    await self._process.wait()
        finally:
            await asyncio.shield(self.kill())

    async def kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.name == "posix":
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._process.wait()

    # -- messages ------------------------------------------------------------------------------

    def _send(self, message: dict[str, Any]) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.is_closing():
            return
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            while (body := await read_body(self._process.stdout)) is not None:
                self.heard_at = time.monotonic()
                long = len(body) > _LONG
                self._receive(await asyncio.to_thread(_read_long, body) if long else json.loads(body))
        except (TooLargeError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("a language server said what is no message: %s", type(error).__name__)
        finally:
            for reply in self._replies.values():
                if not reply.done():
                    reply.set_exception(Gone())

    def _receive(self, message: dict[str, Any]) -> None:
        if "method" in message:
            if "id" in message:
                self._send({"id": message["id"], "result": self._answer(message)})
            return
        reply = self._replies.get(message["id"])
        if reply is None or reply.done():
            return
        if "error" in message:
            reply.set_exception(Refused(str(message["error"].get("message", ""))))
        else:
            reply.set_result(message.get("result"))

    def _answer(self, message: dict[str, Any]) -> Any:
        """What a server asks of its editor; null means yes, or nothing."""
        if message["method"] == "workspace/configuration":
            return [self._configuration for _ in message["params"]["items"]]
        return None


def _read_long(body: bytes) -> Any:
    """On a thread. Of a long report the first findings, for reading all takes as long as all are many."""
    text = body.decode()
    at = text.find(_ITEMS)
    number = _ID.search(text[:at]) or _ID.search(text[-_LAST:])
    if at < 0 or number is None:
        return json.loads(text)
    first = list(itertools.islice(entries(text, at + len(_ITEMS) - 1), MOST_FINDINGS))
    return {"id": int(number[1]), "result": {"kind": "full", "items": first}}

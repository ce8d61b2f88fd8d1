"""A scripted server at the network's edge: it speaks as a model's provider does, and does what a test says.

It answers on loopback from threads of its own, so that programs under test may run in this process or in
another one. It speaks OpenAI's chat protocol (streamed or not, several choices), Anthropic's messages
(streamed), and lists its models as OpenAI and Ollama do.

    scripted.script("first answer", fail(500), {"an": "object"}, Reply("slow", delay=2))
    scripted.script(lambda seen: "hello" if "greet" in seen.prompt else fail(404))

Each request takes the next step of the script; a callable stays and answers all that follow. A request
that finds the script at its end is refused with status 400.
"""

import json
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_TICK = 0.02


@dataclass(frozen=True)
class Reply:
    """What the server does with one request."""

    text: str | Sequence[str] = ""
    """The answer; a sequence has one for each choice."""
    finish: str = "stop"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    """Sent as it is, in place of an answer."""
    delay: float = 0.0
    """Seconds before the first byte."""
    pace: float = 0.0
    """Seconds between pieces."""
    piece: int = 12
    """Characters in a piece."""
    cut_after: int | None = None
    """After so many pieces the connection is closed in the middle."""
    hang_after: int | None = None
    """After so many pieces nothing comes any more, until the client leaves. 0: not even headers."""
    usage: tuple[int, int] | None = (10, 5)
    """Tokens in and out that it reports."""


HANG = Reply(hang_after=0)


def fail(status: int, message: str = "scripted failure", **headers: str) -> Reply:
    """An error as OpenAI's API words it; `retry_after="1"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        status=status, body=json.dumps({"error": {"message": message, "type": "scripted"}}), headers=named
    )


@dataclass
class Seen:
    """A request that came, and what became of its connection."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float
    left: threading.Event = field(default_factory=threading.Event)
    """Set when the client closed the connection before the answer was complete."""

    @property
    def prompt(self) -> str:
        return "\n".join(_text_of(message["content"]) for message in self.body.get("messages", ()))

    @property
    def choices(self) -> int:
        return int(self.body.get("n") or 1)


class ScriptedServer:
    """Use it as a context manager. `requests` holds every request for an answer, in order."""

    def __init__(self, *, models: Sequence[str] = ("scripted",), key: str = "") -> None:
        self.models = tuple(models)
        self.key = key
        """When set, every other key is answered with 401."""
        self.requests: list[Seen] = []
        self.stopping = threading.Event()
        self._steps: list[Any] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.scripted = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_TICK,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def base_url(self) -> str:
        """For `models.api_base`."""
        return f"{self.url}/v1"

    def script(self, *steps: Any) -> None:
        """Adds steps: a Reply, a text, JSON to be sent as text, or a callable that makes one of these."""
        with self._lock:
            self._steps += steps

    def take(self, seen: Seen) -> Reply:
        """The reply to a request, which is recorded."""
        with self._lock:
            self.requests.append(seen)
            if self.key and self.key not in " ".join(seen.headers.values()):
                return fail(401, "wrong key")
            if not self._steps:
                return fail(400, "the script is at its end")
            step = self._steps[0] if callable(self._steps[0]) else self._steps.pop(0)
        return _reply(step(seen) if callable(step) else step)

    def __enter__(self) -> "ScriptedServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()


def _reply(step: Any) -> Reply:
    if isinstance(step, Reply):
        return step
    return Reply(step if isinstance(step, str) else json.dumps(step))


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    scripted: ScriptedServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that resets its connection is no error here; anything else is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Gone(Exception):
    """The client left, or the script says to leave it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing: what matters is in `requests`."""

    def do_GET(self) -> None:
        models = self.server.scripted.models
        if self.path == "/v1/models":
            self._send(200, json.dumps({"object": "list", "data": [{"id": name} for name in models]}), {})
        elif self.path == "/api/tags":
            self._send(200, json.dumps({"models": [{"name": name} for name in models]}), {})
        else:
            self._send(404, "{}", {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        seen = Seen(self.path, dict(self.headers.items()), body, time.monotonic())
        reply = self.server.scripted.take(seen)
        try:
            self._wait(reply.delay)
            if reply.hang_after == 0:
                self._wait(float("inf"))
            if reply.body is not None or reply.status != 200:
                self._send(reply.status, reply.body or "", reply.headers)
            elif body.get("stream"):
                self._stream(seen, reply)
            else:
                self._send(200, json.dumps(_whole(seen, reply)), reply.headers)
        except (_Gone, ConnectionError):
            if not self.server.scripted.stopping.is_set():
                seen.left.set()
            self.close_connection = True

    def _send(self, status: int, body: str, headers: Mapping[str, str]) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, seen: Seen, reply: Reply) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        events = _anthropic(reply) if seen.path.endswith("/messages") else _openai(seen, reply)
        for number, event in enumerate(events):
            if number == reply.cut_after:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if number == reply.hang_after:
                self._wait(float("inf"))
            self._chunk(event)
            self._wait(reply.pace)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, event: str) -> None:
        content = event.encode()
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def _wait(self, seconds: float) -> None:
        """Sleeps, but not longer than the client or the test stays."""
        end = time.monotonic() + seconds
        while True:
            if self.server.scripted.stopping.is_set():
                raise _Gone
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise _Gone
            remaining = end - time.monotonic()
            if remaining <= 0:
                return
            time.sleep(min(_TICK, remaining))


# -- protocols -----------------------------------------------------------------------------------


def _texts(seen: Seen, reply: Reply) -> list[str]:
    if isinstance(reply.text, str):
        return [reply.text] * seen.choices
    return list(reply.text)


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


def _event(data: Mapping[str, Any], name: str = "") -> str:
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"


def _openai(seen: Seen, reply: Reply) -> Iterator[str]:
    head = {"id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": seen.body["model"]}

    def chunk(index: int, delta: dict[str, str], finish: str | None = None) -> str:
        return _event({**head, "choices": [{"index": index, "delta": delta, "finish_reason": finish}]})

    texts = _texts(seen, reply)
    streams = [_pieces(text, reply.piece) for text in texts]
    open_ = dict(enumerate(streams))
    while open_:
        for index, stream in list(open_.items()):
            if (piece := next(stream, None)) is None:
                del open_[index]
                yield chunk(index, {}, reply.finish)
            else:
                yield chunk(index, {"role": "assistant", "content": piece})
    if reply.usage is not None:
        yield _event({**head, "choices": [], "usage": _usage(reply.usage)})
    yield "data: [DONE]\n\n"


def _anthropic(reply: Reply) -> Iterator[str]:
    tokens_in, tokens_out = reply.usage or (0, 0)
    message = {"id": "scripted", "type": "message", "role": "assistant", "model": "scripted", "content": []}
    usage = {"input_tokens": tokens_in, "output_tokens": 0}
    yield _event({"type": "message_start", "message": {**message, "usage": usage}}, "message_start")
    block = {"type": "text", "text": ""}
    yield _event({"type": "content_block_start", "index": 0, "content_block": block}, "content_block_start")
    text = reply.text if isinstance(reply.text, str) else reply.text[0]
    for piece in _pieces(text, reply.piece):
        delta = {"type": "text_delta", "text": piece}
        yield _event({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta")
    yield _event({"type": "content_block_stop", "index": 0}, "content_block_stop")
    reason = {"stop": "end_turn", "length": "max_tokens"}.get(reply.finish, reply.finish)
    ending = {
        "type": "message_delta",
        "delta": {"stop_reason": reason},
        "usage": {"output_tokens": tokens_out},
    }
    yield _event(ending, "message_delta")
    yield _event({"type": "message_stop"}, "message_stop")


def _whole(seen: Seen, reply: Reply) -> dict[str, Any]:
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": reply.finish}
        for index, text in enumerate(_texts(seen, reply))
    ]
    usage = _usage(reply.usage or (0, 0))
    head = {"id": "scripted", "object": "chat.completion", "created": 0, "model": seen.body["model"]}
    return {**head, "choices": choices, "usage": usage}


def _usage(tokens: tuple[int, int]) -> dict[str, int]:
    return {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}

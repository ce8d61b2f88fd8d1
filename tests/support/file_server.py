"""A web server for files on loopback, which can break off, ignore ranges, or refuse."""

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass
class FileServer:
    """Serves `content` at every path; `requests` has the Range header of each request."""

    content: bytes
    cut_after: list[int] = field(default_factory=list)
    """One entry per answer that is to break off: after how many bytes."""
    ranges: bool = True
    status: int = 0
    moved_to: str = ""
    """Where every answer says that the file is, if not here."""
    encoding: str = ""
    """What every answer says that its bytes were made by, such as gzip."""
    seconds: float = 0.0
    """How long each answer takes."""
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/folder/Some_Model.gguf"

    def __enter__(self) -> Self:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner._answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range", "")
        self.requests.append(wanted)
        if self.status:
            request.send_error(self.status)
            return
        if self.moved_to:
            request.send_response(302)
            request.send_header("Location", self.moved_to)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        body = self.content[start:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body)))
        if self.encoding:
            request.send_header("Content-Encoding", self.encoding)
        if start:
            size = len(self.content)
            request.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        request.end_headers()
        body = body[: self.cut_after.pop(0)] if self.cut_after else body
        steps = 20
        size = max(1, len(body) // steps)
        try:
            for at in range(0, len(body), size):
                request.wfile.write(body[at : at + size])
                time.sleep(self.seconds / steps)
        except OSError:
            pass

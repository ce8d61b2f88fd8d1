"""A program's output as a user may see it: capped while it is read, valid, without escapes."""

import codecs
import re
import threading
from collections.abc import Callable

_ESCAPE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI, such as colours
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC with their terminators
    r"|[ -/]*[0-OQ-WYZ\\`-~]"  # short ones
    r")"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_HELD_BACK = 256
"""Longest beginning of an escape that waits for its end."""


class Stream:
    """One of a program's two streams. `feed` may be called from any one thread at a time."""

    def __init__(self, limit: int, listen: Callable[[str], None]) -> None:
        self._left = limit
        self._listen = listen
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._pending = ""
        self._parts: list[str] = []
        self._lock = threading.Lock()
        self.truncated = False

    def feed(self, data: bytes) -> None:
        """Takes what was read; past the limit it is dropped."""
        with self._lock:
            if len(data) > self._left:
                data = data[: self._left]
                self.truncated = True
            if data:
                self._left -= len(data)
                self._add(self._decoder.decode(data), last=False)

    def close(self) -> str:
        """The whole cleaned text."""
        with self._lock:
            self._add(self._decoder.decode(b"", final=True), last=True)
            return "".join(self._parts)

    def _add(self, text: str, *, last: bool) -> None:
        text = self._pending + text
        cut = len(text) if last else _complete(text)
        self._pending = text[cut:]
        if cleaned := clean(text[:cut]):
            self._parts.append(cleaned)
            self._listen(cleaned)


def clean(text: str) -> str:
    """Removes terminal escapes and control characters; lines end with a newline."""
    text = _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)


def _complete(text: str) -> int:
    """Where the part of `text` ends that no later text can change the meaning of."""
    if text.endswith("\r"):
        return len(text) - 1
    position = text.find("\x1b", max(0, len(text) - _HELD_BACK))
    while position >= 0:
        escape = _ESCAPE.match(text, position)
        if escape is None:
            return position
        position = text.find("\x1b", escape.end())
    return len(text)

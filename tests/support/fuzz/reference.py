"""What a server must make of what arrives, written down without the server's code.

Positions count in the units of the client: bytes, or numbers of 16 or 32 bits. Halves of surrogate pairs
that meet become one character, whatever the units are.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

_CODEC = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_WIDTH = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
_ENDS = re.compile("(\r\n|\r|\n)")
LARGEST_UINTEGER = 2**31 - 1

# -- texts -----------------------------------------------------------------------------------------


def joined(text: str) -> str:
    """Halves of surrogate pairs that stand together are the character that they mean."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def as_file(text: str) -> str:
    """The text as a file can hold it."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


def edited(text: str, span: dict[str, Any], new: str, encoding: str) -> str:
    """One incremental change. The ends of a range may come in either order."""
    codec = _CODEC[encoding]
    start, end = sorted((offset(text, span["start"], encoding), offset(text, span["end"], encoding)))
    coded = text.encode(codec, "surrogatepass")
    changed = coded[:start] + new.encode(codec, "surrogatepass") + coded[end:]
    return joined(changed.decode(codec, "surrogatepass"))


def offset(text: str, place: dict[str, int], encoding: str) -> int:
    """Where a position is, in bytes of the encoded text; past a line's end is that end."""
    codec = _CODEC[encoding]
    parts = _ENDS.split(text)  # line, end, line, end, ..., line
    if 2 * place["line"] >= len(parts):
        return len(text.encode(codec, "surrogatepass"))
    before = "".join(parts[: 2 * place["line"]]).encode(codec, "surrogatepass")
    line = parts[2 * place["line"]].encode(codec, "surrogatepass")
    at = min(place["character"] * _WIDTH[encoding], len(line))
    while encoding == "utf-8" and at < len(line) and line[at] & 0xC0 == 0x80:
        at += 1  # inside a character counts as behind it
    return len(before) + at


def end_of(text: str, encoding: str) -> dict[str, int]:
    """The position behind the last character."""
    parts = _ENDS.split(text)
    units = len(parts[-1].encode(_CODEC[encoding], "surrogatepass")) // _WIDTH[encoding]
    return {"line": len(parts) // 2, "character": units}


# -- messages --------------------------------------------------------------------------------------

_ID = (str, int)


@dataclass
class Reference:
    """A server that is initialized: the documents it must have, and the answers it owes."""

    encoding: str
    texts: dict[str, str] = field(default_factory=dict)
    """By URI, without escapes."""
    owed: list[Any] = field(default_factory=list)
    """The ids of answers, in the order of what they answer; None for messages without a usable id."""

    def take(self, body: bytes) -> None:
        """One message."""
        try:
            message = json.loads(body, parse_constant=_no_json)
        except (ValueError, RecursionError):
            self.owed.append(None)
            return
        given = message.get("id") if isinstance(message, dict) else None
        usable = given if isinstance(given, _ID) and not isinstance(given, bool) else None
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self.owed.append(usable)
        elif isinstance(message.get("method"), str):
            if "id" in message:
                self.owed.append(usable)
            if "id" not in message or (usable is not None and message["method"] in _SYNC):
                self._told(message["method"], message.get("params"))
        elif not ("id" in message and ("result" in message or "error" in message)):
            self.owed.append(usable)

    def _told(self, method: str, params: Any) -> None:
        if method in _SYNC and _SYNC[method](params):
            getattr(self, f"_{method.rpartition('/')[2]}")(params)

    def _didOpen(self, params: Any) -> None:
        item = params["textDocument"]
        self.texts[unquote(item["uri"])] = joined(item["text"])

    def _didClose(self, params: Any) -> None:
        self.texts.pop(unquote(params["textDocument"]["uri"]), None)

    def _didChange(self, params: Any) -> None:
        uri = unquote(params["textDocument"]["uri"])
        for change in params["contentChanges"] if uri in self.texts else ():
            if "range" in change:
                self.texts[uri] = edited(self.texts[uri], change["range"], change["text"], self.encoding)
            else:
                self.texts[uri] = joined(change["text"])


def _no_json(constant: str) -> None:
    raise ValueError(constant)


# -- which parameters are right --------------------------------------------------------------------


def _is_open(params: Any) -> bool:
    item = _member(params, "textDocument")
    texts = all(isinstance(_member(item, name), str) for name in ("uri", "languageId", "text"))
    return texts and _is_integer(_member(item, "version"))


def _is_close(params: Any) -> bool:
    return isinstance(_member(_member(params, "textDocument"), "uri"), str)


def _is_change(params: Any) -> bool:
    document, changes = _member(params, "textDocument"), _member(params, "contentChanges")
    named = isinstance(_member(document, "uri"), str) and _is_integer(_member(document, "version"))
    return named and isinstance(changes, list) and all(map(_is_one_change, changes))


def _is_one_change(change: Any) -> bool:
    if not isinstance(_member(change, "text"), str):
        return False
    length = change.get("rangeLength")
    return "range" not in change or (_is_range(change["range"]) and (length is None or _is_unsigned(length)))


def _is_range(value: Any) -> bool:
    return all(
        _is_unsigned(_member(_member(value, end), part))
        for end in ("start", "end")
        for part in ("line", "character")
    )


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _is_integer(value: Any) -> bool:
    right = isinstance(value, int) and not isinstance(value, bool)
    return right and -LARGEST_UINTEGER - 1 <= value <= LARGEST_UINTEGER


def _is_unsigned(value: Any) -> bool:
    return _is_integer(value) and value >= 0


_SYNC = {
    "textDocument/didOpen": _is_open,
    "textDocument/didClose": _is_close,
    "textDocument/didChange": _is_change,
}

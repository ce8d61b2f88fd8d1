"""The readers of syntax as a small language server, for texts that change (LSP 3.17, pull diagnostics).

Spoken on stdin and stdout, with whole texts and columns in code points. Whoever started it ends it.
"""

import json
import sys
from typing import Any, BinaryIO

import documents  # type: ignore[import-not-found, unused-ignore]
import grammar  # type: ignore[import-not-found, unused-ignore]
import syntax  # type: ignore[import-not-found, unused-ignore]

_NAMES = {"shellscript": "shell", "cpp": "c++"}
_SEVERITIES = {"error": 1, "warning": 2}
_CAPABILITIES = {
    "positionEncoding": "utf-32",
    "textDocumentSync": 1,
    "diagnosticProvider": {"interFileDependencies": False, "workspaceDiagnostics": False},
}
_UNKNOWN_METHOD = -32601
_INTERNAL_ERROR = -32603


def main() -> None:
    texts: dict[str, tuple[str, str]] = {}
    while (message := _read(sys.stdin.buffer)) is not None:
        method, params = message.get("method"), message.get("params") or {}
        if method == "exit":
            return
        if "id" in message:
            _answer(sys.stdout.buffer, message["id"], method, params, texts)
        else:
            _note(method, params, texts)


def _note(method: str | None, params: dict[str, Any], texts: dict[str, tuple[str, str]]) -> None:
    document = params.get("textDocument") or {}
    uri = document.get("uri", "")
    if method == "textDocument/didOpen":
        language = document["languageId"]
        texts[uri] = (_NAMES.get(language, language), document["text"])
    elif method == "textDocument/didChange" and uri in texts:
        texts[uri] = (texts[uri][0], params["contentChanges"][-1]["text"])
    elif method == "textDocument/didClose":
        texts.pop(uri, None)


def _answer(
    out: BinaryIO, number: Any, method: str | None, params: dict[str, Any], texts: dict[str, tuple[str, str]]
) -> None:
    answer: dict[str, Any] = {"jsonrpc": "2.0", "id": number}
    if method == "initialize":
        answer["result"] = {"capabilities": _CAPABILITIES}
    elif method == "textDocument/diagnostic":
        answer |= _report(*texts.get(params["textDocument"]["uri"], ("", "")))
    elif method == "shutdown":
        answer["result"] = None
    else:
        answer["error"] = {"code": _UNKNOWN_METHOD, "message": f"{method} is not known here"}
    body = json.dumps(answer).encode()
    out.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    out.flush()


def _report(language: str, text: str) -> dict[str, Any]:
    """One text that a reader stumbles over must not end it for the others."""
    try:
        problem = _problem(text, language)
    except Exception as error:  # noqa: BLE001 - whatever a strange text does to them
        message = f"this text cannot be read ({type(error).__name__})"
        return {"error": {"code": _INTERNAL_ERROR, "message": message}}
    return {"result": {"kind": "full", "items": [_diagnostic(problem)] if problem else []}}


def _problem(text: str, language: str) -> dict[str, Any] | None:
    if language == "yaml":
        reader: Any = documents
    elif language in grammar.GRAMMARS:
        reader = grammar
    elif language in {"json", "jsonc", "toml"}:
        reader = syntax
    else:
        return None
    found: dict[str, Any] | None = reader.problem_in(text, language)
    return found


def _diagnostic(problem: dict[str, Any]) -> dict[str, Any]:
    start = {"line": problem.get("line", 1) - 1, "character": problem.get("column", 0)}
    end = {
        "line": problem.get("end_line", start["line"] + 1) - 1,
        "character": problem.get("end_column", start["character"]),
    }
    severity = _SEVERITIES[problem.get("severity", "error")]
    span = {"start": start, "end": end}
    return {"range": span, "severity": severity, "code": problem["rule"], "message": problem["message"]}


def _read(stream: BinaryIO) -> dict[str, Any] | None:
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    body = stream.read(length) if length else b""
    return dict(json.loads(body)) if body else None

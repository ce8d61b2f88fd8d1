"""A language server of a few lines, which fails as it is told: `python warm_tool.py MODE LOG`."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

MODE, LOG = sys.argv[1:]


def read() -> Any:
    length = 0
    while line := sys.stdin.buffer.readline().strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return json.loads(sys.stdin.buffer.read(length)) if length else None


def send(message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    sys.stdout.buffer.flush()


def diagnostics(text: str) -> list[dict[str, Any]]:
    """One for each line with the word `wrong`."""
    found = []
    for number, line in enumerate(text.splitlines()):
        if "wrong" in line:
            place = {"line": number, "character": line.index("wrong")}
            found.append({"range": {"start": place, "end": place}, "message": "wrong", "code": "W"})
    return found


def main() -> None:
    texts: dict[str, str] = {}
    with Path(LOG).open("a") as log:
        log.write(f"{os.getpid()}\n")
    while message := read():
        method, params = message.get("method"), message.get("params")
        if method == "initialize" and MODE == "mute":
            time.sleep(600)
        elif method == "initialize":
            send({"id": "q", "method": "workspace/configuration", "params": {"items": [{}, {}]}})
            assert read()["result"] == ["settings", "settings"]
            if MODE == "chatty":
                sys.stderr.write("x" * 1_000_000)
            send({"id": message["id"], "result": {"capabilities": {}}})
        elif method in {"textDocument/didOpen", "textDocument/didChange"}:
            changes = params.get("contentChanges") or [params["textDocument"]]
            texts[params["textDocument"]["uri"]] = changes[0]["text"]
        elif method == "textDocument/didClose":
            del texts[params["textDocument"]["uri"]]
        elif method == "textDocument/diagnostic":
            text = texts[params["textDocument"]["uri"]]
            if "crash" in text:
                sys.exit(3)
            if "hang" in text:
                time.sleep(600)
            if "nonsense" in text:
                sys.stdout.write("Content-Length: 4\r\n\r\n{{{{")
                sys.stdout.flush()
            elif "refuse" in text:
                send({"id": message["id"], "error": {"code": -1, "message": "not this one"}})
            else:
                send({"id": message["id"], "result": {"kind": "full", "items": diagnostics(text)}})
        elif method == "shutdown":
            send({"id": message["id"], "result": None})
        elif method == "exit":
            return


main()

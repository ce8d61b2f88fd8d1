#!/usr/bin/env python3
"""A server as it was before the first version: it answers, and can do little. For tests of editors alone."""

import json
import sys


def read() -> dict[str, object] | None:
    length = 0
    while (line := sys.stdin.buffer.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return json.loads(sys.stdin.buffer.read(length)) if length else None


def main() -> None:
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write("quantumlayer 0.0.9\n")
        return
    while (message := read()) is not None:
        if message.get("method") == "exit":
            return
        if "id" in message:
            result = {"capabilities": {}, "serverInfo": {"name": "quantumlayer", "version": "0.0.9"}}
            answer = {
                "jsonrpc": "2.0",
                "id": message["id"],
                "result": result,
            }
            body = json.dumps(answer).encode()
            sys.stdout.buffer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

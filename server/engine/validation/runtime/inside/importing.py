"""Runs inside the sandbox, in a child of the harness: imports one module and says how that went."""

# pathlib would add its own import to what the module finds loaded.
from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any


def start() -> tuple[dict[str, Any], Callable[..., None]]:
    request = json.loads(sys.stdin.buffer.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path[:1] = [os.path.join(request["root"], root) for root in request["roots"]]
    sys.argv = [request["path"]]
    channel = os.fdopen(request["events"], "w")

    def tell(**event: object) -> None:
        channel.write(json.dumps({**event, "secret": request["secret"]}) + "\n")
        channel.flush()

    return request, tell


def load(request: dict[str, Any]) -> None:
    if request["module"]:
        importlib.import_module(request["module"])
        return
    # A script whose name is no identifier cannot be imported by name.
    path = os.path.join(request["root"], request["path"])
    spec = importlib.util.spec_from_file_location("script", path)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def place(error: BaseException, root: str) -> tuple[str, int]:
    """Path and line of the project's deepest frame, or of the error of syntax itself."""
    found = ("", 0)
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = os.path.abspath(frame.f_code.co_filename)
        if name.startswith(root + os.sep):
            found = (os.path.relpath(name, root), line)
    if isinstance(error, SyntaxError) and error.filename:
        name = os.path.abspath(error.filename)
        if name.startswith(root + os.sep):
            found = (os.path.relpath(name, root), error.lineno or 1)
    return found


def main() -> None:
    request, tell = start()
    try:
        load(request)
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt fail an import too
        path, line = place(error, request["root"])
        kind = type(error).__name__
        message = "importing it ended the program" if isinstance(error, SystemExit) else str(error)
        details = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        tell(outcome="error", kind=kind, message=f"{kind}: {message[:400]}", at=path, line=line)
        sys.stderr.write(details[-1000:])
    else:
        tell(outcome="passed", kind="", message="")
    sys.stdout.flush()
    # Threads and exit hooks that the module left behind must not hold the result back.
    os._exit(0)


main()

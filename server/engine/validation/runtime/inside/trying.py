"""Runs inside the sandbox: many versions of one module against the same checks, each in a child of its own.

Quick, not safe from forgery: a version could say of itself that it passes. So what is found here is only
where to look; the harness proper decides. Reads a request, prints for each version how near it came to each
check: 1 where it passes.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import json
import os
import select
import signal
import sys
import time
from typing import Any

SHOWN = 200


def main() -> None:
    request = json.loads(sys.stdin.buffer.read())
    sys.path[:1] = [os.path.join(os.getcwd(), root) for root in request["roots"]]
    out = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    with contextlib.suppress(ImportError):
        import pytest  # noqa: F401 - what children find loaded they need not load
    ends = time.monotonic() + request["seconds"]
    found = []
    for text in request["texts"]:
        found.append(tried(request, text, out) if time.monotonic() < ends else [])
    told = json.dumps(found, separators=(",", ":")).encode()
    while told:
        told = told[os.write(out, told) :]


def tried(request: dict[str, Any], text: str, out: int) -> list[float]:
    """How near a version comes to each check, in a child that is killed when its time is over."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.close(out)
        os.setsid()
        try:
            attempt(request, text, writing)
        finally:
            os._exit(0)
    os.close(writing)
    told = b""
    ends = time.monotonic() + request["limit"]
    while (left := ends - time.monotonic()) > 0 and select.select([reading], [], [], left)[0]:
        piece = os.read(reading, 65536)
        if not piece:
            break
        told += piece
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    os.close(reading)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)
    near = dict.fromkeys(request["checks"], 0.0)
    for line in told.decode("utf-8", "replace").split("\n")[:-1]:
        name, _, number = line.partition(" ")
        if name in near:
            with contextlib.suppress(ValueError):
                near[name] = min(1.0, max(0.0, float(number)))
    return list(near.values())


def attempt(request: dict[str, Any], text: str, writing: int) -> None:
    """Loads the version in the place of its module and tells of each check how near it comes."""
    name = request["module"]
    parent = name.rpartition(".")[0]
    if parent:
        importlib.import_module(parent)
    spec = importlib.util.spec_from_file_location(name, request["path"])
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(text, request["path"], "exec"), module.__dict__)  # noqa: S102 - this is what a sandbox is for
    checks: dict[str, Any] = {"__name__": "checks"}
    exec(request["shared"], checks)  # noqa: S102
    for check in request["checks"]:
        try:
            sides = checks[check]()
            near = 1.0 if sides is None else nearness(*sides)
        except BaseException:  # noqa: S112, BLE001 - what pytest raises is no Exception
            continue
        os.write(writing, f"{check} {near:.3f}\n".encode())


def nearness(seen: Any, wanted: Any) -> float:
    """1 if they are equal, else less than that."""
    if seen == wanted:
        return 1.0
    if type(seen) is not type(wanted):
        return 0.0
    one, other = repr(seen)[:SHOWN], repr(wanted)[:SHOWN]
    return 0.9 * difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


if __name__ == "__main__":
    main()

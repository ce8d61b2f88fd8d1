"""Runs inside the sandbox, in a child of the harness: pytest, telling of each test as it ends."""

# pathlib would add its own import to what the tests find loaded.
from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any


class TookTooLong(BaseException):
    """Not an Exception, so that `except Exception` in the tested code does not swallow it."""


class Recorder:
    """A pytest plugin: limits each test's time and tells the harness what happened."""

    def __init__(self, request: dict[str, Any], tell: Callable[..., None]) -> None:
        self.request = request
        self.tell = tell
        self.done = set(request["done"])
        self.current: dict[str, Any] = {}

    # -- collecting ------------------------------------------------------------------------------

    def pytest_collectstart(self, collector: Any) -> None:
        path = self.relative(getattr(collector, "path", ""))
        if path in self.request["paths"]:
            self.tell(event="start", what="file", id=path)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and report.nodeid not in self.done:
            details = str(report.longrepr)
            message = last_line(details)
            self.tell(
                event="result", id=report.nodeid, outcome="error", message=message, details=details[-2000:]
            )

    def pytest_collection_modifyitems(self, session: Any, config: Any, items: list[Any]) -> None:
        items[:] = [item for item in items if item.nodeid not in self.done]
        self.tell(event="start", what="session", id="")
        self.tell(event="collected", ids=[item.nodeid for item in items])

    # -- running ---------------------------------------------------------------------------------

    def pytest_runtest_logstart(self, nodeid: str, location: object) -> None:
        self.current = {"id": nodeid, "outcome": "passed", "message": "", "details": ""}
        self.tell(event="start", what="test", id=nodeid)
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, self.interrupt)
            # Again and again: a bare `except` may swallow the first one.
            signal.setitimer(signal.ITIMER_REAL, self.request["seconds"], 0.25)

    def interrupt(self, number: int, frame: object) -> None:
        raise TookTooLong(f"took longer than {self.request['seconds']:g} s")

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        """Called for each failure of a test, with the exception at hand."""
        if not self.current or not hasattr(report, "when"):
            return
        error = call.excinfo.value
        at, line = self.place(call.excinfo.traceback)
        own = self.place(call.excinfo.traceback, only=node.nodeid.partition("::")[0])[1]
        self.current.update(
            kind=type(error).__name__, message=summary(error), at=at, line=line, test_line=own
        )
        if isinstance(error, TookTooLong):
            self.current["outcome"] = "timeout"
            self.current["message"] = str(error)

    def pytest_runtest_logreport(self, report: Any) -> None:
        current = self.current
        if report.failed:
            if current["outcome"] == "passed":
                current["outcome"] = "failed" if report.when == "call" else "error"
            current["details"] = current["details"] or report.longreprtext[-2000:]
            current["message"] = current["message"] or last_line(report.longreprtext)
        elif report.skipped and current["outcome"] == "passed":
            current["outcome"] = "skipped"
            reason = report.longrepr
            current["message"] = str(reason[2] if isinstance(reason, tuple) else reason)[:500]
        current["seconds"] = round(current.get("seconds", 0) + report.duration, 3)

    def pytest_runtest_logfinish(self, nodeid: str, location: object) -> None:
        if hasattr(signal, "SIGALRM"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.tell(event="result", **self.current)
        self.current = {}

    # -- where -----------------------------------------------------------------------------------

    def place(self, entries: Any, only: str = "") -> tuple[str, int]:
        """The deepest of the project's lines, or of those in one file."""
        found = ("", 0)
        for entry in entries:
            path = self.relative(entry.path)
            if path and (not only or path == only):
                found = (path, entry.lineno + 1)
        return found

    def relative(self, path: object) -> str:
        root, name = self.request["root"] + os.sep, str(path)
        return name[len(root) :].replace(os.sep, "/") if name.startswith(root) else ""


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    wrong = [line[1:].strip() for line in lines if line.startswith("E ")]
    return (wrong or lines or [""])[-1][:500]


def summary(error: BaseException) -> str:
    text = str(error).strip()
    kind = type(error).__name__
    return f"{kind}: {text[:450]}" if text else kind


def main() -> None:
    request = json.loads(sys.stdin.buffer.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path[:1] = [os.path.join(request["root"], root) for root in request["roots"]]
    channel = os.fdopen(request["events"], "w")
    secret = request.pop("secret")

    def tell(**event: object) -> None:
        channel.write(json.dumps({**event, "secret": secret}) + "\n")
        channel.flush()

    import pytest

    options = [
        "-q",
        "--tb=short",
        "-p",
        "no:cacheprovider",
        "--continue-on-collection-errors",
        "-o",
        "addopts=",
        "--rootdir",
        request["root"],
    ]
    sys.argv = ["pytest"]
    try:
        code = int(pytest.main([*options, "--", *request["paths"]], plugins=[Recorder(request, tell)]))
    except TookTooLong:
        os._exit(70)  # Between two tests: the harness starts another child.
    problems = {
        3: "pytest had an internal error",
        4: "pytest was called wrongly, or its configuration is broken",
    }
    tell(event="end", problem=problems.get(code, ""))
    sys.stdout.flush()
    os._exit(0)


main()

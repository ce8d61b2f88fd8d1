"""Runs inside the sandbox: imports and tests variants of a project, and reports what was seen.

The project's code never runs in this process. It runs in children that hold neither this process's
stdout nor its key; all of them are killed before a report is written. The key is made here, and told
to the host in the first line of output, when nothing of the project runs yet. Each report carries an
HMAC under it, so a line that the project prints is not a report. This process is not dumpable: others
of the same user can open neither its memory nor its descriptors.
"""

# pathlib would double the time this takes to start.
from __future__ import annotations

import array
import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

from .processes import entries, environment, kill_descendants, remove, seal_off

GRACE_S = 2.0
RESTARTS = 20
ENOUGH = 0.75
"""Of the time that a module may take. Who had less was kept waiting by others, and is not to blame."""
OUT_OF_TIME = "there was no time to load all modules"
OUTPUT_KEPT = 4000
SHARED = ("/work", "/tmp", "/dev/shm")  # noqa: S108 - inside the sandbox


def main(kind: type[Variant] | None = None) -> None:
    """`kind` says how the files are run; without it as Python."""
    request = json.loads(sys.stdin.buffer.read())
    seal_off()
    key = tell_key()
    for number, overlay in enumerate(request["variants"]):
        files = {**request["files"], **overlay}
        report = (kind or Variant)(request, files).run()
        text = json.dumps([number, report])
        mark = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        print(f"\n{mark} {text}", flush=True)


def tell_key() -> bytes:
    """Makes the key and waits until the host has taken it out of the pipe, where others could read it."""
    key = os.urandom(32)
    print(f"key {key.hex()}", flush=True)
    waiting = array.array("i", [0])
    for _ in range(1000):
        with contextlib.suppress(OSError):
            fcntl.ioctl(1, termios.FIONREAD, waiting)
        if waiting[0] == 0:
            break
        time.sleep(0.002)
    return key


class Variant:
    """One set of files: a folder of its own, its imports, its tests, its time."""

    def __init__(self, request: dict[str, Any], files: dict[str, str]) -> None:
        self.request = request
        self.files = files
        self.deadline = time.monotonic() + request["seconds"]
        self.before = {folder: entries(folder) for folder in SHARED}
        self.folder = tempfile.mkdtemp(prefix="run-", dir=os.getcwd())
        self.home = os.path.join(self.folder, "home")
        self.root = os.path.join(self.folder, "project")
        self.live = int(request.get("live", 0))
        self.report: dict[str, Any] = {"imports": [], "tests": [], "complete": True, "problem": ""}

    def run(self) -> dict[str, Any]:
        started = time.monotonic()
        try:
            self.write()
            self.load()
            if self.request["tests"]:
                self.test()
        except OSError as error:
            self.give_up(f"the project could not be laid out: {error}")
        finally:
            kill_descendants()
            shutil.rmtree(self.folder, ignore_errors=True)
            self.leave_nothing()
        shorten(self.report, self.root + os.sep, self.request["budget"])
        self.report["seconds"] = round(time.monotonic() - started, 3)
        return self.report

    def write(self) -> None:
        os.mkdir(self.home)
        for path, text in self.files.items():
            target = os.path.join(self.root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(text.encode("utf-8", "surrogatepass"))

    def leave_nothing(self) -> None:
        """What one variant left in the folders that all share would be there for the next."""
        if os.getcwd() != "/work":  # Not in a sandbox: these are somebody's folders.
            return
        for folder, before in self.before.items():
            for name in entries(folder) - before:
                remove(os.path.join(folder, name))

    def give_up(self, problem: str) -> None:
        self.report.update(complete=False, problem=self.report["problem"] or problem)

    def say(self, kind: str, what: Any) -> None:
        """Tells while it goes on. No more than the host asked for: the report needs room after it."""
        line = f"live {json.dumps([kind, what])}"
        if len(line) <= self.live:
            self.live -= len(line)
            print(f"\n{line}", flush=True)

    def left(self) -> float:
        return float(self.deadline - time.monotonic())

    def command(self, program: str) -> list[str]:
        """How a child for one of the request's programs is started."""
        return [sys.executable, "-c", self.request["programs"][program]]

    # -- imports ---------------------------------------------------------------------------------

    def load(self) -> None:
        end, usual = self.loading_time()
        for module in self.request["modules"]:
            limit = min(usual, end - time.monotonic())
            result = self.import_module(module, limit) if limit > 0 else {"outcome": "timeout"}
            if result["outcome"] == "timeout" and limit < ENOUGH * usual:
                self.give_up(OUT_OF_TIME)
                return
            self.report["imports"].append(result)

    def loading_time(self) -> tuple[float, float]:
        """When all must be loaded, as half of the time is the tests', and how long one module may take."""
        seconds = self.request["seconds"]
        kept = seconds / 2 if self.request["tests"] else 0.0
        return self.deadline - kept, min(self.request["import_seconds"], seconds - kept)

    def import_module(self, module: dict[str, str], limit: float) -> dict[str, Any]:
        started = time.monotonic()
        child = Child(self, "importing", {**module, "root": self.root, "roots": self.request["roots"]})
        result: dict[str, Any] = {"outcome": "error", "message": "", "kind": ""}
        for event in child.events(lambda: started + limit):
            result = event
        if child.overdue:
            result = {"outcome": "timeout", "message": f"importing it took longer than {limit:.3g} s"}
        elif not result["message"] and result["outcome"] != "passed":
            result["message"] = f"importing it ended the interpreter ({child.ending()})"
        child.end()
        kill_descendants()
        result.update(module, seconds=round(time.monotonic() - started, 3))
        return result

    # -- tests -----------------------------------------------------------------------------------

    def test(self) -> None:
        session = Session(self)
        for _ in range(RESTARTS):
            if self.left() <= 0 or session.go():
                break
        session.finish()


class Session:
    """pytest in a child; when a test ends the child or never ends, another child does the rest."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.paths = list(variant.request["tests"])
        self.collected: list[str] = []
        self.results: dict[str, dict[str, Any]] = {}
        self.ended = False

    def go(self) -> bool:
        """Runs what is left; True when there is nothing more to run."""
        request = self.variant.request
        current: dict[str, Any] = {"what": "", "id": "", "since": time.monotonic()}
        details = {
            "root": self.variant.root,
            "roots": request["roots"],
            "paths": self.paths,
            "done": list(self.results),
            "seconds": request["test_seconds"],
        }
        child = Child(self.variant, "testing", details)
        for event in child.events(lambda: self.limit(current)):
            self.take(event, current)
        ending = "took longer than the limit" if child.overdue else child.ending()
        child.end()
        kill_descendants()
        return self.ended or self.blame(current, child.overdue, ending, child.output)

    def limit(self, current: dict[str, Any]) -> float:
        seconds = self.variant.request["test_seconds" if current["what"] == "test" else "import_seconds"]
        return float(min(current["since"] + seconds * 1.2 + GRACE_S, self.variant.deadline))

    def take(self, event: dict[str, Any], current: dict[str, Any]) -> None:
        kind = event.pop("event")
        if kind == "collected":
            self.collected = [*self.results, *event["ids"]]
        elif kind == "result":
            self.settle(event)
            current.update(what="", id="", since=time.monotonic())
        elif kind == "start":
            current.update(what=event["what"], id=event["id"], since=time.monotonic())
        elif kind == "end":
            self.ended = True
            if event["problem"]:
                self.variant.give_up(event["problem"])

    def blame(self, current: dict[str, Any], overdue: bool, ending: str, output: str) -> bool:
        """Charges the test or the file that was running; True if nobody can be charged."""
        if self.variant.left() <= 0:
            return True
        message = ending if overdue else f"it ended the interpreter ({ending})"
        outcome = "timeout" if overdue else "error"
        if current["what"] == "test":
            self.record(current["id"], outcome, message, output)
        elif current["what"] == "file":
            self.record(current["id"], outcome, "collecting it: " + message, output)
            before = len(self.paths)
            self.paths = [path for path in self.paths if path != current["id"]]
            return not self.paths or len(self.paths) == before
        else:
            self.variant.give_up(f"pytest: {message}: {output[-300:]}")
            return True
        return False

    def record(self, test: str, outcome: str, message: str, details: str = "") -> None:
        self.settle({"id": test, "outcome": outcome, "message": message, "details": details})

    def settle(self, result: dict[str, Any]) -> None:
        self.results[result["id"]] = result
        told = {"test": result["id"], "outcome": result["outcome"], "seconds": result.get("seconds", 0)}
        done = len(self.results)
        self.variant.say("test", {**told, "done": done, "total": max(len(self.collected), done)})

    def finish(self) -> None:
        late = self.variant.left() <= 0
        for test in [test for test in self.collected if test not in self.results]:
            self.record(test, "not_run", "out of time" if late else "the test session ended before it")
        if late:
            self.variant.give_up(f"the time limit of {self.variant.request['seconds']:g} s was reached")
        self.variant.report["tests"] = list(self.results.values())


class Child:
    """A fresh interpreter for the project's code, in a session of its own.

    It writes events to a pipe, each with a secret that only its first lines knew: what the project
    prints is output, not an event.
    """

    def __init__(self, variant: Variant, program: str, details: dict[str, Any]) -> None:
        self.variant = variant
        self.secret = os.urandom(16).hex()
        self.output = ""
        self.overdue = False
        read, write = os.pipe()
        self.pipe = read
        request = {**details, "secret": self.secret, "events": write}
        self.process = subprocess.Popen(
            variant.command(program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=os.path.join(variant.root, details.get("cwd", "")),
            env=environment(variant.home),
            pass_fds=(write,),
            start_new_session=True,
        )
        os.close(write)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdout = self.process.stdout
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(request).encode())
            self.process.stdin.close()

    def events(self, deadline: Callable[[], float]) -> Iterator[dict[str, Any]]:
        """Events until the child is gone or `deadline()` has passed."""
        buffers = {self.pipe: b"", self.stdout.fileno(): b""}
        open_ends = set(buffers)
        while self.pipe in open_ends:
            seconds = deadline() - time.monotonic()
            if seconds <= 0:
                self.overdue = True
                return
            for end in select.select(list(open_ends), [], [], min(seconds, 0.5))[0]:
                part = os.read(end, 65536)
                if not part:
                    open_ends.discard(end)
                elif end == self.pipe:
                    *lines, buffers[end] = (buffers[end] + part).split(b"\n")
                    yield from filter(None, map(self.parse, lines))
                else:
                    text = part.decode("utf-8", "replace")
                    self.output = (self.output + text)[-OUTPUT_KEPT:]
                    self.variant.say("output", text.replace(self.variant.root + os.sep, ""))
            if self.process.poll() is not None and not select.select(list(open_ends), [], [], 0)[0]:
                return  # Only a process it left behind still holds the pipe.

    def parse(self, line: bytes) -> dict[str, Any] | None:
        try:
            event = json.loads(line)
        except ValueError:
            return None
        genuine = isinstance(event, dict) and event.pop("secret", "") == self.secret
        return event if genuine else None

    def ending(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.process.wait(GRACE_S)
            return f"signal {-code}" if code < 0 else f"exit code {code}"
        return "its result channel was closed"

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.stdout.close()
        os.close(self.pipe)


def shorten(report: dict[str, Any], root: str, budget: int) -> None:
    """Paths are the project's own; details fit into `budget` characters, the first failures first."""
    for entry in report["imports"] + report["tests"]:
        entry["message"] = entry.get("message", "").replace(root, "")[:500]
    for test in report["tests"]:
        details = test.get("details", "").replace(root, "")
        test["details"] = details[-min(2000, budget) :] if budget > 0 else ""
        budget -= len(test["details"])

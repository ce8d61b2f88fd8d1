"""Runs inside the sandbox: loads the modules of a Node.js project and runs its tests, file by file.

It does for JavaScript what `harness` does for Python, and by its means: the project's code runs in
children only, and what they tell carries a secret.
"""

# pathlib would double the time this takes to start.
from __future__ import annotations

import os
import time
from typing import Any

from . import harness
from .harness import ENOUGH, GRACE_S, OUT_OF_TIME, Child, Variant
from .processes import kill_descendants

BAD = {"failed", "error", "timeout"}
TOGETHER = 100
ABSENT = {"ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"}
OUT_OF_MEMORY = "JavaScript heap out of memory"


class NodeVariant(Variant):
    """One project: its modules in processes that they share, each file of tests in one of its own."""

    def __init__(self, request: dict[str, Any], files: dict[str, str]) -> None:
        super().__init__(request, files)
        self.program = os.path.join(self.folder, "node.cjs")
        self.running: dict[str, Any] = {}
        self.until = 0.0

    def command(self, program: str) -> list[str]:
        """Written anew each time: nothing of the project runs meanwhile, but it may have been there."""
        if os.path.lexists(self.program):
            os.unlink(self.program)
        with open(self.program, "x", encoding="utf-8") as file:
            file.write(self.request["programs"]["node"])
        flags = ["node", f"--max-old-space-size={self.request['heap_mb']}", *self.request["flags"]]
        if program == "loading":
            return [*flags, self.program]
        path = os.path.join(self.root, self.running["path"])
        reporting = ["--test-reporter", self.program, "--test-reporter-destination", "stdout"]
        return [*flags, "--require", self.program, *reporting, path]

    def start(self, what: str, entry: dict[str, Any]) -> Child:
        self.running = entry
        return Child(self, what, {**entry, "what": what, "root": self.root})

    # -- modules ---------------------------------------------------------------------------------

    def load(self) -> None:
        """Many in one process. One that fails after others is loaded again, as the first of a new one."""
        end, usual = self.loading_time()
        waiting = list(self.request["modules"])
        while waiting:
            if time.monotonic() >= end:
                return self.give_up(OUT_OF_TIME)
            results = self.load_together(together(waiting), end, usual)
            last = results[-1]
            if last["outcome"] == "not_run" or (len(results) > 1 and not is_sure(last)):
                results.pop()
            self.report["imports"].extend(results)
            if last["outcome"] == "not_run":
                return self.give_up(OUT_OF_TIME)
            waiting = waiting[len(results) :]

    def load_together(self, modules: list[dict[str, Any]], end: float, usual: float) -> list[dict[str, Any]]:
        """What came of them, up to the first of which it is not sure; that one is the last."""
        since = time.monotonic()
        self.until = min(since + usual, end)
        paths = [module["path"] for module in modules]
        child = self.start("loading", {"path": paths[0], "paths": paths, "cwd": modules[0]["cwd"]})
        results: list[dict[str, Any]] = []
        for event in child.events(lambda: self.until):
            now = time.monotonic()
            results.append({**event, "path": paths[len(results)], "seconds": round(now - since, 3)})
            since, self.until = now, min(now + usual, end)
            if len(results) == len(paths):
                break
        if len(results) < len(paths) and all(map(is_sure, results)):
            lost = {"path": paths[len(results)], "seconds": round(time.monotonic() - since, 3)}
            results.append({**lost, **silence(child, self.until - since, usual)})
        child.end()
        kill_descendants()
        return results

    # -- tests -----------------------------------------------------------------------------------

    def test(self) -> None:
        for entry in self.request["tests"]:
            if self.left() <= 0:
                self.settle({"id": entry["path"], "outcome": "not_run", "message": "out of time"}, 0)
            else:
                TestFile(self, entry).run()
        if self.left() <= 0:
            self.give_up(f"the time limit of {self.request['seconds']:g} s was reached")

    def settle(self, result: dict[str, Any], expected: int) -> None:
        self.report["tests"].append(result)
        done = len(self.report["tests"])
        told = {"test": result["id"], "outcome": result["outcome"], "seconds": result.get("seconds", 0)}
        self.say("test", {**told, "done": done, "total": max(done, expected)})


class TestFile:
    """One file of tests: a process, what it tells, and who is to blame when it does not end well."""

    def __init__(self, variant: NodeVariant, entry: dict[str, Any]) -> None:
        self.variant = variant
        self.entry = entry
        self.path = entry["path"]
        self.before = len(variant.report["tests"])
        self.current = ""
        self.since = time.monotonic()
        self.started: list[str] = []
        self.ended: set[str] = set()
        self.bad = False
        self.thrown: dict[str, Any] = {}

    def run(self) -> None:
        child = self.variant.start("testing", self.entry)
        for event in child.events(self.limit):
            self.since = time.monotonic()
            self.take(event)
        how = "took longer than the limit" if child.overdue else ending(child)
        child.end()
        kill_descendants()
        self.judge(child, how)

    def limit(self) -> float:
        seconds = self.variant.request["test_seconds" if self.current else "import_seconds"]
        return float(min(self.since + seconds * 1.2 + GRACE_S, self.variant.deadline))

    def take(self, event: dict[str, Any]) -> None:
        kind = event.pop("event")
        if kind == "start":
            self.current = event["id"]
            self.started.append(self.current)
        elif kind == "result":
            name, expected = event.pop("name"), event.pop("expected")
            self.close(name)
            self.bad = self.bad or event["outcome"] in BAD
            event["id"] = f"{self.path}::{event['id']}"
            self.variant.settle(event, self.before + expected)
        elif kind == "closed":
            self.close(event["name"])
        elif kind == "thrown":
            self.thrown = event

    def close(self, name: str) -> None:
        self.ended.add(name)
        self.current = "" if self.current == name else self.current

    def judge(self, child: Child, how: str) -> None:
        lost = [name for name in dict.fromkeys(self.started) if not self.has_ended(name)]
        if child.overdue:
            late = self.variant.left() <= 0
            self.blame(lost, "not_run" if late else "timeout", "out of time" if late else how, child.output)
        elif how != "exit code 0" and not self.bad:
            if self.thrown and how.startswith("exit code"):
                loading = not self.started and not self.ended
                self.settle(
                    self.path, **{**self.placed(child.output), "outcome": "error", "loading": loading}
                )
            else:
                self.blame(lost, "error", f"it ended the program ({how})", child.output)
        elif lost:
            self.blame(lost, "error", f"it ended the program ({how})", child.output)
        elif not self.ended and not self.bad:
            # A file without tests is a test itself, as for Node.js.
            self.settle(self.path, outcome="passed", message="")

    def has_ended(self, name: str) -> bool:
        """Early versions tell as a test begins its own name only, without those it stands in."""
        return name in self.ended or any(ended.endswith(f" > {name}") for ended in self.ended)

    def placed(self, output: str) -> dict[str, Any]:
        """What was thrown. Of a text that does not parse, only what is printed says the place."""
        for line in output.splitlines():
            path, _, number = line.strip().removeprefix("file://").rpartition(":")
            if path.startswith(self.variant.root + os.sep) and number.isdigit() and not self.thrown["at"]:
                at = os.path.relpath(path, self.variant.root)
                return {**self.thrown, "at": at, "line": int(number)}
        return self.thrown

    def blame(self, lost: list[str], outcome: str, message: str, output: str) -> None:
        """The test that was running, else the file; what else had begun has lost its result."""
        for name in lost[:-1]:
            self.settle(f"{self.path}::{name}", outcome="not_run", message="its file did not end")
        if lost:
            self.settle(f"{self.path}::{lost[-1]}", outcome=outcome, message=message, details=output)
            return
        if self.ended and outcome == "timeout":
            message = "its tests ended and it did not: something is still open"
        self.settle(self.path, outcome=outcome, message=message, details=output)

    def settle(self, test: str, **result: Any) -> None:
        self.variant.settle({**result, "id": test}, 0)


def together(waiting: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first of them, as long as they are run in the same folder."""
    chosen = waiting[:TOGETHER]
    others = (number for number, one in enumerate(chosen) if one["cwd"] != chosen[0]["cwd"])
    return chosen[: next(others, len(chosen))]


def is_sure(result: dict[str, Any]) -> bool:
    """Whether what was loaded before has no part in it."""
    return result["outcome"] in {"passed", "timeout"} or result.get("code") in ABSENT


def silence(child: Child, limit: float, usual: float) -> dict[str, Any]:
    """What it means that a module had `limit` seconds and nothing was told of it."""
    if not child.overdue:
        return {"outcome": "error", "message": f"loading it ended the program ({ending(child)})"}
    outcome = "timeout" if limit >= ENOUGH * usual else "not_run"
    return {"outcome": outcome, "message": f"loading it took longer than {limit:.3g} s"}


def ending(child: Child) -> str:
    return "out of memory" if OUT_OF_MEMORY in child.output else child.ending()


def main() -> None:
    harness.main(NodeVariant)

"""Running a project's JavaScript and TypeScript in the sandbox: every module loaded, every test run."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....settings import Settings
from ...events import Emit
from ...journal import Journal
from ...types import Stage, StageResult
from ..live_output import LiveOutput
from ..types import Project
from .node_project import NodeWork, flags, work_of
from .node_reading import line_of_test, not_checked, place_of_missing
from .python import (
    IMPORT_SECONDS,
    TEST_SECONDS,
    ImportOutcome,
    RuntimeReport,
    TestOutcome,
    harness_job,
    in_sandbox,
)
from .stage import judge

if TYPE_CHECKING:
    from ...sandbox import Sandbox

_INSIDE = Path(__file__).parent / "inside"
_HEAP = 0.75
"""Of the sandbox's memory: what is beyond it ends the one test, not the whole run."""
_LASTING: dict[str, int | float | str] = {"lasting": 1}
_NOTHING = "nothing of the JavaScript can be run by Node.js alone"


async def run_node(
    sandbox: "Sandbox",
    settings: Settings,
    project: Project,
    *,
    off: Collection[str] = (),
    tests: Sequence[str] | None = None,
    journal: Journal | None = None,
    emit: Emit | None = None,
) -> StageResult:
    """What was seen of the JavaScript. With `tests`, these files only, and failures stand on their lines.

    A file that needs what is not in the sandbox is named as not checked. Raises SandboxError: it failed, or
    there is no Node.js in it.
    """
    version = await sandbox.version_of("node")
    work = work_of(project, version, off, tests)
    if not work.modules and not work.tests:
        return _nothing(work.left_out)
    limits = {
        "seconds": settings.sandbox.seconds,
        "test_seconds": min(TEST_SECONDS, settings.sandbox.seconds),
    }
    request = {**limits, **_request(project, work, version, settings, live=emit is not None)}
    key = _key(sandbox, settings, version, request)
    stored = await journal.get("validate.runtime", key) if journal is not None else None
    if stored is None:
        stored = await _seen(sandbox, request, emit)
        if journal is not None and stored["complete"]:
            await journal.put("validate.runtime", key, stored)
    report, unable = _read(stored, project)
    result = judge(report, project, sandbox.name, sandbox.version, at_tests=tests is not None)
    facts = {**result.facts, "node": version}
    return _told(result.model_copy(update={"facts": facts}), report, {**work.left_out, **unable})


async def _seen(sandbox: "Sandbox", request: dict[str, Any], emit: Emit | None) -> Any:
    listen = LiveOutput(emit) if emit else None
    texts = {"node_harness": _text("node_harness.py")}
    job = harness_job("node_harness", texts, request, None, request["seconds"], "node")
    reports, problem = await in_sandbox(sandbox, job, listen)
    return reports.get(0) or {
        "imports": [],
        "tests": [],
        "complete": False,
        "problem": problem,
        "seconds": 0.0,
    }


def _request(
    project: Project, work: NodeWork, version: str, settings: Settings, *, live: bool
) -> dict[str, Any]:
    return {
        "files": {
            file.path: file.text for file in project.files if "node_modules" not in file.path.split("/")
        },
        "variants": [{}],
        "modules": list(work.modules),
        "tests": list(work.tests),
        "flags": flags(version),
        "heap_mb": int(settings.sandbox.memory_mb * _HEAP),
        "import_seconds": IMPORT_SECONDS,
        "programs": {"node": _text("node.cjs")},
        "budget": settings.sandbox.output_kb * 1024 // 4,
        "live": settings.sandbox.output_kb * 512 if live else 0,
    }


def _key(sandbox: "Sandbox", settings: Settings, version: str, request: dict[str, Any]) -> dict[str, Any]:
    inside = "".join(_text(name) for name in ("harness.py", "processes.py", "node_harness.py"))
    return {
        "sandbox": [sandbox.name, sandbox.version, version],
        "limits": settings.sandbox.model_dump(mode="json", exclude={"engine", "output_kb"}),
        "harness": hashlib.sha256(inside.encode()).hexdigest(),
        "request": hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest(),
    }


def _text(name: str) -> str:
    return (_INSIDE / name).read_text(encoding="utf-8")


# -- what it means -----------------------------------------------------------------------------


def _read(seen: dict[str, Any], project: Project) -> tuple[RuntimeReport, dict[str, str]]:
    """What was seen, without what could not be checked, which is named with the reason."""
    texts = {file.path: file.text for file in project.files}
    unable: dict[str, str] = {}
    imports, tests = [], []
    for one in seen["imports"]:
        if one["outcome"] == "not_run":
            continue
        if one["outcome"] != "passed" and (why := not_checked(one, texts, loading=True)):
            unable[one["path"]] = why
        else:
            imports.append(
                ImportOutcome.model_validate({"module": one["path"], **_known(one, ImportOutcome, texts)})
            )
    for one in seen["tests"]:
        loading = one.get("loading", False)
        if one["outcome"] in {"failed", "error"} and (why := not_checked(one, texts, loading=loading)):
            unable[one["id"].partition("::")[0]] = why
            one = {**one, "outcome": "skipped", "message": why}
        tests.append(TestOutcome.model_validate(_known(one, TestOutcome, texts)))
    report = RuntimeReport(
        imports=tuple(imports),
        tests=tuple(tests),
        complete=seen["complete"],
        problem=seen["problem"],
        seconds=seen["seconds"],
    )
    return report, unable


def _known(
    one: dict[str, Any], kind: type[ImportOutcome | TestOutcome], texts: Mapping[str, str]
) -> dict[str, Any]:
    placed = dict(one)
    if not one.get("at"):
        placed["at"], placed["line"] = place_of_missing(one, texts)
    if "id" in one and not one.get("test_line"):
        placed["test_line"] = line_of_test(one["id"], texts)
    if "id" in one and not placed["at"]:
        placed["at"], placed["line"] = one["id"].partition("::")[0], placed["test_line"]
    return {name: value for name, value in placed.items() if name in kind.model_fields}


def _told(result: StageResult, report: RuntimeReport, unable: Mapping[str, str]) -> StageResult:
    """The result, which names what was not checked; where that is all of the tests, it is no pass."""
    if not unable:
        return result
    reason = "; ".join(part for part in (result.reason, _in_words(unable)) if part)
    nothing = not report.imports and not report.count("passed")
    untested = report.tests and report.count("skipped") == len(report.tests)
    if result.status == "passed" and (nothing or untested):
        facts = {**result.facts, **_LASTING}
        return result.model_copy(update={"status": "skipped", "reason": _in_words(unable), "facts": facts})
    return result.model_copy(update={"reason": reason})


def _nothing(left_out: Mapping[str, str]) -> StageResult:
    reason = _in_words(left_out) if left_out else _NOTHING
    return StageResult(stage=Stage.RUNTIME, status="skipped", reason=reason, facts=_LASTING)


def _in_words(unable: Mapping[str, str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for path, why in sorted(unable.items()):
        by_reason.setdefault(why, []).append(path)
    parts = [f"{', '.join(paths)} ({why})" for why, paths in by_reason.items()]
    return f"not checked: {'; '.join(parts)}"

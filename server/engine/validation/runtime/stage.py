"""From what was seen in the sandbox to the result of the runtime stage."""

from typing import Literal

from ...errors import SandboxError
from ...types import Finding, Position, Range, Related, Severity, Stage, StageResult, ToolRun
from ..types import Project, finding
from .python import ImportOutcome, RuntimeReport, TestOutcome

_BAD = {"failed": "failed", "error": "could not run", "timeout": "did not end"}


def judge(
    report: RuntimeReport, project: Project, sandbox: str, version: str, *, at_tests: bool = False
) -> StageResult:
    """Failed by what was seen to fail; skipped if not everything could be seen; else passed.

    A failure stands where it was raised; with `at_tests`, on the line of the test that led there.
    """
    findings = (*_import_findings(report), *_test_findings(report, project, at_tests))
    reason = report.problem
    status: Literal["passed", "failed", "skipped"]
    if findings:
        status = "failed"
    elif not report.complete or report.count("not_run"):
        status, reason = "skipped", reason or "not all tests were run"
    else:
        status = "passed"
        if not report.count("passed"):
            reason = "no tests were run" if not report.count("skipped") else "all tests were skipped"
    run = ToolRun(name=sandbox, version=version, seconds=report.seconds)
    return StageResult(
        stage=Stage.RUNTIME,
        status=status,
        reason=reason,
        findings=findings,
        tools=(run,),
        facts=_facts(report),
    )


def _facts(report: RuntimeReport) -> dict[str, int | float | str]:
    imported = sum(one.outcome == "passed" for one in report.imports)
    return {
        "modules_imported": imported,
        "modules_failed": len(report.imports) - imported,
        "tests_passed": report.count("passed"),
        "tests_failed": report.count("failed", "timeout"),
        "tests_errors": report.count("error"),
        "tests_skipped": report.count("skipped"),
        "tests_not_run": report.count("not_run"),
        "seconds": report.seconds,
    }


def _import_findings(report: RuntimeReport) -> list[Finding]:
    return [
        _finding("import-failed", one, one.at or one.path, f"importing `{one.path}`: {one.message}")
        for one in report.imports
        if one.outcome != "passed"
    ]


def _test_findings(report: RuntimeReport, project: Project, at_tests: bool) -> list[Finding]:
    known = {file.path for file in project.files}
    found = []
    for test in report.tests:
        if test.outcome in _BAD:
            own = test.id.partition("::")[0]
            path = test.at if test.at in known and not at_tests else own
            line = test.test_line if at_tests and test.test_line else None
            message = f"{test.id} {_BAD[test.outcome]}: {test.message}"
            one = _finding(f"test-{test.outcome}", test, path, message, line)
            found.append(one.model_copy(update={"related": _elsewhere(test, path, own, known)}))
    return found


def _elsewhere(test: TestOutcome, path: str, own: str, known: set[str]) -> tuple[Related, ...]:
    """The other end of the way from the test to where it was raised."""
    if path == own and test.at in known and test.at != own:
        return (Related(path=test.at, range=_line(test.line), message=f"raised here: {test.message}"),)
    if path != own and test.test_line:
        return (Related(path=own, range=_line(test.test_line), message=f"reached from {test.id}"),)
    return ()


def _line(number: int) -> Range:
    place = Position(line=max(number - 1, 0), column=0)
    return Range(start=place, end=place)


def _finding(
    rule: str, one: ImportOutcome | TestOutcome, path: str, message: str, line: int | None = None
) -> Finding:
    line = line or (one.line if one.at == path else 1)
    return finding(Stage.RUNTIME, "sandbox", rule, Severity.ERROR, path, message, start=(max(line, 1), 0))


def not_run(error: SandboxError) -> StageResult:
    """A package that does not exist is the project's fault; one that could not be fetched is not."""
    from ...sandbox import PackageMissing, RequirementRefused

    if not isinstance(error, PackageMissing | RequirementRefused):
        return StageResult(stage=Stage.RUNTIME, status="skipped", reason=str(error))
    problem = finding(Stage.RUNTIME, "packages", "no-such-package", Severity.ERROR, "", str(error))
    return StageResult(stage=Stage.RUNTIME, status="failed", reason=str(error), findings=(problem,))

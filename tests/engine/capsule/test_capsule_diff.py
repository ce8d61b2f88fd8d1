"""Differences: text that patch programs take, and what changed for callers."""

import subprocess
from pathlib import Path

import pytest
from capsule_samples import make_evidence, make_sample
from quantumlayer.engine.capsule.diff import compare, file_changes
from quantumlayer.engine.capsule.interface import interface_changes
from quantumlayer.engine.types import Evidence, Finding, Position, Range, Severity, Stage, StageResult

BEFORE = {
    "a.py": "x = 1\ny = 2\n",
    "gone.txt": "last",
    "same.py": "s = 1\n",
    "end.txt": "no newline",
    "f.txt": "a\x0cb\r\nc\n",
}
AFTER = {
    "a.py": "x = 1\ny = 3\nz = 4\n",
    "new/n.txt": "first\n",
    "same.py": "s = 1\n",
    "end.txt": "no newline\n",
    "f.txt": "a\x0cB\r\nc\n",
}


def test_git_makes_the_later_version_of_the_earlier_one(tmp_path: Path) -> None:
    before, after = make_sample(BEFORE), make_sample(AFTER)
    for path, text in BEFORE.items():
        (tmp_path / path).write_bytes(text.encode())
    patch = "".join(change.text for change in file_changes(before, after))
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True, capture_output=True)
    found = {
        p.relative_to(tmp_path).as_posix(): p.read_bytes().decode()
        for p in tmp_path.rglob("*")
        if p.is_file()
    }
    assert found == AFTER
    assert {one.path: (one.change, one.plus, one.minus) for one in file_changes(before, after)} == {
        "a.py": ("changed", 2, 1),
        "end.txt": ("changed", 1, 1),
        "f.txt": ("changed", 1, 1),
        "gone.txt": ("removed", 0, 1),
        "new/n.txt": ("added", 1, 0),
    }


def test_a_file_too_large_to_compare_is_said_to_be() -> None:
    before, after = make_sample({"a.txt": "a\n" * 30_000}), make_sample({"a.txt": "b\n" * 30_000})
    (change,) = file_changes(before, after)
    assert (change.text, change.plus, change.minus) == ("", 30_000, 30_000)
    assert "20,000 lines" in change.note


@pytest.mark.parametrize(
    ("before", "after", "breaking"),
    [
        ("def f(a): ...", "def f(a, b=1): ...", False),
        ("def f(a): ...", "def f(a, *, b=1): ...", False),
        ("def f(a): ...", "def f(a: int) -> str: ...", False),
        ("def f(a): ...", "def f(a, *rest, **more): ...", False),
        ("def f(a, /): ...", "def f(b, /): ...", False),
        ("def f(a, /): ...", "def f(a): ...", False),
        ("def f(a, *, b): ...", "def f(a, b): ...", False),
        ("def f(a, *, b=1): ...", "def f(a, b): ...", True),
        ("def f(a, b=1): ...", "def f(a, *, b=1): ...", True),
        ("def f(a): ...", "def f(a, b): ...", True),
        ("def f(a): ...", "def f(b): ...", True),
        ("def f(a, b): ...", "def f(b, a): ...", True),
        ("def f(a, b): ...", "def f(a): ...", True),
        ("def f(a=1): ...", "def f(a): ...", True),
        ("def f(a): ...", "def f(a, /): ...", True),
        ("def f(*, a): ...", "def f(*, b): ...", True),
        ("def f(*, a=1): ...", "def f(*, a): ...", True),
        ("def f(*a): ...", "def f(a): ...", True),
        ("def f(**a): ...", "def f(): ...", True),
        ("def f(a): ...", "async def f(a): ...", True),
        ("def f(a): ...", "f = 1", True),
        ("class C:\n    def m(self, a): ...", "class C:\n    def m(this, a): ...", False),
        ("class C:\n    def m(self, a): ...", "class C:\n    @property\n    def m(self): ...", True),
        ("class C:\n    def m(self, a): ...", "class C:\n    def _m(self, a): ...", True),
        ("class C:\n    def m(self, a): ...", "class C:\n    @staticmethod\n    def m(a): ...", False),
        ("class C(ValueError): ...", "class C(ValueError, KeyError): ...", False),
        ("class C(ValueError): ...", "class C(Exception): ...", True),
    ],
)  # fmt: skip
def test_a_change_that_breaks_calls_is_told_from_one_that_does_not(
    before: str, after: str, breaking: bool
) -> None:
    changes = list(interface_changes({"a.py": before}, {"a.py": after}))
    assert changes
    assert any(change.breaking for change in changes) == breaking


def test_what_is_private_or_cannot_be_read_is_not_spoken_of() -> None:
    assert not list(interface_changes({"a.py": "def _f(a): ..."}, {"a.py": "def _f(b): ..."}))
    assert not list(interface_changes({"a.py": "def f(a): ..."}, {"a.py": "def f(a: ..."}))
    assert not list(
        interface_changes({"a.py": "def f(a):\n    return 1"}, {"a.py": "def f(a):\n    return 2"})
    )


def finding(line: int, message: str) -> Finding:
    place = Range(start=Position(line=line, column=0), end=Position(line=line, column=1))
    return Finding(
        stage=Stage.STYLE,
        tool="t",
        rule="R",
        severity=Severity.WARNING,
        path="a.py",
        range=place,
        message=message,
    )


def seen(confidence: float, passed: int, *findings: Finding) -> Evidence:
    evidence = make_evidence()
    style = StageResult(stage=Stage.STYLE, status="passed", findings=findings)
    runtime = StageResult(
        stage=Stage.RUNTIME, status="passed", facts={"tests_passed": passed, "tests_failed": 0}
    )
    verdict = evidence.verdict.model_copy(update={"stages": (style, runtime), "confidence": confidence})
    return evidence.model_copy(update={"verdict": verdict})


def test_findings_tests_and_confidence_are_compared() -> None:
    before = make_sample({"a.py": "x = 1\n"}, evidence=seen(0.5, 3, finding(1, "moves"), finding(4, "goes")))
    after = make_sample(
        {"a.py": "x = 2\n"},
        evidence=seen(0.75, 5, finding(9, "moves"), finding(1, "comes"), finding(2, "comes")),
    )
    found = compare(before, after)
    assert [one.message for one in found.appeared] == ["comes", "comes"]
    assert [one.message for one in found.gone] == ["goes"]
    assert (found.before.tests_passed, found.after.tests_passed) == (3, 5)
    assert "findings: 2 appeared, 1 went" in found.summary
    assert "confidence 0.50 became 0.75" in found.summary
    assert "tests: 3 passed, then 5 passed and 0 failed" in found.summary
    assert compare(before, before).summary == ("the files are the same",)

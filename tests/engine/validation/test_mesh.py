import asyncio
import json

import psutil
import pytest
import ruff
from quantumlayer.engine.types import SourceFile, Stage, StageFinished
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.settings import ValidateSettings

CLEAN = {f"pkg/m{n}.py": f'"""M{n}."""\n\n\ndef f{n}(x: int) -> int:\n    return x + {n}\n' for n in range(4)}
STATIC = (Stage.SYNTAX, Stage.STYLE, Stage.SECURITY, Stage.TYPES)


async def test_results_come_in_stage_order_and_each_is_emitted_once(mesh, make):
    events = []
    results = await mesh.check(make(CLEAN), emit=events.append)
    assert [result.stage for result in results] == list(Stage)
    assert [result.status for result in results] == ["passed"] * 4 + ["skipped"]
    assert results[-1].reason == "this test gives it none"
    assert all(isinstance(event, StageFinished) for event in events)
    assert sorted(event.result.stage for event in events) == sorted(Stage)


async def test_only_the_stages_that_were_asked_for_run(mesh, make):
    results = await mesh.check(make(CLEAN), (Stage.SECURITY, Stage.SYNTAX))
    assert [result.stage for result in results] == [Stage.SYNTAX, Stage.SECURITY]


async def test_the_same_content_is_not_checked_twice(mesh, make):
    first = await mesh.check(make(CLEAN), STATIC)
    again = await mesh.check(make(CLEAN), STATIC)
    assert all(run.cached for result in again for run in result.tools)
    assert [result.findings for result in again] == [result.findings for result in first]
    changed = await mesh.check(make({**CLEAN, "pkg/m0.py": "def f0():\n    return nope\n"}), STATIC)
    assert not any(run.cached for result in changed for run in result.tools)


async def test_a_missing_tool_skips_its_stage_with_the_reason(mesh, make, monkeypatch):
    def gone() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(ruff, "find_ruff_bin", gone)
    results = await mesh.check(make(CLEAN), STATIC)
    status = {result.stage: (result.status, result.reason) for result in results}
    for stage in (Stage.SYNTAX, Stage.STYLE, Stage.SECURITY):
        assert status[stage][0] == "skipped"
        assert "ruff is not installed" in status[stage][1]
    assert status[Stage.TYPES][0] == "passed"


async def test_what_one_tool_found_stands_when_another_is_missing(mesh, make, monkeypatch):
    def gone() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(ruff, "find_ruff_bin", gone)
    (result,) = await mesh.check(make({"a.py": "def f(:\n"}), (Stage.SYNTAX,))
    assert result.status == "failed"
    assert "ruff is not installed" in result.reason


async def test_a_tool_that_takes_too_long_is_skipped_and_asked_again_next_time(settings, journal, make):
    hurried = settings.model_copy(update={"validate_": ValidateSettings(timeout_s=0.001)})
    results = await Mesh(hurried, journal, None).check(make(CLEAN), STATIC)
    assert {result.status for result in results} == {"skipped"}
    assert all("longer than 0.001 s" in result.reason for result in results)
    results = await Mesh(settings, journal, None).check(make(CLEAN), STATIC)
    assert {result.status for result in results} == {"passed"}


async def test_cancelling_leaves_no_process_and_no_folder(mesh, make, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    task = asyncio.create_task(
        mesh.check(make({**CLEAN, "pkg/new.py": "import asyncio\nimport http.server\n"}))
    )
    while not psutil.Process().children():
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert not list(tmp_path.glob("quantumlayer-*"))


async def test_files_that_cannot_lie_side_by_side_are_skipped_with_the_reason(mesh, make):
    results = await mesh.check(make({"a": "text", "a/b.py": "x = 1\n"}), STATIC)
    assert {result.status for result in results} == {"skipped"}
    assert all("cannot be written" in result.reason for result in results)


# -- the gate for one file ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("SyntaxError", "def g(:\n"),
        ("empty-body", "def g():\n    ...\n"),
        ("elided-code", "def g():\n    # rest of the implementation\n    return 1\n"),
        ("no-such-name", "from pkg.m0 import f7\n"),
        ("no-such-module", "from pkg.gone import f\n"),
        ("unknown-module", "import requests\n"),
        ("arg-type", "from pkg.m0 import f0\n\nf0('x')\n"),
        ("attr-defined", "from pkg import m0\n\nm0.f9(1)\n"),
    ],
)
async def test_the_gate_tells_what_is_wrong_with_one_file(mesh, make, rule, text):
    found = await mesh.gate(make({**CLEAN, "main.py": text}), "main.py")
    assert rule in {one.rule for one in found}
    assert {one.path for one in found} == {"main.py"}


async def test_the_gate_is_silent_about_style_and_about_other_files(mesh, make):
    files = {
        **CLEAN,
        "pkg/m1.py": "def broken(:\n",
        "main.py": "import os, sys\nfrom pkg.m0 import f0\nprint( f0(1) )",
    }
    assert await mesh.gate(make(files), "main.py") == ()


async def test_the_gate_says_nothing_twice(mesh, make):
    found = await mesh.gate(make({**CLEAN, "main.py": "from pkg.m0 import f7\n"}), "main.py")
    assert len(found) == 1


async def test_findings_survive_the_journal_unchanged(mesh, make):
    project = make({"a.py": "import os\nx = 'é'; y = undefined\n"})
    first = await mesh.check(project, (Stage.STYLE,))
    again = await mesh.check(project, (Stage.STYLE,))
    assert json.dumps(first[0].model_dump()["findings"]) == json.dumps(again[0].model_dump()["findings"])


def test_tests_are_recognised_by_name():
    from quantumlayer.engine.validation.types import Project

    paths = [
        "a.py",
        "test_a.py",
        "a_test.py",
        "tests/helpers.py",
        "conftest.py",
        "tests/data.json",
        "testing.py",
    ]
    project = Project.of([SourceFile(path=path, text="") for path in paths])
    assert project.tests == ("test_a.py", "a_test.py", "tests/helpers.py", "conftest.py")

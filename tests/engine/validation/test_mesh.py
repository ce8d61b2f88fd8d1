import asyncio
import json

import psutil
import pytest
import ruff
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.events import StageFinished
from quantumlayer.engine.types import SourceFile, Stage
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
    hurried = settings.model_copy(update={"validate_": ValidateSettings(timeout_s=1e-6)})
    results = await Mesh(hurried, journal, None).check(make(CLEAN), STATIC)
    assert {result.status for result in results} == {"skipped"}
    assert all("longer than 1e-06 s" in result.reason for result in results)
    assert not any("lasting" in result.facts for result in results)
    results = await Mesh(settings, journal, None).check(make(CLEAN), STATIC)
    assert {result.status for result in results} == {"passed"}


@pytest.mark.parametrize(
    "names",
    [
        *[(f"{name}.py",) for name in ("mypy", "argparse", "json", "tempfile")],
        ("mypy/__init__.py", "mypy/__main__.py"),
        ("sitecustomize.py", "usercustomize.py", "conftest.py", "setup.py", "ruff.py", "pip.py"),
    ],
    ids=lambda names: names[0],
)
async def test_nothing_of_a_project_runs_while_it_is_judged(mesh, make, tmp_path, names):
    marker = tmp_path / "was-run"
    leave = f"import pathlib; pathlib.Path({str(marker)!r}).write_text(__name__)\n"
    main = {"main.py": "import os\n\n\ndef f(x: int) -> object:\n    return eval(str(x))\n\n\nf( 'x' )\n"}
    files = {
        **dict.fromkeys(names, leave),
        "mypy.ini": f"[mypy]\nplugins = {names[0]}\n",
        "pyproject.toml": f'[tool.mypy]\nplugins = ["{names[0]}"]\n\n[tool.ruff]\nexclude = ["*"]\n',
        "code.pth": leave,
        **main,
    }
    alone = await mesh.check(make(main), STATIC)
    beside = await mesh.check(make(files), STATIC)
    assert [about_main(result) for result in beside] == [about_main(result) for result in alone]
    assert [result.status for result in beside] == ["passed", "passed", "failed", "failed"]
    assert [[run.name for run in result.tools] for result in beside] == [
        [run.name for run in result.tools] for result in alone
    ]
    assert await mesh.gate(make(files), "main.py") == await mesh.gate(make(main), "main.py") != ()
    formatted = {file.path: file.text for file in await mesh.format(make(files).files)}
    assert "import os" not in formatted["main.py"]
    assert 'f("x")' in formatted["main.py"]
    assert not marker.exists()


def about_main(result):
    return [found for found in result.findings if found.path == "main.py"]


async def test_the_package_index_is_asked_only_where_types_are(mesh, make, monkeypatch):
    asked = []

    async def resolve(wanted, python, settings):
        asked.append(wanted)
        raise SandboxError("there is no index here")

    monkeypatch.setattr("quantumlayer.engine.sandbox.resolve_wheels", resolve)
    project = make({"a.py": "x = 1\n"}, ("idna",))
    results = await mesh.check(project, (Stage.SYNTAX, Stage.STYLE, Stage.SECURITY))
    assert [result.status for result in results] == ["passed"] * 3
    assert asked == []
    await mesh.check(project, (Stage.TYPES,))
    assert len(asked) == 1
    assert "idna" in asked[0]


async def test_what_a_notebook_says_is_not_told_of_the_files_beside_it(mesh, make):
    cell = {"cell_type": "code", "source": ["import os\n", "def f(:\n"], "metadata": {}, "outputs": []}
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    results = await mesh.check(make({"a.py": "x = 1\n", "b.ipynb": notebook}), STATIC)
    assert [(result.status, result.findings) for result in results] == [("passed", ())] * 4


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


async def test_what_the_gate_saw_of_other_files_is_not_kept_for_this_one(mesh, make):
    assert await mesh.gate(make({**CLEAN, "pkg/m1.py": "def broken(:\n"}), "pkg/m0.py") == ()
    (result,) = await mesh.check(make({"pkg/m0.py": CLEAN["pkg/m0.py"]}), (Stage.SYNTAX,))
    assert (result.status, result.findings) == ("passed", ())


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

import json

import pytest
from quantumlayer.engine.types import Severity, Stage
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.process import Completed, Tools


async def types(mesh, project):
    (result,) = await mesh.check(project, (Stage.TYPES,))
    return result


def errors(result):
    return {found.rule for found in result.findings if found.severity is Severity.ERROR}


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("attr-defined", "def f(x: str) -> str:\n    return x.uper()\n"),
        ("call-arg", "def f(a: int) -> int:\n    return a\n\n\nf(1, 2)\n"),
        ("arg-type", "def f(a: int) -> int:\n    return a\n\n\nf('x')\n"),
        ("return-value", "def f() -> int:\n    return 'x'\n"),
        ("return", "def f(a: int) -> int:\n    if a:\n        return 1\n"),
        ("name-defined", "def f():\n    return nothing_here\n"),
        ("operator", "def f(a: int, b: str) -> int:\n    return a + b\n"),
        ("index", "def f(a: int) -> int:\n    return a[0]\n"),
        ("no-such-name", "from b import missing\n"),
        ("unknown-module", "import numpyy\n"),
        ("relative-import", "from . import b\n"),
    ],
)
async def test_a_real_defect_fails_the_stage(mesh, make, rule, text):
    result = await types(mesh, make({"a.py": text, "b.py": "present = 1\n"}))
    assert result.status == "failed"
    assert rule in errors(result)


@pytest.mark.parametrize(
    "text",
    [
        "def f(a, b=None):\n    return a + b\n",
        "import re\n\n\ndef f(t: str) -> str:\n    return re.match('a', t).group()\n",
        "def f(x: str = None) -> str:\n    return x or ''\n",
        "import json\nimport b\nfrom b import present\n\nprint(json, b.present, present)\n",
        "try:\n    import orjson as json\nexcept ImportError:\n    import json\n\nprint(json)\n",
    ],
    ids=["untyped", "optional", "implicit-optional", "imports", "fallback"],
)
async def test_code_that_works_passes(mesh, make, text):
    result = await types(mesh, make({"a.py": text, "b.py": "present = 1\n"}))
    assert result.status == "passed", result.findings


@pytest.mark.parametrize(
    "files",
    [
        {"types.py": "x = 1\n"},
        {"app.py": "x = 1\n", "app/__init__.py": ""},
        {"tests/app.py": "x = 1\n", "tests/app/__init__.py": ""},
    ],
    ids=["shadows", "twice", "twice-in-tests"],
)
async def test_what_keeps_mypy_from_checking_anything_fails_the_stage(mesh, make, files):
    result = await types(mesh, make({**files, "a.py": "y: int = 'x'\n"}))
    assert result.status == "failed"
    assert errors(result) == {"blocker"}
    assert {found.path for found in result.findings} <= set(files)


async def test_a_mypy_that_crashes_after_a_warning_skips_the_stage(mesh, make, monkeypatch):
    run = Tools.run

    async def crash(self, command, **options):
        if "mypy" not in command:
            return await run(self, command, **options)
        told = {"file": "a.py", "line": 1, "column": 0, "message": "a taste", "code": "misc"}
        return Completed(2, json.dumps({**told, "severity": "error"}), "a.py: INTERNAL ERROR\n")

    monkeypatch.setattr(Tools, "run", crash)
    result = await types(mesh, make({"a.py": "x = 1\n"}))
    assert result.status == "skipped"
    assert "INTERNAL ERROR" in result.reason


@pytest.mark.parametrize(
    "said",
    ["sqlite3.OperationalError: database or disk is full", "OSError: [Errno 28] No space left on device"],
)
async def test_a_full_disk_is_told_as_one(mesh, make, monkeypatch, said):
    run = Tools.run

    async def crash(self, command, **options):
        if "mypy" not in command:
            return await run(self, command, **options)
        traceback = f'Traceback (most recent call last):\n  File "mypy/main.py", line 167, in main\n{said}\n'
        return Completed(2, traceback, "a.py: error: INTERNAL ERROR\nnote: use --pdb to drop into pdb\n")

    monkeypatch.setattr(Tools, "run", crash)
    result = await types(mesh, make({"a.py": "x = 1\n"}))
    assert (result.status, result.reason) == ("skipped", f"mypy failed: {said}")


async def test_a_cache_that_cannot_be_made_skips_the_stage(settings, journal, make, tmp_path):
    (tmp_path / "file").write_text("")
    storage = settings.storage.model_copy(update={"cache_dir": tmp_path / "file"})
    mesh = Mesh(settings.model_copy(update={"storage": storage}), journal, None)
    result = await types(mesh, make({"a.py": "x = 1\n"}))
    assert result.status == "skipped"
    assert "mypy's cache cannot be written" in result.reason


async def test_imports_among_the_files_of_packages_are_followed(mesh, make):
    files = {
        "src/app/__init__.py": "from .core import run\n\n__all__ = ['run']\n",
        "src/app/core.py": "from .util import helpers\nfrom app.util.helpers import one\n\n\n"
        "def run() -> int:\n    return one() + helpers.one()\n",
        "src/app/util/__init__.py": "",
        "src/app/util/helpers.py": "def one() -> int:\n    return 1\n",
        "tests/shared.py": "x = 1\n",
        "tests/test_app.py": "import pytest\nfrom app import run\nfrom shared import x\n\n\ndef test_run():\n"
        "    assert run() == 2 * x\n    assert pytest\n",
    }
    result = await types(mesh, make(files))
    assert result.status == "passed", result.findings


async def test_a_package_is_known_by_the_name_it_is_imported_as(mesh, make):
    text = "import yaml\nimport PIL\n\nprint(yaml, PIL)\n"
    assert errors(await types(mesh, make({"a.py": text}))) == {"unknown-module"}
    result = await types(mesh, make({"a.py": text}, ("PyYAML>=6", "pillow")))
    assert result.status == "passed", result.findings


async def test_an_undeclared_package_is_named_by_its_distribution(mesh, make):
    result = await types(mesh, make({"a.py": "import yaml\n\nprint(yaml)\n"}))
    assert any("pyyaml" in found.message for found in result.findings)


async def test_type_errors_in_tests_are_warnings(mesh, make):
    files = {"a.py": "def f(a: int) -> int:\n    return a\n", "test_a.py": "from a import f\n\nf('x')\n"}
    result = await types(mesh, make(files))
    assert result.status == "passed"
    assert {found.severity for found in result.findings} == {Severity.WARNING}


async def test_columns_count_characters_not_bytes(mesh, make):
    result = await types(mesh, make({"a.py": "x = 'ééé'; y: int = 'x'.nope\n"}))
    (found,) = [one for one in result.findings if one.rule == "attr-defined"]
    assert found.range.start.column == len("x = 'ééé'; y: int = ")


async def test_two_versions_of_the_same_size_in_the_same_second_are_told_apart(mesh, make):
    good, bad = "def f() -> str:\n    return 'a'\n", "def f() -> str:\n    return 123\n"
    assert len(good) == len(bad)
    for _ in range(3):
        assert (await types(mesh, make({"a.py": good}))).status == "passed"
        assert (await types(mesh, make({"a.py": bad}))).status == "failed"
        good, bad = good.replace("f()", "g()"), bad.replace("f()", "g()")


async def test_packages_that_bring_what_mypy_has_itself_are_no_obstacle(mesh, make):
    """Most of the larger ones need typing_extensions."""
    text = (
        "from typing_extensions import TypedDict\n\nfrom annotated_types import Gt\n\n\n"
        "class Point(TypedDict):\n    x: int\n\n\nprint(Gt(1), Point(x='one'))\n"
    )
    result = await types(mesh, make({"a.py": text}, packages=("pydantic",)))
    assert errors(result) == {"typeddict-item"}, result


@pytest.mark.parametrize(
    "text",
    [
        "from itertools import flatten\n\nx = flatten\n",
        "import os\n\nfrom os.path import joinpath\n\nx = joinpath(os.sep)\n",
    ],
)
async def test_a_name_that_the_standard_library_does_not_have_is_an_error(mesh, make, text):
    (result,) = await mesh.check(make({"a.py": text}), (Stage.TYPES,))
    assert [(found.rule, str(found.severity)) for found in result.findings] == [("attr-defined", "error")]


async def test_a_guarded_import_may_lack_its_name(mesh, make):
    text = "try:\n    from itertools import flatten\nexcept ImportError:\n    flatten = None\n\nx = flatten\n"
    (result,) = await mesh.check(make({"a.py": text}), (Stage.TYPES,))
    assert not [found for found in result.findings if found.severity is Severity.ERROR]


async def test_a_name_that_a_file_of_the_project_lacks_is_told_once(mesh, make):
    files = {
        "src/kit/__init__.py": "",
        "src/kit/b.py": "y = 1\n",
        "src/kit/a.py": "from kit.b import z\n\nx = z\n",
    }
    (result,) = await mesh.check(make(files), (Stage.TYPES,))
    assert [found.rule for found in result.findings] == ["no-such-name"]


@pytest.mark.parametrize(
    ("module", "meant"), [("colections", "collections"), ("reqeusts", "requests"), ("helpres", "helpers")]
)
async def test_an_unknown_module_comes_with_the_one_that_may_have_been_meant(mesh, make, module, meant):
    files = {"a.py": f"import {module}\n\nx = {module}\n", "helpers.py": '"""None yet."""\n'}
    found = (await types(mesh, make(files, ("requests",)))).findings
    assert [one.rule for one in found] == ["unknown-module"]
    assert found[0].message.endswith(f"did you mean `{meant}`?")


async def test_an_invented_module_that_is_like_nothing_is_not_guessed_at(mesh, make):
    (found,) = (await types(mesh, make({"a.py": "import zzqqfastly\n\nx = zzqqfastly\n"}))).findings
    assert "did you mean" not in found.message

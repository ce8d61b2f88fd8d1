import pytest
from quantumlayer.engine.types import Severity, SourceFile, Stage


async def style(mesh, project):
    (result,) = await mesh.check(project, (Stage.STYLE,))
    return result


async def test_clean_code_passes(mesh, make):
    text = '"""Sums."""\n\n\ndef add(a: int, b: int) -> int:\n    return a + b\n'
    result = await style(mesh, make({"a.py": text}))
    assert (result.status, result.findings) == ("passed", ())
    assert {run.name for run in result.tools} == {"ruff", "omissions"}


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("F821", "def f():\n    return undefined_name\n"),
        ("F822", '__all__ = ["missing"]\n'),
        ("F632", "def f(a):\n    return a is 'text'\n"),
        ("F507", "x = '%s %s' % (1,)\n"),
        ("F631", "def test_a():\n    assert (1 == 2, 'never fails')\n"),
        ("B015", "def test_a(a):\n    a == 1\n"),
        ("empty-body", "def convert(text):\n    ...\n"),
        ("empty-body", "def convert(text):\n    pass\n"),
        ("empty-body", "def convert(text) -> str:\n    '''Converts.'''\n"),
        ("empty-body", "def convert(text):\n    raise NotImplementedError('later')\n"),
        ("empty-body", "class A:\n    def convert(self, text):\n        pass\n"),
        ("elided-code", "x = 1\n# ... rest of the code remains unchanged\n"),
        ("elided-code", "def f():\n    # your code here\n    return 1\n"),
        ("elided-code", "# TODO: implement\nx = 1\n"),
        ("blanket-suppression", "# mypy: ignore-errors\nx = 1\n"),
        ("blanket-suppression", "# type: ignore\nx = 1\n"),
        ("blanket-suppression", "# ruff: noqa\nx = 1\n"),
        ("blanket-suppression", '"""Notes.\n\n# mypy: ignore-errors\n"""\n\nx = 1\n'),
        ("blanket-suppression", "# type: ignore # for now\nx = 1\n"),
        ("blanket-suppression", "# ruff: file-ignore[F821, B012]\nx = 1\n"),
        ("blanket-suppression", "# ruff : file-ignore[F821]\nx = 1\n"),
        ("blanket-suppression", "x = 1\n# ruff: disable[F821]\ny = 1\n"),
        ("blanket-suppression", "# Sums. # ruff: noqa\nx = 1\n"),
        ("blanket-suppression", "# flake8 : noqa\nx = 1\n"),
        ("blanket-suppression", "\ufeff# ruff: noqa\nx = 1\n"),
        ("blanket-suppression", "# Sums.\r# ruff: file-ignore[F821]\rx = 1\r"),
    ],
)
async def test_a_defect_fails_the_stage(mesh, make, rule, text):
    result = await style(mesh, make({"a.py": text}))
    assert result.status == "failed"
    assert rule in {found.rule for found in result.findings if found.severity is Severity.ERROR}


@pytest.mark.parametrize(
    "text",
    [
        "import os\nx = 1\n",
        "x = {'a':1}\n",
        f"x = '{'long ' * 40}'\n",
        "l = [1]\n",
        "def f(a=[]):\n    return a\n",
        "try:\n    x = 1\nexcept:\n    x = 2\n",
    ],
    ids=["unused", "unformatted", "long", "ambiguous", "mutable-default", "bare-except"],
)
async def test_taste_is_told_and_does_not_fail(mesh, make, text):
    result = await style(mesh, make({"a.py": text}))
    assert result.status == "passed"
    assert result.findings


@pytest.mark.parametrize(
    "text",
    [
        "from typing import Protocol\n\n\nclass A(Protocol):\n    def f(self) -> int: ...\n",
        "from abc import ABC, abstractmethod\n\n\nclass A(ABC):\n    @abstractmethod\n    def f(self): ...\n",
        "class A:\n    def f(self):\n        raise NotImplementedError\n\n\n"
        "class B(A):\n    def f(self):\n        return 1\n",
        "class A(Exception):\n    pass\n",
        "from http.server import BaseHTTPRequestHandler\n\n\nclass A(BaseHTTPRequestHandler):\n"
        "    def log_message(self, *args):\n        pass\n",
        "class A:\n    def __exit__(self, *args):\n        pass\n",
        "def f(it):\n    for _ in it:\n        pass\n",
        "def f():\n    def nothing(): ...\n\n    return nothing\n",
    ],
)
async def test_bodies_that_are_empty_on_purpose_are_left_alone(mesh, make, text):
    result = await style(mesh, make({"a.py": text}))
    assert "empty-body" not in {found.rule for found in result.findings}


@pytest.mark.parametrize(
    "text",
    [
        "import os  # type: ignore # no stubs\n\nprint(os)\n",
        "x = 1  # noqa: E501\n",
        "x = 1  # ruff: ignore[E501]\n",
        "# The flake8 rules: noqa where it must be.\nx = 1\n",
    ],
)
async def test_a_comment_for_one_line_is_no_blanket(mesh, make, text):
    result = await style(mesh, make({"a.py": text}))
    assert "blanket-suppression" not in {found.rule for found in result.findings}


async def test_an_empty_test_fails_and_an_empty_double_does_not(mesh, make):
    files = {"test_a.py": "def test_nothing():\n    pass\n", "test_b.py": "def fake_save(x):\n    pass\n"}
    result = await style(mesh, make(files))
    errors = {found.path for found in result.findings if found.severity is Severity.ERROR}
    assert errors == {"test_a.py"}


async def test_the_judged_project_cannot_configure_the_judge(mesh, make):
    files = {
        "a.py": "def f():\n    return undefined_name\n",
        "ruff.toml": 'exclude = ["*"]\n',
        "build/b.py": "def f():\n    return undefined_name\n",
        ".gitignore": "*.py\n",
    }
    result = await style(mesh, make(files))
    assert {found.path for found in result.findings if found.rule == "F821"} == {"a.py", "build/b.py"}


async def test_fixes_come_along_as_edits(mesh, make):
    result = await style(mesh, make({"a.py": "import os\n\nx = 1\n"}))
    (unused,) = [found for found in result.findings if found.rule == "F401"]
    assert unused.fix is not None
    assert unused.fix.safe
    assert unused.fix.edits[0].text == ""


async def test_formatting_orders_imports_drops_unused_ones_and_passes_the_stage(mesh, make):
    before = SourceFile(
        path="a.py", text="import sys, os\nimport json\ndef f( ):\n  return json.dumps( {'a':1} )"
    )
    other = SourceFile(path="b.md", text="x  =1")
    broken = SourceFile(path="c.py", text="def f(:\n")
    after = await mesh.format([before, other, broken])
    assert after[0].text == 'import json\n\n\ndef f():\n    return json.dumps({"a": 1})\n'
    assert after[1:] == (other, broken)
    assert (await style(mesh, make({"a.py": after[0].text}))).findings == ()

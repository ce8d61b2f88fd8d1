import json
import subprocess
import sys
from pathlib import Path

import pytest
from quantumlayer.engine import validation
from quantumlayer.engine.types import Stage, StageResult
from quantumlayer.engine.validation.mesh import Mesh

READERS = Path(validation.__path__[0], "source")


async def syntax(mesh: Mesh, project) -> StageResult:
    (result,) = await mesh.check(project, (Stage.SYNTAX,))
    return result


async def test_code_that_parses_passes_with_the_number_of_files_read(mesh, make):
    files = {
        "a.py": "x = 1\n",
        "pyproject.toml": "[project]\nname = 'a'\n",
        "d.json": '{"a": [1]}',
        "main.go": "package main\n",
        "values.yaml": "a: 1\n---\nb: 2\n",
        "README.md": "hi",
    }
    result = await syntax(mesh, make(files))
    assert result.status == "passed"
    assert result.facts["files_checked"] == 5


async def test_several_errors_of_one_file_are_told_each_at_its_line(mesh, make):
    text = "def f(x:\n    return x\n\n\nclass A\n    def g(self):\n        pass\n"
    result = await syntax(mesh, make({"bad.py": text}))
    assert result.status == "failed"
    lines = {found.range.start.line for found in result.findings}
    assert {0, 4} <= lines
    assert {found.tool for found in result.findings} <= {"compile", "ruff parser"}


@pytest.mark.parametrize(
    ("path", "text", "line", "message"),
    [
        ("a.py", "x = 1\ndef f(:\n    pass\n", 1, "invalid syntax"),
        ("a.py", "def f():\n    return 1\n  return 2\n", 2, "unindent"),
        ("a.py", "def f():\n    nonlocal x\n", 1, "nonlocal"),
        ("a.json", '{"a": 1,\n "b": }', 1, "Expecting value"),
        ("a.toml", 'a = 1\nb = "x\n', 1, "Illegal character"),
    ],
)
async def test_an_error_is_placed_on_its_line(mesh, make, path, text, line, message):
    result = await syntax(mesh, make({path: text}))
    assert result.status == "failed"
    assert any(found.range.start.line == line and message in found.message for found in result.findings)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 5000 + ")" * 5000,
        "x = " + "-" * 200_000 + "1",
        "x = " + "[" * 100_000,
        "a\0b = 1\n",
        "# -*- coding: no-such-codec -*-\nx = 1\n",
        "# -*- coding: utf-16 -*-\nx = 'é'\n",
    ],
    ids=["nested", "operators", "open", "nul", "codec", "utf-16"],
)
async def test_hostile_text_never_passes(mesh, make, text):
    result = await syntax(mesh, make({"a.py": text}))
    assert result.status in {"failed", "skipped"}
    assert result.findings or result.reason


@pytest.mark.parametrize(
    "text",
    [
        "# coding: utf-7\n# note+AAo-import os+ADs-os.getpid()\n",
        "# coding: latin-1\nname = 'é'\n",
        "\n# -*- coding: utf-16 -*-\nx = 1\n",
        "# coding: no-such-codec\nx = 1\n",
    ],
    ids=["utf-7", "latin-1", "utf-16", "unknown"],
)
@pytest.mark.parametrize("python", ["same", "newer"])
async def test_a_declared_encoding_cannot_hide_code(mesh, make, text, python, monkeypatch):
    if python == "newer":
        monkeypatch.setattr(mesh, "_python", f"3.{sys.version_info[1] + 1}")
    result = await syntax(mesh, make({"a.py": text}))
    assert result.status == "failed"
    assert any(found.tool == "compile" for found in result.findings)


@pytest.mark.parametrize(
    "text", ["# coding: latin-1\nx = 1\n", "# coding: utf-8\nx = 'é'\n", "\ufeffx = 1\n"]
)
async def test_a_declared_encoding_that_reads_the_same_is_no_error(mesh, make, text):
    assert (await syntax(mesh, make({"a.py": text}))).status == "passed"


async def test_deep_json_never_passes(mesh, make):
    result = await syntax(mesh, make({"a.json": "[" * 100_000 + "]" * 100_000}))
    assert result.status == "failed"
    assert "deep" in result.findings[0].message


async def test_a_file_over_the_size_limit_is_skipped_not_passed(mesh, make):
    result = await syntax(mesh, make({"a.py": "x = 1\n" * 200_000}))
    assert result.status == "skipped"
    assert "max_file_kb" in result.reason


async def test_a_language_without_a_tool_is_skipped_by_name(mesh, make):
    reasons = {Stage.SECURITY: "no tool for terraform; only secrets were looked for"}
    for stage in (Stage.STYLE, Stage.SECURITY, Stage.TYPES):
        (result,) = await mesh.check(make({"main.tf": "a = 1\n"}), (stage,))
        assert (result.status, result.reason) == ("skipped", reasons.get(stage, "no tool for terraform"))
        assert "lasting" in result.facts
    result = await syntax(mesh, make({"main.rb": "puts 1\n"}))
    assert (result.status, result.reason) == ("skipped", "no tool for rb")


async def test_what_was_not_read_is_said_when_the_rest_passes(mesh, make):
    result = await syntax(mesh, make({"a.py": "x = 1\n", "b.rb": "puts 1\n"}))
    assert result.status == "passed"
    assert result.reason == "not checked, no tool for rb"


HUGE = "9" * 5000


@pytest.mark.parametrize("name", ["a.json", "a.jsonc", "a.toml"])
async def test_a_huge_number_keeps_no_other_file_from_being_read(mesh, make, name):
    text = f"a = {HUGE}\n" if name == "a.toml" else f'{{"a": {HUGE}}}\n'
    result = await syntax(mesh, make({name: text, "b.json": '{"a": 1,}\n', "c.toml": "a = \n"}))
    assert result.status == "failed"
    told = {(found.path, found.rule) for found in result.findings}
    assert {("b.json", "invalid-json"), ("c.toml", "invalid-toml")} <= told
    assert (("a.toml", "unreadable") in told) == (name == "a.toml")  # JSON's numbers may be of any length


def test_a_reader_that_stumbles_over_one_text_reads_the_next():
    stumble = "def reader(text, language):\n    raise {}[text]\n"
    program = (
        f"import sys\nsys.path.insert(0, {str(READERS)!r})\nimport serving, documents\n{stumble}"
        "documents.problem_in = reader\nserving.main()\n"
    )
    messages = []
    for number, (language, text) in enumerate([("yaml", "a: 1"), ("json", "{")]):
        document = {"uri": f"file:///{number}", "languageId": language, "text": text}
        messages.append({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        asked = {"id": number, "method": "textDocument/diagnostic", "params": {"textDocument": document}}
        messages.append(asked)
    bodies = [json.dumps(message).encode() for message in messages]
    sent = b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)
    done = subprocess.run([sys.executable, "-I", "-c", program], input=sent, capture_output=True, check=True)
    assert b'"error"' in done.stdout
    assert b"invalid-json" in done.stdout

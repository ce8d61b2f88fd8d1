"""Syntax of the languages that tree-sitter and YAML's loader read."""

import pytest
from quantumlayer.engine.types import Severity, Stage, StageResult
from quantumlayer.engine.validation.mesh import Mesh

GOOD = {
    "main.go": "package main\n\nfunc main() {\n\tprintln(1)\n}\n",
    "A.java": "class A {\n    int one() { return 1; }\n}\n",
    "lib.rs": "pub fn one() -> u32 {\n    1\n}\n",
    "run.sh": 'case "$1" in\n  a) echo 1 ;;\nesac\n',
    "q.sql": "SELECT a, b FROM t WHERE a = 1;\n",
    "odd.sql": "\\echo hello\nALTER OPERATOR FAMILY o USING hash ADD FUNCTION 1 f(a);\n",
    "main.tf": 'resource "a" "b" {\n  name = "${var.x}-y"\n}\n',
    "Dockerfile": "FROM alpine\nRUN echo 1\n",
    "build/Dockerfile.dev": "FROM alpine\n",
    "a.c": "#ifdef X\nint f(void) {\n#else\nint g(void) {\n#endif\n    return 1;\n}\n",
    "macros.c": "STATIC_FUNCTION(void) f(int a)\nBEGIN\n",
    "a.cpp": "class A {\n    int x;\n};\n",
    "a.html": "<p>one<br>two\n",
    "a.css": "a { color: red; }\n",
    "a.yaml": "a: &x 1\n---\nb: [1, 2]\n",
    "tsconfig.json": '{\n  // why\n  "a": "//no", /* b */\n  "c": [1,],\n}\n',
    ".vscode/settings.json": '{"a": 1,}\n',
}
WRONG = [
    ("main.go", "package main\n\nfunc main() {\n\tx := \n}\n", 3, "missing"),
    ("main.go", "package main\n\nfunc f() {\n\ta()\n\nfunc g() {\n\tb()\n}\n", 2, "`{` is never closed"),
    ("A.java", "class A {\n  void f() {\n    if (x) {\n      g();\n  }\n}\n", 2, "`{` is never closed"),
    ("lib.rs", "fn f() {\n    let v = vec![1, 2;\n    g(v);\n}\n", 1, "`[` is never closed"),
    ("run.sh", "echo 1\nif true; then\n  echo 2\n", 1, "`if` in line 2 is never closed"),
    ("q.sql", "SELECT 1;\nSELEC * FROM a;\n", 1, "unexpected"),
    ("q.sql", "SELECT a FROM t WHERE (b = 1;\n", 0, "`(` is never closed"),
    ("main.tf", 'resource "a" "b" {\n  x = 1\n', 0, "`{` is never closed"),
    ("Dockerfile", "FROM alpine\nBEHAVE now\n", 1, "unexpected"),
    ("a.c", "int f(void) {\n  if (x {\n    return 1;\n  }\n  return 2;\n}\n", 1, "`(` is never closed"),
    ("a.cpp", "int f() {\n    g((1);\n}\n", 1, "never closed"),
    ("a.css", "a { color: red; }\nb { color red; }\n", 1, "unexpected text"),
    ("main.go", "package main\n\nfunc f() {}\n\n}\n", 4, "unexpected `}`"),
    ("main.go", "package main\n\nelse\n", 2, "unexpected `else`"),
    ("a.html", "<div><p>x</p></div\n", 0, "`>` is missing"),
    ("a.yaml", "a: 1\n---\nb: [1\nc: 2\n", 3, "expected"),
    ("a.yaml", "a: *nobody\n", 0, "undefined alias"),
    ("tsconfig.json", '{\n  // why\n  "a" 1\n}\n', 2, "Expecting ':'"),
    ("plain.json", '{"a": 1,}\n', 0, "double quotes"),
]


async def syntax(mesh: Mesh, project) -> StageResult:
    (result,) = await mesh.check(project, (Stage.SYNTAX,))
    return result


async def test_what_is_right_is_read_and_nothing_is_said(mesh, make):
    result = await syntax(mesh, make(GOOD))
    assert [(found.path, found.message) for found in result.findings] == []
    assert (result.status, result.reason) == ("passed", "")
    assert result.facts["files_checked"] == len(GOOD)


@pytest.mark.parametrize(("path", "text", "line", "message"), WRONG)
async def test_one_error_is_told_at_the_place_that_explains_it(mesh, make, path, text, line, message):
    findings = (await syntax(mesh, make({path: text}))).findings
    (found,) = [one for one in findings if one.tool in {"tree-sitter", "yaml", "compile"}]
    assert message in found.message
    assert found.range.start.line == line


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("main.tf", "db_password = S3cr3t!Pa55word@9\n"),
        ("main.tf", 'password = "a" Pa55word\n'),
        ("a.sql", "SELEC Pa55word@9;\n"),
        ("a.sh", "PASSWORD=(Pa55word)@9)\n"),
        ("Dockerfile", "FROM alpine\nPASSWORD Pa55word@9\n"),
        ("a.go", "package a\n\nvar p = Pa55word!@#9\n"),
        ("a.yaml", "password: *Pa55word9\n"),
    ],
)
async def test_messages_quote_no_part_of_a_password(mesh, make, path, text):
    found = (await syntax(mesh, make({path: text}))).findings
    assert found
    assert "Pa55word" not in " ".join(one.message for one in found if one.tool in {"tree-sitter", "yaml"})


async def test_columns_are_characters_not_bytes(mesh, make):
    (found,) = (await syntax(mesh, make({"a.go": 'package a\n\nvar x = "é𝒳" )\n'}))).findings
    assert (found.range.start.line, found.range.start.column) == (2, 13)


async def test_what_a_macro_or_dialect_may_allow_fails_nothing(mesh, make):
    result = await syntax(mesh, make({"a.c": "int f(void) {\n    g(;\n}\n"}))
    (found,) = result.findings
    assert (result.status, found.severity) == ("passed", Severity.WARNING)
    assert "macro" in found.message


async def test_a_template_is_no_broken_yaml(mesh, make):
    result = await syntax(mesh, make({"chart/templates/a.yaml": "{{- if .x }}\na: 1\n{{- end }}\n"}))
    (found,) = result.findings
    assert (result.status, found.rule) == ("passed", "template")


async def test_yaml_makes_no_objects(mesh, make, tmp_path):
    text = f"!!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n"
    assert (await syntax(mesh, make({"a.yaml": text}))).status == "passed"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "[" * 100_000),
        ("a.yaml", "- " * 50_000),
        ("a.go", "package a\n" + "{" * 200_000),
        ("a.rs", "(" * 200_000),
        ("a.c", "int x = " + "(" * 100_000 + "1" + ")" * 99_999 + ";"),
    ],
)
async def test_hostile_depth_is_never_read_without_a_word(mesh, make, path, text):
    result = await syntax(mesh, make({path: text}))
    assert result.findings or result.status == "skipped"


async def test_the_gate_tells_of_other_languages_too(mesh, make):
    project = make(
        {"main.go": "package main\n\nvar x = (1\n", "b.py": "x = 1\n", "a.ts": "export const a = 1;\n"}
    )
    (found,) = await mesh.gate(project, "main.go")
    assert "never closed" in found.message
    assert await mesh.gate(project, "b.py") == ()
    assert await mesh.gate(project, "a.ts") == ()

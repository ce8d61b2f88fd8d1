"""The live mesh in other languages than Python."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.languages import language_of
from quantumlayer.engine.types import Finding, OpenFile, SourceFile, StageResult
from quantumlayer.engine.validation.adapters import typescript
from quantumlayer.engine.validation.types import ToolMissing
from quantumlayer.settings import LiveSettings, Settings, StorageSettings

WORKFLOW = (
    "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    "      - run: echo ${{ github.event.issue.title }}\n"
)
WRONG = [
    ("main.go", "package main\n\nvar x = (1\n", "syntax", "tree-sitter", "syntax"),
    ("A.java", "class A {\n", "syntax", "tree-sitter", "syntax"),
    ("lib.rs", "fn f( {\n}\n", "syntax", "tree-sitter", "syntax"),
    ("q.sql", "SELECT a FROM t WHERE (b = 1;\n", "syntax", "tree-sitter", "syntax"),
    ("main.tf", "a = {\n", "syntax", "tree-sitter", "syntax"),
    ("a.c", "int f(void) {\n  g(1;\n}\n", "syntax", "tree-sitter", "syntax"),
    ("a.cpp", "int f() {\n  g(1;\n}\n", "syntax", "tree-sitter", "syntax"),
    ("a.css", "a { color red; }\n", "syntax", "tree-sitter", "syntax"),
    ("a.html", "<p>x</p\n", "syntax", "tree-sitter", "syntax"),
    ("a.yaml", "a: [1\nb: 2\n", "syntax", "yaml", "invalid-yaml"),
    ("a.yaml", "a: 1\na: 2\n", "style", "yamllint", "key-duplicates"),
    ("a.json", '{"a": 1,}\n', "syntax", "compile", "invalid-json"),
    ("tsconfig.json", '{"a" 1 /* b */}\n', "syntax", "compile", "invalid-json"),
    ("a.toml", "a = \n", "syntax", "compile", "invalid-toml"),
    ("a.js", "const a = {b: 1;\n", "syntax", "oxlint parser", "syntax"),
    ("a.tsx", "debugger;\nexport const A = <b/>;\n", "style", "oxlint", "no-debugger"),
    ("a.ts", "eval('1');\n", "security", "oxlint security", "no-eval"),
    ("run.sh", "if true; then\n", "syntax", "tree-sitter", "syntax"),
    ("run.sh", "#!/bin/sh\nx=$(f)\necho $x\n", "style", "shellcheck", "SC2086"),
    ("Dockerfile", "FROM alpine:3\nBEHAVE now\n", "syntax", "tree-sitter", "syntax"),
    ("Dockerfile", "FROM ubuntu:1\nRUN sudo true\n", "security", "hadolint security", "DL3004"),
    ("q.sql", "SELECT a FROM t WHERE b = NULL;\n", "style", "sqruff", "CV05"),
    ("a.c", "int f(int a)\n{\n    return a / 0;\n}\n", "style", "cppcheck", "zerodiv"),
    (
        "a.cpp",
        "int f()\n{\n    int a[1];\n    return a[1];\n}\n",
        "security",
        "cppcheck security",
        "uninitvar",
    ),
    (".github/workflows/a.yml", WORKFLOW, "security", "zizmor", "template-injection"),
]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with Engine(Settings(storage=StorageSettings(cache_dir=tmp_path / "cache"))) as opened:
        yield opened


async def looked(engine: Engine, folder: Path, path: str, text: str, language: str = "") -> list[StageResult]:
    found: list[StageResult] = []
    file = OpenFile(folder=str(folder), path=path, text=text, language=language or language_of(path))
    await engine.check_open(file, found.extend)
    return found


def findings(results: list[StageResult]) -> list[Finding]:
    return [found for result in results for found in result.findings]


@pytest.mark.parametrize(("path", "text", "stage", "tool", "rule"), WRONG)
async def test_what_is_wrong_is_found_while_typing(engine, tmp_path, path, text, stage, tool, rule):
    found = findings(await looked(engine, tmp_path, path, text))
    assert (stage, tool, rule) in {(str(one.stage), one.tool, one.rule) for one in found}
    assert all(one.path == path for one in found)


@pytest.mark.parametrize("path", ["deploy.sh", "deploy"])
async def test_a_shell_that_no_tool_reads_is_skipped(engine, tmp_path, path):
    results = await looked(engine, tmp_path, path, "#!/bin/zsh\necho ${(f)x}; rm -rf $y/*\n", "shell")
    assert findings(results) == []
    assert {str(one.stage) for one in results if one.status == "skipped"} == {"syntax", "style", "security"}
    assert {tool.name for one in results if one.status == "passed" for tool in one.tools} <= {"secrets"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.go", "package a\n\nvar é, x = (1\n"),
        ("a.ts", "/* é */ eval(1);\ndebugger;\n"),
        ("a.yaml", "é: [1\nb: 2\n"),
    ],
)
async def test_live_and_batch_say_the_same(engine, tmp_path, path, text):
    live = {
        (one.tool, one.rule, one.severity, str(one.range))
        for one in findings(await looked(engine, tmp_path, path, text))
        if one.stage != "types"
    }
    stages = ("syntax", "style", "security")
    results = await engine.validate([SourceFile(path=path, text=text)], stages)
    assert live == {(one.tool, one.rule, one.severity, str(one.range)) for one in findings(list(results))}
    assert live


async def test_a_comment_in_sql_counts_while_typing_only(engine, tmp_path):
    text = "SELECT a FROM t WHERE b = NULL; -- noqa: CV05\n"
    assert findings(await looked(engine, tmp_path, "a.sql", text)) == []
    results = await engine.validate([SourceFile(path="a.sql", text=text)], ("style",))
    assert {one.rule for one in findings(list(results))} == {"CV05"}


async def test_it_follows_the_text(engine, tmp_path):
    for text, count in (
        ("package a\n", 0),
        ("package a\n\nvar x = (\n", 1),
        ("package a\n\nvar x = (1)\n", 0),
    ):
        results = await looked(engine, tmp_path, "a.go", text)
        assert len(findings(results)) == count


async def test_the_editors_word_counts_where_the_path_says_nothing(engine, tmp_path):
    assert language_of("bin/deploy", "shellscript") == "shell"
    assert language_of("a.py", "shellscript") == "python"
    found = findings(await looked(engine, tmp_path, "deploy", "if true; then\n", "shell"))
    assert {one.tool for one in found} == {"tree-sitter", "shellcheck parser"}


async def test_text_that_ends_a_reader_ends_nothing_else(engine, tmp_path):
    for path in ("a.json", "a.yaml", "a.rs"):
        (first, *_) = await looked(engine, tmp_path, path, "[" * 200_000)
        assert first.findings or first.status == "skipped"
    results = await looked(engine, tmp_path, "main.py", "x = (\n")
    assert [one.rule for one in findings(results)][:1] == ["invalid-syntax"]


async def test_minified_text_is_left_alone_and_that_is_said(engine, tmp_path):
    results = await looked(engine, tmp_path, "a.min.js", "eval(1); debugger;")
    skipped = [result for result in results if result.status == "skipped"]
    assert {result.reason for result in skipped} == {"it is minified and left alone"}
    assert {str(result.stage) for result in skipped} == {"syntax", "style", "types"}
    assert all("lasting" in result.facts for result in skipped)
    assert {one.rule for one in findings(results)} == {"no-eval"}


async def test_a_linter_that_is_missing_is_said_and_hides_nothing(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    results = await looked(engine, tmp_path, "run.sh", "if true; then\n")
    assert [one.tool for one in findings(results)] == ["tree-sitter"]
    skipped = [result for result in results if result.status == "skipped"]
    assert len(skipped) == 3
    assert all("quantumlayer[linters]" in result.reason and result.tools for result in skipped)


async def test_stages_that_are_off_are_not_asked(tmp_path):
    settings = Settings(
        live=LiveSettings(stages=("security",)), storage=StorageSettings(cache_dir=tmp_path / "cache")
    )
    async with Engine(settings) as engine:
        results = await looked(engine, tmp_path, "a.js", "eval(1); debugger;\n")
    assert {str(result.stage) for result in results} == {"security"}
    assert len(findings(results)) == 1


@pytest.mark.parametrize("name", [".oxlintrc.json", "oxlint.config.ts"])
async def test_opening_a_strangers_script_runs_nothing_of_the_folder(engine, tmp_path, name):
    trap = tmp_path / "sprung"
    plugin = (
        f"require('fs').writeFileSync({json.dumps(str(trap))}, '');\nmodule.exports = {{ rules: {{}} }};\n"
    )
    rules = '{"jsPlugins": ["./plugin.js"], "rules": {"no-eval": "off"}}'
    folder = tmp_path / "stranger"
    for place in (folder, folder / "sub"):
        place.mkdir()
        (place / "plugin.js").write_text(plugin)
        (place / name).write_text(rules if name.endswith("json") else plugin)
    found = findings(await looked(engine, folder, "sub/a.js", "eval(1);\n"))
    assert [one.rule for one in found] == ["no-eval"]
    assert not trap.exists()


@pytest.mark.parametrize("name", [".gitignore", ".eslintignore"])
async def test_a_folder_leaves_nothing_out_of_what_is_judged(engine, tmp_path, name):
    for place in (tmp_path, tmp_path / "sub"):
        place.mkdir(exist_ok=True)
        (place / name).write_text("*\n")
    (tmp_path / ".git").mkdir()
    for path in ("sub/a.ts", "b.min.ts", "c.TS"):
        found = findings(await looked(engine, tmp_path, path, "eval(1);\n"))
        assert [(one.path, one.rule) for one in found if one.stage == "security"] == [(path, "no-eval")]


async def test_a_comment_suppresses_a_rule_where_it_stands(engine, tmp_path):
    text = "function f() {\n  eval(1);\n}\nf();\n"
    (one,) = findings(await looked(engine, tmp_path, "a.js", text))
    assert one.suppress is not None
    (edit,) = one.suppress.edits
    lines = text.splitlines(keepends=True)
    lines.insert(edit.range.start.line, edit.text)
    assert findings(await looked(engine, tmp_path, "a.js", "".join(lines))) == []


@pytest.fixture
def checker() -> None:
    try:
        typescript.binary()
    except ToolMissing as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(error))


async def test_types_are_found_across_a_folder_while_typing(engine, tmp_path, checker):
    (tmp_path / "lib.ts").write_text("export const half = (n: number): number => n / 2;\n")
    text = 'import { half } from "./lib";\nhalf("\U0001f600"); half("x");\n'
    found = [one for one in findings(await looked(engine, tmp_path, "a.ts", text)) if one.stage == "types"]
    assert [(one.rule, one.range.start.line, one.range.start.column) for one in found] == [
        ("TS2345", 1, 5),
        ("TS2345", 1, 16),
    ]


async def test_what_a_folder_lacks_is_not_fetched(engine, tmp_path, monkeypatch, checker):
    """Its language server would ask npm for the types of what a package.json names."""
    trap = tmp_path / "bin"
    trap.mkdir()
    (trap / "npm").write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    (trap / "npm").chmod(0o755)
    monkeypatch.setattr(os, "defpath", str(trap))  # what every tool is given as its PATH
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / "package.json").write_text('{"dependencies": {"express": "*"}}')
    (folder / "tsconfig.json").write_text('{"typeAcquisition": {"enable": true, "include": ["express"]}}')
    results = await looked(engine, folder, "a.ts", 'import e from "express";\nexport const a: number = e;\n')
    assert any(str(result.stage) == "types" and result.status == "passed" for result in results)
    assert not (tmp_path / "sprung").exists()

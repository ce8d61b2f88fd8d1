"""Go, by the tools that the user has."""

import os
import re

import pytest
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.types import OpenFile, Severity, SourceFile, Stage
from quantumlayer.engine.validation.adapters import go, go_modules, gofmt
from quantumlayer.engine.validation.types import ToolMissing

MODULE = "module example.com/shop\n\ngo 1.18\n"
GOOD = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("é")\n}\n'


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        go.TYPES.version()
        gofmt.Gofmt().version()
    except ToolMissing as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(error))


def program(body: str, *imports: str) -> str:
    return (
        "package main\n\n"
        + "".join(f'import "{one}"\n' for one in imports)
        + f"\nfunc main() {{\n{body}\n}}\n"
    )


async def judged(mesh, make, stage, files):
    (result,) = await mesh.check(make(files), (stage,))
    return result


async def test_what_is_right_passes_everywhere(mesh, make):
    for stage in (Stage.STYLE, Stage.TYPES):
        result = await judged(mesh, make, stage, {"go.mod": MODULE, "main.go": GOOD})
        assert (result.status, result.reason, result.findings) == ("passed", "", ())


async def test_types_are_checked_across_packages_and_modules(mesh, make):
    files = {
        "go.mod": MODULE,
        "main.go": program('\ts := "é"; tax.Of(s)', "example.com/shop/tax"),
        "tax/tax.go": "package tax\n\nfunc Of(n int) int { return n }\n",
        "other/go.mod": "module example.com/other\n\ngo 1.20\n",
        "other/other.go": 'package other\n\nimport "example.com/shop/tax"\n\nvar N string = tax.Of(1)\n',
    }
    result = await judged(mesh, make, Stage.TYPES, files)
    told = {(one.path, one.range.start.line, one.range.start.column) for one in result.findings}
    assert result.status == "failed"
    assert told == {("main.go", 5, 18), ("other/other.go", 4, 15)}


async def test_a_file_without_a_module_is_judged(mesh, make):
    result = await judged(mesh, make, Stage.TYPES, {"a/main.go": program('\tvar n int = "a"; _ = n')})
    (one,) = result.findings
    assert (one.path, one.severity, one.range.start.line) == ("a/main.go", Severity.ERROR, 4)


async def test_tests_are_judged_too(mesh, make):
    files = {"go.mod": MODULE, "a.go": "package a\n", "a_test.go": 'package a\n\nvar n int = "x"\n'}
    result = await judged(mesh, make, Stage.TYPES, files)
    assert [(one.path, one.severity) for one in result.findings] == [("a_test.go", Severity.ERROR)]


async def test_what_is_suspicious_is_told(mesh, make):
    body = '\tfmt.Printf("%d\\n", "x")\n\treturn\n\tfmt.Println("never")'
    result = await judged(mesh, make, Stage.STYLE, {"main.go": program(body, "fmt")})
    told = {(one.tool, one.rule, one.range.start.line, one.severity) for one in result.findings}
    assert told == {("go vet", "printf", 5, Severity.ERROR), ("go vet", "unreachable", 7, Severity.WARNING)}
    assert all(one.url for one in result.findings)


async def test_layout_is_gofmts(mesh, make):
    text = GOOD.replace("\tfmt", "  fmt")
    result = await judged(mesh, make, Stage.STYLE, {"a/main.go": text, "b/main.go": GOOD})
    (one,) = result.findings
    assert (result.status, one.tool, one.path, one.range.start.line) == ("passed", "gofmt", "a/main.go", 5)


async def test_layout_is_told_while_typing_but_not_by_a_program_of_the_folder(
    settings, tmp_path, monkeypatch
):
    async def told(folder):
        found = []
        text = GOOD.replace("\tfmt", "  fmt")
        file = OpenFile(folder=str(folder), path="main.go", text=text, language="go")
        async with Engine(settings) as engine:
            await engine.check_open(file, found.extend)
        return {one.rule for result in found for one in result.findings}

    assert "format" in await told(tmp_path)
    mark = tmp_path / "ran"
    program = tmp_path / "bin/gofmt"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    assert await told(tmp_path) == set()
    assert not mark.exists()


async def test_what_needs_packages_that_are_not_here_is_named_and_not_judged(mesh, make):
    files = {
        "go.mod": MODULE + "\nrequire github.com/foo/bar v1.2.3\n",
        "main.go": program('\tvar n int = "a"; _ = n'),
        "web/web.go": 'package web\n\nimport "github.com/foo/bar"\n\nvar N int = bar.Text("")\n',
        "cut/cut.go": 'package cut\n\nvar N int = "a"\n',
        "cut/cut_test.go": 'package cut\n\nimport _ "github.com/foo/testify"\n',
    }
    result = await judged(mesh, make, Stage.TYPES, files)
    told = {(one.path, one.rule, one.severity) for one in result.findings}
    assert told == {
        ("main.go", "type-error", Severity.ERROR),
        ("cut/cut.go", "type-error", Severity.ERROR),
        ("web/web.go", "not-checked", Severity.INFO),
        ("cut/cut_test.go", "not-checked", Severity.INFO),
    }
    assert any("github.com/foo/bar is not in the project" in one.message for one in result.findings)
    del files["main.go"], files["cut/cut.go"], files["cut/cut_test.go"]
    result = await judged(mesh, make, Stage.TYPES, files)
    assert (result.status, "github.com/foo/bar" in result.reason) == ("skipped", True)


async def test_no_c_compiler_runs_on_judged_code(mesh, make, tmp_path):
    mark = tmp_path / "ran"
    head = f'/*\n#cgo CFLAGS: -fplugin={mark}\n#include "/etc/passwd"\n*/\nimport "C"\n'
    result = await judged(mesh, make, Stage.TYPES, {"main.go": f"package main\n\n{head}\nfunc main() {{}}\n"})
    assert result.status == "skipped"
    assert "a C compiler, which is not run" in result.reason


async def test_a_module_file_chooses_no_program_and_no_folder(mesh, make, tmp_path):
    (tmp_path / "go.mod").write_text("module example.com/host\n")
    (tmp_path / "host.go").write_text('package host\n\nconst Confidential = "confidential"\n')
    head = (
        f"toolchain go1.99.9\n\nrequire example.com/host v0.0.0\n\nreplace example.com/host => {tmp_path}\n"
    )
    files = {
        "go.mod": MODULE + head,
        "go.work": f"go 1.18\n\nuse {tmp_path}\n",
        "main.go": program("\tvar n int = host.Confidential; _ = n", "example.com/host"),
        "tax/tax.go": "package tax\n",
    }
    result = await judged(mesh, make, Stage.TYPES, files)
    assert (result.status, [one.rule for one in result.findings]) == ("passed", ["not-checked"])
    assert "is not in the project" in result.findings[0].message


async def test_nothing_that_judged_code_asks_for_is_run(mesh, make, tmp_path):
    mark = tmp_path / "ran"
    text = f"package main\n\n//go:generate touch {mark}\n\nfunc init() {{ panic(1) }}\n\nfunc main() {{}}\n"
    files = {"go.mod": MODULE, "main.go": text, "main_test.go": "package main\n\nfunc init() { panic(2) }\n"}
    for stage in (Stage.STYLE, Stage.TYPES):
        assert (await judged(mesh, make, stage, files)).status == "passed"
    assert not mark.exists()


async def test_what_lies_outside_the_files_is_not_missed(mesh, make):
    text = 'package a\n\nimport _ "embed"\n\n//go:embed logo.png\nvar Logo []byte\n\nfunc Fast(n int) int\n'
    result = await judged(mesh, make, Stage.TYPES, {"go.mod": MODULE, "a.go": text})
    assert (result.status, result.findings) == ("passed", ())


async def test_without_go_it_is_not_checked_and_said_how_to_get_it(mesh, make, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for stage in (Stage.STYLE, Stage.TYPES):
        result = await judged(mesh, make, stage, {"main.go": GOOD})
        assert result.status == "skipped"
        assert "not on the PATH. Install Go" in result.reason.replace(" Next: ", " ")


WRONG = program('\tvar n int = "a"; _ = n')


@pytest.mark.parametrize("way", ["\n//line nowhere.go:1:1\n", "/*line nowhere.go:1:1*/", "\n//line :1:1\n"])
async def test_judged_code_does_not_say_that_it_is_another_file(mesh, make, way):
    text = WRONG.replace("func main", f"{way}func main")
    result = await judged(mesh, make, Stage.TYPES, {"go.mod": MODULE, "a.go": text})
    line = text[: text.index("var n")].count("\n")
    assert [(one.path, one.range.start.line) for one in result.findings] == [("a.go", line)]
    text = program('\tfmt.Printf("%d\\n", "x")', "fmt").replace("func main", f"{way}func main")
    result = await judged(mesh, make, Stage.STYLE, {"go.mod": MODULE, "a.go": text})
    assert ("a.go", "printf") in {(one.path, one.rule) for one in result.findings}


async def test_what_is_told_of_a_file_that_is_not_there_is_no_pass(mesh, make, monkeypatch):
    monkeypatch.setattr(go_modules, "_PLACED", re.compile("(never) matched"))
    text = WRONG.replace("func main", "//line nowhere.go:1:1\nfunc main")
    result = await judged(mesh, make, Stage.TYPES, {"go.mod": MODULE, "a.go": text})
    assert (result.status, "nowhere.go" in result.reason) == ("skipped", True)


NOT_JUDGED = {
    "_old/a.go": WRONG,
    "vendor/a/a.go": WRONG,
    "testdata/a.go": WRONG,
    "a_plan9.go": WRONG,
    "_a.go": WRONG,
    "never.go": "//go:build never\n\n" + WRONG,
    "a b/a.go": WRONG,
}


@pytest.mark.parametrize("path", NOT_JUDGED)
async def test_what_go_leaves_out_is_not_called_checked(mesh, make, path):
    files = {"go.mod": MODULE, path: NOT_JUDGED[path]}
    result = await judged(mesh, make, Stage.TYPES, files)
    assert (result.status, result.reason.startswith("not checked: ")) == ("skipped", True)
    assert "/tmp" not in result.reason
    for stage in (Stage.TYPES, Stage.STYLE):
        result = await judged(mesh, make, stage, {**files, "main.go": GOOD})
        told = [(one.path, one.severity) for one in result.findings if one.rule == "not-checked"]
        assert (result.status, told) == ("passed", [(path, Severity.INFO)])


async def test_a_folder_that_go_leaves_out_is_named_once(mesh, make):
    files = {"go.mod": MODULE, "main.go": GOOD, **{f"vendor/{n}/a.go": WRONG for n in range(9)}}
    (one,) = (await judged(mesh, make, Stage.TYPES, files)).findings
    assert "this file and 8 more below vendor are not checked" in one.message


async def test_what_is_not_judged_is_named_in_style_too(mesh, make):
    web = 'package web\n\nimport (\n\t"fmt"\n\n\t"github.com/foo/bar"\n)\n\nfunc f() { fmt.Print(bar.A) }\n'
    result = await judged(mesh, make, Stage.STYLE, {"go.mod": MODULE, "main.go": GOOD, "web/web.go": web})
    (one,) = result.findings
    assert (one.path, one.tool, one.severity) == ("web/web.go", "go vet", Severity.INFO)


def test_empty_lines_are_looked_through_at_once():
    """It is done where editors are answered."""
    text = f"package a\n{chr(10) * 1_000_000}var x int\n"
    assert go_modules.laid_out([SourceFile(path="a.go", text=text)]).packages == {""}

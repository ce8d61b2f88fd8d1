"""C and C++: Cppcheck."""

import sys

import pytest
from quantumlayer.engine.types import Severity, SourceFile, Stage
from quantumlayer.engine.validation.adapters import cppcheck
from quantumlayer.engine.validation.adapters.cppcheck import judged

WRONG = (
    '#include <stdlib.h>\n#include "own.h"\n\nint f(int n)\n{\n    int a[3];\n    char *p = malloc(3);\n'
    "    a[3] = n;\n    free(p);\n    free(p);\n    return n / 0;\n}\n"
)


async def told(mesh, make, stage, files):
    (result,) = await mesh.check(make(files), (stage,))
    return result, {(one.path, one.rule, one.range.start.line) for one in result.findings}


async def test_memory_and_the_rest_are_told_apart(mesh, make):
    result, danger = await told(mesh, make, Stage.SECURITY, {"a.c": WRONG})
    assert {("a.c", "arrayIndexOutOfBounds", 7), ("a.c", "doubleFree", 9)} <= danger
    assert result.status == "failed"
    assert all(one.url for one in result.findings)
    result, style = await told(mesh, make, Stage.STYLE, {"a.c": WRONG})
    assert ("a.c", "zerodiv", 10) in style
    assert not style & danger


async def test_cpp_is_read_as_what_it_is(mesh, make):
    text = "#include <vector>\n\nint f()\n{\n    std::vector<int> v;\n    return v[0];\n}\n"
    for path in ("a.cpp", "a.hpp", "b.cc"):
        _, danger = await told(mesh, make, Stage.SECURITY, {path: text})
        assert danger == {(path, "containerOutOfBounds", 5)}


async def test_what_is_right_passes(mesh, make):
    files = {
        "lib/own.h": "#ifndef OWN_H\n#define OWN_H\nint half(int n);\n#endif\n",
        "lib/own.c": '#include "own.h"\n\nint half(int n)\n{\n    return n / 2;\n}\n',
    }
    for stage in (Stage.STYLE, Stage.SECURITY):
        result, _ = await told(mesh, make, stage, files)
        assert (result.status, result.reason, result.findings) == ("passed", "", ())


async def test_headers_of_the_project_are_read(mesh, make):
    files = {
        "lib/size.h": "#define SIZE 3\n",
        "src/a.c": '#include "../lib/size.h"\n\nint f(void)\n{\n int a[SIZE] = {0};\n return a[3];\n}\n',
    }
    _, danger = await told(mesh, make, Stage.SECURITY, files)
    assert danger == {("src/a.c", "arrayIndexOutOfBounds", 5)}


async def test_judged_code_cannot_switch_it_off(mesh, make):
    lines = WRONG.splitlines()
    lines[7] += "  // cppcheck-suppress arrayIndexOutOfBounds"
    text = "// cppcheck-suppress-file [doubleFree,arrayIndexOutOfBounds]\n" + "\n".join(lines) + "\n"
    _, danger = await told(mesh, make, Stage.SECURITY, {"a.c": text})
    assert {("a.c", "arrayIndexOutOfBounds", 8), ("a.c", "doubleFree", 10)} <= danger


async def test_what_cannot_be_read_is_named(mesh, make):
    result, _ = await told(mesh, make, Stage.STYLE, {"a.c": "int f(void) { return SOME_MACRO(1) 2; }}\n"})
    assert any("not checked" in one.message for one in result.findings)


REACHING = [
    '#include "{place}"',
    "#include <{place}>",
    '# include "../../../../../../../../../..{place}"',
    '#define X "{place}"\n#include X',
    '/* a\n*/ # include "{place}"',
    '#/* a\n*/include "{place}"',
    '#/**//* a\n*/include "{place}"',
    '#/\\\n* a\n*/include "{place}"',
    '#inc\\\nlude "{place}"',
    '#inc\\ \nlude "{place}"',
    'int b;\r#include "{place}"',
    '%:include "{place}"',
    '??=include "{place}"',
    '#include_next "{place}"',
]


@pytest.mark.parametrize("way", REACHING)
async def test_no_file_of_this_machine_is_read(mesh, make, tmp_path, way):
    """What a header says decides what is found."""
    header = tmp_path / "host.h"
    header.write_text("#define HOST 3\n")
    text = (
        "int f(void)\n{\n    int a[3] = {0};\n#ifdef HOST\n    return a[HOST];\n#endif\n    return a[0];\n}\n"
    )
    _, danger = await told(mesh, make, Stage.SECURITY, {"a.c": f"{way.format(place=header)}\n{text}"})
    assert "arrayIndexOutOfBounds" not in {rule for _, rule, _ in danger}


def test_what_is_long_is_looked_through_at_once():
    """It is done where editors are answered."""
    for piece in ("#", "/**/", "#/**/", "/*", "*/#/*", "#1", "\\ ", "\r#/*"):
        text = "#" + piece * 100_000 + "x\n"
        assert len(judged(SourceFile(path="a.c", text=text)).text) == len(text)


def test_lines_and_lengths_stay_as_they_are():
    text = "".join(f"{way.format(place='/dev/zero')}\nint x;\n" for way in REACHING)
    made = judged(SourceFile(path="a.c", text=text)).text
    assert len(made) == len(text)
    assert made.count("\n") == text.count("\n")
    plain = '#include <stdio.h>\n#include "own.h" // ours\n#define A /* goes\non */ 1\n'
    assert judged(SourceFile(path="a.c", text=plain)).text == plain


async def test_severities_follow_what_is_sure(mesh, make):
    text = "int f(int n)\n{\n    int unused = 1;\n    if (n == 1 && n == 1) return 1;\n    return 0;\n}\n"
    result, _ = await told(mesh, make, Stage.STYLE, {"a.c": text})
    levels = {one.severity for one in result.findings}
    assert result.status == "passed"
    assert levels <= {Severity.WARNING, Severity.HINT}
    assert Severity.WARNING in levels


async def test_many_files_are_judged_side_by_side(mesh, make):
    files = {f"part{n}/a.c": WRONG for n in range(20)}
    _, danger = await told(mesh, make, Stage.SECURITY, files)
    assert {path for path, rule, _ in danger if rule == "doubleFree"} == set(files)


async def test_what_a_macro_may_have_made_right_fails_nothing(mesh, make):
    text = '#include "fail.h"\n\nint f(int a)\n{\n    if (a)\n        return 1;\n    FAIL(a);\n}\n'
    result, style = await told(mesh, make, Stage.STYLE, {"a.c": text})
    assert result.status == "passed"
    assert {rule for _, rule, _ in style} <= {"missingReturn"}


PLACING = [
    '#line 1 "nowhere.c"',
    '# 1 "nowhere.c"',
    '#line 1"nowhere.c" 3',
    '/* x\n*/ # /* y */ line/* z */ 1 "nowhere.c"',
    '#line /*\n*/ 1 "nowhere.c"',
    '#/*\n*/line 1 "nowhere.c"',
    '#line 1 \\\n"nowhere.c"',
    '#line\\\r1 "nowhere.c"',
    '#line 1 "no\\\nwhere.c"',
    'int b;\r#line 1 "nowhere.c"',
    '\ufeff#line 0x1 "nowhere.c"',
]


@pytest.mark.parametrize("way", PLACING)
async def test_judged_code_does_not_say_that_it_is_another_file(mesh, make, way):
    body = "int f(int n)\n{\n    int a[3] = {0};\n    a[3] = n;\n    return a[0];\n}\n"
    result, told_of = await told(mesh, make, Stage.SECURITY, {"a.c": f"{way}\n{body}"})
    line = body.splitlines().index("    a[3] = n;") + len(way.replace("\\\r", "").splitlines())
    places = {(rule, at) for _, rule, at in told_of}
    # Where it cannot be read without what was taken out of it, that is told.
    assert ("arrayIndexOutOfBounds", line) in places or any(
        "not checked" in one.message for one in result.findings
    )


async def test_where_generated_code_comes_from_does_not_keep_it_from_being_read(mesh, make):
    body = "int f(int n)\n{\n    int a[3] = {0};\n    a[3] = n;\n    return a[0];\n}\n"
    result, danger = await told(mesh, make, Stage.SECURITY, {"a.c": f'#line 12 "grammar.y"\n{body}'})
    assert (result.status, danger) == ("failed", {("a.c", "arrayIndexOutOfBounds", 4)})


async def test_what_is_told_of_a_file_that_is_not_there_is_no_pass(mesh, make, monkeypatch):
    monkeypatch.setattr(cppcheck, "judged", lambda file: file)
    result, _ = await told(mesh, make, Stage.SECURITY, {"a.c": f'#line 1 "nowhere.c"\n{WRONG}'})
    assert (result.status, "nowhere.c" in result.reason) == ("skipped", True)


async def test_headers_of_cpp_are_read_as_what_they_are(mesh, make):
    body = " { public: int f(int n) { int a[3] = {0}; a[3] = n; return a[0]; } };\n"
    files = {
        "a.h": f"class A{body}",
        "b.h": f"#pragma once\nnamespace x {{\n  class EXPORT B final{body}}}\n",
        "c.h": '#ifdef __cplusplus\nextern "C" {\n#endif\nint f(int class);\n#ifdef __cplusplus\n}\n#endif\n',
        "d.h": "#include <string>\nstruct D { std::string s; int f(int n) { return n / 0; } };\n",
    }
    _, danger = await told(mesh, make, Stage.SECURITY, files)
    assert danger == {("a.h", "arrayIndexOutOfBounds", 0), ("b.h", "arrayIndexOutOfBounds", 2)}
    _, style = await told(mesh, make, Stage.STYLE, files)
    assert ("d.h", "zerodiv", 1) in style


async def test_what_cannot_be_read_is_named_in_security_too(mesh, make):
    result, _ = await told(mesh, make, Stage.SECURITY, {"a.c": "int f(void) { return SOME_MACRO(1) 2; }}\n"})
    assert ["not checked" in one.message for one in result.findings] == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what a process reserves")
async def test_code_that_would_take_all_memory_is_not_called_read(mesh, make, monkeypatch):
    monkeypatch.setattr(cppcheck, "_MEMORY_MB", 256)
    doubling = "".join(f"#define A{n + 1} A{n}+A{n}\n" for n in range(25))
    text = f"#define A0 1+1\n{doubling}int x = A25;\n"
    for stage in (Stage.SECURITY, Stage.STYLE):
        result, _ = await told(mesh, make, stage, {"a.c": text})
        assert [one.rule for one in result.findings] == ["internalError"]
        assert "out of memory" in result.findings[0].message

"""Java, by the compiler that the user has."""

import os
import re

import pytest
from quantumlayer.engine.types import Severity, SourceFile, Stage
from quantumlayer.engine.validation.adapters import javac
from quantumlayer.engine.validation.adapters.java_libraries import Libraries, package_of
from quantumlayer.engine.validation.types import ToolMissing

GOOD = "package shop;\n\nclass Tax {\n    static int of(int net) {\n        return net / 5;\n    }\n}\n"


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        javac.TYPES.version()
    except ToolMissing as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(error))


async def judged(mesh, make, stage, files):
    (result,) = await mesh.check(make(files), (stage,))
    return result


async def test_what_is_right_passes_everywhere(mesh, make):
    for stage in (Stage.STYLE, Stage.TYPES):
        result = await judged(mesh, make, stage, {"src/shop/Tax.java": GOOD})
        assert (result.status, result.reason, result.findings) == ("passed", "", ())


async def test_types_are_checked_across_files(mesh, make):
    text = (
        'package shop;\n\nclass Till {\n\tint sum() { String s = "é"; return Tax.of("x") + s.nope(); }\n}\n'
    )
    result = await judged(mesh, make, Stage.TYPES, {"src/shop/Tax.java": GOOD, "src/shop/Till.java": text})
    told = {(one.rule, one.range.start.line, one.range.start.column) for one in result.findings}
    assert result.status == "failed"
    assert told == {("incompatible-types", 3, 43), ("cannot-find-symbol", 3, 51)}
    assert any("symbol: method nope()" in one.message for one in result.findings)


async def test_what_does_not_parse_does_not_hide_the_types_of_other_files(mesh, make):
    files = {"A.java": "class A { int a() { return 1 } }\n", "B.java": "class B { int b() { } }\n"}
    result = await judged(mesh, make, Stage.TYPES, files)
    assert ("B.java", "missing-return-statement") in {(one.path, one.rule) for one in result.findings}


async def test_warnings_are_matters_of_style(mesh, make):
    text = (
        "import java.util.*;\n\nclass A {\n    int f(int i) {\n        switch (i) {\n"
        "            case 1: i = 2;\n            case 2: i = 3;\n        }\n"
        "        List l = new ArrayList();\n        return i / 0;\n    }\n}\n"
    )
    result = await judged(mesh, make, Stage.STYLE, {"A.java": text})
    told = {(one.tool, one.rule, one.range.start.line, one.severity) for one in result.findings}
    assert {
        ("javac lint", "divzero", 9, Severity.ERROR),
        ("javac lint", "fallthrough", 6, Severity.WARNING),
        ("javac lint", "rawtypes", 8, Severity.HINT),
    } <= told


async def test_what_follows_from_libraries_that_are_not_here_is_not_told(mesh, make):
    test = (
        "package shop;\n\nimport static org.junit.Assert.*;\nimport org.junit.*;\nimport lib.Base;\n\n"
        "class TaxTest extends Base {\n    @Test void t() { assertEquals(1, Tax.of(5)); inherited(); }\n"
        '    int wrong = "a";\n}\n'
    )
    result = await judged(
        mesh, make, Stage.TYPES, {"main/shop/Tax.java": GOOD, "test/shop/TaxTest.java": test}
    )
    told = {(one.rule, one.severity) for one in result.findings}
    assert told == {("not-checked", Severity.INFO), ("incompatible-types", Severity.ERROR)}


async def test_what_only_a_newer_java_reads_is_no_error(mesh, make):
    """Right since Java 21; which one is here decides whether it is checked."""
    match = "return switch (o) { case P(int x, int y) -> x; default -> 0; };"
    text = f"record P(int x, int y) {{}}\nclass A {{ int f(Object o) {{ {match} }} }}\n"
    wrong = "class B { int b() { } }\n"
    result = await judged(mesh, make, Stage.TYPES, {"A.java": text, "B.java": wrong})
    assert {one.rule for one in result.findings if one.path == "A.java"} <= {"not-checked"}
    assert {one.rule for one in result.findings if one.path == "B.java"} == {"missing-return-statement"}


@pytest.mark.parametrize(
    ("build", "text"),
    [
        ("pom.xml", "<maven.compiler.release>{}</maven.compiler.release>"),
        ("app/build.gradle", "java { toolchain { languageVersion = JavaLanguageVersion.of({}) } }"),
        ("build.gradle.kts", "java { sourceCompatibility = JavaVersion.VERSION_{} }"),
    ],
)
async def test_an_older_compiler_is_not_sure_of_what_a_newer_java_has(mesh, make, build, text):
    code = 'class A {\n    void a() { "b".notYet(); }\n    void b(Plain p) { p.nope(); }\n}\nclass Plain {}\n'
    levels = {}
    for release in ("8", "99"):
        files = {"A.java": code, build: text.replace("{}", release)}
        result = await judged(mesh, make, Stage.TYPES, files)
        levels[release] = [one.severity for one in result.findings if one.path == "A.java"]
    assert levels == {"8": [Severity.ERROR] * 2, "99": [Severity.WARNING, Severity.ERROR]}


async def test_the_libraries_of_a_file_are_told_once(mesh, make):
    lines = "".join(f"import lib.part{n}.Thing{n};\n" for n in range(9))
    result = await judged(mesh, make, Stage.TYPES, {"A.java": f"{lines}\nclass A {{}}\n"})
    (told,) = result.findings
    assert (told.range.start.line, told.rule) == (0, "not-checked")
    assert "lib.part0, lib.part1, lib.part2 and 6 more" in told.message


async def test_a_package_that_the_project_may_have_forgotten_is_a_warning(mesh, make):
    text = (
        "package com.shop.app.till;\n\nimport com.shop.app.tax.Rate;\nimport com.shop.app.till.drawer.Coin;\n"
        "import java.utils.List;\n\nclass Till {\n    Rate rate;\n    Coin coin;\n}\n"
    )
    result = await judged(mesh, make, Stage.TYPES, {"com/shop/app/till/Till.java": text})
    assert [(one.range.start.line, one.severity) for one in result.findings] == [
        (2, Severity.WARNING),
        (3, Severity.WARNING),
        (4, Severity.ERROR),
    ]


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ("org.springframework.samples.petclinic.owner", "org.springframework.data.jpa.Thing"),
        ("io.github.me", "io.github.resilience4j.retry.Thing"),
        ("io.github.me", "io.github.resilience4j.Thing"),
        ("com.shop.api", "com.shop.proto.Thing"),
    ],
)
async def test_what_begins_like_the_project_may_be_a_library(mesh, make, own, theirs):
    text = f"package {own};\n\nimport {theirs};\n\nclass Owner {{\n    Thing thing;\n}}\n"
    result = await judged(mesh, make, Stage.TYPES, {"Owner.java": text})
    assert [(one.rule, one.severity) for one in result.findings] == [("not-checked", Severity.INFO)]


async def test_what_inherits_from_a_library_may_be_anything(mesh, make):
    lost = (
        "package shop;\n\nimport lib.LibraryException;\n\npublic class Lost extends LibraryException {\n"
        "    public Lost() { super(null); }\n}\n"
    )
    use = (
        "package shop;\n\nclass Use {\n    void a() { throw new Lost(); }\n"
        "    void b() { try (Lost lost = new Lost()) { a(); } catch (Lost e) { a(); } }\n"
        '    int c() { return new Lost(); }\n    int d() { return "d"; }\n'
        "    void e(Lost many) { for (Object one : many) { a(); } }\n}\n"
    )
    result = await judged(mesh, make, Stage.TYPES, {"Lost.java": lost, "Use.java": use})
    told = {(one.path, one.rule, one.range.start.line) for one in result.findings}
    assert told == {
        ("Lost.java", "not-checked", 2),
        ("Use.java", "incompatible-types", 5),
        ("Use.java", "incompatible-types", 6),
    }


async def test_classes_of_kotlin_are_not_missed(mesh, make):
    text = "package shop.api;\n\nimport shop.help.Far;\n\nclass User {\n    Near near;\n    Far far;\n}\n"
    files = {
        "User.java": text,
        "Near.kt": "package shop.api\n\ndata class Near(val a: Int)\n",
        "Far.kt": "package shop.help\n\nobject Far\n",
    }
    result = await judged(mesh, make, Stage.TYPES, files)
    (told,) = result.findings
    assert (told.rule, told.severity) == ("not-checked", Severity.INFO)
    assert {"shop.help", "Far", "Near"} <= set(re.findall(r"[\w.]+", told.message))
    alone = {"User.java": "package shop.api;\n\nclass User {\n    Near near;\n}\n"}
    assert (await judged(mesh, make, Stage.TYPES, alone)).status == "failed"


async def test_a_test_sees_the_classes_of_its_own_module(mesh, make):
    app = "package shop;\n\npublic class App {{{}}}\n"
    test = "package shop;\n\nclass AppTest {\n    int n = new App().n;\n}\n"
    files = {
        "a/src/main/java/shop/App.java": app.format(""),
        "b/src/main/java/shop/App.java": app.format(" int n; "),
        "b/src/test/java/shop/AppTest.java": test,
    }
    result = await judged(mesh, make, Stage.TYPES, files)
    assert (result.status, result.findings) == ("passed", ())
    files["c/src/test/java/shop/AppTest.java"] = files.pop("b/src/test/java/shop/AppTest.java")
    assert (await judged(mesh, make, Stage.TYPES, files)).status == "failed"


async def test_modules_may_have_classes_of_one_name(mesh, make):
    other = GOOD.replace("int", "long")
    use = "package shop;\n\nclass Use {\n    int n = Tax.of(1);\n    Only o;\n}\n"
    files = {
        "one/src/shop/Tax.java": GOOD,
        "one/src/shop/Use.java": use,
        "two/src/shop/Tax.java": other,
        "two/src/shop/Use.java": use,
        "two/src/shop/Only.java": "package shop;\n\nclass Only {}\n",
    }
    result = await judged(mesh, make, Stage.TYPES, files)
    assert [(one.path, one.rule) for one in result.findings] == [
        ("two/src/shop/Use.java", "incompatible-types")
    ]


async def test_no_processor_and_no_plugin_of_judged_code_runs(mesh, make, tmp_path):
    mark = tmp_path / "ran"
    body = f'try {{ new java.io.File("{mark}").createNewFile(); }} catch (Exception e) {{}}'
    evil = (
        "import javax.annotation.processing.*;\nimport javax.lang.model.element.*;\nimport java.util.*;\n\n"
        '@SupportedAnnotationTypes("*")\npublic class Evil extends AbstractProcessor {\n'
        f"    static {{ {body} }}\n"
        "    public boolean process(Set<? extends TypeElement> a, RoundEnvironment r) { return false; }\n}\n"
    )
    files = {
        "Evil.java": evil,
        "META-INF/services/javax.annotation.processing.Processor": "Evil\n",
        "META-INF/services/com.sun.source.util.Plugin": "Evil\n",
        "@options.java": "-processor Evil -Xplugin:Evil\n",
        "A.java": "class A { @Deprecated int a; }\n",
    }
    for stage in (Stage.STYLE, Stage.TYPES):
        assert (await judged(mesh, make, stage, files)).tools
    assert not mark.exists()


async def test_without_it_the_stage_says_how_to_get_it(mesh, make, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = await judged(mesh, make, Stage.TYPES, {"A.java": "class A {}\n"})
    assert result.status == "skipped"
    assert "Install a JDK" in result.reason


async def test_what_annotations_of_a_library_make_is_not_missed(mesh, make):
    item = (
        "package com.shop;\n\nimport lombok.*;\n\n@Data\n@RequiredArgsConstructor\npublic class Item {\n"
        "    private final String name;\n    @SneakyThrows void a() { throw new Exception(); }\n}\n"
    )
    heir = "package com.shop;\n\nclass Special extends Item {\n    String a() { return getName(); }\n}\n"
    use = (
        "package com.shop;\n\nclass Use {\n    String a(Item i, Special s) { i.set(1); return s.get(); }\n"
        '    Item b() { return new Item("c"); }\n    int c() { return "d"; }\n'
        "    int d(Plain p) { return p.nope(); }\n}\n"
    )
    files = {"Item.java": item, "Use.java": use, "Plain.java": "package com.shop;\n\nclass Plain {}\n"}
    result = await judged(mesh, make, Stage.TYPES, {**files, "Special.java": heir})
    told = {(one.path, one.rule, one.range.start.line) for one in result.findings if one.severity == "error"}
    assert told == {("Use.java", "incompatible-types", 5), ("Use.java", "cannot-find-symbol", 6)}


@pytest.mark.skipif(os.name == "nt", reason="needs a script as a program")
async def test_a_javac_without_a_jdk_behind_it_is_none(mesh, make, monkeypatch, tmp_path):
    program = tmp_path / "javac"
    said = "The operation could not be completed. Unable to locate a Java Runtime."
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    for stage in (Stage.STYLE, Stage.TYPES):
        result = await judged(mesh, make, stage, {"A.java": "class A {}\n", "b.py": "x: int = 1\n"})
        assert result.status == "passed"
        assert "not checked: there is no JDK" in result.reason
        assert "Install a JDK" in result.reason


def test_long_texts_are_looked_through_at_once():
    """It is done where editors are answered."""
    for text in ("\n" * 1_000_000, "extends " * 50_000, "extends" + " " * 500_000):
        file = SourceFile(path="A.java", text=f"{text}x")
        assert package_of(file) == ""
        libraries = Libraries([file], [("A.java", "package lib does not exist", "")])
        assert libraries.names("package lib does not exist") == "lib"

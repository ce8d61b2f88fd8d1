"""YAML: yamllint."""

from quantumlayer.engine.types import Severity, Stage


async def test_a_key_that_stands_twice_is_an_error_and_layout_is_not(mesh, make):
    text = "a: 1\nb:   2\na: 3\n"
    (result,) = await mesh.check(make({"x.yaml": text}), (Stage.STYLE,))
    told = [(one.rule, one.range.start.line, one.severity) for one in result.findings]
    assert told == [("colons", 1, Severity.HINT), ("key-duplicates", 2, Severity.ERROR)]
    assert result.status == "failed"


async def test_the_judged_folder_configures_nothing(mesh, make):
    files = {"x.yaml": "a: 1\na: 2\n", ".yamllint": "rules: {}\nignore: '*'\n"}
    (result,) = await mesh.check(make(files), (Stage.STYLE,))
    assert [one.rule for one in result.findings] == ["key-duplicates"]


async def test_what_does_not_parse_is_the_syntax_stages(mesh, make):
    (result,) = await mesh.check(make({"x.yaml": "a: [1\n"}), (Stage.STYLE,))
    assert [one.rule for one in result.findings] == []

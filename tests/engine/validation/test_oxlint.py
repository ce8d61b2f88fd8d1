"""JavaScript and TypeScript: oxlint under rules of our own."""

import pytest
from quantumlayer.engine.types import Severity, Stage
from quantumlayer.engine.validation.adapters import oxlint
from quantumlayer.engine.validation.types import ToolError

TRAP = "const {{ writeFileSync }} = require('fs');\nwriteFileSync('{path}', '');\nmodule.exports = {{}};\n"


async def judged(mesh, make, files, stage):
    (result,) = await mesh.check(make(files), (stage,))
    return result, [(found.path, found.rule, found.severity) for found in result.findings]


@pytest.mark.parametrize("name", ["a.js", "a.mjs", "a.cjs", "a.jsx", "a.ts", "a.mts", "a.tsx"])
async def test_every_kind_of_script_is_read(mesh, make, name):
    result, _ = await judged(mesh, make, {name: "const one = 1;\n"}, Stage.SYNTAX)
    assert (result.status, result.facts["files_checked"]) == ("passed", 1)
    result, found = await judged(mesh, make, {name: "const a = {b: 1;\n"}, Stage.SYNTAX)
    assert (result.status, [one[1] for one in found]) == ("failed", ["syntax"])


async def test_each_stage_has_findings_of_its_own(mesh, make):
    text = "debugger;\neval(input);\nif (x === NaN) {\n  f();\n}\n"
    _, style = await judged(mesh, make, {"a.js": text}, Stage.STYLE)
    assert style == [("a.js", "no-debugger", Severity.WARNING), ("a.js", "use-isnan", Severity.ERROR)]
    result, security = await judged(mesh, make, {"a.js": text}, Stage.SECURITY)
    assert security == [("a.js", "no-eval", Severity.ERROR)]
    assert result.findings[0].url.startswith("https://")


async def test_columns_are_characters(mesh, make):
    (result,) = await mesh.check(make({"src/a.js": 'f("é𝒳"); eval(x);\n'}), (Stage.SECURITY,))
    (found,) = result.findings
    assert (found.path, found.range.start.column, found.range.end.column) == ("src/a.js", 9, 13)


@pytest.mark.parametrize(
    "text",
    [
        "/* eslint-disable */\neval(x);\n",
        "/* oxlint-disable no-eval */\neval(x);\n",
        "// eslint-disable-next-line no-eval\neval(x);\n",
        "eval(x); // oxlint-disable-line\n",
    ],
)
async def test_judged_code_cannot_switch_its_security_off(mesh, make, text):
    result, found = await judged(mesh, make, {"a.js": text}, Stage.SECURITY)
    assert (result.status, [one[1] for one in found]) == ("failed", ["no-eval"])


@pytest.mark.parametrize(
    "name", [".oxlintrc.json", "oxlint.config.ts", ".eslintrc.json", ".eslintignore", ".gitignore"]
)
async def test_the_judged_folder_configures_nothing_and_runs_nothing(mesh, make, tmp_path, name):
    trap = tmp_path / "sprung"
    plugin = TRAP.format(path=trap)
    rules = '{"jsPlugins": ["./plugin.js"], "ignorePatterns": ["**"], "rules": {"no-eval": "off"}}'
    files = {
        name: "*.js\n" if name.endswith("ignore") else rules if name.endswith("json") else plugin,
        "plugin.js": plugin,
        "sub/a.js": "eval(x);\n",
        f"sub/{name}": rules,
    }
    _, found = await judged(mesh, make, files, Stage.SECURITY)
    assert ("sub/a.js", "no-eval", Severity.ERROR) in found
    assert not trap.exists()


async def test_without_oxlint_the_stage_is_skipped_and_says_why(mesh, make, monkeypatch):
    def missing() -> str:
        raise ToolError("oxlint is not installed", "Install the package `oxlint`.")

    monkeypatch.setattr(oxlint, "binary", missing)
    result, _ = await judged(mesh, make, {"a.ts": "let a = 1;\n"}, Stage.STYLE)
    assert (result.status, result.reason) == (
        "skipped",
        "oxlint is not installed Install the package `oxlint`.",
    )


@pytest.mark.parametrize(
    "name", ["a.min.ts", "a.min.cjs", "a-min.mjs", "A.TS", "x.min.d.ts", "-a.js", "a b.tsx"]
)
async def test_no_name_keeps_a_file_from_being_judged(mesh, make, name):
    result, found = await judged(mesh, make, {name: "const a = ;\n", "b.ts": ""}, Stage.SYNTAX)
    assert (result.status, [one[:2] for one in found]) == ("failed", [(name, "syntax")])


async def test_declarations_are_read_as_such(mesh, make):
    files = {"a.d.ts": "export const a: number;\n", "b.D.MTS": "export const b: number;\n"}
    result, found = await judged(mesh, make, files, Stage.SYNTAX)
    assert (result.status, found) == ("passed", [])

"""Shell scripts: ShellCheck."""

import pytest
from quantumlayer.engine.types import Severity, Stage

SCRIPT = '#!/bin/bash\nrm -rf "$1"\nx=1\nx=$(f)\necho é $x\nrm -rf "$y/"*\n'


async def found(mesh, make, files, stage):
    (result,) = await mesh.check(make(files), (stage,))
    told = {(one.rule, one.range.start.line, one.severity) for one in result.findings}
    return result, told


async def test_style_and_danger_are_told_apart(mesh, make):
    result, style = await found(mesh, make, {"bin/run.sh": SCRIPT}, Stage.STYLE)
    assert ("SC2154", 5, Severity.WARNING) in style
    assert all(rule != "SC2115" for rule, _, _ in style)
    result, danger = await found(mesh, make, {"bin/run.sh": SCRIPT}, Stage.SECURITY)
    assert (result.status, danger) == ("failed", {("SC2115", 5, Severity.ERROR)})
    assert result.findings[0].path == "bin/run.sh"
    assert result.findings[0].url.endswith("/SC2115")


async def test_what_does_not_parse_fails_the_syntax(mesh, make):
    result, told = await found(mesh, make, {"run.sh": "if true; then\n  echo 1\n"}, Stage.SYNTAX)
    assert result.status == "failed"
    assert any(rule.startswith("SC1") and level is Severity.ERROR for rule, _, level in told)


async def test_a_change_is_offered_and_never_applied_unasked(mesh, make):
    result, _ = await found(mesh, make, {"run.sh": "#!/bin/sh\nx=$(f)\necho é $x\n"}, Stage.STYLE)
    (one,) = result.findings
    assert one.fix is not None
    assert not one.fix.safe
    assert [(edit.range.start.column, edit.text) for edit in one.fix.edits] == [(7, '"'), (9, '"')]


@pytest.mark.parametrize("name", [".shellcheckrc", "shellcheckrc"])
async def test_the_judged_folder_configures_nothing(mesh, make, name):
    files = {
        "run.sh": SCRIPT.replace('rm -rf "$y', '# shellcheck disable=all\nrm -rf "$y'),
        name: "disable=all\n",
    }
    _, danger = await found(mesh, make, files, Stage.SECURITY)
    assert danger == {("SC2115", 6, Severity.ERROR)}


async def test_a_file_that_looks_like_an_option_is_a_file(mesh, make):
    result, _ = await found(mesh, make, {"--version.sh": SCRIPT}, Stage.SECURITY)
    assert [one.path for one in result.findings] == ["--version.sh"]


async def test_without_it_the_rest_is_judged_and_what_is_missing_is_said(mesh, make, monkeypatch, tmp_path):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    result, _ = await found(mesh, make, {"run.sh": "x=1\n"}, Stage.SYNTAX)
    assert result.status == "passed"
    assert result.reason.startswith("not checked: shellcheck is not installed")
    result, _ = await found(mesh, make, {"run.sh": "x=1\n"}, Stage.SECURITY)
    assert result.status == "skipped"
    assert "quantumlayer[linters]" in result.reason


@pytest.mark.parametrize(
    "first", ["#!/bin/zsh", "#!/usr/bin/env -S zsh -f", "#!/usr/bin/fish", "#!/bin/tcsh -e"]
)
@pytest.mark.parametrize("stage", [Stage.SYNTAX, Stage.STYLE, Stage.SECURITY])
async def test_what_no_tool_reads_is_never_called_passed(mesh, make, stage, first):
    text = f"{first}\n# shellcheck disable=SC1071\nrm -rf $y/*\n"
    result, told = await found(mesh, make, {"deploy.sh": text}, stage)
    assert (result.status, told) == ("skipped", set())
    assert "not checked: deploy.sh (another shell" in result.reason
    both = {"deploy.sh": text, "run.sh": "#!/bin/sh\necho 1\n"}
    result, told = await found(mesh, make, both, stage)
    assert (result.status, told, result.facts["files_checked"]) == ("passed", set(), 1)
    assert "not checked: deploy.sh (another shell" in result.reason


async def test_a_directive_may_say_which_shell_it_is(mesh, make):
    text = '#!/bin/zsh\n\n# shellcheck shell=bash\nrm -rf "$y/"*\n'
    result, told = await found(mesh, make, {"deploy.sh": text}, Stage.SECURITY)
    assert (result.status, told) == ("failed", {("SC2115", 3, Severity.ERROR)})
    result, told = await found(mesh, make, {"deploy.sh": text}, Stage.STYLE)
    assert "SC2154" in {rule for rule, _, _ in told}

"""GitHub workflows: zizmor."""

import pytest
from quantumlayer.engine.types import Severity, Stage

INJECTED = (
    "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    "      - run: echo ${{ github.event.issue.title }}\n"
)
PATH = ".github/workflows/a.yml"


async def test_what_strangers_may_run_is_an_error_in_its_place(mesh, make):
    (result,) = await mesh.check(make({PATH: INJECTED}), (Stage.SECURITY,))
    (one,) = result.findings
    assert (result.status, one.path, one.rule) == ("failed", PATH, "template-injection")
    assert (one.range.start.line, one.severity) == (6, Severity.ERROR)


async def test_comments_and_settings_of_the_folder_do_not_count(mesh, make):
    text = INJECTED.replace("}}\n", "}} # zizmor: ignore[template-injection]\n")
    settings = "rules: {template-injection: {ignore: [a.yml]}}\n"
    files = {PATH: text, ".github/zizmor.yml": settings, "zizmor.yml": settings, ".gitignore": "*\n"}
    (result,) = await mesh.check(make(files), (Stage.SECURITY,))
    assert [one.rule for one in result.findings] == ["template-injection"]


async def test_what_is_no_workflow_is_said(mesh, make):
    text = "on: push\njobs:\n  a:\n    runs-on: x\n    stepz: []\n"
    (result,) = await mesh.check(make({PATH: text, ".github/workflows/b.yml": INJECTED}), (Stage.SYNTAX,))
    assert [(one.path, one.rule) for one in result.findings] == [(PATH, "schema")]
    assert result.status == "failed"


async def test_other_yaml_is_not_said_to_be_secure(mesh, make):
    (result,) = await mesh.check(make({"values.yaml": "a: 1\n"}), (Stage.SECURITY,))
    assert result.status == "skipped"


@pytest.mark.parametrize("name", ["my build.yml", "build as workflow.yml"])
async def test_a_name_may_have_spaces(mesh, make, name):
    path = f".github/workflows/{name}"
    (result,) = await mesh.check(make({path: "on: push\njobs: 3\n"}), (Stage.SYNTAX,))
    assert [(one.path, one.rule) for one in result.findings] == [(path, "schema")]

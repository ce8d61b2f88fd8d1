"""Dockerfiles: hadolint."""

from quantumlayer.engine.types import Severity, Stage
from quantumlayer.engine.validation.process import Tools

TEXT = "FROM ubuntu\nRUN sudo true\nADD a.txt /a.txt\nUSER root\n"


async def rules(mesh, make, files, stage):
    (result,) = await mesh.check(make(files), (stage,))
    return result, {(one.path, one.rule, one.range.start.line) for one in result.findings}


async def test_style_and_danger_are_told_apart(mesh, make):
    _, style = await rules(mesh, make, {"Dockerfile": TEXT}, Stage.STYLE)
    assert ("Dockerfile", "DL3006", 0) in style
    result, danger = await rules(mesh, make, {"Dockerfile": TEXT}, Stage.SECURITY)
    assert {("Dockerfile", "DL3004", 1), ("Dockerfile", "DL3002", 3)} <= danger
    assert not style & danger
    assert result.status == "failed"
    assert any(one.severity is Severity.ERROR and one.url for one in result.findings)


async def test_judged_text_cannot_switch_its_security_off(mesh, make):
    text = TEXT.replace("RUN sudo", "# hadolint ignore=DL3004\nRUN sudo")
    files = {"Dockerfile": text, ".hadolint.yaml": "ignored: [DL3004, DL3002]\n"}
    _, danger = await rules(mesh, make, files, Stage.SECURITY)
    assert ("Dockerfile", "DL3004", 2) in danger


async def test_every_name_of_a_dockerfile_is_read(mesh, make):
    files = dict.fromkeys(("Dockerfile", "sub/Dockerfile.dev", "Containerfile", "web.dockerfile"), TEXT)
    result, danger = await rules(mesh, make, files, Stage.SECURITY)
    assert {path for path, _, _ in danger} == set(files)
    assert result.facts["files_checked"] == 4


async def test_it_has_the_time_that_the_settings_give(mesh, make, monkeypatch):
    given = []
    run = Tools.run

    async def watched(self, command, **options):
        if "hadolint" in str(command[0]):
            given.append(options["seconds"])
        return await run(self, command, **options)

    monkeypatch.setattr(Tools, "run", watched)
    await rules(mesh, make, {"Dockerfile": TEXT}, Stage.STYLE)
    assert given == [60]

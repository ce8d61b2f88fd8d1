"""What users leave out: by path, language, stage and tool."""

from pathlib import Path
from typing import get_args

import pytest
from quantumlayer.engine.journal import Journal
from quantumlayer.engine.languages import ANY_LANGUAGE, CODE
from quantumlayer.engine.types import OpenFile, SourceFile, Stage, StageResult
from quantumlayer.engine.validation.adapters import adapters, live_adapters
from quantumlayer.engine.validation.adapters.invented import Invented
from quantumlayer.engine.validation.live import LiveMesh
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.packages.registries import Registries
from quantumlayer.engine.validation.switches import SHOWN_BY, Switches
from quantumlayer.engine.validation.types import Project
from quantumlayer.engine.validation.warm.seats import SEATS
from quantumlayer.settings import (
    CheckSettings,
    Extension,
    Language,
    LiveSettings,
    Off,
    OffBelow,
    Settings,
    ToolName,
)

FAULTY = "import os\nexec(input())\n\n\ndef later():\n    raise NotImplementedError\n"


def with_off(settings: Settings, *rules: Off) -> Settings:
    return settings.model_copy(update={"check": CheckSettings(off=rules)})


@pytest.mark.parametrize(
    ("glob", "inside", "outside"),
    [
        (
            "generated",
            ["generated/a.py", "deep/generated/b/a.py", "generated"],
            ["generated.py", "a/notgenerated/b.py"],
        ),
        ("generated/", ["generated/a.py", "x/generated/a.py"], ["generated_more/a.py"]),
        ("*_pb2.py", ["a_pb2.py", "deep/b_pb2.py"], ["a_pb2.pyi", "a_pb2/b.py"]),
        ("/build", ["build/a.py"], ["deep/build/a.py"]),
        ("tests/data", ["tests/data/a.py"], ["more/tests/data/a.py", "tests/database.py"]),
        ("tests/**/slow.py", ["tests/slow.py", "tests/a/b/slow.py"], ["slow.py", "tests/a/slow.pyi"]),
        ("**/gen?.py", ["gen1.py", "a/gen2.py"], ["gen.py", "a/gen22.py"]),
        ("docs/*", ["docs/a.py", "docs/deep/a.py"], ["docs.py"]),
        ("a+b.py", ["a+b.py"], ["aab.py"]),
        ("app/[id].ts", ["app/[id].ts"], ["app/i.ts"]),
        ("gen/**", ["gen/a.py", "gen/b/a.py"], ["gen", "more/gen/a.py"]),
        ("*a*b*.py", ["xaxbx.py", "ab.py", "c/aabb.py"], ["ba.py", "a/b.py"]),
    ],
)
def test_a_glob_means_what_it_means_to_git(glob: str, inside: list[str], outside: list[str]) -> None:
    switches = Switches(with_off(Settings(), Off(paths=(glob,))))
    assert [path for path in inside if switches.is_on(Stage.STYLE, path)] == []
    assert [path for path in outside if not switches.is_on(Stage.STYLE, path)] == []


@pytest.mark.parametrize(
    "glob", ["*a" * 12 + "b", "**/" * 60 + "b", "**a" * 12 + "b", "a/" + "*/**/" * 60 + "b"]
)
def test_no_glob_takes_longer_than_its_length(glob: str) -> None:
    """It comes from a workspace of anyone, and is asked about every path."""
    switches = Switches(with_off(Settings(), Off(paths=(glob,))))
    assert switches.is_on(Stage.STYLE, "a" * 60)
    assert switches.is_on(Stage.STYLE, "a/" * 60 + "a")


def test_paths_begin_where_their_file_is(tmp_path: Path) -> None:
    """The project that is judged may be a part of the folder with the settings."""
    rule = OffBelow(paths=("/services/api/old",), folder=str(tmp_path))
    part = Switches(with_off(Settings(), rule), str(tmp_path / "services/api"))
    assert not part.is_on(Stage.TYPES, "old/a.py")
    assert part.is_on(Stage.TYPES, "services/api/old/a.py")
    assert Switches(with_off(Settings(), rule), str(tmp_path)).is_on(Stage.TYPES, "old/a.py")
    elsewhere = Switches(
        with_off(Settings(), OffBelow(paths=("old",), folder=str(tmp_path / "services"))), "/x"
    )
    assert elsewhere.is_on(Stage.TYPES, "old/a.py")


def test_all_that_a_rule_names_must_fit() -> None:
    rule = Off(paths=("tests",), languages=("python",), stages=("security",))
    switches = Switches(with_off(Settings(), rule))
    assert not switches.is_on(Stage.SECURITY, "tests/a.py")
    assert switches.is_on(Stage.STYLE, "tests/a.py")
    assert switches.is_on(Stage.SECURITY, "tests/a.sql")
    assert switches.is_on(Stage.SECURITY, "a.py")


@pytest.fixture
def quiet(settings: Settings, journal: Journal, request: pytest.FixtureRequest) -> Mesh:
    wanted = with_off(settings, *request.param)
    return Mesh(wanted, journal, None, "this test gives it none", Switches(wanted))


async def judged(mesh: Mesh, *paths: str) -> dict[Stage, StageResult]:
    project = Project.of([SourceFile(path=path, text=FAULTY) for path in paths])
    found = await mesh.check(project, [Stage.SYNTAX, Stage.STYLE, Stage.SECURITY])
    return {result.stage: result for result in found}


@pytest.mark.parametrize("quiet", [[Off(paths=("old",))]], indirect=True)
async def test_a_path_that_is_off_has_no_findings_and_the_result_says_so(quiet: Mesh) -> None:
    found = await judged(quiet, "a.py", "old/b.py")
    assert {one.path for result in found.values() for one in result.findings} == {"a.py"}
    assert all("leaves out 1 file" in result.reason for result in found.values())
    assert found[Stage.SECURITY].status == "failed"


@pytest.mark.parametrize("quiet", [[Off(paths=("old",))]], indirect=True)
async def test_where_all_is_off_nothing_has_passed(quiet: Mesh) -> None:
    found = await judged(quiet, "old/b.py")
    assert {result.status for result in found.values()} == {"skipped"}
    assert found[Stage.STYLE].reason == "switched off by check.off"


@pytest.mark.parametrize("quiet", [[Off(stages=("security",)), Off(tools=("ruff",))]], indirect=True)
async def test_stages_and_tools_can_be_off(quiet: Mesh) -> None:
    found = await judged(quiet, "a.py")
    assert found[Stage.SECURITY].status == "skipped"
    assert {one.tool for one in found[Stage.STYLE].findings} == {"omissions"}
    assert "leaves out ruff" in found[Stage.STYLE].reason
    assert [tool.name for tool in found[Stage.STYLE].tools] == ["omissions"]


@pytest.mark.parametrize(
    "quiet",
    [
        [Off(tools=("ruff security",), paths=("a.py",))],
        [Off(tools=("ruff security",), languages=("python",))],
    ],
    indirect=True,
)
async def test_a_tool_is_off_where_all_that_it_reads_is(quiet: Mesh) -> None:
    """Whatever else the project has: what nobody looked at has not passed."""
    found = await judged(quiet, "a.py", "README.md")
    assert found[Stage.SECURITY].status == "skipped"
    assert "leaves out ruff security" in found[Stage.SECURITY].reason


@pytest.mark.parametrize("quiet", [[Off(tools=("ruff security",), paths=("b.py",))]], indirect=True)
async def test_a_tool_that_is_off_for_some_files_is_said(quiet: Mesh) -> None:
    found = await judged(quiet, "a.py", "b.py", "README.md")
    assert {one.path for one in found[Stage.SECURITY].findings} == {"a.py"}
    assert found[Stage.SECURITY].reason == "check.off leaves out ruff security for 1 file"
    assert found[Stage.STYLE].reason == ""


async def test_generated_code_is_judged_whole(settings: Settings, journal: Journal) -> None:
    """The orchestrator's mesh has no switches."""
    wanted = with_off(settings, Off(stages=("security",)))
    found = await judged(Mesh(wanted, journal, None, "none"), "a.py")
    assert found[Stage.SECURITY].status == "failed"


async def live(settings: Settings, folder: Path) -> dict[Stage, set[str]]:
    """Which tools have findings in a file that is open."""
    mesh = LiveMesh(settings)
    seen: dict[Stage, set[str]] = {}

    def told(results: object) -> None:
        for result in results:  # type: ignore[attr-defined]
            seen.setdefault(result.stage, set()).update(one.tool for one in result.findings)

    try:
        await mesh.check(OpenFile(folder=str(folder), path="a.py", text=FAULTY), told)
    finally:
        await mesh.aclose()
    return seen


async def test_beside_ruff_its_rules_are_not_shown_twice(settings: Settings, tmp_path: Path) -> None:
    everything = await live(settings, tmp_path)
    assert "ruff" in everything[Stage.STYLE]
    wanted = settings.model_copy(update={"live": LiveSettings(beside=("ruff",))})
    seen = await live(wanted, tmp_path)
    assert seen[Stage.STYLE] == {"omissions"}
    assert seen[Stage.SECURITY] == everything[Stage.SECURITY] != set()


async def test_beside_pylance_types_are_not_shown_twice(settings: Settings, tmp_path: Path) -> None:
    wanted = settings.model_copy(update={"live": LiveSettings(beside=("pylance",))})
    seen = await live(wanted, tmp_path)
    assert seen[Stage.TYPES] == set()
    assert "ruff" in seen[Stage.STYLE]


async def test_a_stage_that_is_off_for_a_path_is_not_looked_at(settings: Settings, tmp_path: Path) -> None:
    rule = OffBelow(paths=("a.py",), stages=("types", "security"), folder=str(tmp_path))
    seen = await live(with_off(settings, rule), tmp_path)
    assert seen.keys() == {Stage.SYNTAX, Stage.STYLE}


def test_every_extension_is_known_and_every_language_can_be_named() -> None:
    assert set(SHOWN_BY) == set(get_args(Extension))
    judged = frozenset[str]().union(*(adapter.languages for adapter in adapters())) - ANY_LANGUAGE
    assert judged <= CODE
    assert {*CODE, "text", "ini"} == set(get_args(Language))


async def test_every_tool_can_be_named(journal: Journal) -> None:
    invented = Invented(Registries(journal), "declared")
    batch = {tool.name for tool in (*adapters("an address", invented=invented), *live_adapters())}
    warm = {seat.called(stage, name) for seat in SEATS for stage in seat.stages for name in seat.languages}
    assert batch | warm == set(get_args(ToolName))


@pytest.mark.parametrize("rule", [{}, {"stages": ["security"]}, {"tools": ["ruff security"]}])
async def test_a_rule_of_the_folder_itself_does_not_reach_security(
    settings: Settings, journal: Journal, tmp_path: Path, rule: dict[str, list[str]]
) -> None:
    theirs = OffBelow.model_validate({"paths": ["a.py"], **rule, "folder": str(tmp_path), "theirs": True})
    switches = Switches(with_off(settings, theirs), str(tmp_path))
    mesh = Mesh(settings, journal, None, "", switches)
    project = Project.of([SourceFile(path="a.py", text=FAULTY)])
    results = {one.stage: one for one in await mesh.check(project, (Stage.SECURITY, Stage.STYLE))}
    security, style = results[Stage.SECURITY], results[Stage.STYLE]
    assert "S102" in {one.rule for one in security.findings}
    assert ("says otherwise" in security.reason) is ("stages" in rule)
    assert (style.status == "skipped") is (rule == {})

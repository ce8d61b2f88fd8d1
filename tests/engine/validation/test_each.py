"""Results that are remembered by file: one edit costs one file, and nothing else is different."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from quantumlayer.engine.journal import Journal
from quantumlayer.engine.types import SourceFile, Stage, StageResult
from quantumlayer.engine.validation import each
from quantumlayer.engine.validation import process as processes
from quantumlayer.engine.validation.adapters.ruff import Security, Style
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.process import Tools, on_demand
from quantumlayer.engine.validation.types import Project, Surroundings, ToolError
from quantumlayer.settings import Settings

STAGES = (Stage.SYNTAX, Stage.STYLE, Stage.SECURITY)
FILES = {
    "a.py": "import os\nimport json, pkg\n\nexec(input())\n",
    "pkg/__init__.py": "",
    "pkg/base.py": "class Base:\n    def later(self) -> int:\n        raise NotImplementedError\n",
    "pkg/b.py": "def broken(:\n",
    "-c.py": "x=1\n",
    "tests/test_a.py": "assert True\n",
    "data.json": "{",
}


def project(texts: dict[str, str]) -> Project:
    return Project.of([SourceFile(path=path, text=text) for path, text in texts.items()])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the tools are told, file names among it; cleared by the test."""
    seen: list[str] = []
    run = Tools.run

    async def watched(self: Tools, command: Sequence[Any], **options: Any) -> Any:
        seen.append(" ".join(map(str, command)) + options.get("stdin", ""))
        return await run(self, command, **options)

    monkeypatch.setattr(Tools, "run", watched)
    return seen


async def test_an_edit_has_only_its_own_file_judged_again(mesh: Mesh, asked: list[str]) -> None:
    before = await mesh.check(project(FILES), STAGES)
    assert asked
    asked.clear()
    again = await mesh.check(project(FILES), STAGES)
    assert asked == []
    assert found(again) == found(before)
    assert all(tool.cached for result in again for tool in result.tools)
    await mesh.check(project(FILES | {"a.py": "import sys\n"}), STAGES)
    assert asked
    assert all("a.py" in told and "base.py" not in told for told in asked)


async def test_remembered_and_new_results_are_those_of_a_whole_run(
    settings: Settings, journal: Journal, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks of one file, some of them remembered, say what one process says of all."""
    whole = await mesh.check(project(FILES), STAGES)
    monkeypatch.setattr(each, "_AT_ONCE", 1)
    fresh = settings.storage.data_dir / "other"
    other = Journal(fresh)
    try:
        alone = Mesh(settings, other, None, "none")
        await alone.check(project({path: FILES[path] for path in ("a.py", "pkg/base.py")}), STAGES)
        assert found(await alone.check(project(FILES), STAGES)) == found(whole)
    finally:
        await other.aclose()


async def test_a_class_that_is_derived_from_elsewhere_may_leave_methods_out(mesh: Mesh) -> None:
    base = {"base.py": FILES["pkg/base.py"]}
    deriving = {"child.py": "import base\n\n\nclass Child(base.Base):\n    pass\n"}
    assert rules(await mesh.check(project(base), (Stage.STYLE,))) >= {"empty-body"}
    assert "empty-body" not in rules(await mesh.check(project(base | deriving), (Stage.STYLE,)))
    assert rules(await mesh.check(project(base), (Stage.STYLE,))) >= {"empty-body"}


async def test_a_new_module_of_the_project_changes_how_its_imports_are_sorted(mesh: Mesh) -> None:
    text = {"a.py": "import aaa\nimport mine\n\nprint(aaa, mine)\n"}
    assert "I001" not in rules(await mesh.check(project(text), (Stage.STYLE,)))
    own = {"mine/__init__.py": ""}
    assert "I001" in rules(await mesh.check(project(text | own), (Stage.STYLE,)))
    assert "I001" not in rules(await mesh.check(project(text), (Stage.STYLE,)))


async def test_no_tool_judges_files_that_could_not_be_written(mesh: Mesh) -> None:
    """A name of 450 bytes is too long for a file system. What stands beside it is not called clean."""
    texts = {"a.py": "eval(input())\n", "\N{SNOWMAN}" * 150 + ".py": "X = 1\n"}
    for _ in range(2):
        results = await mesh.check(project(texts), STAGES)
        assert {result.status for result in results} == {"skipped"}
        assert all("cannot be written" in result.reason for result in results)
    (alone,) = await mesh.check(project({"a.py": texts["a.py"]}), (Stage.SECURITY,))
    assert alone.status == "failed"


async def test_what_could_not_be_written_is_written_when_there_is_room_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write, failures = processes._write_all, [OSError("no space left on device")]

    def full_once(folder: Path, files: Sequence[SourceFile]) -> Path:
        if files and failures:
            raise failures.pop()
        return write(folder, files)

    monkeypatch.setattr(processes, "_write_all", full_once)
    async with on_demand(project(FILES).files) as (scratch, fill):
        with pytest.raises(ToolError):
            await fill(["a.py"])
        await fill(["a.py"])
        assert (scratch / "a.py").read_text(encoding="utf-8") == FILES["a.py"]


@pytest.mark.parametrize("tool", [Style(), Security()])
async def test_a_file_that_ruff_cannot_read_is_not_called_clean(
    tool: Style | Security, tmp_path: Path
) -> None:
    around = Surroundings(python="3.12", packages=None, scratch=tmp_path, cache=tmp_path, seconds=30)
    with pytest.raises(ToolError, match="could not read"):
        await tool.run(project({"a.py": "X = 1\n"}), around, Tools())


async def test_many_results_are_kept_and_found(journal: Journal) -> None:
    inputs = [["file", number] for number in range(1203)]
    results = [[{"path": str(number), "text": "x" * (number % 3) * 40_000}] for number in range(1203)]
    await journal.put_many("many", list(zip(inputs[:1200], results, strict=False)))
    assert await journal.get_many("many", inputs) == [*results[:1200], None, None, None]
    assert await journal.get("many", inputs[7]) == results[7]
    await journal.put("many", inputs[1201], [])
    assert await journal.get_many("many", inputs[1200:]) == [None, [], None]


async def test_results_found_together_are_those_found_alone(journal: Journal) -> None:
    """They are read by another reader, which takes neither half a character nor what is nested deeply."""
    deep: list[Any] = []
    for _ in range(400):
        deep = [deep]
    results = [[{"text": text}] for text in ("\ud800", "\x00", "\u2028", "ö", 10**40, -0.5, None, True, deep)]
    inputs = list(range(len(results)))
    await journal.put_many("many", list(zip(inputs, results, strict=True)))
    assert await journal.get_many("many", inputs) == results
    assert [await journal.get("many", one) for one in inputs] == results


def found(results: Sequence[StageResult]) -> list[tuple[str, str, int, str]]:
    return sorted(
        (one.path, one.rule, one.range.start.line, one.tool) for result in results for one in result.findings
    )


def rules(results: Sequence[StageResult]) -> set[str]:
    return {one.rule for result in results for one in result.findings}

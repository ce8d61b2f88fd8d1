"""Patterns in the editor: commands that answer at once, and a hover on the head of a brief."""

from pathlib import Path
from typing import Any

import pytest
from lsp_briefs import BRIEF
from lsp_editor import Editor, RpcError
from quantumlayer.lsp.patterns import last_line_of_head


@pytest.fixture
def brief(workspace: Path) -> Path:
    file = workspace / "shouting.brief.md"
    file.write_text(BRIEF)
    return file


async def hover(editor: Editor, uri: str, line: int) -> Any:
    params = {"textDocument": {"uri": uri}, "position": {"line": line, "character": 2}}
    return await editor.request("textDocument/hover", params)


async def test_a_brief_is_explained_as_the_editor_shows_it(ready: Editor, brief: Path) -> None:
    uri = ready.open(brief, "make something nice")
    told = await ready.command("patterns.explain", uri)
    assert told["reading"]["traits"]["clearness"] == "vague"
    assert "**uncertainty** on" in told["markdown"]
    assert "Not built: emergent, constraint, semantic, quantum." in told["markdown"]
    on_disk = await ready.command("patterns.explain", {"brief": BRIEF})
    assert on_disk["reading"]["traits"]["paths"] == ["words.py", "app.py"]


async def test_a_recommendation_is_short(ready: Editor, brief: Path) -> None:
    told = await ready.command("patterns.recommend", brief.as_uri())
    assert told["patterns"] == ["abstraction", "meta-learning", "uncertainty", "dialectical"]
    assert told["samples"] == 4
    assert told["markdown"].startswith("Generating uses abstraction")


async def test_the_guide_is_a_table_of_eight(ready: Editor) -> None:
    told = await ready.command("patterns.guide")
    assert len(told["patterns"]) == 8
    assert told["markdown"].count("\n") == 9


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("patterns.explain", [], "one argument"),
        ("patterns.explain", [{}], '"uri" or "brief"'),
        ("patterns.recommend", [{"brief": "x", "name": 5}], "not a text: name"),
        ("patterns.guide", ["x"], "no arguments"),
    ],
)
async def test_wrong_arguments_of_patterns_are_refused(
    ready: Editor, command: str, arguments: list[Any], said: str
) -> None:
    with pytest.raises(RpcError) as refused:
        await ready.command(command, *arguments)
    assert refused.value.code == -32602
    assert said in refused.value.message


async def test_the_head_of_a_brief_tells_what_its_run_would_use(
    ready: Editor, workspace: Path, brief: Path
) -> None:
    uri = ready.open(brief)
    told = await hover(ready, uri, 0)
    assert told["contents"]["kind"] == "markdown"
    assert "4 answers for each file" in told["contents"]["value"]
    assert await hover(ready, uri, 3) is None

    other = workspace / "notes.md"
    other.write_text(BRIEF)
    assert await hover(ready, ready.open(other), 0) is None
    empty = workspace / "empty.brief.md"
    empty.write_text("---\nname: a\n---\n")
    assert await hover(ready, ready.open(empty), 0) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# A\nb\n", 0),
        ("\n\n# A\nb\n", 2),
        ("---\nname: a\n---\n\n# A\nb\n", 4),
        ("---\nname: a\n", 0),
        ("", 0),
    ],
)
def test_where_the_head_of_a_brief_ends(text: str, line: int) -> None:
    assert last_line_of_head(text) == line

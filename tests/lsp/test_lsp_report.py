"""The report of a capsule, for an editor: as text, as a file, or shown by the editor."""

from pathlib import Path
from typing import Any

import pytest
from lsp_editor import FULL, Editor, RpcError, to_path
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.types import Capsule
from support.recorded import recorded_capsule


@pytest.fixture
def stored(environ: dict[str, str]) -> Capsule:
    return Store(Path(environ["QUANTUMLAYER_DATA_DIR"]) / "capsules").add(recorded_capsule())


async def test_an_editor_gets_the_page_as_text(
    ready: Editor, stored: Capsule, environ: dict[str, str]
) -> None:
    for asked in ("tally", stored.id[:8], {"capsule": "tally"}):
        answer = await ready.command("capsuleReport", asked)
        assert (answer["capsule"], answer["name"]) == (stored.id, "tally")
        assert answer["html"].startswith("<!doctype html>")
        assert "Each function comes from the draft most agreed with." in answer["html"]
    assert not (Path(environ["QUANTUMLAYER_CACHE_DIR"]) / "reports").exists(), "nothing was written"


async def test_an_editor_gets_the_page_as_a_file(
    ready: Editor, stored: Capsule, environ: dict[str, str]
) -> None:
    answer = await ready.command("capsuleReport", {"capsule": "tally", "form": "file"})
    page = to_path(answer["uri"])
    assert page.parent == Path(environ["QUANTUMLAYER_CACHE_DIR"]) / "reports"
    assert "Each function comes from the draft most agreed with." in page.read_text("utf-8")


async def test_an_editor_without_code_of_ours_is_asked_to_show_it(
    editor: Editor, workspace: Path, stored: Capsule
) -> None:
    shown: list[Any] = []
    editor.answers["window/showDocument"] = lambda params: shown.append(params) or {"success": True}
    window = {**FULL["window"], "showDocument": {"support": True}}
    await editor.initialize(workspace, {**FULL, "window": window})
    answer = await editor.command("capsuleReport", {"capsule": "tally", "form": "shown"})
    assert answer["shown"] is True
    assert shown == [{"uri": answer["uri"], "external": True}]


async def test_an_editor_that_shows_nothing_is_told_where_it_is(ready: Editor, stored: Capsule) -> None:
    answer = await ready.command("capsuleReport", {"capsule": "tally", "form": "shown"})
    assert answer["shown"] is False
    assert await ready.ending() == f"The report of tally is in {to_path(answer['uri'])}"


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({}, 'give "capsule"'),
        ({"capsule": "tally", "form": "pdf"}, "html, file, shown"),
        ("unheard", "There is no capsule 'unheard'"),
    ],
)
async def test_what_cannot_be_shown_is_said(ready: Editor, argument: Any, said: str) -> None:
    with pytest.raises(RpcError, match=said):
        await ready.command("capsuleReport", argument)

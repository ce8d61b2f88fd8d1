"""Models from the editor: listed, fetched, chosen."""

from pathlib import Path
from typing import Any

import pytest
from lsp_editor import Editor, RpcError


async def test_models_are_listed_fetched_and_chosen(
    ready: Editor, environ: dict[str, str], tmp_path: Path
) -> None:
    listed = (await ready.command("models.list"))["models"]
    assert {"name", "kind", "available", "active", "size", "detail"} <= set(listed[0])
    assert any(model["kind"] == "embedded" and not model["available"] for model in listed)

    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"GGUF" + bytes(100_000))
    assert (await ready.command("models.pull", {"name": str(file)}))["job"]
    assert await ready.ending(60) == "embedded/tiny is ready."

    used = await ready.command("models.use", {"name": "tiny"})
    assert used["name"] == "embedded/tiny"
    assert used["available"] is True
    assert used["message"].startswith("embedded/tiny is used from now on")
    assert "all the same" not in used["message"]
    assert 'model = "embedded/tiny"' in Path(used["file"]).read_text()
    after = (await ready.command("models.list"))["models"]
    assert [model["name"] for model in after if model["active"]] == ["embedded/tiny"]


async def test_a_choice_that_the_editor_overrides_is_told(ready: Editor) -> None:
    ready.settings["models"] = {"model": "openai/other"}
    used = await ready.command("models.use", {"name": "auto"})
    assert "openai/other" in used["message"]


async def test_an_unknown_embedded_model_is_refused_with_the_nearest(ready: Editor) -> None:
    with pytest.raises(RpcError, match="smollm2-135m"):
        await ready.command("models.use", {"name": "embedded/smolm2-135m"})


@pytest.mark.parametrize(
    "given", [[], ["auto"], [{}], [{"name": ""}], [{"name": 5}], [{"name": "a", "x": 1}]]
)
async def test_wrong_arguments_are_refused(ready: Editor, given: list[Any]) -> None:
    for command in ("models.use", "models.pull"):
        with pytest.raises(RpcError) as refused:
            await ready.command(command, *given)
        assert refused.value.code == -32602

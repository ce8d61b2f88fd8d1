from importlib import resources

import pytest
from quantumlayer.engine.agents import prompts

NAMES = sorted(
    entry.name.removesuffix(".md")
    for entry in (resources.files("quantumlayer.engine.agents") / "prompts").iterdir()
    if entry.name.endswith(".md")
)


def text_of(name: str) -> str:
    return (resources.files("quantumlayer.engine.agents") / "prompts" / f"{name}.md").read_text()


HELPING = ["annotate", "comment", "implement", "mend"]
"""About one place in a file: there is no brief."""
BARE = ["finish"]
"""Of a brief that is nothing but code the code is all that is shown."""


@pytest.mark.parametrize("name", sorted({*NAMES} - {*HELPING, *BARE}))
def test_every_prompt_begins_alike_up_to_the_end_of_the_brief(name: str) -> None:
    beginning = text_of("code").split("$brief")[0]
    assert beginning.strip().endswith("Specification:")
    assert text_of(name).startswith(beginning + "$brief\n")


@pytest.mark.parametrize("name", HELPING)
def test_prompts_without_a_brief_begin_with_the_file_that_they_are_about(name: str) -> None:
    beginning = text_of("code").split("Specification:")[0] + "This is in `$path`:\n\n```python\n$outline\n"
    assert text_of(name).startswith(beginning)


def test_a_missing_value_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(KeyError):
        prompts.render("code", brief="x")

"""Long JSON in small steps: the same as in one, with room for others between them."""

import asyncio
import json
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantumlayer.engine import json_parts

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)
SPACES = st.sampled_from(["", " ", "\n\t "])


@pytest.fixture(autouse=True, scope="module")
def short() -> Any:
    """Texts of any length are read in steps."""
    before = json_parts._SHORT, json_parts._FEW
    json_parts._SHORT, json_parts._FEW = -1, 0
    yield
    json_parts._SHORT, json_parts._FEW = before


@given(VALUES, st.sampled_from([None, 1]), SPACES)
def test_what_is_read_is_what_the_standard_library_reads(value: Any, indent: int | None, space: str) -> None:
    text = space + json.dumps(value, indent=indent) + space
    assert json_parts.loads(text) == value
    assert asyncio.run(json_parts.read(text)) == value


@given(st.text(alphabet='[]{},:"1a \n', max_size=12))
def test_what_is_no_json_is_refused_as_there(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):
            json_parts.loads(text)
    else:
        assert json_parts.loads(text) == expected


@given(VALUES)
def test_what_is_written_is_what_the_standard_library_writes(value: Any) -> None:
    assert json_parts.dumps(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def test_others_have_their_turn_while_a_long_list_is_read() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    found = await json_parts.read(json.dumps({"problems": [{"line": one} for one in range(20_000)]}))
    task.cancel()
    assert len(found["problems"]) == 20_000
    assert turns >= 200


def test_what_nobody_takes_is_not_read() -> None:
    text = '{"items": [1, 2, 3, this is no JSON'
    assert list(islice(json_parts.entries(text, text.index("[")), 3)) == [1, 2, 3]

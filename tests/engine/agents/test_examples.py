"""Examples in a brief become checks, in whichever of the usual ways they are written."""

import pytest
from quantumlayer.engine.agents.examples import examples_in


@pytest.mark.parametrize(
    ("brief", "found"),
    [
        (
            "`add(1, 2)` is `3`, and `add(0, 0)` gives `0`.",
            ["assert add(1, 2) == 3", "assert add(0, 0) == 0"],
        ),
        ("add(1, 2) -> 3", ["assert add(1, 2) == 3"]),
        ("  * `add(1, 2)` == `3`.", ["assert add(1, 2) == 3"]),
        ("add('a', 'b') ==> 'ab'", ["assert add('a', 'b') == 'ab'"]),
        ("even(3) => false", ["assert even(3) == False"]),
        ("find([]) = None", ["assert find([]) == None"]),
        ("add(1, 2)  # => 3", ["assert add(1, 2) == 3"]),
        ("add(1, 2) should return 3", ["assert add(1, 2) == 3"]),
        (">>> add(1, 2)\n3\n>>> add(2, 2)\n4\n", ["assert add(1, 2) == 3\nassert add(2, 2) == 4"]),
        (">>> s = Stack()\n>>> s.push(1)\n>>> s.pop()\n1", ["s = Stack()\ns.push(1)\nassert s.pop() == 1"]),
        (
            ">>> add(1, None)\nTraceback (most recent call last):\n  ...\nTypeError: no number",
            ["with pytest.raises(TypeError):\n    add(1, None)"],
        ),
        (">>> add(1,\n...     2)\n3", ["assert add(1,\n    2) == 3"]),
    ],
)
def test_an_example_is_read(brief: str, found: list[str]) -> None:
    assert list(examples_in(brief)) == found


@pytest.mark.parametrize(
    "text",
    [
        "f(x) = g(x) + 1",
        "tri(n) -> the next one",
        "It returns 3.",
        ">>> broken(\n3",
        ">>> show()\n<Thing at 0x7f>",
        "",
    ],
)
def test_what_states_no_value_is_no_example(text: str) -> None:
    assert list(examples_in(text)) == []

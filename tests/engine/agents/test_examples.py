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


ABOUT = "- `weight(text)` reads a weight in grams, "


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('so "2kg" is 2000.', ['assert weight("2kg") == 2000']),
        ("so `'1g'` gives 1 and '3g' gives 3.", ["assert weight('1g') == 1", "assert weight('3g') == 3"]),
        ("for example 3 is 4.", ["assert weight(3) == 4"]),
        ("None is None.", ["assert weight(None) == None"]),
        (
            'but "kg", "2" and "" raise ValueError.',
            [f"with pytest.raises(ValueError):\n    weight({given})" for given in ('"kg"', '"2"', '""')],
        ),
        ("but 12 raises a `TypeError`.", []),
        ("where level 3 is 4 times as heavy.", []),
        (
            'such as 1000 for `"1kg"`, and it is 0 for "".',
            ['assert weight("1kg") == 1000', 'assert weight("") == 0'],
        ),
        ('and puts "k" for "kilo", which it looks up.', []),
        ("and takes 3 for 4 where that is enough.", []),
        ("such as it is.", []),
    ],
)
def test_prose_about_a_function_of_one_argument_has_examples(said: str, found: list[str]) -> None:
    assert list(examples_in(ABOUT + said)) == found


@pytest.mark.parametrize(
    "item",
    ['`add(a, b)`: so "x" is 1.', '`Box.put(x)`: so "x" is 1.', 'A word: "x" is 1.', '`name`: "x" is 1.'],
)
def test_prose_about_anything_else_has_none(item: str) -> None:
    assert list(examples_in(item)) == []


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


def test_what_goes_in_and_comes_out_of_a_stub() -> None:
    brief = '''```python
def largest(values, count):
    """The largest values.

    Example 1:

        Input: values = [3, 1, 2], count = 2
        Output: [2, 3]

    Example 2: for values = [5], count = 1 the output should be [5].
    For values = [] and so on the result is [].
    """
```
'''
    assert examples_in(brief) == ("assert largest(values=[3, 1, 2], count=2) == [2, 3]",)


def test_for_these_values_the_result_is_that() -> None:
    brief = """`digits(text)` counts digits.

For text = "a1b2" the output should be 2.
If text = "", the result is 0;
for other = "1" the result is 1
Input: "123"
Output: 3
"""
    assert examples_in(brief) == (
        "assert digits(text='a1b2') == 2",
        "assert digits(text='') == 0",
        "assert digits('123') == 3",
    )


def test_where_several_functions_are_declared_nobody_knows_whose_input_it_is() -> None:
    assert examples_in("`f(a)` and `g(a)`.\n\nInput: 1\nOutput: 2\n") == ()


def test_a_call_after_a_small_word() -> None:
    assert examples_in("for f(1, 2) == 3\n") == ("assert f(1, 2) == 3",)

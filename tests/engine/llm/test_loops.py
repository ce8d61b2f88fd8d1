"""Loops are noticed; code that merely looks alike is not one."""

from pathlib import Path

import pytest
from quantumlayer.engine import facade, types
from quantumlayer.engine.llm.loops import LoopWatch, is_loop

HEAD = "def f(x):\n    return x + 1\n\n\n"


@pytest.mark.parametrize(
    "block",
    [
        "    assert f(1) == 2\n",
        "ha",
        "\n",
        "the same line, again and again, ",
        "def test_f():\n    result = f(1)\n    assert result == 2, 'f adds one to what it is given'\n\n\n"
        * 3,
    ],
)
def test_a_repeated_block_is_a_loop(block: str) -> None:
    assert is_loop(HEAD + block * (6000 // len(block)))


def test_a_counting_loop_is_a_loop() -> None:
    assert is_loop(HEAD + "".join(f"    assert f({n}) == {n + 1}\n" for n in range(200)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        HEAD + "-" * 120 + "\n",
        "GRID = [\n" + "    [0, 0, 0, 0, 0, 0, 0, 0],\n" * 8 + "]\n",
        "".join(f"    ({n}, {n * n}),\n" for n in range(60)),
        "<li><a href='#'>item</a></li>\n" * 12,
        "@property\ndef a(self) -> int:\n    return self._a\n\n" * 3,
    ],
)
def test_repetition_that_people_write_is_not(text: str) -> None:
    assert not is_loop(text)


@pytest.mark.parametrize("module", [facade, types])
def test_real_code_is_never_a_loop(module: object) -> None:
    watch = LoopWatch()
    text = Path(str(module.__file__)).read_text()  # type: ignore[attr-defined]
    assert not any(watch.feed(text[start : start + 7]) for start in range(0, len(text), 7))


def test_a_loop_is_noticed_soon() -> None:
    watch = LoopWatch()
    written = 0
    for piece in [HEAD, *["    assert f(1) == 2\n"] * 500]:
        written += len(piece)
        if watch.feed(piece):
            break
    assert written < 1500

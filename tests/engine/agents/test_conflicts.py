"""Contradictions of a brief are told, and what only looks like one is not."""

import tomllib
from pathlib import Path

import pytest
from quantumlayer.engine.agents.conflicts import conflicts
from quantumlayer.engine.brief import read_brief
from quantumlayer.engine.brief.traits import measure
from quantumlayer.engine.types import Brief

ROOT = Path(__file__).resolve().parents[3]


def told(text: str, *constraints: str) -> tuple[str, ...]:
    brief = Brief(text=text, constraints=constraints)
    return conflicts(brief, measure(brief))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "`a.py` has `f(n: int) -> int`. `f(1)` is `2`. Later on `f(1)` is `3`.",
            "the brief says that `f(1)` gives `2`, and that it gives `3`",
        ),
        (
            "`f(text: str) -> str`:\n\n>>> f('a')\n'b'\n\nand `f(\"a\")` is `\"c\"`",
            "the brief says that `f('a')` gives `'c'`, and that it gives `'b'`",
        ),
        (
            "`f(n: int) -> int`. `f(-1)` is `0`.\n\n"
            ">>> f(-1)\nTraceback (most recent call last):\nValueError: no\n",
            "the brief says that `f(-1)` gives `0`, and that it raises `ValueError`",
        ),
        (
            "`a.py` has `load(path: str) -> dict`. And `load(path: str, strict: bool) -> dict` fails.",
            "the brief gives `load` the parameters `(path: str)`, and also `(path: str, strict: bool)`",
        ),
        (
            "Fetch a page with requests. Use the standard library only.",
            "the brief allows the standard library only, and names `requests`",
        ),
    ],
)
def test_a_contradiction_is_told(text: str, said: str) -> None:
    assert told(text) == (said,)


def test_constraints_of_the_front_matter_can_contradict_the_text() -> None:
    assert len(told("Fetch a page with httpx.", "standard library only")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "`next_id()` is `1`, then `next_id()` is `2`.",
        ">>> take('a')\n1\n>>> take('a')\n2\n",
        ">>> stack.pop(1)\n1\n\n>>> stack.pop(1)\n2\n",
        ">>> x = [1]\n>>> push(1)\n2\n\n>>> push(1)\n3\n>>> x = 2\n",
        "`f(1)` is `2`, and again `f(1)` is `2`.",
        "`f('a')` is `'b'`; `f(\"a\")` is `\"b\"`.",
        "`f(1)` is `2` and `f(2)` is `3`.",
        "`a.py` has `f(n: int) -> int`; call it as `f(3)` or `f(n)`.",
        "`A.load(path: str)` and `B.load(path: str, strict: bool)`.",
        "Use httpx.",
        "`f(a b)` is `c d`, and `f(a b)` is `(`.",
        "Use the standard library only.",
    ],
)
def test_what_is_no_contradiction_is_not_told(text: str) -> None:
    assert told(text) == ()


def test_briefs_that_are_meant_well_have_none() -> None:
    texts = [
        one["text"]
        for part in ("tuned", "held_out")
        for one in tomllib.loads((ROOT / f"tests/fixtures/briefs/{part}.toml").read_text())["brief"]
    ]
    found = {text[:40]: told(text) for text in texts}
    for file in [*ROOT.glob("examples/briefs/*.md"), *ROOT.glob("benchmarks/development/*/*.md")]:
        brief = read_brief(file)
        found[file.name] = conflicts(brief, measure(brief))
    assert {name: said for name, said in found.items() if said} == {}
    assert len(found) > 66

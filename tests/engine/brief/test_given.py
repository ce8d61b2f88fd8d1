"""Python that a brief holds in fenced blocks."""

from quantumlayer.engine.brief.declarations import declarations
from quantumlayer.engine.brief.given import given_code
from quantumlayer.engine.brief.traits import measure
from quantumlayer.engine.python.skeleton import skeleton, text_of
from quantumlayer.engine.types import Brief

STUBS = '''Please complete `boats.py`:

```python
from collections.abc import Iterable

LIMIT = 40


def length(name: str) -> int:
    return len(name)


def longest(names: Iterable[str], *, least: int = 0) -> str:
    """The longest of the names.

    >>> longest(["Ada", "Bo"])
    'Ada'
    """


class Harbour:
    """Where boats lie."""

    def __init__(self, places: int) -> None: ...

    @classmethod
    def load(cls, path: str) -> "Harbour":
        raise NotImplementedError

    def enter(self, boat: str) -> bool:
        """Whether there was a place."""
        pass
```

`longest` raises `ValueError` where there is no name.
'''
USE = """`count(text)` counts words. It is used like this:

```python
from words import count

def shout(text):
    print(count(text))

shout("a b")
```
"""


def test_stubs_are_declared_as_they_are_written() -> None:
    assert [one.line for one in declarations(STUBS)] == [
        "def length(name: str) -> int",
        "def longest(names: Iterable[str], *, least: int=0) -> str",
        "class Harbour",
        "Harbour.__init__(places: int) -> None",
        "Harbour.load(cls, path: str) -> 'Harbour'",
        "Harbour.enter(boat: str) -> bool",
    ]


def test_what_has_a_body_is_no_stub() -> None:
    stubs = {one.signature.full_name: one.is_stub for one in given_code(STUBS).definitions}
    assert stubs == {
        "length": False,
        "longest": True,
        "Harbour": True,
        "Harbour.__init__": True,
        "Harbour.load": True,
        "Harbour.enter": True,
    }


def test_imports_and_constants_go_with_it() -> None:
    assert given_code(STUBS).besides == "from collections.abc import Iterable\nLIMIT = 40"


def test_a_skeleton_is_the_given_code_word_for_word() -> None:
    code = skeleton([one.line for one in declarations(STUBS)], STUBS, "boats.py")
    for line in STUBS.split("```python\n")[1].split("```")[0].splitlines():
        assert line in code.splitlines()
    assert code.count("def ") == 5


def test_words_of_a_stub_are_its_docstring_and_what_is_said_outside() -> None:
    (longest,) = (one for one in declarations(STUBS) if one.name == "longest")
    assert text_of(longest, STUBS).startswith("The longest of the names.")
    assert text_of(longest, STUBS).endswith("`longest` raises `ValueError` where there is no name.")


def test_code_that_shows_a_use_declares_nothing() -> None:
    assert [one.line for one in declarations(USE)] == ["def count(text)"]
    assert given_code(USE).definitions == ()
    assert given_code(USE).outside == USE


def test_code_without_a_stub_declares_nothing() -> None:
    assert given_code("```python\ndef f(x):\n    return x\n```").definitions == ()


def test_other_languages_and_broken_code_are_left_alone() -> None:
    for text in ("```go\nfunc f() {}\n```", "```python\ndef f(:\n```", "```text\ndef f(x): ...\n```"):
        assert given_code(text).definitions == ()


def test_a_block_may_be_indented_and_unclosed() -> None:
    text = "- do this:\n\n  ```py\n  def f(x):\n      ...\n"
    assert [one.source for one in given_code(text).definitions] == ["def f(x):\n    ..."]


def test_the_traits_know_the_given_names() -> None:
    assert (
        "def longest(names: Iterable[str], *, least: int=0) -> str" in measure(Brief(text=STUBS)).signatures
    )


def test_a_class_without_stubs_is_given_as_a_whole() -> None:
    text = "```python\nclass A:\n    def f(self):\n        return 1\n\n\nclass B:\n    def g(self): ...\n```"
    assert {one.signature.full_name: one.is_stub for one in given_code(text).definitions} == {
        "A": False,
        "A.f": False,
        "B": True,
        "B.g": True,
    }

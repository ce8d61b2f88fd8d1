"""A brief that holds code: its stubs are filled, and the rest of it stays as it is."""

from spine_bench import Spine, code, texts

BRIEF = '''Please complete `words.py`:

```python
def is_vowel(letter: str) -> bool:
    return letter.lower() in "aeiou"  # y is none


def vowels(text: str) -> int:
    """How many vowels there are.

    >>> vowels("Able")
    2
    >>> vowels("")
    0
    >>> vowels("sky")
    0
    """
```
'''
ANSWER = '''def is_vowel(letter: str) -> bool:
    return letter in "aeiouy"


def vowels(text: str) -> int:
    """How many vowels there are."""
    return sum(is_vowel(letter) for letter in text)
'''


async def test_stubs_are_filled_and_given_functions_stay(spine: Spine) -> None:
    spine.script(words=code(ANSWER), checks=code('assert vowels("eee") == 3\n'))
    capsule = await spine.generate(BRIEF)
    written = texts(capsule)["words.py"]
    assert 'return letter.lower() in "aeiou"  # y is none' in written
    assert "aeiouy" not in written
    verdict = capsule.evidence.verdict
    assert verdict.status == "verified", verdict.reasons


CLASS_BRIEF = '''Please complete `till.py`:

```python
class Till:
    """Counts money."""

    def __init__(self) -> None:
        self.total = 100  # there is always some

    def add(self, amount: int) -> None:
        """Adds an amount.

        >>> till = Till()
        >>> till.add(5)
        >>> till.total
        105
        """
        raise NotImplementedError

    def twice(self) -> int:
        return self.total + self.total  # as it stands
```
'''
CLASS_ANSWER = '''class Till:
    """Counts money."""

    def __init__(self) -> None:
        self.total = 0

    def add(self, amount: int) -> None:
        """Adds an amount."""
        self.total += amount

    def twice(self) -> int:
        return self.total * 3
'''


async def test_written_methods_stay_in_a_class_with_stubs(spine: Spine) -> None:
    spine.script(till=code(CLASS_ANSWER), checks=code("till = Till()\nassert till.twice() == 200\n"))
    capsule = await spine.generate(CLASS_BRIEF)
    written = texts(capsule)["till.py"]
    assert "self.total = 100  # there is always some" in written
    assert "return self.total + self.total  # as it stands" in written
    assert "self.total += amount" in written
    (author,) = [one for one in capsule.evidence.authors if one.path == "till.py"]
    assert {region.name: region.how for region in author.regions} == {
        "Till": "only",
        "Till.__init__": "given",
        "Till.add": "only",
        "Till.twice": "given",
    }


async def test_what_the_brief_gives_is_not_written_again(spine: Spine) -> None:
    """Even where the brief's own example says that it is wrong; the verdict says so."""
    author = spine.script(
        till=code(CLASS_ANSWER),
        checks=code("till = Till()\nassert till.twice() == 3\n"),
        repair=code("class Till:\n    def twice(self) -> int:\n        return 3\n"),
    )
    brief = CLASS_BRIEF + "\nFor a new till `twice()` is 3.\n"
    capsule = await spine.generate(brief, generate={"draws": 2, "repair_rounds": 2})
    assert "return self.total + self.total  # as it stands" in texts(capsule)["till.py"]
    stubs = [
        prompt.rpartition("Complete this:")[2] for prompt in author.prompts if "Complete this:" in prompt
    ]
    assert not any("def twice" in stub for stub in stubs)
    assert capsule.evidence.verdict.status == "unverified"

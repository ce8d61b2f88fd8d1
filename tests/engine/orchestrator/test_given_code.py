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

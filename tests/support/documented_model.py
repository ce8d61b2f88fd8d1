"""A model that can write what the documentation's commands ask for: textkit, roman and greet."""

import json
import re

from .command import fenced
from .scripted_server import Reply, Seen

_FILE = re.compile(r"^Write the complete file `([^`]+)`", re.MULTILINE)

FILES = {
    "textkit/__init__.py": '''\
"""Helpers for short texts."""

from textkit.counts import count_words, longest_word
from textkit.slugs import slugify, unslugify

__all__ = ["count_words", "longest_word", "slugify", "unslugify"]
''',
    "textkit/slugs.py": '''\
"""Slugs and back."""

import re


def slugify(text: str) -> str:
    """The text in lower case, its words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def unslugify(slug: str) -> str:
    """The slug as words; raises ValueError if it is empty."""
    if not slug:
        raise ValueError("the slug is empty")
    return slug.replace("-", " ")
''',
    "textkit/counts.py": '''\
"""Words, counted."""


def count_words(text: str) -> int:
    """How many words the text has."""
    return len(text.split())


def longest_word(text: str) -> str:
    """The first of the longest words; raises ValueError if there is none."""
    words = text.split()
    if not words:
        raise ValueError("the text has no words")
    return max(words, key=len)
''',
    "roman.py": '''\
"""Roman numerals."""

_SIGNS = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
    (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)


def to_roman(number: int) -> str:
    """The number in Roman numerals."""
    text = ""
    for value, sign in _SIGNS:
        count, number = divmod(number, value)
        text += sign * count
    return text


def from_roman(text: str) -> int:
    """The number that Roman numerals mean."""
    number = 0
    for value, sign in _SIGNS:
        while text.startswith(sign):
            number += value
            text = text[len(sign) :]
    return number
''',
    "greet.py": '''\
"""Greetings."""


def greet(name: str) -> str:
    """A greeting for `name`."""
    return f"Hello, {name}!"
''',
}  # fmt: skip
CHECKS = {
    "slugify": [
        'assert slugify("Hello, World!") == "hello-world"',
        'assert slugify("--a  b--") == "a-b"',
        'assert unslugify("hello-world") == "hello world"',
        'with pytest.raises(ValueError):\n    unslugify("")',
        'assert count_words("one  two three") == 3',
        'assert count_words("") == 0',
        'assert longest_word("a bb cc") == "bb"',
        'with pytest.raises(ValueError):\n    longest_word("")',
    ],
    "to_roman": [
        'assert to_roman(4) == "IV"',
        'assert to_roman(1994) == "MCMXCIV"',
        'assert from_roman("IV") == 4',
        "assert from_roman(to_roman(3999)) == 3999",
    ],
    "greet": [
        'assert greet("Ada") == "Hello, Ada!"',
        'assert "Bo" in greet("Bo")',
        'assert greet("Eve").startswith("Hello")',
        'assert greet("Al").endswith("!")',
    ],
}
PLAN = {
    "summary": "Helpers for short texts.",
    "files": [
        {
            "path": "textkit/slugs.py",
            "purpose": "Slugs and back.",
            "interface": ["def slugify(text: str) -> str", "def unslugify(slug: str) -> str"],
            "depends_on": [],
        },
        {
            "path": "textkit/counts.py",
            "purpose": "Words, counted.",
            "interface": ["def count_words(text: str) -> int", "def longest_word(text: str) -> str"],
            "depends_on": [],
        },
        {
            "path": "textkit/__init__.py",
            "purpose": "Every function of the package.",
            "interface": [],
            "depends_on": ["textkit/slugs.py", "textkit/counts.py"],
        },
    ],
    "packages": [],
    "run": [],
}


def answer(seen: Seen) -> Reply:
    """The answer to one request of ours; anything it was not made for is an error, not a guess."""
    prompt = seen.prompt
    if "Plan the Python project" in prompt:
        return Reply(json.dumps(PLAN))
    if "test engineer" in prompt:
        return Reply(fenced("\n".join(_checks(prompt)) + "\n"))
    if (wanted := _FILE.search(prompt)) and wanted[1] in FILES:
        return Reply(fenced(FILES[wanted[1]]))
    return Reply(status=400, body=json.dumps({"error": {"message": f"not scripted: {prompt[:300]}"}}))


def _checks(prompt: str) -> list[str]:
    """The lines about the names that this request asks about."""
    focus = prompt[prompt.rindex("lines that check") :]
    mine = next(checks for name, checks in CHECKS.items() if name in prompt)
    asked = [line for line in mine if any(name in focus for name in re.findall(r"\b(\w+)\(", line))]
    return asked or mine

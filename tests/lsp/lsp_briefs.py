"""A brief, and a model that answers it well: scripted at the network's edge, everything else is real."""

import re
from typing import Any

from support.scripted_server import Reply, Seen

BRIEF = """\
# Shouting

Write two files. `words.py` has `shout(text: str) -> str`, which returns the text in upper case with an
exclamation mark behind it: `shout("hey")` returns `"HEY!"`. It raises `ValueError` for an empty text.
`app.py` has `greet(name: str) -> str`, which returns `shout("hello " + name)`.

Use the standard library only.
"""

WORDS = '''\
"""Shouting."""


def shout(text: str) -> str:
    """Return the text in upper case with an exclamation mark behind it."""
    if not text:
        raise ValueError("the text is empty")
    return text.upper() + "!"
'''

APP = '''\
"""Greetings."""

from words import shout


def greet(name: str) -> str:
    """Return a loud greeting."""
    return shout("hello " + name)
'''

CHECKS = {
    "shout": """\
assert shout("hey") == "HEY!"
assert shout("a b") == "A B!"
with pytest.raises(ValueError):
    shout("")
""",
    "greet": """\
assert greet("bob") == "HELLO BOB!"
assert greet("") == "HELLO !"
""",
}

FILES = {"words.py": WORDS, "app.py": APP}

PLAN: dict[str, Any] = {
    "summary": "Shouting and greeting.",
    "files": [
        {
            "path": "words.py",
            "purpose": "Shouts.",
            "interface": ["def shout(text: str) -> str"],
            "depends_on": [],
        },
        {
            "path": "app.py",
            "purpose": "Greets.",
            "interface": ["def greet(name: str) -> str"],
            "depends_on": ["words.py"],
        },
    ],
    "packages": [],
    "run": [],
}


def answer_well(seen: Seen) -> Any:
    """What a good model says to each of the engine's questions about `BRIEF`."""
    if "Plan the Python project" in seen.prompt:
        return PLAN
    if found := re.search(r"Write the complete file `([^`]+)`", seen.prompt):
        return f"```python\n{FILES[found[1]]}```\n"
    found = re.search(r"check `(\w+)", seen.prompt)
    assert found, seen.prompt
    return f"```python\n{CHECKS[found[1]]}```\n"


def answer_slowly(seen: Seen) -> Any:
    """Says how it goes on and never comes to an end."""
    if "Plan the Python project" in seen.prompt:
        return PLAN
    return Reply("word " * 2000, pace=0.05)

"""Prompts are files: `prompts/NAME.md`, a `# system` part and a `# user` part, `$placeholders`.

They are short because small models lose the thread of long ones, and all begin with the same words and the
whole brief, so that a model with a prompt cache reads the brief once. A prompt's text is part of every
step's key, so editing a file redoes exactly the steps that used it.
"""

import re
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from string import Template

from ..llm.types import Message

_PARTS = re.compile(r"\A# system\n(?P<system>.*?)\n?# user\n(?P<user>.*)\Z", re.DOTALL)
_GAPS = re.compile(r"\n{3,}")


def render(name: str, **values: str) -> tuple[Message, ...]:
    """The messages of prompt `name`; raises KeyError if a placeholder has no value."""
    system, user = _load(name)
    text = _GAPS.sub("\n\n", user.substitute(values)).strip()
    asked = Message(role="user", content=text)
    return (Message(role="system", content=system), asked) if system else (asked,)


def worked_example(kind: str) -> str:
    """How a program of this kind is written: `worked/KIND.md`; empty where there is none."""
    for file in (_folder() / "worked").iterdir():
        if file.name == f"{kind}.md":
            return file.read_text(encoding="utf-8").strip()
    return ""


def _folder() -> Traversable:
    return resources.files(__package__) / "prompts"


@cache
def _load(name: str) -> tuple[str, Template]:
    text = (_folder() / f"{name}.md").read_text(encoding="utf-8")
    parts = _PARTS.match(text)
    if parts is None:
        raise ValueError(f"prompt {name} needs a '# system' and a '# user' part")
    return parts["system"].strip(), Template(parts["user"])

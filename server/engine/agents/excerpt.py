"""Excerpts: the part of a brief that is about one name, in the brief's own words.

A small model follows a rule best when the rule stands in the docstring of the function it writes, so the
sentences are copied and never paraphrased.
"""

import re

_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_MOST = 900
_LEAD = 24
"""An item that names something this early is about it; one that names it later only refers to it."""


def excerpt(brief: str, name: str) -> str:
    """Paragraphs and list items that mention `name`, as one text; empty if none does."""
    mention = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    found = [item for item in items(brief) if mention.search(item)]
    leading = [item for item in found if mention.search(item[: len(name) + _LEAD])]
    text = "\n".join(leading or found)
    return text if len(text) <= _MOST else text[: text.rfind(" ", 0, _MOST)]


def docstring(brief: str, name: str, examples: tuple[str, ...] = (), indent: str = "    ") -> str:
    """The excerpt as a docstring with doctest lines, ready to stand under a signature."""
    lines = [*excerpt(brief, name).splitlines(), *(["", *examples] if examples else [])]
    body = "\n".join(f"{indent}{line}".rstrip() for line in lines).replace('"""', "'''")
    return f'{indent}"""\n{body}\n{indent}"""' if lines else f"{indent}..."


def items(brief: str) -> list[str]:
    """Paragraphs and list items, each as one text."""
    found: list[str] = []
    fresh = True
    for line in brief.splitlines():
        if not line.strip():
            fresh = True
        elif fresh or _ITEM.match(line):
            found.append(_ITEM.sub("", line).strip())
            fresh = False
        else:
            found[-1] += f"\n{line.strip()}"
    return found

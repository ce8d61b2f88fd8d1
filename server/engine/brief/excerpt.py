"""Excerpts: the part of a brief that is about one name, in the brief's own words.

A small model follows a rule best when the rule stands in the docstring of the function it writes, so the
sentences are copied and never paraphrased.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_CALL = re.compile(r"`(?:[\w.]+\.)?\w+\([^`\n]*`")
JOINT = re.compile(r"^[\s,/]*(?:and|or)?[\s,/]*$")
"""What stands between calls that are declared together."""
_SPAN = re.compile(r"`[^`\n]*`?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")
_RULE = re.compile(
    r"\b(raises?|must|never|always|only|at (?:least|most)|below|above|between|ignored|error|default)\b"
)
_COMMAND = re.compile(
    r"`--\w|\b(?:command[- ]line|arguments?|stdin|stdout|stderr|standard (?:input|output|error)"
    r"|exit (?:code|status)|exits with)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE)\s+(/[\w/{}<>:.-]*)")
_PARAMETER = re.compile(r"\{[^}]*\}|<[^>]*>|(?<=/):\w+")
_MOST = 900
_MOST_OF_COMMAND = 2000
_LEAD = 24
"""An item that names something this early is about it; one that names it later only refers to it."""


def excerpt(brief: str, name: str) -> str:
    """Paragraphs and list items about `name`, as one text; empty if none mentions it.

    Those that begin with it, in a code span, are about it; the others only refer to it, and are taken where
    there is no better. So is a mention outside code spans.
    """
    named = rf"(?<![\w-]){re.escape(name)}(?!\w|\.py\b)"
    word, code = re.compile(named), re.compile(rf"`[^`\n]*{named}[^`\n]*`")
    texts = [text for text in items(brief) if not _lists_files(text)]
    mention = code if any(code.search(text) for text in texts) else word
    found = [text for text in texts if mention.search(text)]
    leading = [text for text in found if _begins_with(text, mention)]
    return _shortened("\n".join(leading or found))


def _begins_with(text: str, mention: re.Pattern[str]) -> bool:
    """Whether only a few characters stand before the mention, or calls that share what is said."""
    match = mention.search(text)
    before = text[: match.start()] if match else text
    between = _SPAN.sub("", before)
    return bool(JOINT.match(between)) if _CALL.search(before) else len(between) <= _LEAD


def _lists_files(text: str) -> bool:
    return text.count(".py`") > 1


def rules(brief: str, name: str, params: Iterable[str]) -> str:
    """The excerpt about a function, and below it what the brief says of its parameters in general.

    General is what stands in paragraphs that declare nothing themselves.
    """
    own = excerpt(brief, name)
    words = {word for param in params for word in (param, param.rpartition("_")[2]) if len(word) > 1}
    general = [
        sentence
        for block in blocks(brief)
        if not block.is_item and not _CALL.search(block.text)
        for sentence in _SENTENCE.split(" ".join(block.text.split()))
        if _RULE.search(sentence) and words & set(re.findall(r"\w+", sentence))
        if not _lists_files(sentence) and not _COMMAND.search(sentence)
    ]
    fresh = dict.fromkeys(sentence for sentence in general if sentence not in " ".join(own.split()))
    return _shortened("\n".join([own, *fresh] if own else fresh))


def about_class(brief: str, name: str) -> str:
    """The sentences of paragraphs that are about a class and name no file."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    found = [
        sentence
        for block in blocks(brief)
        for sentence in _SENTENCE.split(" ".join(block.text.split()))
        if word.search(sentence) and not _lists_files(sentence) and not sentence.endswith(("methods", ":"))
        if not block.is_item or _begins_with(block.text, word)
    ]
    return _shortened("\n".join(found))


def is_run(brief: str, path: str) -> bool:
    """Whether the brief runs the file from the command line."""
    return re.search(rf"\bpython3?\s+{re.escape(path)}\b", brief) is not None


def about_command(brief: str, path: str) -> str:
    """What the brief says of running a file: its line, options, input, output and exit codes."""
    run = re.compile(rf"\bpython3?\s+{re.escape(path)}\b")
    found = [text for text in items(brief) if run.search(text) or _COMMAND.search(text)]
    return _shortened("\n".join(text for text in found if not _declares(text)), _MOST_OF_COMMAND)


def about_routes(brief: str, routes: Iterable[tuple[str, str]]) -> str:
    """What the brief says of requests: items that name a method and its path, whatever the path's
    parameters are called; before them the paragraphs that name no request, which hold for all."""
    wanted = {(method.upper(), _PARAMETER.sub("{}", path)) for method, path in routes}
    general, own = [], []
    for block in blocks(brief):
        named = {(one[0].upper(), _PARAMETER.sub("{}", one[1])) for one in _REQUEST.findall(block.text)}
        if named & wanted:
            own.append(block.text)
        elif not named and not block.is_item and _RULE.search(block.text) and not _lists_files(block.text):
            general.append(block.text)
    return _shortened("\n".join([*own, *general])) if own else ""


def _declares(text: str) -> bool:
    """Whether a paragraph or item begins with a function's call."""
    match = _CALL.search(text)
    return match is not None and _begins_with(text, _CALL)


def docstring(text: str, examples: tuple[str, ...] = (), indent: str = "    ") -> str:
    """A text as a docstring with doctest lines, ready to stand under a signature."""
    lines = [*text.splitlines(), *(["", *examples] if examples else [])]
    body = "\n".join(f"{indent}{line}".rstrip() for line in lines).replace('"""', "'''")
    return f'{indent}"""\n{body}\n{indent}"""' if lines else f"{indent}..."


def _shortened(text: str, most: int = _MOST) -> str:
    return text if len(text) <= most else text[: text.rfind(" ", 0, most)]


class Block(NamedTuple):
    """A paragraph, a heading or a list item, as one text."""

    text: str
    is_item: bool


def blocks(brief: str) -> list[Block]:
    found: list[Block] = []
    fresh = True
    for line in brief.splitlines():
        is_item = bool(_ITEM.match(line))
        if not line.strip():
            fresh = True
        elif fresh or is_item or line.startswith("#"):
            found.append(Block(_ITEM.sub("", line).strip(), is_item or (fresh and _continues(line, found))))
            fresh = line.startswith("#")
        else:
            found[-1] = found[-1]._replace(text=f"{found[-1].text}\n{line.strip()}")
    return found


def items(brief: str) -> list[str]:
    """Paragraphs and list items, each as one text."""
    return [block.text for block in blocks(brief)]


def _continues(line: str, found: list[Block]) -> bool:
    """A paragraph that is indented under a list item belongs to the list."""
    return line.startswith(("  ", "\t")) and bool(found) and found[-1].is_item

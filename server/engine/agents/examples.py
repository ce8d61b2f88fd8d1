"""Examples: calls and what comes of them, as a brief states them. They are checks word for word.

Three ways are read: "`f(1)` is `2`" in a sentence, lines such as `f(1) -> 2` or `f(1) == 2`, and sessions of
the interpreter (`>>> f(1)` with `2` below it), where what is assigned stays for the lines after it.
"""

import ast
import re
from collections.abc import Iterator

_SPANS = re.compile(r"`([^`\n]+)`(?:\s+(?:is|gives|returns|becomes)|\s*(?:==|->|→))\s+`([^`\n]+)`")
_LINE = re.compile(
    r"^[^\w`]*`?([A-Za-z_][\w.]*\(.*\))`?\s*"
    r"(?:==>|==|[-=]>|=|→|➞|#\s*(?:[-=]>|→)?|(?:should )?(?:return|give)s?:?)\s*`?(.+?)`?\s*[.;,]?$"
)
_SPELLED = {"true": "True", "false": "False", "null": "None", "none": "None"}
_ERROR = re.compile(r"^(?:\w+\.)*([A-Z]\w*)(?::.*)?$")


def examples_in(brief: str) -> tuple[str, ...]:
    """Blocks of statements with assertions, each to be run for itself."""
    return tuple(dict.fromkeys([*_stated(brief), *_sessions(brief)]))


def _stated(brief: str) -> Iterator[str]:
    for call, value in _SPANS.findall(brief):
        yield f"assert {call} == {value}"
    for line in brief.splitlines():
        if (match := _LINE.match(line)) and _is_call(match[1]):
            value = _SPELLED.get(match[2], match[2])
            if _is_value(value):
                yield f"assert {match[1]} == {value}"


def _sessions(brief: str) -> Iterator[str]:
    lines = [line.strip() for line in brief.splitlines()]
    block: list[str] = []
    at = 0
    while at < len(lines):
        if not lines[at].startswith(">>> "):
            if not lines[at] and block:
                yield "\n".join(block)
                block = []
            at += 1
            continue
        code = [lines[at][4:]]
        at += 1
        while at < len(lines) and lines[at].startswith("..."):
            code.append(lines[at][4:])
            at += 1
        shown: list[str] = []
        while at < len(lines) and lines[at] and not lines[at].startswith((">>>", '"""', "'''", "```")):
            shown.append(lines[at])
            at += 1
        block += _statements("\n".join(code), shown)
    if block:
        yield "\n".join(block)


def _statements(code: str, shown: list[str]) -> list[str]:
    if not _parses(code, "exec"):
        return []
    if shown and shown[0].startswith("Traceback") and (error := _ERROR.match(shown[-1])):
        return [f"with pytest.raises({error[1]}):", *(f"    {line}" for line in code.splitlines())]
    if shown and _parses(code, "eval"):
        value = "\n".join(shown)
        return [f"assert {code} == {value}"] if _is_value(value) else []
    return [code]


def _parses(code: str, mode: str) -> bool:
    try:
        compile(code, "", mode, ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_call(text: str) -> bool:
    return _parses(text, "eval") and isinstance(ast.parse(text, mode="eval").body, ast.Call)


def _is_value(text: str) -> bool:
    try:
        ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False
    return True

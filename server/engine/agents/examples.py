"""Examples: calls and what comes of them, as a brief states them. They are checks word for word.

Five ways are read: "`f(1)` is `2`" in a sentence, lines such as `f(1) -> 2` or `f(1) == 2`, sessions of the
interpreter (`>>> f(1)` with `2` below it), where what is assigned stays for the lines after it, prose on a
function of one argument, such as: so 4 is "IV", "V" for 5, but "x" and "" raise ValueError; and what comes in
and goes out of the one function that is spoken of: "Input: a = 1, b = 2" above "Output: 3", or "for a = 1,
b = 2 the result is 3".
"""

import ast
import re
from collections.abc import Iterator

from ..brief.declarations import declarations
from ..brief.excerpt import items
from ..brief.given import given_code
from ..brief.signature import Signature, read_signature

_SPANS = re.compile(r"`([^`\n]+)`(?:\s+(?:is|gives|returns|becomes)|\s*(?:==|->|→))\s+`([^`\n]+)`")
_LINE = re.compile(
    r"^[^\w`]*(?:(?:for|so|thus|then|hence)\s+)?`?([A-Za-z_][\w.]*\(.*\))`?\s*"
    r"(?:==>|==|[-=]>|=|→|➞|#\s*(?:[-=]>|→)?|(?:should )?(?:return|give)s?:?)\s*`?(.+?)`?\s*[.;,]?$"
)
_VALUE = r"""(?:"[^"\n]*"|'[^'\n]*'|`[^`\n]+`|(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]\w)|\b(?:True|False|None)\b)"""
_PAIR = re.compile(rf"({_VALUE})\s+(?:is|gives|becomes|returns|makes)\s+({_VALUE})")
_FOR = re.compile(rf"({_VALUE})\s+for\s+({_VALUE})")
_MEANT_ELSE = re.compile(r"\b(?:replac|substitut|swap|exchang|search|look|ask|stand)", re.IGNORECASE)
"""In a sentence with one of these, "x for y" says nothing of what comes of y."""
_RAISED = re.compile(
    rf"((?:{_VALUE}(?:\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+))*{_VALUE})"
    r"\s+(?:all\s+)?raises?\s+`?([A-Z]\w*Error)\b"
)
_DECLARED = re.compile(r"`([^`]+\([^`]*\)[^`]*)`")
_SENTENCE = re.compile(r"(?<=[.;])\s+")
_EXAMPLE = re.compile(r"\b(?:so|e\.g\.|for example|for instance|such as)\b", re.IGNORECASE)
_GIVEN = re.compile(
    r"^\W*(?:for|if|when|given|with)\s+`?(\w+\s*=[^=].*?)`?,?\s+(?:the|it|this)\b.*?"
    r"\b(?:output|result|answer)\s+(?:(?:should|must|will|would)\s+be|is)\s*:?\s*(.+?)[.;]?$",
    re.IGNORECASE,
)
_INPUT = re.compile(r"^\W*inputs?\W*[:=]\W*?(?=[\w\"'(\[{-])(.+)$", re.IGNORECASE)
_OUTPUT = re.compile(r"^\W*(?:expected\s+)?outputs?\W*[:=]\s*(.+)$", re.IGNORECASE)
_SPELLED = {"true": "True", "false": "False", "null": "None", "none": "None"}
_ERROR = re.compile(r"^(?:\w+\.)*([A-Z]\w*)(?::.*)?$")


def examples_in(brief: str) -> tuple[str, ...]:
    """Blocks of statements with assertions, each to be run for itself."""
    return tuple(dict.fromkeys([*_stated(brief), *_sessions(brief), *_told(brief), *_put_in(brief)]))


def _stated(brief: str) -> Iterator[str]:
    for call, value in _SPANS.findall(brief):
        yield f"assert {call} == {value}"
    for line in brief.splitlines():
        if (match := _LINE.match(line)) and _is_call(match[1]):
            value = _SPELLED.get(match[2], match[2])
            if _is_value(value):
                yield f"assert {match[1]} == {value}"


def _told(brief: str) -> Iterator[str]:
    """What paragraphs and list items that begin with a function of one argument say of its values."""
    for item in items(brief):
        text = " ".join(item.split())
        match = _DECLARED.match(text)
        one = read_signature(match[1]) if match else None
        if (
            match is None
            or one is None
            or one.owner
            or not one.params.partition("=")[0].strip().isidentifier()
        ):
            continue
        for sentence in _SENTENCE.split(text[match.end() :]):
            pairs = _PAIR.findall(sentence)
            if not _MEANT_ELSE.search(sentence):
                pairs += [(given, value) for value, given in _FOR.findall(sentence)]
            for given, value in pairs:
                if _is_told(sentence, given, value):
                    yield f"assert {one.name}({_literal(given)}) == {_literal(value)}"
            for listed, error in _RAISED.findall(sentence):
                for given in re.findall(_VALUE, listed):
                    yield f"with pytest.raises({error}):\n    {one.name}({_literal(given)})"


def _put_in(brief: str) -> Iterator[str]:
    """What goes into a function and comes out of it, in its own docstring or in a brief about it alone."""
    code = given_code(brief)
    stubs = [one for one in code.definitions if one.is_stub and one.signature.head and one.words]
    spoken_of = [(one.signature, one.words) for one in stubs]
    declared = [one for one in declarations(brief) if not one.is_class]
    if not stubs and len(declared) == 1 and declared[0].head:
        spoken_of = [(declared[0], brief)]
    for function, text in spoken_of:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        for line, below in zip(lines, [*lines[1:], ""], strict=True):
            given, taken = _INPUT.match(line), _OUTPUT.match(below)
            pair = (given[1], taken[1]) if given and taken else None
            if pair is None and (match := _GIVEN.match(line)):
                pair = (match[1], match[2])
            if pair and (call := _call_of(function, pair[0])):
                value = _SPELLED.get(pair[1].strip(" `."), pair[1].strip(" `"))
                if _is_value(value):
                    yield f"assert {call} == {value}"


def _call_of(function: Signature, given: str) -> str:
    """The call with what is given: values in their order, or by name; empty if it cannot be told."""
    text = f"{function.name}({given.strip(' `')})"
    if not _is_call(text):
        return ""
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    params = [part.split(":")[0].split("=")[0].strip(" *") for part in function.params.split(",")]
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    named = {keyword.arg for keyword in call.keywords}
    if not all(_is_value(ast.unparse(value)) for value in values) or not named <= {*params}:
        return ""
    return ast.unparse(call) if len(values) <= len(params) else ""


def _is_told(sentence: str, given: str, value: str) -> bool:
    """Two bare numbers around "is" may mean anything, unless they are said to be an example."""
    quoted = not (given[0].isdigit() or given[0] == "-") or not (value[0].isdigit() or value[0] == "-")
    return (
        _is_value(_literal(given))
        and _is_value(_literal(value))
        and (quoted or _EXAMPLE.search(sentence) is not None)
    )


def _literal(text: str) -> str:
    text = text.strip("`")
    return _SPELLED.get(text, text)


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

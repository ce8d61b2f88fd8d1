"""Python code as a model may see it: without the secrets that stand in its texts and comments.

Names such as `password` are no secrets, and a signature must stay one; so only texts and comments are looked
at, each with what stands before it on its line and with the names that it is given to.
"""

import io
import re
import tokenize
from collections.abc import Iterator, Sequence

from ...redaction import redact
from .place import split

HIDDEN = "[hidden]"
_KINDS = {"STRING", "COMMENT", "FSTRING_MIDDLE"}
_BLANK = {tokenize.NL, tokenize.COMMENT}
_QUOTED = re.compile(r"^([a-zA-Z]*)('''|\"\"\"|'|\")")
_FIELD = re.compile(r"\{[^{}]*\}")
_LAST_WORD = re.compile(r"\w[\w-]*(?=\W*$)")
_SCHEMES = {"bearer", "basic", "token"}
_OPENING = {"(": ")", "[": "]", "{": "}"}
_FARTHEST = 2000
_ASKING = {"environ", "get", "getenv", "pop", "getpass", "input", "encode", "decode", "open"}
_ASKING |= {"split", "rsplit", "partition", "rpartition", "startswith", "endswith"}
"""What takes a key, a prompt or the name of an encoding, and no secret, as its first argument."""
_TYPED = re.compile(r"(\w)\s*:\s*[\w.]{1,80}(?:\[[^\]\n]{0,80}\])?(?:\s*\|\s*[\w.]{1,80})*\s*=(?!=)")
_PREFIXED = re.compile(r"([=:])\s*\(?\s*[a-zA-Z]{0,2}(?=[\"'])")


def without_secrets(code: str) -> str:
    """`code` with `[hidden]` in the place of secrets; what cannot be read as Python is redacted as prose."""
    tokens, whole = _read(code)
    lines = split(code)
    for token, shown in reversed(list(_changed(tokens, lines))):
        _replace(lines, token, shown)
    text = "".join(lines)
    return text if whole else _prose(text)


def secrets_in(code: str) -> tuple[str, ...]:
    """The texts that `without_secrets` hides, without their quotes."""
    tokens, _ = _read(code)
    found = [_inner(token.string) for token, _ in _changed(tokens, split(code)) if _is_text(token)]
    return tuple(dict.fromkeys(text for text in found if text.strip()))


def _read(code: str) -> tuple[list[tokenize.TokenInfo], bool]:
    """The tokens, and whether they are all of the code."""
    tokens: list[tokenize.TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code, newline="").readline):
            tokens.append(token)
    except (tokenize.TokenError, SyntaxError):
        return tokens, False
    return tokens, not any(one.type == tokenize.ERRORTOKEN and one.string.strip() for one in tokens)


def _prose(text: str) -> str:
    """An annotation, a prefix or a bracket before a value would keep it from being seen."""
    plain = _PREFIXED.sub(r"\1 ", _TYPED.sub(r"\1 =", text))
    return redact(text) if redact(plain) == plain else redact(plain)


def _changed(
    tokens: Sequence[tokenize.TokenInfo], lines: Sequence[str]
) -> Iterator[tuple[tokenize.TokenInfo, str]]:
    homes = _homes(tokens)
    for index, token in enumerate(tokens):
        if tokenize.tok_name[token.type] not in _KINDS:
            continue
        shown = _hidden(token) if _is_given(tokens, homes, index) else _shown(token, lines)
        if shown != token.string:
            yield token, shown


def _shown(token: tokenize.TokenInfo, lines: Sequence[str]) -> str:
    if token.type == tokenize.COMMENT or "\n" in token.string:
        return redact(token.string)
    before = lines[token.start[0] - 1][: token.start[1]]
    if redact(before + token.string) == redact(before) + token.string:
        return token.string
    if redact(before + token.string).endswith(token.string):
        return token.string
    return _hidden(token)


def _hidden(token: tokenize.TokenInfo) -> str:
    """As many lines as before."""
    match = _QUOTED.match(token.string)
    if match is None:
        return HIDDEN + "\n" * token.string.count("\n")
    end = "\n" if len(match[2]) == 3 else "\\\n"
    return f"{match[2]}{HIDDEN}{end * token.string.count(chr(10))}{match[2]}"


def _is_text(token: tokenize.TokenInfo) -> bool:
    return tokenize.tok_name[token.type] in _KINDS and token.type != tokenize.COMMENT


def _inner(text: str) -> str:
    match = _QUOTED.match(text)
    return text[match.end() : -len(match[2])] if match else text


def _is_given(tokens: Sequence[tokenize.TokenInfo], homes: Sequence[int], index: int) -> bool:
    """Whether the text would be a secret as the value of a name that it is given to."""
    token = tokens[index]
    if not _is_text(token) or _is_asked_for(tokens, index):
        return False
    match = _QUOTED.match(token.string)
    inner = _inner(token.string)
    formatted = match is None or "f" in match[1].lower()
    parts = _FIELD.split(inner) if formatted else [inner]
    parts = [re.sub(r"['\s]+", "_", one.strip())[:200] for one in parts]
    values = [one for one in parts if one and not (formatted and one.lower() in _SCHEMES)]
    if not values:
        return False
    names = {word[0] for name in _names(tokens, homes, index) if (word := _LAST_WORD.search(_inner(name)))}
    given = "\n".join(f"{name}='{value}'" for name in sorted(names) for value in values)
    return redact(given) != given


def _is_asked_for(tokens: Sequence[tokenize.TokenInfo], index: int) -> bool:
    """`config["password"]`, `os.getenv("API_KEY")`: the text is a key."""
    before = _before(tokens, index)
    if before < 1 or tokens[before].string not in {"(", "["}:
        return False
    called = tokens[before - 1]
    if tokens[before].string == "[":
        after = tokens[index + 1].string if index + 1 < len(tokens) else ""
        return after == "]" and (called.type == tokenize.NAME or called.string in {")", "]"})
    return called.string in _ASKING


def _before(tokens: Sequence[tokenize.TokenInfo], index: int) -> int:
    index -= 1
    while index >= 0 and tokens[index].type in _BLANK:
        index -= 1
    return index


def _homes(tokens: Sequence[tokenize.TokenInfo]) -> list[int]:
    """For each token the bracket around it, for a closing bracket its opening one; -1 for none."""
    found: list[int] = []
    around: list[int] = []
    for index, token in enumerate(tokens):
        found.append(around[-1] if around else -1)
        if token.type != tokenize.OP:
            continue
        if token.string in _OPENING:
            around.append(index)
        elif token.string in _OPENING.values() and around:
            around.pop()
    return found


def _names(tokens: Sequence[tokenize.TokenInfo], homes: Sequence[int], index: int) -> Iterator[str]:
    """Names and keys before a text in its statement: of its own argument, and of what is around that."""
    home, at = homes[index], index - 1
    for _ in range(_FARTHEST):
        if at < 0 or tokens[at].type == tokenize.NEWLINE or tokens[at].string == ";":
            return
        token = tokens[at]
        if at == home:
            home = homes[at]
            if token.string == "(" and at and tokens[at - 1].type == tokenize.NAME:
                yield from _called(tokens, at - 1)
                at = _chain(tokens, at - 1)
        elif token.type == tokenize.OP and token.string in _OPENING.values() and homes[at] >= 0:
            if at - homes[at] == 2 and token.string == "]":
                yield tokens[at - 1].string
            at = homes[at]
        elif token.string == "," and home >= 0:
            key = _before(tokens, at)
            paired = tokens[home].string == "(" and (
                tokens[home - 1].type == tokenize.NAME or _before(tokens, key) == home
            )
            if paired and tokens[key].type == tokenize.STRING:
                yield tokens[key].string
            if paired and "default" in {one.string for one in tokens[at + 1 : at + 3]}:
                yield from (one.string for one in tokens[home + 1 : home + 3] if one.type == tokenize.STRING)
            at = home
            continue
        elif token.type in {tokenize.NAME, tokenize.STRING}:
            yield token.string
        at -= 1


def _called(tokens: Sequence[tokenize.TokenInfo], at: int) -> Iterator[str]:
    """What is called, such as `set_password`; what is defined there says nothing about its defaults."""
    if not (at and tokens[at - 1].string in {"def", "class"}):
        yield tokens[at].string


def _chain(tokens: Sequence[tokenize.TokenInfo], at: int) -> int:
    """The first of `password.strip`: whose method it is says nothing about the argument."""
    while at >= 2 and tokens[at - 1].string == "." and tokens[at - 2].type == tokenize.NAME:
        at -= 2
    return at


def _replace(lines: list[str], token: tokenize.TokenInfo, shown: str) -> None:
    (first, column), (last, end) = token.start, token.end
    text = lines[first - 1][:column] + shown + lines[last - 1][end:]
    lines[first - 1 : last] = split(text)

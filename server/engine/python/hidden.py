"""Python code as a model may see it: without the secrets that stand in its texts and comments.

Names such as `password` are no secrets, and a signature must stay one; so only texts and comments are looked
at, each with what stands before it on its line.
"""

import io
import re
import tokenize

from ...redaction import redact
from .place import split

HIDDEN = "[hidden]"
_KINDS = {"STRING", "COMMENT", "FSTRING_MIDDLE"}
_QUOTED = re.compile(r"^([a-zA-Z]*)('''|\"\"\"|'|\")")


def without_secrets(code: str) -> str:
    """`code` with `[hidden]` in the place of secrets; what cannot be read as Python is redacted as prose."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return redact(code)
    lines = split(code)
    for token in reversed(tokens):
        if tokenize.tok_name[token.type] not in _KINDS:
            continue
        shown = _shown(token, lines)
        if shown != token.string:
            _replace(lines, token, shown)
    return "".join(lines)


def _shown(token: tokenize.TokenInfo, lines: list[str]) -> str:
    if token.type == tokenize.COMMENT or "\n" in token.string:
        return redact(token.string)
    before = lines[token.start[0] - 1][: token.start[1]]
    if redact(before + token.string) == redact(before) + token.string:
        return token.string
    if redact(before + token.string).endswith(token.string):
        return token.string
    match = _QUOTED.match(token.string)
    return f"{match[2]}{HIDDEN}{match[2]}" if match else HIDDEN


def _replace(lines: list[str], token: tokenize.TokenInfo, shown: str) -> None:
    (first, column), (last, end) = token.start, token.end
    text = lines[first - 1][:column] + shown + lines[last - 1][end:]
    lines[first - 1 : last] = split(text)

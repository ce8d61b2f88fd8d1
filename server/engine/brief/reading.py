"""Reading a brief: Markdown or plain text, with or without front matter, from a person or a stranger."""

import difflib
import hashlib
import re
import reprlib
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import BriefError
from ..types import Brief, check_path

MAX_BYTES = 64 * 1024
LANGUAGES = ("python",)
_MAX_FRONT_MATTER = 8 * 1024
_KEYS = ("name", "language", "constraints", "quantumlayer")
_ALIKE = 0.8
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_HEADING = re.compile(r"^#{1,3}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_FILE = re.compile(r"(?<![\w./-])(?:[\w-]+/)*([A-Za-z][\w-]*)\.py(?!\w)")
# Words that many briefs share, and so tell nothing of what one is about.
_COMMON_FILES = frozenset({"main", "app", "cli", "core", "utils", "models", "setup", "conftest", "server"})
_COMMON_WORDS = """
a an and are as at be build by called can code create for from generate give has have i implement in into
is it its library make me module my named need new of on one or our package please program project provide
python script short simple small some that the this to tool using want we which will with write you
"""


def parse_brief(text: str, *, name: str = "", default_name: str = "") -> Brief:
    """The brief that `text` states.

    `name` is what the user asked for explicitly and wins over the front matter's; `default_name`, such
    as a file's name, is used when neither says one; without any, the name comes from the brief's words.

    Raises BriefError if it is empty, not text, larger than 64 KB, or its front matter is wrong.
    """
    text = _readable(text)
    values, body = _split(text)
    if not body.strip():
        step = "Write what the program should do, in your own words."
        raise BriefError("the brief is empty" + (" below its front matter" if values else ""), step)
    return Brief(
        text=body.strip(),
        name=_explicit_name(name or _text(values, "name")) or safe_name(default_name) or derive_name(body),
        language=_language(_text(values, "language")),
        constraints=_constraints(values.get("constraints")),
    )


def read_brief(file: Path, *, name: str = "") -> Brief:
    """The brief in a file; `x.brief.md` is named x. Raises BriefError as parse_brief does."""
    try:
        with file.open("rb") as source:
            content = source.read(MAX_BYTES + 4)
    except OSError as error:
        raise BriefError(f"{file} cannot be read: {error.strerror or error}", "Check the path.") from error
    return parse_brief(decode_brief(content), name=name, default_name=file_stem(file.name))


def decode_brief(content: bytes) -> str:
    """Text of a brief's bytes: UTF-8, with or without a byte order mark."""
    if len(content) > MAX_BYTES + 3:
        raise _too_large()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BriefError("the brief is not UTF-8 text", "Save it as UTF-8.") from error


def is_brief(file_name: str, text: str) -> bool:
    """Whether a document is meant as a brief: `*.brief.md`, or Markdown that says `quantumlayer: brief`."""
    lowered = file_name.lower()
    if lowered.endswith((".brief.md", ".brief.markdown")):
        return True
    if not lowered.endswith((".md", ".markdown")) or not text.startswith("---"):
        return False
    try:
        values, _ = _split(text.replace("\r\n", "\n"))
    except BriefError:
        return False
    return values.get("quantumlayer") in {"brief", True}


def file_stem(file_name: str) -> str:
    """`x.brief.md` and `x.md` -> `x`; a file that is only called `brief.md` tells no name."""
    stem = re.sub(r"(\.brief)?\.(md|markdown|txt)$", "", file_name, flags=re.IGNORECASE)
    return "" if stem.lower() in {"brief", "readme", "prompt", ""} else stem


def derive_name(body: str) -> str:
    """A name from the brief's own words: its heading, the one file it is about, or its first sentence."""
    if (heading := _HEADING.search(body)) and (name := _from_words(heading[1])):
        return name
    first = re.split(r"[.!?:](?:\s|$)|\n\s*\n", body.strip(), maxsplit=1)[0]
    for stem in _FILE.findall(first):
        if stem.lower() not in _COMMON_FILES and not stem.startswith("test") and (name := safe_name(stem)):
            return name
    return _from_words(first) or "project-" + hashlib.sha256(body.encode()).hexdigest()[:6]


def safe_name(text: str) -> str:
    """`text` as a folder name for every platform, or an empty string if nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:40].strip("-_")
    try:
        return check_path(name) if name else ""
    except ValueError:
        return f"{name}-project"


def _readable(text: str) -> str:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise BriefError("the brief is not valid Unicode text", "Save it as UTF-8.") from error
    if size > MAX_BYTES:
        raise _too_large()
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t\f" for c in text):
        raise BriefError("the brief is not text: it has control characters", "Give a text or Markdown file.")
    return text


def _too_large() -> BriefError:
    step = "Say what matters; a brief of one page works best."
    return BriefError(f"the brief is larger than {MAX_BYTES // 1024} KB", step)


def _split(text: str) -> tuple[Mapping[str, Any], str]:
    """Front matter and body. A rule of `---` that nothing closes is part of the body."""
    from frontmatter.default_handlers import YAMLHandler

    handler = YAMLHandler()
    if not handler.detect(text):
        return {}, text
    try:
        written, body = handler.split(text)
    except ValueError:
        return {}, text
    return (_load(written), body) if written.strip() else ({}, body)


def _load(written: str) -> Mapping[str, Any]:
    from frontmatter.default_handlers import YAMLHandler
    from yaml import YAMLError  # type: ignore[import-untyped]

    step = "Write `key: value` lines between the two `---` lines."
    if len(written) > _MAX_FRONT_MATTER:
        raise BriefError(f"the front matter is larger than {_MAX_FRONT_MATTER // 1024} KB", step)
    try:
        values = YAMLHandler().load(written)
    except (YAMLError, ValueError, RecursionError) as error:
        problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
        where = f", in line {mark.line + 1}" if mark else ""
        raise BriefError(f"the front matter is not YAML: {problem or error}{where}", step) from error
    if not isinstance(values, dict):
        raise BriefError(f"the front matter is a {type(values).__name__}, not keys and values", step)
    _refuse_misspelt(values)
    return values


def _refuse_misspelt(values: Mapping[Any, Any]) -> None:
    """Other tools' keys are none of our business; one that is nearly ours is a mistake."""
    for key in values:
        close = difflib.get_close_matches(key, _KEYS, n=1, cutoff=_ALIKE) if isinstance(key, str) else []
        if key not in _KEYS and close:
            raise BriefError(f"the front matter has a key {reprlib.repr(key)}", f"Did you mean {close[0]}?")


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        # reprlib, because aliases let a few bytes of YAML stand for terabytes.
        kind, shown = type(value).__name__, reprlib.repr(value)
        raise BriefError(f"{key} in the front matter is {kind} {shown}, not text", "Put it in quotes.")
    return value.strip()


def _explicit_name(name: str) -> str:
    name = name.strip()
    try:
        if not name or (_NAME.fullmatch(name) and check_path(name)):
            return name
    except ValueError:
        pass
    hint = safe_name(name)
    step = "Use letters, digits, `-`, `_` and `.`" + (f", such as {hint}." if hint else ".")
    raise BriefError(f"{name!r:.80} cannot be the name of a project", step)


def _language(written: str) -> str:
    language = written.lower() or LANGUAGES[0]
    if language not in LANGUAGES:
        step = f"Leave `language` out, or write one of: {', '.join(LANGUAGES)}."
        raise BriefError(f"projects in {written!r:.60} cannot be generated yet", step)
    return language


def _constraints(value: object) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        step = "Write one text, or a list of texts; put texts with a colon in quotes."
        raise BriefError("constraints in the front matter is not a list of texts", step)
    return tuple(item.strip() for item in items if item.strip())


def _from_words(text: str) -> str:
    common = frozenset(_COMMON_WORDS.split())
    words = [word for word in re.findall(r"[^\W_]+", text) if word.lower() not in common]
    return safe_name("-".join(words[:4]))

"""Does every file parse: Python by compiling it, JSON (with comments too) and TOML by reading it."""

import io
import json
import re
import tokenize
import tomllib
import warnings
from typing import Any


def check(files: dict[str, str], languages: dict[str, str], compiled: bool = True) -> list[dict[str, Any]]:
    """With `compiled` false Python is read only as far as its encoding: its syntax is too new for us."""
    found = []
    for path, text in files.items():
        if problem := problem_in(text, languages[path], path, compiled):
            found.append({"path": path, **problem})
    return found


def problem_in(text: str, language: str, path: str = "", compiled: bool = True) -> dict[str, Any] | None:
    reader = _READERS[language]
    try:
        problem = _encoding(text) if reader is _python else None
        if problem is None and (compiled or reader is not _python):
            problem = reader(path, text)
    except RecursionError:
        problem = {"rule": "too-deep", "message": "nested too deeply to be read"}
    except MemoryError:
        problem = {"rule": "too-large", "message": "too large or too deeply nested to be read"}
    except ValueError:
        problem = {
            "rule": "unreadable",
            "message": "holds a value that cannot be read, such as a huge number",
        }
    return problem


def _encoding(text: str) -> dict[str, Any] | None:
    """What Python would run must be what is read here: a declared encoding can hide code in a comment."""
    content = text.encode("utf-8", "surrogatepass")
    try:
        name, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        same = content.decode(name).removeprefix("\ufeff") == text.removeprefix("\ufeff")
    except (SyntaxError, UnicodeError, LookupError) as error:
        return {"rule": "unreadable", "message": str(error)}
    if same:
        return None
    return {"rule": "other-encoding", "message": f"is UTF-8, but declares {name}, which reads other code"}


def _python(path: str, text: str) -> dict[str, Any] | None:
    if (nul := text.find("\0")) >= 0:
        return {"rule": "nul-byte", "message": "contains a NUL byte", "line": text.count("\n", 0, nul) + 1}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Bytes, so that a coding cookie counts as it will when the file is imported.
            compile(text.encode(), path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return {
            "rule": type(error).__name__,
            "message": error.msg or "invalid syntax",
            "line": error.lineno or 1,
            "column": (error.offset or 1) - 1,
            "end_line": error.end_lineno or error.lineno or 1,
            "end_column": (error.end_offset or error.offset or 1) - 1,
        }
    except (ValueError, LookupError) as error:
        return {"rule": "unreadable", "message": str(error)}
    return None


def _json(path: str, text: str) -> dict[str, Any] | None:
    try:
        json.loads(text, parse_int=str)  # of any length: to make numbers of them is not our business
    except json.JSONDecodeError as error:
        return {"rule": "invalid-json", "message": error.msg, "line": error.lineno, "column": error.colno - 1}
    return None


_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])')


def _jsonc(path: str, text: str) -> dict[str, Any] | None:
    """What editors allow in their own files: comments, and a comma behind the last item."""
    plain = _COMMENT.sub(lambda found: found[0] if found[0][0] == '"' else _blank(found[0]), text)
    return _json(path, _LAST_COMMA.sub(lambda found: found[0] if found[0][0] == '"' else " ", plain))


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def _toml(path: str, text: str) -> dict[str, Any] | None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return {"rule": "invalid-toml", "message": str(error), "line": _toml_line(str(error))}
    return None


def _toml_line(message: str) -> int:
    _, found, rest = message.partition("(at line ")
    return int(rest.split(",")[0]) if found else 1


_READERS = {"python": _python, "json": _json, "jsonc": _jsonc, "toml": _toml}

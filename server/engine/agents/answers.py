"""The grammar of answers.

An answer is one fenced block of code, or one JSON document; what is around it is ignored, and what
is missing is named, so that the next attempt can be told. Nothing here guesses: a refusal, prose,
a cut answer or an unsafe path raises AnswerError.
"""

import ast
import json
import re
from typing import Any

from ..errors import AnswerError
from ..llm.types import Answer
from ..python.syntax import parsed

_FENCE = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_REFUSAL = re.compile(
    r"^\W*(i'?m sorry|i am sorry|sorry,|i can'?t|i cannot|as an ai\b|i'?m unable)", re.IGNORECASE
)
_OMISSION = re.compile(
    r"^\s*(#|\.\.\.)\s*(\.\.\.|other (methods|functions|code)|"
    r"(the )?(rest of|remaining|existing)\b.*"
    r"\b(code|methods?|functions?|class(es)?|implementation|logic|file)\b|"
    r"same as (before|above)|unchanged|"
    r"(your|add|implement|todo)\b.*\b(here|code|implementation|logic)).*$",
    re.IGNORECASE | re.MULTILINE,
)


def read_code(answer: Answer, path: str) -> str:
    """The code for `path` in an answer.

    Raises AnswerError for a refusal, prose, an answer that was cut or that repeats itself, and for code
    that leaves something out with a comment in its place.
    """
    text = answer.text
    if answer.finish == "loop":
        raise AnswerError(
            "The answer repeated itself and was stopped.", "Write shorter code without repetition."
        )
    blocks = [match for match in _FENCE.finditer(text) if match[3].strip()]
    if not blocks:
        code = text if _parses(text) and not text.isspace() and text.strip() else ""
        if not code:
            raise AnswerError(_why_no_code(answer), "Answer with one code block only.")
        return code.strip() + "\n"
    block = _choose(blocks, path)
    if answer.finish == "length" and block.end() == len(text) and not text.rstrip().endswith(block[1]):
        raise AnswerError(
            "The answer was cut off before its end.", "Write shorter code: no comments, no docstrings."
        )
    code = _without_path_line(block[3], path).strip() + "\n"
    if omission := _OMISSION.search(code):
        line = omission[0].strip().splitlines()[0]
        raise AnswerError(f"The answer leaves out code: {line!r}.", "Write every line.")
    return code


def read_json(answer: Answer) -> Any:
    """The JSON document in an answer; raises AnswerError naming where it is broken."""
    if answer.finish in {"length", "loop"}:
        raise AnswerError("The JSON was cut off before its end.", "Answer with less text per field.")
    text = answer.text.strip()
    fenced = _FENCE.search(text)
    if fenced:
        text = fenced[3].strip()
    elif (start := text.find("{")) > 0:
        text = text[start : text.rfind("}") + 1]
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()  # Half a surrogate pair fits into no file.
        return value
    except (ValueError, RecursionError) as error:
        if not answer.text.strip() or _REFUSAL.match(answer.text):
            raise AnswerError(_why_no_code(answer), "Answer with one JSON document only.") from None
        raise AnswerError(
            f"The answer is not valid JSON: {error}.", "Answer with one JSON document only."
        ) from None


def dropped_names(before: str, after: str) -> tuple[str, ...]:
    """Functions, classes and methods defined in `before` that are missing in `after`."""
    return tuple(sorted(_defined(before) - _defined(after)))


def _choose(blocks: list["re.Match[str]"], path: str) -> "re.Match[str]":
    """The block that names the path, else the longest Python one, else the longest."""
    for block in blocks:
        if path in block[3].split("\n", 1)[0]:
            return block
    python = [block for block in blocks if block[2].lower() in {"python", "py", "python3"}]
    return max(python or blocks, key=lambda block: len(block[3]))


def _without_path_line(code: str, path: str) -> str:
    first, _, rest = code.lstrip("\n").partition("\n")
    return rest if first.strip(" #`:") in {path, path.rsplit("/", 1)[-1]} else code


def _why_no_code(answer: Answer) -> str:
    if not answer.text.strip():
        return "The answer was empty."
    if answer.finish == "refused" or _REFUSAL.match(answer.text):
        return "The model refused."
    return "The answer was prose, without any code."


def _parses(text: str) -> bool:
    if (tree := parsed(text)) is None:
        return False
    return any(not isinstance(node, ast.Expr) for node in tree.body)


def _defined(code: str) -> set[str]:
    if (tree := parsed(code)) is None:
        return set()
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            if isinstance(node, ast.ClassDef):
                names.update(
                    f"{node.name}.{inner.name}"
                    for inner in node.body
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                )
    return names

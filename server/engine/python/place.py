"""Places: which function, statement or comment of a file someone points at, and where its parts begin."""

import ast
import io
import re
import tokenize
from dataclasses import dataclass

from .syntax import parsed

Function = ast.FunctionDef | ast.AsyncFunctionDef
_DEF = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+\w+")
_BESIDE = ("abstractmethod", "overload")
_LEAST_WORDS = 3


@dataclass(frozen=True)
class Place:
    """A function or method. Lines are counted from zero; `end` is the line behind its last one."""

    name: str
    """`function`, or `Class.method`."""
    first: int
    """Its first line, decorators included."""
    begin: int
    """The line of its `def`."""
    body: int
    """The line behind its head and its docstring."""
    end: int
    indent: str
    """What its lines begin with."""
    is_stub: bool
    node: Function


def split(text: str) -> list[str]:
    """Lines with their ends, as Python counts them: a form feed ends no line."""
    return list(io.StringIO(text, newline=""))


def line_end(text: str) -> str:
    """What lines of the text end with."""
    return "\r\n" if "\r\n" in text[:2000] else "\n"


def function_at(text: str, line: int) -> Place | None:
    """The top-level function, or the method of a top-level class, around a line."""
    return next((place for place in functions(text) if place.first <= line < place.end), None)


def function_named(text: str, name: str) -> Place | None:
    """The last of that name: it is the one that counts."""
    return next((place for place in reversed(functions(text)) if place.name == name), None)


def functions(text: str) -> list[Place]:
    """Top-level functions and methods of top-level classes, in their order; none where it does not parse."""
    if (tree := parsed(text)) is None:
        return []
    lines = split(text)
    found = []
    for node in tree.body:
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for one in node.body if isinstance(node, ast.ClassDef) else (node,):
            if isinstance(one, Function):
                found.append(_place(one, owner, lines, pretended=_is_protocol(node)))
    return found


def with_pretended_body(text: str, line: int) -> str:
    """A text that does not parse because the head above or at the line has no body, with one: `...`.

    The text itself where that does not help.
    """
    if parsed(text) is not None:
        return text
    lines = split(text)
    for number in range(min(line, len(lines) - 1), max(line - 10, -1), -1):
        if not _DEF.match(lines[number]):
            continue
        end = _head_end(lines, number)
        head = "".join(lines[number:end]).rstrip()
        colon = "" if head.endswith(":") else ":"
        indent = " " * (len(lines[number]) - len(lines[number].lstrip()) + 4)
        new = f"{head}{colon}{line_end(text)}{indent}...{line_end(text)}"
        mended = "".join([*lines[:number], new, *lines[end:]])
        return mended if parsed(mended) is not None else text
    return text


def statement_at(text: str, line: int) -> tuple[int, int] | None:
    """First line and the line behind the top-level statement around a line, unless that is a class."""
    for node in tree.body if (tree := parsed(text)) is not None else ():
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))]) - 1
        if first <= line < (node.end_lineno or node.lineno):
            return None if isinstance(node, ast.ClassDef) else (first, node.end_lineno or node.lineno)
    return None


def comment_at(text: str, line: int) -> tuple[int, int] | None:
    """Lines of the comment around a line that asks for something: it stands alone at the margin, has some
    words, and an empty line or nothing stands below it. Comments about code stand above that code."""
    lines = split(text)
    if line >= len(lines) or not lines[line].startswith("#"):
        return None
    first = last = line
    while first and lines[first - 1].startswith("#"):
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].startswith("#"):
        last += 1
    if last + 1 < len(lines) and lines[last + 1].strip():
        return None
    words = re.findall(r"[A-Za-z]{2,}", comment_text(lines[first : last + 1]))
    inside = any(place.first <= line < place.end for place in functions(text))
    return None if lines[first].startswith("#!") or len(words) < _LEAST_WORDS or inside else (first, last + 1)


def comment_text(lines: list[str]) -> str:
    return "\n".join(line.strip().lstrip("#").strip() for line in lines)


def _place(node: Function, owner: str, lines: list[str], *, pretended: bool) -> Place:
    begin = node.lineno - 1
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1
    documented = ast.get_docstring(node, clean=False) is not None
    body = (node.body[0].end_lineno or 0) if documented else _head_end(lines, begin)
    if not documented and node.body[0].lineno - 1 < body:
        body = node.body[0].lineno - 1  # the body stands on the line of the head
    indent = lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())]
    return Place(
        name=owner + node.name,
        first=first,
        begin=begin,
        body=body,
        end=node.end_lineno or node.lineno,
        indent=indent,
        is_stub=not pretended and _is_stub(node, documented),
        node=node,
    )


def _is_protocol(node: ast.stmt) -> bool:
    """Its methods are meant to be empty."""
    bases = node.bases if isinstance(node, ast.ClassDef) else []
    return any(ast.unparse(base).split("[")[0].rsplit(".", 1)[-1] == "Protocol" for base in bases)


def _is_stub(node: Function, documented: bool) -> bool:
    """Whether nothing is written yet, and is meant to be."""
    if any(ast.unparse(one).rsplit(".", 1)[-1] in _BESIDE for one in node.decorator_list):
        return False
    body = node.body[1:] if documented else node.body
    return all(_says_nothing(one) for one in body)


def _says_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise) and node.exc is not None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return ast.unparse(raised) == "NotImplementedError"
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...
    )


def _head_end(lines: list[str], begin: int) -> int:
    """The line behind the head of the function that begins there."""
    depth = 0
    try:
        for token in tokenize.generate_tokens(iter(lines[begin:]).__next__):
            if token.type == tokenize.OP and token.string in "([{":
                depth += 1
            elif token.type == tokenize.OP and token.string in ")]}":
                depth -= 1
            elif (token.string == ":" and not depth) or token.type == tokenize.NEWLINE:
                return begin + token.end[0]
    except (tokenize.TokenError, SyntaxError, StopIteration):
        pass
    return begin + 1

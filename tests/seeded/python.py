"""Python: modules of the standard library, broken by one edit each."""

import ast
import re
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from .defects import SECRETS, Edit, Kind, Language, Ways, appended

MODULES = (
    *("textwrap", "fnmatch", "shlex", "configparser", "calendar", "string", "heapq", "graphlib", "sched"),
    *("netrc", "cmd", "queue", "colorsys", "statistics"),
)
Found = Iterator[tuple[ast.AST, str]]
"""A node that lies in one line, and what to put in its place."""


def _on_nodes(replaced: Callable[[ast.Module, Callable[[ast.AST], str]], Found]) -> Ways:
    def ways(text: str) -> Iterator[Edit]:
        tree, lines = ast.parse(text), text.split("\n")

        def source(node: ast.AST) -> str:
            return lines[node.lineno - 1][node.col_offset : node.end_col_offset]  # type: ignore[attr-defined]

        for node, new in replaced(tree, source):
            row = node.lineno - 1  # type: ignore[attr-defined]
            if node.end_lineno == node.lineno and lines[row].isascii():  # type: ignore[attr-defined]
                yield Edit(row, node.col_offset, node.end_col_offset, new)  # type: ignore[attr-defined]

    return ways


def _on_lines(pattern: str, new: str) -> Ways:
    def ways(text: str) -> Iterator[Edit]:
        code = _code_lines(text)
        for row, line in enumerate(text.split("\n")):
            if row in code and (found := re.search(pattern, line)):
                yield Edit(row, found.start(), found.end(), found.expand(new))

    return ways


def _code_lines(text: str) -> set[int]:
    """Lines on which a statement begins: no docstrings."""
    return {
        node.lineno - 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    }


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


# -- style ------------------------------------------------------------------------------------


def _typo(tree: ast.Module, source: Callable[[ast.AST], str]) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and len(node.id) > 3:
            yield node, node.id[:-2] + node.id[-1] + node.id[-2] + "x"


def _compared_by_is(tree: ast.Module, source: Callable[[ast.AST], str]) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.comparators[0], ast.Constant):
            value = node.comparators[0].value
            if isinstance(node.ops[0], ast.Eq) and isinstance(value, str | int) and len(node.ops) == 1:
                yield node, f"{source(node.left)} is {source(node.comparators[0])}"


def _hollow(text: str) -> Iterator[Edit]:
    """A function's only statement, or its last line of several, gone."""
    lines = text.split("\n")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and len(node.body) == 1 and isinstance(node.body[0], ast.Return):
            only = node.body[0]
            if only.lineno == only.end_lineno:
                yield Edit(only.lineno - 1, only.col_offset, len(lines[only.lineno - 1]), "pass")


# -- types ------------------------------------------------------------------------------------


def _attribute(tree: ast.Module, source: Callable[[ast.AST], str]) -> Found:
    """A misspelt function of an imported module."""
    modules = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
        if "." not in alias.name
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield node, f"{node.value.id}.{node.attr}d"


def _method(tree: ast.Module, source: Callable[[ast.AST], str]) -> Found:
    """A misspelt method of a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Constant | ast.JoinedStr):
            yield node, f"{source(node.value)}.{node.attr}s"


def _too_many(tree: ast.Module, source: Callable[[ast.AST], str]) -> Found:
    fixed = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and not (node.args.vararg or node.args.kwarg or node.args.defaults)
    }
    for node in _calls(tree):
        if getattr(node.func, "id", "") in {*fixed, "len", "isinstance"} and node.args:
            yield node, f"{source(node)[:-1]}, 1, 2, 3)"


def _keyword(tree: ast.Module, source: Callable[[ast.AST], str]) -> Found:
    for node in _calls(tree):
        if getattr(node.func, "id", "") in {"len", "isinstance", "open", "sorted", "enumerate", "max"}:
            yield node, f"{source(node)[:-1]}, colour=1)"


def _added(tree: ast.Module, source: Callable[[ast.AST], str]) -> Found:
    for node in _calls(tree):
        if getattr(node.func, "id", "") == "len":
            yield node, f"({source(node)} + 'x')"


# -- the list ---------------------------------------------------------------------------------

SYNTAX = (
    Kind("no_colon", "syntax", _on_lines(r"^(\s*(?:if|def|for|while|class)\b.*):$", r"\1")),
    Kind("open_bracket", "syntax", _on_lines(r"^(\s*\w[^#'\"]*\([^#'\"()]*)\)$", r"\1")),
    Kind("open_text", "syntax", _on_lines(r"^([^'\"#]*)(['\"])([^'\"#\\]+)\2([^'\"]*)$", r"\1\2\3\4")),
    Kind("misspelt_keyword", "syntax", _on_lines(r"^(\s*)return (?=\w)", r"\1retrun ")),
    Kind("assigned_in_if", "syntax", _on_lines(r"^(\s*if \w+) == ", r"\1 = ")),
    Kind("wrong_indent", "syntax", _on_lines(r"^(    )(    )+(?=\w)", r"\1\2 ")),
    Kind("no_comma", "syntax", _on_lines(r"^(\s*\w[^#'\"]*\w), (\w+\)?)$", r"\1 \2")),
)
EDITS = (
    Kind("misspelt_name", "style", _on_nodes(_typo)),
    Kind("compared_by_is", "style", _on_nodes(_compared_by_is)),
    Kind("hollow_function", "style", _hollow),
    Kind("misspelt_attribute", "types", _on_nodes(_attribute)),
    Kind("misspelt_method", "types", _on_nodes(_method)),
    Kind("too_many_arguments", "types", _on_nodes(_too_many)),
    Kind("unknown_keyword", "types", _on_nodes(_keyword)),
    Kind("number_and_text", "types", _on_nodes(_added)),
)


def _additions() -> Iterator[Kind]:
    """What is put at a file's end, from a text with a heading of stage and kind for each."""
    text = Path(__file__).with_name("python_additions.txt").read_text(encoding="utf-8")
    for name, secret in SECRETS.items():
        text = text.replace(f"@{name}@", secret)
    for part in text.split("## ")[1:]:
        heading, _, code = part.partition("\n")
        stage, kind = heading.split()
        yield Kind(kind, stage, appended(*code.rstrip("\n").split("\n")))


def _harmless() -> tuple[tuple[Kind, ...], str]:
    every = tuple(_additions())
    (plain,) = (kind for kind in every if kind.stage == "none")
    (edit,) = plain.ways("")
    return tuple(kind for kind in every if kind is not plain), edit.text


def _fits(text: str, stage: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(text, "seeded", "exec", dont_inherit=True)
    except SyntaxError:
        return stage == "syntax"
    return stage != "syntax"


def python() -> Language:
    folder = Path(sysconfig.get_path("stdlib"))
    files = {f"{name}.py": (folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES}
    additions, harmless = _harmless()
    return Language("python", files, (*SYNTAX, *EDITS, *additions), _fits, harmless)

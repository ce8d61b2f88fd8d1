"""Checks: one call and what must come of it, small enough to be run, counted and dropped for itself.

A model's check can be wrong, so each carries whether it is *anchored*: every telling value in it stands in
the brief. Checks become test functions; `tests_for_people` turns those one keeps into a file for people.
"""

import ast
import builtins
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..brief.excerpt import items
from ..types import Value
from .examples import examples_in

_HELPERS = {
    "pytest": "import pytest",
    "json": "import json",
    "math": "import math",
    "sys": "import sys",
    "datetime": "from datetime import datetime",
    "timedelta": "from datetime import timedelta",
    "date": "from datetime import date",
    "Path": "from pathlib import Path",
}
"""What a check may use besides the code under test, and how it comes by it."""
_FIXTURES = ("tmp_path", "client")
"""What pytest gives a check that names it."""
_HARMLESS = {*_HELPERS, "tmp_path"}
_MOST_STATEMENTS = 12
_MOST_ALIKE = 4
_MOST_GROWN = 2
_REACHES_ALL = {"run", "get", "post", "put", "patch", "delete"}
"""Calls that reach the whole program, so that no part of the brief need name them."""


class TestBed(Value):
    __test__ = False  # for pytest: this is no test

    """What every check of a project shares: imports, helpers, and the names they bring."""

    shared: str
    names: tuple[str, ...]
    """Names of the code under test, and of helpers that reach it."""


class Check(Value):
    name: str
    body: tuple[str, ...]
    """Statements; the last one asserts."""
    anchored: bool
    covers: tuple[str, ...]
    """Names of the code under test that it uses."""

    @property
    def key(self) -> str:
        return hashlib.sha256("\n".join(self.body).encode()).hexdigest()[:12]

    @property
    def code(self) -> str:
        used, bound = _names(self.body)
        fixtures = ", ".join(name for name in _FIXTURES if name in used - bound)
        # Put together as syntax, not as text: a string of several lines must not be indented.
        (function,) = ast.parse(f"def {self.name}({fixtures}): ...").body
        assert isinstance(function, ast.FunctionDef)
        function.body = ast.parse("\n".join(self.body)).body
        return ast.unparse(function)


def wanted(check: Check) -> str:
    """What the check asks for, in words that are a line of a list."""
    (last,) = ast.parse(check.body[-1]).body
    if isinstance(last, ast.With):
        raised = last.items[0].context_expr
        error = ast.unparse(raised.args[0]) if isinstance(raised, ast.Call) and raised.args else "an error"
        text = f"`{ast.unparse(last.body[-1])}` must raise {error}"
    elif isinstance(last, ast.Assert) and isinstance(last.test, ast.Compare) and len(last.test.ops) == 1:
        left, right = ast.unparse(last.test.left), ast.unparse(last.test.comparators[0])
        equal = isinstance(last.test.ops[0], ast.Eq | ast.Is)
        text = f"`{left}` must be `{right}`" if equal else f"`{ast.unparse(last.test)}` must hold"
    else:
        text = f"`{check.body[-1].removeprefix('assert ')}` must hold"
    before = "; ".join(check.body[:-1])
    return f"after `{before}`, {text}" if before else text


def read_checks(bed: TestBed, brief: str, code: str) -> Iterator[Check]:
    """Checks out of lines of assertions, and of test functions if there are any.

    Each assertion becomes one check. What was assigned before it comes along, and so do earlier assertions
    as plain calls, because what they call may have changed something. Whatever does not parse, tests nothing
    of the code or needs a name that nobody gives is left out.
    """
    for block in _blocks(code):
        before: list[ast.stmt] = []
        for statement in map(_as_printed, map(_expecting_the_error, block)):
            if _asserts(statement):
                if (check := _check(bed, brief, [*before, statement])) is not None:
                    yield check
                if before and isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Compare):
                    left = statement.test.left
                    if any(isinstance(node, ast.Call) for node in ast.walk(left)):
                        before.append(ast.Expr(value=left))
            elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                before.append(statement)


def _check(bed: TestBed, brief: str, statements: Sequence[ast.stmt]) -> Check | None:
    if len(statements) > _MOST_STATEMENTS:
        return None
    body = tuple(ast.unparse(statement) for statement in statements)
    used, bound = _names(body)
    covers = tuple(name for name in bed.names if name in used)
    if not _tests_something(statements, bed) or not used <= {*bed.names, *bound, *_HARMLESS, *dir(builtins)}:
        return None
    check = Check(name="", body=body, anchored=_anchored(body, brief), covers=covers)
    subject = next((name for name in covers if name in body[-1]), covers[0])
    return check.model_copy(update={"name": f"test_{subject.lower()}_{check.key}"})


def examples(bed: TestBed, brief: str) -> Iterator[Check]:
    """Checks that stand in the brief word for word."""
    for code in examples_in(brief):
        for check in read_checks(bed, brief, code):
            yield check.model_copy(update={"anchored": True})


def varied(checks: Iterable[Check]) -> Iterator[Check]:
    """Leaves out what a model writes that cannot stop: one call over and over, with other numbers, or with
    a text that grows each time."""
    seen: Counter[str] = Counter()
    before, grown = "", 0
    for check in checks:
        shape = re.sub(r"-?\d+(\.\d+)?", "0", check.body[-1])
        text = _longest_text(check.body[-1])
        grown = grown + 1 if before and text.startswith(before) else 0
        before = text
        seen[shape] += 1
        if seen[shape] <= _MOST_ALIKE and grown < _MOST_GROWN:
            yield check


def _longest_text(line: str) -> str:
    nodes = ast.walk(ast.parse(line))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return max(texts, key=len, default="")


def tests_for_people(bed: TestBed, checks: Sequence[Check]) -> str:
    """A test file with one function per check, in the order of what they test."""
    ordered = sorted(checks, key=lambda check: check.name.rsplit("_", 1)[0])
    numbered: dict[str, int] = {}
    functions = []
    for check in ordered:
        subject = check.name.rsplit("_", 1)[0]
        numbered[subject] = numbered.get(subject, 0) + 1
        functions.append(check.model_copy(update={"name": f"{subject}_{numbered[subject]}"}).code)
    return "\n\n\n".join([_needed(bed.shared, functions), *functions]) + "\n"


def working_module(bed: TestBed, checks: Sequence[Check]) -> str:
    """The same with the checks' own names, so that outcomes can be told apart."""
    functions = [check.code for check in checks]
    return "\n\n\n".join([_with_helpers(bed.shared, functions), *functions]) + "\n"


def _needed(shared: str, functions: Sequence[str]) -> str:
    """The shared part, without what no function uses and with what one uses besides."""
    nodes = ast.parse(_with_helpers(shared, functions)).body
    helpers = [ast.unparse(node) for node in nodes if not isinstance(node, ast.Import | ast.ImportFrom)]
    text = "\n".join([*functions, *helpers])
    kept = []
    for node in nodes:
        names = (
            [a.asname or a.name for a in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        )
        if not names or any(re.search(rf"\b{re.escape(name)}\b", text) for name in names):
            kept.append(ast.unparse(node))
    return "\n".join(kept)


def _with_helpers(shared: str, functions: Sequence[str]) -> str:
    """Imports that nobody gave, for what the functions use of `_HELPERS`."""
    used, _ = _names(functions)
    _, given = _names((shared,))
    lines = [line for name, line in _HELPERS.items() if name in used - given]
    return "\n".join([*lines, shared])


def _blocks(code: str) -> Iterator[list[ast.stmt]]:
    """The statements that run one after the other: those at the top, and those of each test function.

    One that posts nothing to an API reads what earlier ones have posted: models tell one story in several.
    """
    lines = code.splitlines()
    for cut in range(len(lines), 0, -1):  # an answer that was cut is worth what came before the cut
        try:
            tree = ast.parse("\n".join(lines[:cut]))
            break
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    else:
        return
    yield tree.body
    made: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            posts = [statement for statement in node.body if ".post(" in ast.unparse(statement)]
            yield node.body if posts else [*made, *node.body]
            made += [statement for statement in posts if not _asserts(statement)]


def _asserts(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    return isinstance(node, ast.With) and ast.unparse(node.items[0].context_expr).startswith("pytest.raises")


def _expecting_the_error(node: ast.stmt) -> ast.stmt:
    """`assert f("") == ValueError` is how small models write that a call raises."""
    if (
        isinstance(node, ast.Assert)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Call)
        and (error := _error_named(node.test.comparators[0]))
    ):
        return ast.parse(f"with pytest.raises({error}):\n    {ast.unparse(node.test.left)}").body[0]
    return node


def _error_named(node: ast.expr) -> str:
    """`ValueError`, or `pytest.raises(ValueError)`, whose comparison with anything says nothing."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.raises" and node.args:
        return ast.unparse(node.args[0])
    if isinstance(node, ast.Name) and (node.id.endswith("Error") or _is_error(node.id)):
        return node.id
    return ""


class _Printed(ast.NodeTransformer):
    """Small models forget the newline that a printed line ends with, as often as not, and that a number is
    text once it is printed."""

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Attribute) and side.attr in {"stdout", "stderr"} for side in sides):
            for side in sides:
                if isinstance(side, ast.Constant) and isinstance(side.value, str):
                    side.value = side.value.rstrip("\n")
                elif isinstance(side, ast.Constant) and isinstance(side.value, int | float):
                    side.value = str(side.value)
        return node


def _as_printed(node: ast.stmt) -> ast.stmt:
    """What `run` gives is text without a newline at its end, so what is expected of it is too."""
    return _Printed().visit(node) if isinstance(node, ast.Assert) else node


def _is_error(name: str) -> bool:
    known = getattr(builtins, name, None)
    return isinstance(known, type) and issubclass(known, BaseException)


def _names(body: Sequence[str]) -> tuple[set[str], set[str]]:
    """Names that are read, and names that are bound."""
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(ast.parse("\n".join(body))):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return used, bound


def _tests_something(statements: Sequence[ast.stmt], bed: TestBed) -> bool:
    """Whether what is asserted comes from the code under test, or was given to it."""
    theirs = set(bed.names)
    for statement in statements[:-1]:
        used, bound = _names((ast.unparse(statement),))
        theirs |= bound | used if used & theirs else set()
    return bool(_names((ast.unparse(statements[-1]),))[0] & theirs)


def _anchored(body: Sequence[str], brief: str) -> bool:
    """Whether one paragraph or list item of the brief is about what is called and has every telling value.

    Telling are texts of two characters or more, numbers above 2, and the name of an error that is expected;
    an error's name alone is not enough.
    """
    telling: list[str] = []
    called: set[str] = set()
    for node in ast.walk(ast.parse("\n".join(body))):
        if isinstance(node, ast.Call):
            called |= {
                inner.attr if isinstance(inner, ast.Attribute) else inner.id for inner in _callee(node)
            }
        if isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, str) and len(value.strip()) > 1:
                telling.append(value.strip())
            elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > 2:
                telling.append(str(value))
    called.discard("raises")
    if not telling:
        return False
    if error := re.match(r"with pytest\.raises\((\w+)", body[-1]):
        telling.append(error[1])
    return any(
        (called & _REACHES_ALL or any(_mentions(item, name) for name in called))
        and all(_mentions(item, text) for text in telling)
        for item in items(brief)
    )


def _callee(call: ast.Call) -> tuple[ast.Attribute | ast.Name, ...]:
    return (call.func,) if isinstance(call.func, ast.Attribute | ast.Name) else ()


def _mentions(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None

"""Docstrings come from the brief, and the code stays what it was."""

import ast

from quantumlayer.engine.python.documented import documented

BRIEF = """A class `Box` with the methods below. A Box holds numbers.

`Box()` has the methods
- `put(x)`: stores a number; "`x`" may be `\\n`. It returns nothing.
- `total()` returns the sum.

`empty(box)` tells whether a box is empty. It raises TypeError for anything else.
"""
INTERFACE = ("class Box", "Box.put(x)", "Box.total()", "def empty(box)")
CODE = '''class Box:
    def __init__(self):
        self.numbers = []

    @staticmethod
    def other():
        return 1

    def put(self, x):
        self.numbers.append(x)

    def total(self):
        """Mine."""
        return sum(self.numbers)


def empty(box): return not box.numbers


def helper():
    return 2
'''


def without_docstrings(code: str) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.unparse(tree)


def test_the_first_sentence_about_each_name_is_its_docstring() -> None:
    tree = ast.parse(documented(CODE, INTERFACE, BRIEF))
    (box, _, helper) = tree.body
    said = {node.name: ast.get_docstring(node) for node in ast.walk(box) if isinstance(node, ast.FunctionDef)}
    assert said == {
        "__init__": None,
        "other": None,
        "put": "`put(x)`: stores a number.",
        "total": "Mine.",
    }
    assert isinstance(box, ast.ClassDef)
    assert isinstance(helper, ast.FunctionDef)
    assert ast.get_docstring(box) == "A class `Box` with the methods below."
    assert ast.get_docstring(helper) is None


def test_nothing_but_docstrings_is_added() -> None:
    assert without_docstrings(documented(CODE, INTERFACE, BRIEF)) == without_docstrings(CODE)


def test_quotes_and_backslashes_of_a_brief_do_no_harm() -> None:
    brief = 'The function `f(x)` splits at `\\n` and at """ and never \\'
    code = documented("def f(x):\n    return x\n", ("def f(x)",), brief)
    (node,) = ast.parse(code).body
    assert isinstance(node, ast.FunctionDef)
    assert (ast.get_docstring(node) or "").startswith("The function `f(x)` splits at `\\n`")


def test_broken_code_stays_as_it_is() -> None:
    assert documented("def f(:", ("def f(x)",), "`f(x)` is") == "def f(:"

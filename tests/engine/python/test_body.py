"""A body comes to where it belongs; the user's own text stays to the letter."""

import ast

import pytest
from quantumlayer.engine.python.body import answered, body_text, with_body, with_company, with_lines
from quantumlayer.engine.python.place import function_named

FILE = '''\
"""A module."""
import os


class Box:

    def   size( self,  # odd, and the user's own
              unit = 'cm' ):
        """How large.

        >>> 1
        """
        pass


def after():   return 1
'''


def put(text: str, name: str, code: str) -> str:
    place, answer = function_named(text, name), answered(code, name)
    assert place is not None
    assert answer is not None
    done = with_body(text, place, body_text(answer))
    return done and with_company(text, done, name, answer, {}, "mod.py", ())


def test_only_the_body_changes() -> None:
    done = put(
        FILE, "Box.size", "class Box:\n    def size(self, unit='m'):\n        # why\n        return 3\n"
    )
    assert done == FILE.replace("        pass\n", "        # why\n        return 3\n")


def test_an_answer_without_the_class_will_do() -> None:
    done = put(FILE, "Box.size", 'def size(self, unit="cm"):\n    """Other words."""\n    return 3\n')
    assert done == FILE.replace("        pass\n", "        return 3\n")


def test_imports_and_helpers_that_are_used_come_along_and_others_do_not() -> None:
    code = (
        "import os\nimport re\nimport sys\n\n\n"
        "def _helper(x):\n    return re.sub('a', 'b', x)\n\n\n"
        "def after():\n    return _helper('a') + os.sep\n"
    )
    done = put(FILE, "after", code)
    assert "import os\nimport re\n" in done
    assert "import sys" not in done
    assert done.index("def _helper") < done.index("def after")
    assert done.count("import os") == 1
    assert "def   size( self,  # odd, and the user's own" in done


def test_what_the_answer_forgot_to_import_is_imported() -> None:
    done = put(FILE, "after", "def after():\n    return Counter('aab')\n")
    assert "from collections import Counter\n" in done


def test_a_body_on_the_line_of_its_head_gets_lines_of_its_own() -> None:
    done = put(FILE, "after", "def after():\n    return 2\n")
    assert done.endswith("def after():\n    return 2\n")


@pytest.mark.parametrize("text", ["def f():\n\tpass\n", "def f():\n  pass\n", "def f():\r\n    pass\r\n"])
def test_indentation_and_line_ends_are_the_files_own(text: str) -> None:
    done = put(text, "f", "def f():\n    if 1:\n        return 2\n")
    lines = done.split("\n")
    margin = text.split("\n")[1].split("p")[0]
    assert lines[1].rstrip("\r") == f"{margin}if 1:"
    assert ("\r\n" in text) == all(line.endswith("\r") for line in lines[:-1])
    assert ast.dump(ast.parse(done)) == ast.dump(ast.parse("def f():\n    if 1:\n        return 2\n"))


def test_a_text_of_several_lines_keeps_what_it_says() -> None:
    code = 'def after():\n    return """one\n  two\n"""\n'
    done = put(FILE, "after", code)
    space: dict[str, object] = {}
    exec(done, space)
    assert space["after"]() == "one\n  two\n"  # type: ignore[operator]


def test_no_line_end_at_the_end_of_the_file() -> None:
    assert put("def f():\n    pass", "f", "def f():\n    return 1\n") == "def f():\n    return 1\n"


def test_lines_go_behind_the_imports_or_behind_the_docstring() -> None:
    assert with_lines('"""Words."""\n\nx = 1\n', ["import re"]) == '"""Words."""\n\nimport re\n\nx = 1\n'
    assert with_lines("from __future__ import annotations\nx = 1\n", ["import re"]).startswith(
        "from __future__ import annotations\nimport re\n"
    )
    assert with_lines("x = 1\n", ["import re"]) == "import re\n\n\nx = 1\n"

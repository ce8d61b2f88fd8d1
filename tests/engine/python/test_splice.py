"""Splicing: the target is new, and everything else of the file is as it was."""

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantumlayer.engine.errors import AnswerError
from quantumlayer.engine.python.splice import enclosing, keep, splice, stub_of

FILE = '''\
"""A module."""

from __future__ import annotations

import functools

RATE = 2


@functools.cache
def one(x: int) -> int:
    """One."""
    return x


class Box:
    """A box."""

    size = 1

    def get(self) -> int:
        return self.size

    @property
    def double(self) -> int:
        return self.size * RATE


def two() -> int:  # a comment that stays
    return one(1) + 1
'''
GUARD = '\n\nif __name__ == "__main__":\n    print(two())\n'


def parts(code: str) -> dict[str, str]:
    """Each definition and each other statement of a file, methods for themselves, by name."""
    found: dict[str, str] = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                found[f"{node.name}.{getattr(inner, 'name', ast.unparse(inner))}"] = ast.dump(inner)
        else:
            found[getattr(node, "name", ast.unparse(node))] = ast.dump(node)
    return found


def changed(before: str, after: str) -> set[str]:
    old, new = parts(before), parts(after)
    return {name for name in old | new if old.get(name) != new.get(name)}


@pytest.mark.parametrize("ending", ["", GUARD], ids=["plain", "with a guard"])
@pytest.mark.parametrize(
    ("target", "snippet"),
    [
        ("two", "def two() -> int:\n    return 3\n"),
        ("one", "@functools.cache\ndef one(x: int) -> int:\n    return x + 0\n"),
        ("Box", "class Box:\n    size = 1\n    def get(self): return 7\n"),
        ("Box.get", "class Box:\n    def get(self) -> int:\n        if self.size:\n            return 7\n\n"),
        ("Box.get", "def get(self) -> int:\n    return 7\n"),
        ("Box.double", "class Box:\n    @property\n    def double(self) -> int:\n        return 7\n"),
    ],
)
def test_only_the_target_changes(target: str, snippet: str, ending: str) -> None:
    after = splice(FILE + ending, snippet, target)
    names = {"Box.get", "Box.double", "Box.'A box.'"} if target == "Box" else {target}
    assert changed(FILE + ending, after) <= names
    assert changed(FILE + ending, after)
    assert "# a comment that stays" in after or target == "two"


def test_decorators_are_replaced_with_their_function() -> None:
    after = splice(FILE, "def one(x: int) -> int:\n    return x\n", "one")
    assert "@functools.cache" not in after


def test_what_the_snippet_repeats_of_the_file_is_ignored() -> None:
    snippet = "import functools\nRATE = 99\n\ndef one(x):\n    return 99\n\ndef two() -> int:\n    return 3\n"
    assert changed(FILE, splice(FILE, snippet, "two")) == {"two"}


@pytest.mark.parametrize("ending", ["", GUARD], ids=["plain", "with a guard"])
@pytest.mark.parametrize("target", ["two", "Box.get"])
def test_helpers_imports_and_constants_come_along_and_the_file_still_runs(ending: str, target: str) -> None:
    body = "    return _helper() + len(re.findall('a', LETTERS))\n"
    head = "import re\nfrom os import path\n\nLETTERS = 'banana'\n\ndef _helper() -> int:\n    return 4\n\n"
    function = f"def two() -> int:\n{body}"
    method = f"class Box:\n    def get(self) -> int:\n    {body}"
    after = splice(FILE + ending, head + (function if target == "two" else method), target)

    assert changed(FILE + ending, after) == {
        *(target, "_helper", "import re", "from os import path", "LETTERS = 'banana'")
    }
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec(compile(after, "spliced", "exec"), namespace)
    got = eval("two() if target == 'two' else Box().get()", namespace, {"target": target})
    assert got == 7
    assert ast.get_docstring(ast.parse(after)) == "A module."


def test_a_method_the_class_did_not_have_is_added_to_it() -> None:
    after = splice(FILE, "class Box:\n    def put(self) -> None:\n        self.size = 2\n", "Box.put")
    assert changed(FILE, after) == {"Box.put"}


def test_a_method_of_the_same_name_in_another_class_is_left_alone() -> None:
    file = FILE + "\n\nclass Bag:\n    def get(self) -> int:\n        return 0\n"
    assert changed(
        file, splice(file, "class Bag:\n    def get(self) -> int:\n        return 9\n", "Bag.get")
    ) == {"Bag.get"}


@pytest.mark.parametrize(
    ("target", "snippet"),
    [
        ("two", "def three(): ...\n"),
        ("two", "x = 1\n"),
        ("Box.get", "def other(self): ...\n"),
        ("Crate.get", "class Crate:\n    def get(self): ...\n"),
        ("missing", "def missing(): ...\n"),
        ("two", "def two(:\n"),
        ("two", ""),
    ],
)
def test_a_snippet_without_the_target_is_refused(target: str, snippet: str) -> None:
    with pytest.raises(AnswerError, match=target.rsplit(".", 1)[-1]):
        splice(FILE, snippet, target)


def test_a_stub_shows_the_head_and_the_rest_of_the_file_without_it() -> None:
    stub = stub_of(FILE, "Box.double", lambda indent: f'{indent}"""Twice the size."""')
    assert stub.splitlines() == [
        "class Box:",
        "    @property",
        "    def double(self) -> int:",
        '        """Twice the size."""',
    ]
    assert stub_of(FILE, "missing", str) == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("@functools.cache", "one"),
        ("return x", "one"),
        ("return self.size\n", "Box.get"),
        ("size = 1", "Box"),
    ],
)
def test_a_line_is_found_in_its_function(text: str, name: str) -> None:
    line = FILE[: FILE.index(text)].count("\n") + 1
    assert enclosing(FILE, line) == name
    assert enclosing(FILE, 5) == ""


# -- any file ----------------------------------------------------------------------------------

_NAMES = ("alpha", "beta", "gamma", "delta")
_BODY = st.sampled_from(
    [
        "return 1",
        "x = 1\nreturn x",
        'return """a\n  text\n"""',
        "# a comment\npass",
        'return f"a\\n{x}\\n  b"',
        '"""Several.\n\n    Lines.\n    """\nreturn 1',
        '"""Documented."""\nreturn "\\n"',
        "if x:\n    return [\n        1,\n    ]\nreturn None",
        "def inner():\n    return 2\n\nreturn inner()",
    ]
)
_DECORATOR = st.sampled_from(["", "@staticmethod\n", "@cache\n@wraps(\n    f,\n)\n"])
_OTHER = st.sampled_from(
    ["import os", "LIMIT = 3", "# only a comment", "for i in range(3):\n    print(i)", "if LIMIT:\n    X = 1"]
)


@st.composite
def functions(draw: st.DrawFn, name: str) -> str:
    head = draw(st.sampled_from(["def", "async def"]))
    return f"{draw(_DECORATOR)}{head} {name}(x=0):\n{textwrap.indent(draw(_BODY), '    ')}"


@st.composite
def modules(draw: st.DrawFn) -> str:
    pieces = [draw(functions(name)) for name in draw(st.permutations(_NAMES[:3]))]
    methods = [draw(functions(name)) for name in draw(st.permutations(_NAMES[:2]))]
    pieces.append("class Home:\n" + textwrap.indent("\n\n".join(methods), "    "))
    pieces += draw(st.lists(_OTHER, max_size=3))
    gap = draw(st.sampled_from(["\n", "\n\n", "\n\n\n"]))
    if draw(st.booleans()):
        pieces.append(GUARD.strip())
    head = draw(st.sampled_from(["", '"""A module."""\n', "from __future__ import annotations\n"]))
    return head + gap.join(draw(st.permutations(pieces))) + "\n"


@given(modules(), st.sampled_from(["alpha", "gamma", "Home.alpha", "Home.beta"]), st.data())
def test_in_any_file_nothing_else_changes(file: str, target: str, data: st.DataObject) -> None:
    name = target.rsplit(".", 1)[-1]
    snippet = data.draw(functions(name))
    if "." in target:
        snippet = f"class Home:\n{textwrap.indent(snippet, '    ')}"
    helper = data.draw(st.sampled_from(["", "import re\n\n", "def _helper(): ...\n\n"]))
    after = splice(file, helper + snippet, target)
    assert changed(file, after) <= {target, *parts(helper)}
    assert set(parts(helper)) <= set(parts(after))
    assert parts(after)[target] == parts(snippet)[target]


def test_given_functions_stay_as_they_are_given() -> None:
    given = 'def twice(n):\n    """Twice."""\n    return n + n  # not n * 2'
    file = "import os\n\n\ndef twice(n):\n    return n * 2\n\n\ndef more():\n    return twice(os.getpid())\n"
    assert keep(file, {"twice": given}) == file.replace("def twice(n):\n    return n * 2", given)


def test_given_functions_that_were_left_out_come_back() -> None:
    kept = keep(
        'import os\n\nX = os.sep\n\nif __name__ == "__main__":\n    print(X)\n',
        {"f": "def f():\n    return 1"},
    )
    assert ast.unparse(ast.parse(kept)).splitlines() == [
        "import os",
        "",
        "def f():",
        "    return 1",
        "X = os.sep",
        "if __name__ == '__main__':",
        "    print(X)",
    ]


def test_nothing_is_kept_in_what_is_no_python() -> None:
    assert keep("def (", {"f": "def f(): ..."}) == "def ("


def test_given_methods_stay_as_they_are_given() -> None:
    given = 'def add(self, n):\n    """Adds."""\n    self.total += n  # as it is'
    file = (
        "class Till:\n    def add(self, n):\n        pass\n\n    def empty(self):\n        self.total = 0\n"
    )
    kept = keep(file, {"Till.add": given, "Gone.add": given})
    assert kept == file.replace(
        "    def add(self, n):\n        pass",
        '    def add(self, n):\n        """Adds."""\n        self.total += n  # as it is',
    )


def test_given_methods_that_were_left_out_come_back_with_their_texts() -> None:
    deep = 'def shown(self):\n        return """\na\n"""'
    kept = keep("class Till:\n    total = 0\n\n\nX = 1\n", {"Till.shown": "    " + deep})
    assert [node.name for node in ast.parse(kept).body[0].body[1:]] == ["shown"]
    assert "    " + deep in kept

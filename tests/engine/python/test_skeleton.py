"""The skeleton: a file's interface as code that parses, under the brief's own words."""

import ast

from quantumlayer.engine.agents.settle import settle
from quantumlayer.engine.brief.traits import measure
from quantumlayer.engine.python.skeleton import skeleton
from quantumlayer.engine.types import Brief, Plan

SHOP = """Build a package `shop` with the files `shop/errors.py`, `shop/crate.py` (class Crate),
`shop/store.py` (class Store) and `shop/__init__.py`.

Errors: `ShopError`, with the subclasses `TooHeavy` and `Unknown`. A TooHeavy error has an attribute
`limit`: the greatest weight.

A Crate has the attributes number and weight. `Store(limit)` has the methods
- `put(weight)`: stores a new crate and returns it.
- `take(number)` and `look(number)`: give the crate with that number.
- `save(path)` writes a JSON file and `Store.load(path)` gives the same store back.

A weight below 1 raises ValueError. An unknown number raises Unknown.
"""


def planned(text: str = SHOP) -> Plan:
    brief = Brief(text=text)
    traits = measure(brief)
    return settle({"files": [{"path": path} for path in traits.paths]}, brief, traits)


def interface(path: str) -> tuple[str, ...]:
    return next(file.interface for file in planned().files if file.path == path)


def test_each_class_is_at_home_where_the_brief_puts_it() -> None:
    assert interface("shop/errors.py") == (
        "class ShopError",
        "class TooHeavy(ShopError)",
        "TooHeavy.__init__(limit)",
        "class Unknown(ShopError)",
    )
    assert interface("shop/crate.py") == ("class Crate", "Crate.__init__(number, weight)")
    assert interface("shop/store.py") == (
        "class Store",
        "Store.put(weight)",
        "Store.take(number)",
        "Store.look(number)",
        "Store.save(path)",
        "Store.load(cls, path)",
        "Store.__init__(limit)",
    )


def test_files_depend_on_those_whose_classes_they_speak_of() -> None:
    needed = {file.path: set(file.depends_on) for file in planned().files}
    assert needed["shop/errors.py"] == set()
    assert needed["shop/crate.py"] == {"shop/errors.py"}
    assert needed["shop/store.py"] == {"shop/errors.py", "shop/crate.py"}


def test_it_is_code_with_the_words_about_each_method_and_its_parameters() -> None:
    code = skeleton(interface("shop/store.py"), SHOP)
    (store,) = ast.parse(code).body
    assert isinstance(store, ast.ClassDef)
    methods = {node.name: node for node in store.body if isinstance(node, ast.FunctionDef)}
    assert list(methods) == ["__init__", "put", "take", "look", "save", "load"]
    assert [ast.unparse(methods[name].args) for name in ("__init__", "put", "load")] == [
        "self, limit",
        "self, weight",
        "cls, path",
    ]
    assert [ast.unparse(node) for node in methods["load"].decorator_list] == ["classmethod"]
    said = {name: ast.get_docstring(method) or "" for name, method in methods.items()}
    assert "stores a new crate" in said["put"]
    assert "below 1 raises ValueError" in said["put"]
    assert "below 1" not in said["look"]
    assert "An unknown number raises Unknown." in said["look"]
    assert "JSON file" in said["save"]


def test_errors_have_their_bases() -> None:
    code = skeleton(interface("shop/errors.py"), SHOP)
    assert [ast.unparse(node).splitlines()[0] for node in ast.parse(code).body] == [
        "class ShopError(Exception):",
        "class TooHeavy(ShopError):",
        "class Unknown(ShopError):",
    ]


def test_a_line_that_is_no_signature_makes_no_skeleton() -> None:
    assert skeleton(("a property called value",), SHOP) == ""
    assert skeleton((), SHOP) == ""


def test_a_script_has_a_main_with_the_words_about_its_command_line() -> None:
    brief = "A script `tally.py`: `python tally.py FILE` prints totals.\n\n`tally(words)` counts words."
    code = skeleton(("def tally(words)",), brief, "tally.py")
    (tally, main, guard) = ast.parse(code).body
    assert isinstance(tally, ast.FunctionDef)
    assert isinstance(main, ast.FunctionDef)
    assert main.name == "main"
    assert "prints totals" in (ast.get_docstring(main) or "")
    assert "prints totals" not in (ast.get_docstring(tally) or "")
    assert isinstance(guard, ast.If)
    assert "main" not in skeleton(
        ("def tally(words)",), brief.replace("python tally.py", "tally"), "tally.py"
    )

"""What hides a method or a helper is renamed; nothing else is touched."""

import pytest
from quantumlayer.engine.python.shadowed import uncover_helpers, uncover_methods

HIDDEN = """class Stock:
    def __init__(self):
        self.items = {}  # é
        self.limit = 3

    def add(self, item):
        text = "ééé", self.items[item.sku]; self.items[item.sku] = item

    def items(self):
        return sorted(self.items.values())

    def low(self):
        return [item for item in self.items() if item in self.items]
"""


def test_the_attribute_is_renamed_and_the_method_works() -> None:
    code = uncover_methods(HIDDEN)
    assert code == (
        HIDDEN.replace("self.items = {}", "self._items = {}")
        .replace("self.items[item.sku]", "self._items[item.sku]")
        .replace("self.items.values", "self._items.values")
        .replace("in self.items]", "in self._items]")
    )
    space: dict[str, type] = {}
    exec(code, space)
    assert space["Stock"]().items() == []


@pytest.mark.parametrize(
    "code",
    [
        "class A:\n    def __init__(self):\n        self.b = 1\n    def c(self):\n        return self.b\n",
        "class A:\n    @property\n    def b(self):\n        return 1\n\n"
        "    @b.setter\n    def b(self, v):\n        self.b = v\n",
        "class A:\n    def b(self):\n        return self.b\n",
        "class A:\n    def b(self):\n        self._b = 0\n        self.b = 1\n",
        "def broken(:\n",
        "",
    ],
    ids=["no clash", "property", "only read", "the other name is taken", "broken", "empty"],
)
def test_all_else_stays_as_it_is(code: str) -> None:
    assert uncover_methods(code) == code


ROUTES = """def update(key, value):
    return [key, value]


@app.put("/{key}")
def update(key, value):
    return update(key, value)
"""


def test_a_handler_that_hides_the_helper_it_calls_gets_another_name() -> None:
    code = uncover_helpers(ROUTES)
    assert code == ROUTES.replace('("/{key}")\ndef update(', '("/{key}")\ndef update_route(')


@pytest.mark.parametrize(
    "code",
    [
        ROUTES.replace('@app.put("/{key}")\n', "@cached\n"),
        ROUTES.replace("def update(key, value):\n    return [", "def other(key, value):\n    return ["),
        ROUTES + "\n\ndef update_route():\n    pass\n",
        "def broken(:\n",
    ],
    ids=["registers nothing", "hides nothing", "the other name is taken", "broken"],
)
def test_other_functions_keep_their_names(code: str) -> None:
    assert uncover_helpers(code) == code

"""The contract: what a test may use, and how it is called."""

from types import SimpleNamespace
from typing import Any

from quantumlayer.engine.agents import checks as module
from quantumlayer.engine.agents.settle import settle
from quantumlayer.engine.brief.traits import measure
from quantumlayer.engine.orchestrator.contract import Contract, contract_of
from quantumlayer.engine.types import Brief, SourceFile

SHOP = """A module `shop.py` with the class `Store`. `Store()` has the methods
- `put(item)`: stores an item.
- `save(path)` writes a file and `Store.load(path)` gives the same store back.

`empty(store)` tells whether there is nothing in it. A Crate has the attributes `size` and `owner`.
"""
CODE = """class Crate:
    def __init__(self, size, owner):
        self.size = size

    def helper(self):
        return 1


class Store:
    def __init__(self):
        self.items = []

    def put(self, item):
        self.items.append(item)

    def save(self, path):
        pass

    @classmethod
    def load(cls, path):
        return cls()

    def invented(self):
        return 2


def empty(store):
    return not store.items


def also_invented():
    return 3
"""


def contract(brief: str, code: str) -> Contract:
    value = Brief(text=brief)
    traits = measure(value)
    plan = settle({"files": [{"path": path} for path in traits.paths]}, value, traits)
    shop: Any = SimpleNamespace(brief=value, traits=traits)
    return contract_of(shop, plan, {"shop.py": SourceFile(path="shop.py", text=code)})


def test_methods_are_called_on_an_object_and_class_methods_on_their_class() -> None:
    assert contract(SHOP, CODE).interface == (
        "store = Store()",
        "store.put(item)",
        "store.save(path)",
        "Store.load(path)",
        "def empty(store)",
    )


def test_each_group_of_methods_is_told_what_to_begin_with() -> None:
    subjects = contract(SHOP, CODE).subjects
    flat = " ".join(subject for group in subjects for subject in group)
    assert all(name in flat for name in ("`store.put`", "`store.save`", "`Store.load`", "`empty`"))
    assert "invented" not in flat
    assert all("`store = Store()`" in group[-1] for group in subjects if "store." in " ".join(group))


def test_where_the_brief_declares_nothing_all_that_is_offered_counts() -> None:
    found = contract("Write `shop.py`, a shop of your own design.", CODE)
    assert "def also_invented()" in found.interface
    assert "crate.helper()" in found.interface
    assert "crate = Crate(size, owner)" in found.interface


API = """An API with FastAPI in `api.py`; the app object is `app`.

- `POST /crates` stores a crate and answers 201.
"""
APP = """from fastapi import FastAPI

app = FastAPI()
crates = []
"""


def test_each_check_of_an_api_begins_with_nothing_stored() -> None:
    value = Brief(text=API)
    traits = measure(value)
    plan = settle({"files": [{"path": "api.py"}]}, value, traits)
    shop: Any = SimpleNamespace(brief=value, traits=traits)
    bed = contract_of(shop, plan, {"api.py": SourceFile(path="api.py", text=APP)}).bed
    checks = list(module.read_checks(bed, API, "assert client.post('/crates', json={}).status_code == 201"))
    for text in (module.working_module(bed, checks), module.tests_for_people(bed, checks)):
        assert "def test_client_" in text
        assert "(client):" in text
        assert "@pytest.fixture" in text
        assert "from fastapi.testclient import TestClient" in text
        assert "import_module('api').app" in text.replace('"', "'")

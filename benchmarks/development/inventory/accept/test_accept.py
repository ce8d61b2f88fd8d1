import importlib
import json
import os
import sys

import pytest

PROJECT = os.environ["PROJECT_DIR"]


@pytest.fixture
def inventory():
    if PROJECT not in sys.path:
        sys.path.insert(0, PROJECT)
    package = importlib.import_module("inventory")
    assert package.__file__ and package.__file__.startswith(PROJECT)
    return package


@pytest.fixture
def stock(inventory):
    filled = inventory.Stock()
    filled.add(inventory.Item("nut-2", "Nut", 5, 40))
    filled.add(inventory.Item("bolt-1", "Bolt", 12, 3))
    filled.add(inventory.Item("wire-9", "Wire", 250))
    return filled


def test_item_has_attributes_and_value(inventory):
    item = inventory.Item("bolt-1", "Bolt", 12, 3)
    assert (item.sku, item.name, item.price, item.quantity) == ("bolt-1", "Bolt", 12, 3)
    assert item.value == 36
    assert inventory.Item("wire-9", "Wire", 250).quantity == 0


def test_item_refuses_wrong_values(inventory):
    for arguments in (("", "Bolt", 12), ("  ", "Bolt", 12), ("a", "Bolt", -1), ("a", "Bolt", 1, -1)):
        with pytest.raises(ValueError):
            inventory.Item(*arguments)


def test_item_dictionary_and_back(inventory):
    item = inventory.Item("bolt-1", "Bolt", 12, 3)
    assert item.to_dict() == {"sku": "bolt-1", "name": "Bolt", "price": 12, "quantity": 3}
    assert inventory.Item.from_dict(item.to_dict()) == item
    assert inventory.Item.from_dict({"sku": "a", "name": "A", "price": 1}).quantity == 0


def test_items_are_equal_by_value(inventory):
    assert inventory.Item("a", "A", 1, 2) == inventory.Item("a", "A", 1, 2)
    assert inventory.Item("a", "A", 1, 2) != inventory.Item("a", "A", 1, 3)


def test_errors_share_a_base_and_live_in_their_module(inventory):
    errors = importlib.import_module("inventory.errors")
    assert issubclass(errors.InventoryError, Exception)
    for name in ("UnknownItemError", "DuplicateItemError", "OutOfStockError"):
        assert issubclass(getattr(errors, name), errors.InventoryError)
        assert getattr(inventory, name) is getattr(errors, name)


def test_stock_length_and_membership(inventory, stock):
    assert len(inventory.Stock()) == 0
    assert len(stock) == 3
    assert "nut-2" in stock
    assert "nut-3" not in stock


def test_add_refuses_a_known_sku_and_keeps_the_old_item(inventory, stock):
    with pytest.raises(inventory.DuplicateItemError) as caught:
        stock.add(inventory.Item("nut-2", "Other", 1))
    assert "nut-2" in str(caught.value)
    assert stock.get("nut-2").name == "Nut"


def test_get(inventory, stock):
    assert stock.get("nut-2").price == 5
    with pytest.raises(inventory.UnknownItemError) as caught:
        stock.get("nut-3")
    assert "nut-3" in str(caught.value)


def test_receive_and_take_return_the_new_quantity(stock):
    assert stock.receive("bolt-1", 4) == 7
    assert stock.take("bolt-1", 7) == 0
    assert stock.get("bolt-1").quantity == 0


def test_take_too_many_tells_how_many_are_missing(inventory, stock):
    with pytest.raises(inventory.OutOfStockError) as caught:
        stock.take("bolt-1", 5)
    assert caught.value.missing == 2
    assert "bolt-1" in str(caught.value)
    assert stock.get("bolt-1").quantity == 3


def test_receive_and_take_refuse_wrong_arguments(inventory, stock):
    for call in (stock.receive, stock.take):
        for count in (0, -1):
            with pytest.raises(ValueError):
                call("nut-2", count)
        with pytest.raises(inventory.UnknownItemError):
            call("nut-3", 1)


def test_items_are_sorted_by_sku(inventory, stock):
    assert [item.sku for item in stock.items()] == ["bolt-1", "nut-2", "wire-9"]
    assert inventory.Stock().items() == []


def test_low_is_sorted_by_quantity_then_sku(inventory, stock):
    stock.add(inventory.Item("axle-4", "Axle", 900, 3))
    assert [item.sku for item in stock.low(3)] == ["wire-9", "axle-4", "bolt-1"]


def test_save_and_load(inventory, stock, tmp_path):
    path = tmp_path / "stock.json"
    stock.save(path)
    data = json.loads(path.read_text(encoding="utf-8"))
    assert list(data) == ["items"]
    assert [entry["sku"] for entry in data["items"]] == ["bolt-1", "nut-2", "wire-9"]
    loaded = inventory.Stock.load(str(path))
    assert isinstance(loaded, inventory.Stock)
    assert loaded.items() == stock.items()


def test_load_refuses_wrong_files(inventory, tmp_path):
    path = tmp_path / "stock.json"
    for text in ("{", "[]", "{}", '{"items": 3}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(inventory.InventoryError):
            inventory.Stock.load(path)
    twice = {"sku": "a", "name": "A", "price": 1, "quantity": 1}
    path.write_text(json.dumps({"items": [twice, twice]}), encoding="utf-8")
    with pytest.raises(inventory.DuplicateItemError):
        inventory.Stock.load(path)
    with pytest.raises(FileNotFoundError):
        inventory.Stock.load(tmp_path / "absent.json")

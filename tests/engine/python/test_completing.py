"""Imports that a model forgot are added where only one place can be meant."""

import pytest
from quantumlayer.engine.python.imports import complete_imports


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("x = json.dumps(1)\n", "import json"),
        ("def f(x: Optional[int]): ...\n", "from typing import Optional"),
        ("class A(BaseModel): ...\n", "from pydantic import BaseModel"),
        ("try: ...\nexcept ValidationError: ...\n", "from pydantic import ValidationError"),
        ("app = FastAPI()\n", "from fastapi import FastAPI"),
        ("shelf = Shelf()\n", "from .store import Shelf"),
    ],
)
def test_a_name_is_imported_from_where_it_is(code: str, line: str) -> None:
    others = {"shop/store.py": "class Shelf: ...\n"}
    completed = complete_imports("shop/app.py", code, others, ["fastapi"])
    assert line in completed.splitlines()
    assert completed.endswith(code)


@pytest.mark.parametrize("code", ["x = unheard_of()\n", "json = 1\nx = json\n", "def broken(:\n"])
def test_what_cannot_be_known_stays_as_it_is(code: str) -> None:
    assert complete_imports("app.py", code, {}) == code


def test_a_package_that_is_not_installed_is_not_imported() -> None:
    assert complete_imports("app.py", "app = FastAPI()\n", {}) == "app = FastAPI()\n"

"""Which worked examples a model is shown, and that they are sound."""

import ast
import re
from importlib import resources

import pytest
from quantumlayer.engine.agents.prompts import worked_example
from quantumlayer.engine.agents.worked import kinds, worked_examples
from quantumlayer.engine.types import Brief, Plan, PlannedFile

KINDS = ("command", "fastapi", "nested", "notation", "records")


def planned(path: str = "boats.py", *interface: str) -> PlannedFile:
    return PlannedFile(path=path, purpose="boats", interface=interface)


def found(text: str, file: PlannedFile, *packages: str) -> list[str]:
    brief = Brief(text=text)
    plan = Plan(summary="boats", files=(file,), packages=packages)
    return [kind for kind in kinds(brief, plan, file) if kind in KINDS]


def test_every_example_is_there_and_none_is_left_over() -> None:
    folder = resources.files("quantumlayer.engine.agents") / "prompts" / "worked"
    assert sorted(file.name for file in folder.iterdir()) == [f"{kind}.md" for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_of_an_example_is_python(kind: str) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", worked_example(kind), re.DOTALL)
    assert ast.parse(code).body


def test_a_nested_example_does_what_it_says() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", worked_example("nested"), re.DOTALL)
    names: dict[str, object] = {}
    exec("from typing import Any\n" + code, names)  # our own file
    same, weights, lighter = (names[name] for name in ("same", "weights", "lighter"))
    assert same({"a": [1, True]}, {"a": [1, True]})  # type: ignore[operator]
    assert not same({"a": [1, True]}, {"a": [1, 1]})  # type: ignore[operator]
    assert weights({"a": [1, {"b": 2}]}) == [(".a[0]", 1), (".a[1].b", 2)]  # type: ignore[operator]
    assert lighter({"a": [3]}, 1) == {"a": [2]}  # type: ignore[operator]


def test_a_file_that_is_run_is_a_command() -> None:
    assert found("`python boats.py NAME` prints it.", planned()) == ["command"]
    assert found("It has a `main`.", planned("boats.py", "def main(argv=None)")) == ["command"]


def test_a_class_with_several_methods_keeps_records() -> None:
    methods = ("Harbour.enter(boat)", "Harbour.leave(boat)", "Harbour.boats()")
    assert found("A harbour.", planned("boats.py", "class Harbour", *methods)) == ["records"]
    assert found("A harbour.", planned("boats.py", "class Harbour", *methods[:2])) == []


def test_functions_that_read_a_notation() -> None:
    reads = "`parse(text)` reads a boat and raises ValueError for anything else."
    assert found(reads, planned("boats.py", "def parse(text)")) == ["notation"]
    assert found(reads.replace("raises", "gives"), planned("boats.py", "def parse(text)")) == []


def test_functions_over_nested_values() -> None:
    text = "`depth(value)` tells how deep nested lists go."
    assert found(text, planned("boats.py", "def depth(value)")) == ["nested"]


def test_a_package_with_an_example_comes_first() -> None:
    assert found("`python main.py` serves.", planned("main.py"), "fastapi") == ["fastapi", "command"]


def test_two_examples_at_most_and_one_kind_for_one_function() -> None:
    text = "`python boats.py TEXT`; `parse(text)` raises ValueError."
    file = planned("boats.py", "def parse(text)", "class Dock", "Dock.a()", "Dock.b()", "Dock.c()")
    plan = Plan(summary="boats", files=(file,))
    brief = Brief(text=text)
    command, records, notation = (worked_example(kind) for kind in ("command", "records", "notation"))
    assert worked_examples(brief, plan, file) == f"{command}\n\n{records}"
    assert worked_examples(brief, plan, file, "main") == command
    assert worked_examples(brief, plan, file, "parse") == f"{records}\n\n{notation}"


def test_a_package_is_a_name_and_not_a_path() -> None:
    assert worked_example("../plan") == ""

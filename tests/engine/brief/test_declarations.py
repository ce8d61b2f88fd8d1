"""Declarations: what a brief declares, and whose methods its signatures are."""

import pytest
from quantumlayer.engine.brief.declarations import declarations


def lines(brief: str) -> list[str]:
    return [signature.line for signature in declarations(brief)]


def test_functions_stand_as_the_brief_writes_them() -> None:
    assert lines("Write `parse(text, strict=False)` and `dump(data) -> str`.") == [
        "def parse(text, strict=False)",
        "def dump(data) -> str",
    ]


@pytest.mark.parametrize(
    "span", ["parse('1h')", "f(1, 2)", "x + (y)", "lower()[0]", "os.path.join(a)", "json.loads(x)"]
)
def test_an_example_or_a_foreign_call_declares_nothing(span: str) -> None:
    assert lines(f"Here `{span}` is used.") == []


@pytest.mark.parametrize(
    "brief",
    [
        "`Stock()` has the methods\n- `add(item)`: adds.\n- `take(name, count=1)`: takes.\n",
        "A class `Stock` with the methods `add(item)` and `take(name, count=1)`.",
        "A Stock has these methods:\n\n* `add(item)` adds.\n* `take(name, count=1)` takes. See `Stock`.",
        "## `Stock`\n\nIt counts.\n\n- `add(item)` adds.\n- `take(name, count=1)` takes.\n",
        "`Stock.add(item)` adds, `Stock.take(name, count=1)` takes.",
    ],
    ids=["list", "sentence", "announced", "heading", "dotted"],
)
def test_methods_belong_to_the_class_that_is_spoken_of(brief: str) -> None:
    methods = [line for line in lines(brief) if not line.startswith("class")]
    assert methods == ["Stock.add(item)", "Stock.take(name, count=1)"]


def test_several_methods_of_one_item_are_all_found() -> None:
    brief = (
        "`Box()` has the methods\n"
        "- `put(x)` and `drop(x)`: change it. They use `check(x)`.\n\n"
        "Also `check(x)`."
    )
    assert lines(brief) == ["class Box", "Box.put(x)", "Box.drop(x)", "def check(x)"]


def test_a_list_of_functions_after_a_class_stays_functions() -> None:
    brief = (
        "A class `Box`.\n\nThe module has these functions:\n"
        "- `load(path)` loads a Box.\n- `save(box, path)` saves it."
    )
    assert lines(brief) == ["def load(path)", "def save(box, path)", "class Box"]


def test_only_some_methods_written_after_their_class_are_called_on_it() -> None:
    brief = "`Box()` has the methods\n- `save(path)` writes it, and `Box.load(path)` gives it back.\n"
    assert lines(brief) == ["class Box", "Box.save(path)", "Box.load(cls, path)"]


def test_the_words_class_method_are_taken_at_their_word() -> None:
    brief = "The class `Box(size)` has the class method `Box.of(data)`; `to_dict()` gives the data back."
    assert lines(brief) == ["class Box", "Box.of(cls, data)", "Box.to_dict()", "Box.__init__(size)"]


def test_errors_have_the_bases_the_brief_gives_them() -> None:
    brief = (
        "Errors: `KitError`, with the subclasses `TooBig` and `TooSmall`.\n\n"
        "`parse(text)` raises `FormError`, a subclass of ValueError, or `TypeError`."
    )
    assert sorted(lines(brief)) == [
        "class FormError(ValueError)",
        "class KitError",
        "class TooBig(KitError)",
        "class TooSmall(KitError)",
        "def parse(text)",
    ]


def test_what_is_imported_by_name_is_a_class_of_the_project() -> None:
    assert lines("so that `from box import Box, Lid` works") == ["class Box", "class Lid"]


@pytest.mark.parametrize(
    ("brief", "params"),
    [
        ("The class `Crate`. A Crate has the attributes id, owner and size (a number).", "id, owner, size"),
        ("The class `Crate` has the attributes `id`, `owner`, and `size`.", "id, owner, size"),
        ("`TooBigError` is raised; a TooBigError has an attribute `missing`: how much.", "missing"),
        ("`Crate(id, owner)` has attributes of the same names.", "id, owner"),
    ],
)
def test_a_record_is_made_from_all_its_attributes(brief: str, params: str) -> None:
    (made,) = (one for one in declarations(brief) if one.name == "__init__")
    assert made.params == params


@pytest.mark.parametrize(
    "brief",
    [
        "The class `Crate` has attributes of many kinds.",
        "`Crate()` has the attributes `id` and `owner`.",
        "The class `Crate` has the attributes `id` and `size`, and the method `grow(by)`.",
    ],
)
def test_a_class_that_does_more_is_made_as_its_author_likes(brief: str) -> None:
    assert not [one for one in declarations(brief) if one.name == "__init__"]


@pytest.mark.parametrize(
    ("span", "line"),
    [
        ('slugify(text: str, sep: str = "-") -> str', 'def slugify(text: str, sep: str = "-") -> str'),
        ("joined(parts, by=', ')", "def joined(parts, by=', ')"),
        ('level(name: Literal["low", "high"])', 'def level(name: Literal["low", "high"])'),
    ],
)
def test_values_that_are_texts_do_not_hide_a_declaration(span: str, line: str) -> None:
    assert [one.line for one in declarations(f"Write `a.py` with `{span}`.")] == [line]


@pytest.mark.parametrize("span", ['greet("World")', 'greet(name="World")', "greet('a', 'b')"])
def test_a_call_with_texts_declares_nothing(span: str) -> None:
    assert declarations(f"For example, `{span}` gives `1`.") == ()

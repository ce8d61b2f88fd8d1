"""Checks: each line that asserts stands for itself, with what it needs and nothing it lacks."""

import ast
from typing import Any

import pytest
from quantumlayer.engine.agents import checks as module
from quantumlayer.engine.agents.checks import (
    Check,
    TestBed,
    examples,
    read_checks,
    varied,
)

BRIEF = 'Write `Stack` and `parse(text)`. `parse("a,b")` is `["a", "b"]`, `parse("")` gives `[]`.'
BED = TestBed(shared="import pytest\nfrom tool import Stack, parse", names=("Stack", "parse"))


def read(code: str, brief: str = BRIEF) -> list[Check]:
    return list(read_checks(BED, brief, code))


def bodies(code: str) -> list[tuple[str, ...]]:
    return [check.body for check in read(code)]


def test_each_assertion_is_a_check_and_its_setup_comes_along() -> None:
    first, second = read("s = Stack()\ns.push(4)\nassert s.size() == 1\nassert s.pop() == 4\n")
    assert first.body == ("s = Stack()", "s.push(4)", "assert s.size() == 1")
    assert second.body == ("s = Stack()", "s.push(4)", "s.size()", "assert s.pop() == 4")
    assert first.name != second.name
    assert first.covers == ("Stack",)


def test_test_functions_are_read_like_lines() -> None:
    code = "def test_it():\n    items = parse('a')\n    assert items == ['a']\n    assert len(items) == 1\n"
    first, second = bodies(code)
    assert first == ("items = parse('a')", "assert items == ['a']")
    assert second[-1] == "assert len(items) == 1"


@pytest.mark.parametrize(
    "code",
    [
        "assert unknown(3) == parse('a')",
        "assert 1 + 1 == 2",
        "s = Stack()\nassert 1 + 1 == 2",
        "s = Stack()\nx = 1\nassert x == 1",
        "assert True",
        "assert s.pop() == 1",
        "parse('a')",
        "x = parse('a'",
        "",
        "assert parse(helper) == 'x'",
    ],
)
def test_what_tests_nothing_or_needs_what_nobody_gives_is_left_out(code: str) -> None:
    assert read(code) == []


def test_of_an_answer_that_was_cut_the_whole_lines_count() -> None:
    assert bodies("assert parse('a') == ['a']\nassert parse('b') == ['b']\nassert parse('c") == [
        ("assert parse('a') == ['a']",),
        ("assert parse('b') == ['b']",),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "assert parse(None) == TypeError",
        "assert parse(None) == pytest.raises(TypeError)",
        "with pytest.raises(TypeError):\n    parse(None)",
    ],
)
def test_an_expected_error_is_a_raise(code: str) -> None:
    ((line,),) = bodies(code)
    assert line == "with pytest.raises(TypeError):\n    parse(None)"


def test_what_raises_is_not_called_again_before_the_next_check() -> None:
    code = "s = Stack()\nassert s.pop() == pytest.raises(IndexError)\nassert s.push(1) == 1"
    assert bodies(code)[1] == ("s = Stack()", "assert s.push(1) == 1")


def test_what_checks_use_besides_is_imported() -> None:
    checks = read("assert parse(datetime(2020, 1, 1)) == json.loads('[]')")
    for text in (module.working_module(BED, checks), module.tests_for_people(BED, checks)):
        assert "from datetime import datetime" in text
        assert "import json" in text
        assert "timedelta" not in text


@pytest.mark.parametrize(
    ("code", "anchored"),
    [
        ('assert parse("a,b") == ["a", "b"]', True),
        ('assert parse("x;y") == ["x;y"]', False),
        ("assert parse(1) == 2", False),
        ("assert parse(17) == []", False),
    ],
)
def test_a_check_is_anchored_when_its_values_stand_in_the_brief(code: str, anchored: bool) -> None:
    (check,) = read(code)
    assert check.anchored is anchored


def test_examples_of_the_brief_are_checks_word_for_word() -> None:
    assert [check.body for check in examples(BED, BRIEF)] == [
        ("assert parse('a,b') == ['a', 'b']",),
        ("assert parse('') == []",),
    ]


def test_the_same_check_has_the_same_name() -> None:
    (one,) = read("assert parse('a') == ['a']")
    (same,) = read('assert parse("a")==["a"]')
    assert (one.name, one.key) == (same.name, same.key)


def test_a_module_of_checks_is_python_with_one_function_each() -> None:
    checks = read(
        "assert parse('a') == ['a']\nassert parse('b') == ['b']\ntext = 'two\\nlines'\n"
        "assert parse(text) == []\nwith pytest.raises(TypeError):\n    parse(None)\n"
    )
    tree = ast.parse(module.tests_for_people(BED, checks))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions == ["test_parse_1", "test_parse_2", "test_parse_3", "test_parse_4"]
    assert ast.parse(module.tests_for_people(BED, []))


def test_what_the_code_under_test_was_given_may_be_asserted() -> None:
    code = "path = tmp_path / 'x'\nStack().save(path)\nassert path.exists()"
    (check,) = read(code)
    assert check.covers == ("Stack",)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("assert parse('a') == ['a']", "`parse('a')` must be `['a']`"),
        ("assert parse('a') is None", "`parse('a')` must be `None`"),
        ("assert 'a' in parse('a')", "`'a' in parse('a')` must hold"),
        ("assert parse('a')", "`parse('a')` must hold"),
        ("with pytest.raises(TypeError):\n    parse(None)", "`parse(None)` must raise TypeError"),
        ("s = Stack()\nassert s.pop() == 1", "after `s = Stack()`, `s.pop()` must be `1`"),
    ],
)
def test_a_check_can_be_said_in_words(code: str, said: str) -> None:
    (check,) = read(code)
    assert module.wanted(check) == said


STORY = """
def test_create(client):
    response = client.post('/a', json={'n': 1})
    assert response.status_code == 201
    assert response.json()['n'] == 1

def test_read(client):
    assert client.get('/a/1').json() == {'n': 1}

def test_other(client):
    client.post('/a', json={'n': 2})
    assert client.get('/a/1').json() == {'n': 2}
"""


def test_a_function_that_posts_nothing_reads_what_earlier_ones_posted() -> None:
    bed = module.TestBed(shared="", names=("client",))
    found = [check.body for check in module.read_checks(bed, "", STORY)]
    post = "response = client.post('/a', json={'n': 1})"
    assert found == [
        (post, "assert response.status_code == 201"),
        (post, "assert response.json()['n'] == 1"),
        (post, "assert client.get('/a/1').json() == {'n': 1}"),
        ("client.post('/a', json={'n': 2})", "assert client.get('/a/1').json() == {'n': 2}"),
    ]


def test_a_text_of_several_lines_stays_as_it_is() -> None:
    (check,) = read('assert parse(f"""a\n  {1}\nb""") == []')
    seen: list[str] = []
    scope: dict[str, Any] = {"parse": lambda text: seen.append(text) or []}
    exec(check.code, scope)
    scope[check.name]()
    assert seen == ["a\n  1\nb"]


def test_a_value_that_stands_in_the_words_for_another_function_is_no_anchor() -> None:
    brief = """
- `count(text)` counts words.
- `longest(text)`: for "a bb cc" that is "bb"; no words raises ValueError.
"""
    bed = TestBed(shared="import pytest\nfrom m import count, longest", names=("count", "longest"))
    code = 'with pytest.raises(ValueError):\n    count("a bb cc")\nassert longest("a bb cc") == "bb"'
    anchored = {check.covers: check.anchored for check in read_checks(bed, brief, code)}
    assert anchored == {("count",): False, ("longest",): True}


def test_of_checks_that_only_count_upwards_a_few_are_kept() -> None:
    counting = read("\n".join(f"assert parse({number}) == {number + 1}" for number in range(30)))
    assert len(counting) == 30
    other = read("assert parse('a') == 1\nassert parse('b') == 1\nassert Stack().size == 0\n")
    kept = list(varied([*counting, *other]))
    assert kept == [*counting[:4], *other]


def test_of_checks_whose_text_only_grows_the_first_are_kept() -> None:
    texts = ["a b", *(f"one{' two' * count}" for count in range(9)), "z"]
    kept = list(varied(read("\n".join(f"assert parse({text!r}) == []" for text in texts))))
    assert [check.body[-1] for check in kept] == [
        f"assert parse({text!r}) == []" for text in ("a b", "one", "one two", "z")
    ]


def test_what_is_printed_is_text() -> None:
    bed = TestBed(shared="", names=("run",))
    (check,) = read_checks(bed, BRIEF, "assert run('XIV').stdout == 14")
    assert check.body == ("assert run('XIV').stdout == '14'",)


@pytest.mark.parametrize("expected", ["'XIV'", "'XIV\\n'", "'XIV\\n\\n'"])
def test_a_newline_at_the_end_of_what_is_printed_does_not_matter(expected: str) -> None:
    bed = TestBed(shared="", names=("run",))
    (check,) = read_checks(bed, BRIEF, f"assert run('14').stdout == {expected}")
    assert check.body == ("assert run('14').stdout == 'XIV'",)
    (other,) = read_checks(bed, BRIEF, "assert run('14').text == 'XIV\\n'")
    assert other.body == ("assert run('14').text == 'XIV\\n'",)

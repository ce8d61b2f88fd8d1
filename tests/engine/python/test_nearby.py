# The versions are quoted whole.
# ruff: noqa: E501
"""Versions of a function that differ from it in one small thing."""

import ast

from quantumlayer.engine.python.nearby import nearby

JOINED = 'def shown(parts):\n    """Words."""\n    return " ".join(parts)\n'


def versions(code: str, target: str, **more: tuple[str, ...]) -> set[str]:
    found = list(nearby(code, target, **more))
    assert len(found) == len(set(found))
    return set(found)


def same(code: str) -> str:
    return ast.unparse(ast.parse(code))


def test_separators_bounds_operators_and_signs_differ() -> None:
    assert same(JOINED.replace('" "', '""')) in versions(JOINED, "shown")
    code = "def most(items, limit):\n    for index in range(1, len(items)):\n        if items[index] < limit:\n            return index + 1\n    return 0\n"
    found = versions(code, "most")
    for before, after in (
        ("<", "<="),
        ("range(1", "range(0"),
        ("range(1,", "range(1 + 1,"),
        ("len(items))", "len(items) + 1)"),
        ("index + 1", "index - 1"),
        ("if items[index] < limit", "if not items[index] < limit"),
        ("return 0", "return -1"),
    ):
        wanted = same(code.replace(before, after))
        assert any(wanted == one or _equal(one, wanted) for one in found), after


def test_a_loop_ends_where_it_went_on() -> None:
    code = "def first(items):\n    for one in items:\n        if one:\n            continue\n    return one\n"
    assert same(code.replace("continue", "break")) in versions(code, "first")


def test_what_is_nested_too_deeply_has_no_neighbours() -> None:
    deep = "def deep(x):\n    return " + "-" * 5000 + "x\n"
    assert versions(deep, "deep") == set()


def _equal(one: str, other: str) -> bool:
    return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))


def test_what_ends_a_loop_too_early_comes_behind_it() -> None:
    code = "def all_even(numbers):\n    for one in numbers:\n        if one % 2:\n            return False\n        return True\n"
    right = "def all_even(numbers):\n    for one in numbers:\n        if one % 2:\n            return False\n    return True\n"
    assert same(right) in versions(code, "all_even")


def test_a_guard_of_another_version_is_taken_over() -> None:
    code = "def half(number):\n    return number // 2\n"
    other = 'def half(number):\n    if number < 0:\n        raise ValueError("below zero")\n    return 1\n'
    right = 'def half(number):\n    if number < 0:\n        raise ValueError("below zero")\n    return number // 2\n'
    assert same(right) in versions(code, "half", others=(other,))


def test_texts_of_the_brief_stand_in_for_others() -> None:
    code = 'def signed(number):\n    return "minus " + str(number)\n'
    assert same(code.replace("minus ", "-~-")) in versions(code, "signed", words=("-~-",))


def test_only_the_function_itself_changes_and_its_words_stay() -> None:
    code = JOINED + '\n\ndef other(parts):\n    return ", ".join(parts)\n'
    for text in versions(code, "shown"):
        tree = ast.parse(text)
        first, second = tree.body
        assert isinstance(first, ast.FunctionDef)
        assert ast.get_docstring(first) == "Words."
        assert ast.unparse(second) == same('def other(parts):\n    return ", ".join(parts)\n')


def test_methods_are_found_in_their_class_and_what_is_not_there_has_no_neighbours() -> None:
    code = "class Box:\n    def size(self, count):\n        return count + 1\n\n\ndef size(count):\n    return count\n"
    found = versions(code, "Box.size")
    assert same(code.replace("count + 1", "count - 1")) in found
    assert all(same("def size(count):\n    return count\n") in one for one in found)
    assert not versions(code, "Box.none")
    assert not versions("def broken(:", "broken")

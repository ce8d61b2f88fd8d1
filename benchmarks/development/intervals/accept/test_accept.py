import importlib
import os
import subprocess
import sys

import pytest

PROJECT = os.environ["PROJECT_DIR"]
LARGE = """
import resource, sys
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
soft = 1 << 30 if hard == resource.RLIM_INFINITY else min(hard, 1 << 30)
resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
sys.path.insert(0, sys.argv[1])
import intervals
size = 10 ** 12
print(intervals.merge([(size, 2 * size), (1, size - 1)]) == [(1, 2 * size)])
print(intervals.subtract([(1, size)], [(5, size - 5)]) == [(1, 4), (size - 4, size)])
print(intervals.contains([(1, size)], size))
"""


@pytest.fixture
def intervals():
    if PROJECT not in sys.path:
        sys.path.insert(0, PROJECT)
    return importlib.import_module("intervals")


def test_parse_reads_numbers_and_ranges(intervals):
    assert intervals.parse("1-5,8") == [(1, 5), (8, 8)]
    assert intervals.parse("12") == [(12, 12)]
    assert intervals.parse("0-0,007") == [(0, 0), (7, 7)]


def test_parse_keeps_order_and_joins_nothing(intervals):
    assert intervals.parse("8,1-5,2-3") == [(8, 8), (1, 5), (2, 3)]


def test_parse_ignores_white_space(intervals):
    assert intervals.parse(" 1 - 5 , 8 ") == [(1, 5), (8, 8)]
    assert intervals.parse("") == []
    assert intervals.parse("  \n") == []


def test_parse_refuses_wrong_text(intervals):
    for text in ("a", "1-", "-3", "1 2", "1-2-3", "1,,2", "1,", ",", "1;2"):
        with pytest.raises(ValueError):
            intervals.parse(text)


def test_parse_refuses_signs_and_underscores(intervals):
    for text in ("+1", "1_0", "1-+2", "1--2"):
        with pytest.raises(ValueError):
            intervals.parse(text)


def test_parse_refuses_a_start_above_the_end(intervals):
    for text in ("5-1", "2, 10-9"):
        with pytest.raises(ValueError):
            intervals.parse(text)


def test_parse_names_just_the_wrong_part(intervals):
    with pytest.raises(ValueError) as caught:
        intervals.parse("1-5, x7")
    assert "x7" in str(caught.value)
    assert "1-5" not in str(caught.value)


def test_to_text(intervals):
    assert intervals.to_text([(1, 5), (8, 8)]) == "1-5,8"
    assert intervals.to_text([(8, 8), (1, 2)]) == "8,1-2"
    assert intervals.to_text([]) == ""
    with pytest.raises(ValueError):
        intervals.to_text([(-3, 2)])


def test_merge_sorts_and_joins(intervals):
    assert intervals.merge([(8, 9), (4, 6), (1, 3)]) == [(1, 6), (8, 9)]
    assert intervals.merge([(1, 5), (3, 9)]) == [(1, 9)]
    assert intervals.merge([]) == []


def test_merge_with_inner_and_negative_intervals(intervals):
    assert intervals.merge([(1, 10), (2, 3), (5, 6)]) == [(1, 10)]
    assert intervals.merge([(2, 4), (-5, -3), (-2, 0)]) == [(-5, 0), (2, 4)]


def test_subtract(intervals):
    assert intervals.subtract([(1, 10)], [(3, 4), (10, 12)]) == [(1, 2), (5, 9)]
    assert intervals.subtract([(1, 3)], [(0, 2), (2, 9)]) == []
    assert intervals.subtract([(6, 8), (1, 5)], []) == [(1, 8)]
    assert intervals.subtract([(1, 4), (8, 12)], [(9, 9), (3, 8)]) == [(1, 2), (10, 12)]


def test_contains(intervals):
    given = [(8, 8), (1, 5)]
    assert [intervals.contains(given, number) for number in (0, 1, 3, 5, 6, 8)] == [
        False,
        True,
        True,
        True,
        False,
        True,
    ]
    assert intervals.contains([], 1) is False


def test_reversed_intervals_are_refused(intervals):
    wrong = [(1, 2), (5, 4)]
    for call in (
        lambda: intervals.to_text(wrong),
        lambda: intervals.merge(wrong),
        lambda: intervals.subtract(wrong, []),
        lambda: intervals.subtract([], wrong),
        lambda: intervals.contains(wrong, 1),
    ):
        with pytest.raises(ValueError):
            call()


def test_lists_stay_as_they_are(intervals):
    first, second = [(8, 9), (1, 3)], [(9, 9), (2, 2)]
    intervals.merge(first)
    intervals.subtract(first, second)
    assert (first, second) == ([(8, 9), (1, 3)], [(9, 9), (2, 2)])


def test_large_intervals_work():
    done = subprocess.run([sys.executable, "-c", LARGE, PROJECT], capture_output=True, text=True, timeout=10)
    assert done.stdout.split() == ["True", "True", "True"]

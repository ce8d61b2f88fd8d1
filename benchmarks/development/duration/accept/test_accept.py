import importlib
import os
import subprocess
import sys

import pytest

PROJECT = os.environ["PROJECT_DIR"]


@pytest.fixture
def duration():
    if PROJECT not in sys.path:
        sys.path.insert(0, PROJECT)
    return importlib.import_module("duration")


def run(*args):
    command = [sys.executable, os.path.join(PROJECT, "duration.py"), *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=10)


def test_parse_reads_single_and_joined_parts(duration):
    assert duration.parse("1h30m") == 5400
    assert duration.parse("2d") == 172800
    assert duration.parse("90m") == 5400
    assert duration.parse("1w1s") == 604801


def test_parse_ignores_case_and_space_between_parts(duration):
    assert duration.parse(" 1H 30m ") == 5400
    assert duration.parse("1D  2h\t3S") == 93603


def test_parse_reads_a_leading_minus_for_the_whole(duration):
    assert duration.parse("-1h30m") == -5400


def test_parse_refuses_what_is_no_duration(duration):
    for text in ("", "   ", "90", "1.5h", "1 h", "5x", "h", "1h30"):
        with pytest.raises(duration.DurationError):
            duration.parse(text)


def test_parse_refuses_wrong_order_and_repeated_units(duration):
    for text in ("30m1h", "1h2h", "1s1w"):
        with pytest.raises(duration.DurationError):
            duration.parse(text)


def test_parse_refuses_a_minus_elsewhere(duration):
    for text in ("1h-30m", "-1h-30m", "--1h", "1h-", "- 1h"):
        with pytest.raises(duration.DurationError):
            duration.parse(text)


def test_error_is_a_value_error_that_contains_the_text(duration):
    assert issubclass(duration.DurationError, ValueError)
    with pytest.raises(duration.DurationError) as caught:
        duration.parse(" 7Q 1h")
    assert " 7Q 1h" in str(caught.value)


def test_wrong_types_raise_type_error(duration):
    for call, value in (
        (duration.parse, 90),
        (duration.parse, None),
        (duration.format_seconds, 1.5),
        (duration.format_seconds, True),
        (duration.format_words, "5"),
    ):
        with pytest.raises(TypeError):
            call(value)


def test_format_seconds(duration):
    assert duration.format_seconds(5400) == "1h30m"
    assert duration.format_seconds(90061) == "1d1h1m1s"
    assert duration.format_seconds(1209600) == "2w"


def test_format_seconds_zero_and_negative(duration):
    assert duration.format_seconds(0) == "0s"
    assert duration.format_seconds(-5400) == "-1h30m"


def test_format_words(duration):
    assert duration.format_words(5400) == "1 hour and 30 minutes"
    assert duration.format_words(93605) == "1 day, 2 hours and 5 seconds"
    assert duration.format_words(1) == "1 second"
    assert duration.format_words(694861) == "1 week, 1 day, 1 hour, 1 minute and 1 second"


def test_format_words_zero_and_negative(duration):
    assert duration.format_words(0) == "0 seconds"
    assert duration.format_words(-120) == "minus 2 minutes"


def test_total(duration):
    assert duration.total(["1h", "30m", "-15m"]) == 4500
    assert duration.total([]) == 0
    with pytest.raises(duration.DurationError):
        duration.total(["1h", "soon"])


def test_command_prints_totals():
    assert run("1h30m", "45m").stdout.strip() == "2h15m"
    assert run("--seconds", "1h30m", "45m").stdout.strip() == "8100"
    assert run("--words", "1h30m", "45m").stdout.strip() == "2 hours and 15 minutes"
    assert run("--", "1h", "-15m").stdout.strip() == "45m"


def test_command_errors():
    wrong = run("1h", "soon")
    assert wrong.returncode == 1
    assert wrong.stdout == ""
    assert any(line.startswith("error: ") and "soon" in line for line in wrong.stderr.splitlines())
    assert "Traceback" not in wrong.stderr
    assert os.path.isfile(os.path.join(PROJECT, "duration.py")) and run().returncode == 2

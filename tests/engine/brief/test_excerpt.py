"""Excerpts: a brief's own words about a name, and no others."""

from quantumlayer.engine.brief.excerpt import about_command, about_routes, excerpt, is_run, rules

BRIEF = """A script `tally.py`, called as `python tally.py [FILE ...] [--top N]`. It reads standard
input if no file is given, and ends with exit status 2 if `--top` is no number.

- `tally(words)` counts words; see `top(counts, n)`.
- `top(counts, n)` and `low(counts, n)`: the first or last n of what `tally(words)` gave.

A number of words below 1 raises ValueError. An unknown option ends with exit code 2; counts are never shown.
"""


def test_what_declares_a_name_is_about_it_and_what_uses_it_is_not() -> None:
    assert excerpt(BRIEF, "tally").startswith("`tally(words)` counts words")
    assert "first or last" not in excerpt(BRIEF, "tally")
    assert excerpt(BRIEF, "top") == excerpt(BRIEF, "low")
    assert excerpt(BRIEF, "top").startswith("`top(counts, n)` and `low(counts, n)`")


def test_general_rules_about_parameters_come_along() -> None:
    assert "below 1 raises ValueError" in rules(BRIEF, "tally", ["words"])
    assert "exit code" not in rules(BRIEF, "low", ["counts", "n"])
    assert "ValueError" not in rules(BRIEF, "low", ["counts", "n"])


def test_a_rule_that_is_about_the_name_itself_is_said_once() -> None:
    brief = "- `take(count)` takes some.\n\nFor `take`, a `count` below 1 raises `ValueError`.\n"
    assert rules(brief, "take", ["count"]).count("below 1") == 1


def test_what_is_said_of_the_command_line_is_found() -> None:
    assert is_run(BRIEF, "tally.py")
    assert not is_run(BRIEF, "other.py")
    said = about_command(BRIEF, "tally.py")
    assert "if no file is given" in said
    assert "unknown option" in said
    assert "counts words" not in said


API = """A crate has a `name`. Names must have 3 letters.

- `POST /crates` stores one.
- `GET /crates/{id}` answers one; `GET /crates` all.
- `DELETE /crates/{id}` removes one.
"""


def test_a_request_is_found_whatever_its_parameter_is_called() -> None:
    assert about_routes(API, [("get", "/crates/{crate_id}")]).splitlines() == [
        "`GET /crates/{id}` answers one; `GET /crates` all.",
        "A crate has a `name`. Names must have 3 letters.",
    ]
    assert about_routes(API, [("put", "/crates")]) == ""

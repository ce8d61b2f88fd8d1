"""The frame of a file: what is certain of it, and the gaps that a model fills."""

from quantumlayer.engine.python.frame import Frame, body_in, frame_of
from quantumlayer.engine.python.syntax import parsed

SKELETON = '''\
class OddError(ValueError):
    """
    What is raised.
    """


def half(number):
    """
    The half of a number.
    """


def main(argv=None):
    """
    Prints it.
    """
    parser = argparse.ArgumentParser()
    args = parser.parse_args(argv)
    ...


if __name__ == "__main__":
    sys.exit(main())
'''


def framed(skeleton: str, *given: str) -> Frame:
    frame = frame_of(skeleton, lambda name: name in given)
    assert frame is not None
    return frame


def test_a_gap_stands_where_a_function_has_nothing_to_do_yet() -> None:
    frame = framed(SKELETON)
    assert [gap.target for gap in frame.gaps] == ["half", "main"]
    half, main = frame.gaps
    assert half.before.endswith('The half of a number.\n    """\n')
    assert main.before.endswith("args = parser.parse_args(argv)\n"), "what is known of the body stands before"
    assert frame.end.endswith("sys.exit(main())\n")


def test_the_words_put_into_docstrings_are_only_for_the_model() -> None:
    half, main = framed(SKELETON).gaps
    whole = half.bare + "    return number / 2\n" + main.bare + "    return 0\n" + framed(SKELETON).end
    assert '"""' not in whole
    tree = parsed(whole)
    assert tree is not None, "an error class without words still has a body"
    assert "What is raised" in framed(SKELETON, "OddError").gaps[0].bare, "a user's own words stay"


def test_an_answer_ends_where_the_next_part_begins() -> None:
    half, main = framed(SKELETON).gaps
    assert half.stops[0] == "\ndef main("
    assert "\ndef main(" not in main.stops
    assert "\nif __name__" in main.stops


def test_what_a_model_adds_after_the_body_is_left_out() -> None:
    answer = "    return number / 2\n\n\n@cache\n"
    assert body_in(answer) == "    return number / 2\n"
    assert body_in("    return 1\n```\nThis function halves.") == "    return 1\n"
    assert body_in("```\nprint(1)") == ""
    assert body_in("\n\n") == ""


def test_a_class_that_keeps_something_is_not_written_in_parts() -> None:
    stock = 'class Stock:\n    """Keeps."""\n\n    def add(self, item):\n        """Adds."""\n'
    assert frame_of(stock, lambda name: False) is None
    assert frame_of(stock, lambda name: True) is not None, "its user wrote what stands there"


def test_nothing_to_write_is_no_frame() -> None:
    assert frame_of("def done():\n    return 1\n", lambda name: False) is None
    assert frame_of("def broken(:\n", lambda name: False) is None
    assert frame_of("class OddError(ValueError):\n    ...\n", lambda name: False) is None

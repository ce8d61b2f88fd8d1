"""Output is the same however it is cut into pieces."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantumlayer.engine.sandbox.output import Stream, clean

SAMPLES = {
    b"plain\n": "plain\n",
    b"\x1b[1;31mred\x1b[0m": "red",
    b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\": "link",
    b"\x1b]0;title\x07text": "text",
    b"a\x00b\x08c\x7f": "abc",
    b"10%\r20%\r\ndone\r": "10%\n20%\ndone\n",
    b"\xc3\xa9 \xff \xe2\x82": "é � �",
    b"\x1b(Bcharset\x1b7\x1b=": "charset",
    b"\xc2\x9b31mC1": "31mC1",
    b"end \x1b": "end ",
    b"cut \x1b[3": "cut [3",
}


def pieces(data: bytes, cuts: list[int]) -> str:
    heard: list[str] = []
    stream = Stream(10_000, heard.append)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        stream.feed(data[start:end])
    whole = stream.close()
    assert "".join(heard) == whole
    return whole


@pytest.mark.parametrize(("data", "shown"), SAMPLES.items())
def test_what_is_shown_holds_no_escapes_and_no_controls(data: bytes, shown: str) -> None:
    assert pieces(data, []) == shown


@given(st.sampled_from(sorted(SAMPLES)), st.lists(st.integers(0, 100), max_size=6))
def test_pieces_make_no_difference(data: bytes, cuts: list[int]) -> None:
    assert pieces(data, cuts) == SAMPLES[data]


@given(st.binary(max_size=200), st.lists(st.integers(0, 300), max_size=5))
def test_nothing_dangerous_is_ever_shown(data: bytes, cuts: list[int]) -> None:
    shown = pieces(data, cuts)
    assert clean(shown) == shown
    shown.encode("utf-8")


def test_what_passes_the_limit_is_dropped_and_said() -> None:
    stream = Stream(5, lambda _: None)
    stream.feed(b"abc")
    assert not stream.truncated
    stream.feed(b"defg")
    stream.feed(b"hij")
    assert stream.close() == "abcde"
    assert stream.truncated


def test_an_escape_that_never_ends_is_not_waited_for_forever() -> None:
    stream = Stream(10_000, lambda _: None)
    stream.feed(b"\x1b]" + b"x" * 2000)
    stream.feed(b"seen")
    assert stream.close().endswith("seen")

"""What must hold between functions of which one undoes the other."""

import pytest
from quantumlayer.engine.agents.checks import TestBed, read_checks
from quantumlayer.engine.agents.properties import round_trips


def bodies(names: tuple[str, ...], code: str) -> list[str]:
    bed = TestBed(shared="", names=names)
    return [line for check in round_trips(bed, tuple(read_checks(bed, "", code))) for line in check.body]


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        ("encode", "decode"),
        ("encode_shift", "decode_shift"),
        ("url_encode", "url_decode"),
        ("to_roman", "from_roman"),
        ("int_to_roman", "roman_to_int"),
        ("format_seconds", "parse_seconds"),
        ("dumps", "loads"),
    ],
)
def test_what_one_writes_the_other_reads(writer: str, reader: str) -> None:
    assert f"assert {reader}({writer}(7)) == 7" in bodies((writer, reader), f"assert {writer}(7) == 'x'")


def test_values_are_those_whose_results_are_named_and_few() -> None:
    code = """
with pytest.raises(ValueError):
    encode("")
assert encode("a", 2) == "c"
assert encode(other) == "c"
assert encode("a") != "a"
assert encode("ab") == "cd"
assert decode("x") == "v"
"""
    assert bodies(("encode", "decode"), code) == ["assert decode(encode('ab')) == 'ab'"]
    many = "\n".join(f"assert encode({n}) == {n + 1}" for n in range(9))
    assert len(bodies(("encode", "decode"), many)) == 3


@pytest.mark.parametrize(
    "names", [("encode", "encoded"), ("encode",), ("slugify", "unslugify"), ("tone", "fromne")]
)
def test_names_that_say_nothing_of_the_kind_give_none(names: tuple[str, ...]) -> None:
    assert bodies(names, "\n".join(f"assert {name}('a') == 'b'" for name in names)) == []


def test_they_are_nobodys_example_and_have_names_of_their_own() -> None:
    bed = TestBed(shared="", names=("encode", "decode"))
    checks = tuple(
        read_checks(bed, "`encode(12)` is `24`", "assert encode(12) == 24\nassert encode(13) == 26")
    )
    found = round_trips(bed, checks)
    assert [check.anchored for check in found] == [False, False]
    assert len({check.name for check in (*checks, *found)}) == 4
    assert all(set(check.covers) == {"encode", "decode"} for check in found)

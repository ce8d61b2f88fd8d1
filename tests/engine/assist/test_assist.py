"""Help at one place in a file, with everything real but the model."""

import pytest
from assist_desk import Desk
from quantumlayer.engine.errors import BudgetError
from quantumlayer.engine.types import Finding, SourceFile, Stage
from support.command import fenced
from support.scripted_server import Reply, Seen

STUB = '''\
import os


def double(number: int) -> int:
    """Twice the number; raises ValueError below zero.

    >>> double(4)
    8
    >>> double(0)
    0
    """
    raise NotImplementedError


def  mine( ) :  return os.sep   # the user's own text
'''
RIGHT = (
    'def double(number):\n    if number < 0:\n        raise ValueError("below zero")\n    return number * 2\n'
)
SQUARE = "def double(number):\n    return number ** 2\n"
CHECKS = "assert double(3) == 6\nwith pytest.raises(ValueError):\n    double(-1)\n"


async def test_the_candidate_that_does_what_the_examples_say_is_taken(desk: Desk) -> None:
    desk.answers(implement=[SQUARE, RIGHT, SQUARE], checks=CHECKS)
    help_ = await desk.wish("implement", STUB, "def double")
    assert help_.sure
    assert help_.text == STUB.replace(
        "    raise NotImplementedError\n",
        '    if number < 0:\n        raise ValueError("below zero")\n    return number * 2\n',
    )
    assert "2 of 2 examples of yours pass" in help_.said
    (written,) = help_.written
    assert (written.name, written.how, written.candidates) == ("double", "elected", 3)
    assert written.checks_passed == written.checks_total == 4
    assert written.stages == dict.fromkeys(("syntax", "style", "security", "types", "runtime"), "passed")


async def test_nothing_is_offered_when_every_candidate_fails_the_users_examples(desk: Desk) -> None:
    desk.answers(implement=SQUARE, checks=CHECKS)
    help_ = await desk.wish("implement", STUB, "def double")
    assert not help_.text
    assert "`double(4)` must be `8`" in help_.said
    again = [prompt for prompt in desk.asked if "An earlier version was wrong" in prompt]
    assert again, "it is asked once more, and told what went wrong"
    assert "`double(4)` must be `8`" in again[0]


async def test_the_users_tests_count_as_examples_do(desk: Desk) -> None:
    stub = "def size(text: str) -> int:\n    ...\n"
    test = SourceFile(
        path="test_mod.py", text="from mod import size\n\n\ndef test_size():\n    assert size('ab') == 3\n"
    )
    odd = "def size(text):\n    return len(text) + 1\n"
    plain = "def size(text):\n    return len(text)\n"
    desk.answers(implement=[plain, plain, odd], checks="assert size('') == 0\n")
    help_ = await desk.wish("implement", stub, "def size", files=(test,), tests=("test_mod.py",))
    assert "len(text) + 1" in help_.text
    assert "1 of 1 tests of yours pass" in help_.said


HALF = (
    "def size(text: str) -> int:\n    ...\n\n\ndef later(text: str) -> int:\n    raise NotImplementedError\n"
)
HALF_TESTS = SourceFile(
    path="test_mod.py",
    text="""\
from mod import later, size


def test_empty():
    assert size("") == 0


def test_size():
    assert size("ab") == 2


def test_later():
    assert later("ab") == size("ab")
""",
)
LAZY = "def size(text):\n    if text:\n        raise NotImplementedError\n    return 0\n"


async def test_a_branch_that_is_left_out_is_the_candidates_own_fault(desk: Desk) -> None:
    desk.answers(implement=LAZY, checks="assert size('') == 0\n")
    help_ = await desk.wish("implement", HALF, "def size", files=(HALF_TESTS,), tests=("test_mod.py",))
    assert not help_.text
    assert "the test test_mod.py::test_size must pass" in help_.said


async def test_another_stub_is_not_the_candidates_fault(desk: Desk) -> None:
    desk.answers(implement=[LAZY, "def size(text):\n    return len(text)\n"], checks="assert size('') == 0\n")
    help_ = await desk.wish("implement", HALF, "def size", files=(HALF_TESTS,), tests=("test_mod.py",))
    assert "return len(text)" in help_.text
    assert "2 of 2 tests of yours pass" in help_.said


async def test_a_candidate_that_brings_an_error_of_types_is_refused(desk: Desk) -> None:
    stub = "def name(number: int) -> str:\n    ...\n"
    desk.answers(implement="def name(number):\n    return number\n", checks="assert name(1) == 1\n")
    help_ = await desk.wish("implement", stub, "def name")
    assert not help_.text
    assert "the mesh refused it" in help_.said


async def test_without_a_sandbox_it_says_that_nothing_was_run(dry: Desk) -> None:
    dry.answers(implement=RIGHT)
    help_ = await dry.wish("implement", STUB, "def double")
    assert "return number * 2" in help_.text
    assert not help_.sure
    assert "not run" in help_.said
    (written,) = help_.written
    assert written.stages["runtime"] == "skipped"
    assert written.checks_passed == 0


async def test_the_same_wish_is_answered_without_the_model_and_another_draw_asks_again(dry: Desk) -> None:
    dry.answers(implement=RIGHT)
    first = await dry.wish("implement", STUB, "def double")
    count = len(dry.asked)
    assert (await dry.wish("implement", STUB, "def double")).text == first.text
    assert len(dry.asked) == count
    await dry.wish("implement", STUB, "def double", draw=1)
    assert len(dry.asked) > count


async def test_a_refusal_and_a_budget_are_told(dry: Desk, poor: Desk) -> None:
    dry.answers(implement=Reply("I'm sorry, I cannot help with that."))
    help_ = await dry.wish("implement", STUB, "def double")
    assert not help_.text
    assert "The model refused" in help_.said
    with pytest.raises(BudgetError):
        await poor.wish("implement", STUB, "def double", draw=7)


async def test_secrets_do_not_reach_the_model_and_stay_in_the_file(dry: Desk) -> None:
    text = (
        'PASSWORD = "hunter2horse"\n\n\n'
        'def login(password: str) -> bool:\n    # not "xoxb-1234567890-abcdef"\n    ...\n'
    )
    dry.answers(implement="def login(password):\n    return password == PASSWORD\n")
    help_ = await dry.wish("implement", text, "def login")
    assert "hunter2horse" not in " ".join(dry.asked)
    assert "xoxb-1234567890" not in " ".join(dry.asked)
    assert "password: str" in dry.asked[0]
    assert 'PASSWORD = "hunter2horse"' in help_.text


async def test_an_answer_that_repeats_what_was_hidden_is_not_used(dry: Desk) -> None:
    dry.answers(implement='def login(password):\n    return password == "[hidden]"\n')
    help_ = await dry.wish("implement", "def login(password: str) -> bool:\n    ...\n", "def login")
    assert not help_.text


# -- the other tasks -------------------------------------------------------------------------------

CLAMP = '''\
def clamp(value: int, low: int, high: int) -> int:
    """The value between two limits.

    >>> clamp(5, 1, 3)
    4
    """
    if low > high:
        raise ValueError("low is above high")
    return max(low, min(value, high))
'''


async def test_tests_pass_and_would_notice_an_empty_function(desk: Desk) -> None:
    checks = (
        "assert clamp(0, 1, 3) == 1\nassert clamp(2, 1, 3) == 2\nassert clamp(9, 1, 3) == 9\n"
        "assert clamp(1, 1, 1) is not True\nwith pytest.raises(ValueError):\n    clamp(1, 3, 2)\n"
    )
    desk.answers(checks=checks)
    help_ = await desk.wish("test", CLAMP, "def clamp")
    assert help_.path == "test_mod.py"
    assert help_.text.count("def test_") == 3
    assert "clamp(9, 1, 3)" not in help_.text, "it fails"
    assert "is not True" not in help_.text, "it passes whatever the function does"
    assert "1 of your own examples fail, such as `clamp(5, 1, 3)` must be `4`" in help_.said


async def test_a_model_that_guesses_wrong_without_the_code_is_shown_the_code(desk: Desk) -> None:
    def checks(seen: Seen) -> str:
        return (
            "assert clamp(0, 1, 3) == 1\nassert clamp(9, 1, 3) == 3\n"
            if "max(low" in seen.prompt
            else "assert clamp(1, 1, 1) == 7\n"
        )

    desk.answers(checks=lambda seen: Reply([fenced(checks(seen))] * seen.choices))
    help_ = await desk.wish("test", CLAMP, "def clamp")
    assert help_.text.count("def test_") == 2
    assert "max(low" not in desk.asked[0]


async def test_tests_join_those_that_are_there(desk: Desk) -> None:
    there = "import mod\n\n\ndef test_clamp_1():\n    assert mod.clamp(1, 0, 2) == 1\n"
    desk.answers(checks="assert clamp(0, 1, 3) == 1\n")
    files = (SourceFile(path="test_mod.py", text=there),)
    help_ = await desk.wish("test", CLAMP, "def clamp", files=files, tests=("test_mod.py",))
    assert help_.text.startswith("import mod\nfrom mod import clamp\n")
    assert "def test_clamp_1():\n    assert mod.clamp(1, 0, 2) == 1\n" in help_.text
    assert help_.text.count("def test_") == 2
    assert help_.text.count("def test_clamp_1(") == 1


async def test_tests_that_were_not_run_are_not_offered(dry: Desk) -> None:
    help_ = await dry.wish("test", CLAMP, "def clamp")
    assert not help_.text
    assert "not run" in help_.said
    assert not dry.asked


SHARED = "def add(item: str, items: list[str] = []) -> list[str]:\n    items.append(item)\n    return items\n"


async def finding(desk: Desk, text: str, rule: str) -> tuple[Finding, ...]:
    file = SourceFile(path="mod.py", text=text)
    results = await desk.engine.validate([file], [Stage.STYLE, Stage.SECURITY, Stage.TYPES])
    found = tuple(one for result in results for one in result.findings if rule in one.rule)
    assert found, [one.rule for result in results for one in result.findings]
    return found


async def test_a_mended_function_has_lost_the_finding_and_does_the_same(desk: Desk) -> None:
    good = (
        "def add(item: str, items: list[str] | None = None) -> list[str]:\n"
        "    items = [] if items is None else items\n    items.append(item)\n    return items\n"
    )
    other = good.replace("items.append(item)", "items.insert(0, item)")
    desk.answers(mend=[SHARED, other, good], checks='assert add("b", ["a"]) == ["a", "b"]\n')
    help_ = await desk.wish("fix", SHARED, "def add", findings=await finding(desk, SHARED, "B006"))
    assert help_.text == good
    assert "B006 gone" in help_.said


async def test_a_rewrite_that_leaves_the_finding_or_changes_the_parameters_is_refused(desk: Desk) -> None:
    same = SHARED.replace("items.append(item)\n", "items += [item]\n")
    desk.answers(mend=[same, "def add(item):\n    return [item]\n"], checks="assert add('a', []) == ['a']\n")
    help_ = await desk.wish("fix", SHARED, "def add", findings=await finding(desk, SHARED, "B006"))
    assert not help_.text
    assert "leaves" in help_.said


async def test_hardening_removes_the_finding_about_security(desk: Desk) -> None:
    text = (
        'import hashlib\n\n\ndef mark(data: bytes) -> str:\n    """A mark."""\n'
        "    return hashlib.md5(data).hexdigest()\n"
    )
    good = 'def mark(data: bytes) -> str:\n    """A mark."""\n    return hashlib.sha256(data).hexdigest()\n'
    desk.answers(mend=good, checks="assert len(mark(b'')) > 1\n")
    help_ = await desk.wish("harden", text, "md5", findings=await finding(desk, text, "S324"))
    assert help_.text == text.replace("md5", "sha256")
    assert help_.said.startswith("Hardened `mark`: S324 gone")


async def test_types_and_words_are_added_and_the_code_is_the_users(dry: Desk) -> None:
    text = "def area(width, height: int = 2):\n    # the user's own\n    return width*height\n"
    answer = 'def area(width: int, height: str = 2) -> int:\n    """The area."""\n    return 0\n'
    dry.answers(annotate=answer)
    help_ = await dry.wish("document", text, "def area")
    assert help_.text == (
        'def area(width: int, height: int = 2) -> int:\n    """The area."""\n'
        "    # the user's own\n    return width*height\n"
    )


async def test_types_that_are_wrong_are_refused(dry: Desk) -> None:
    text = "def area(width, height):\n    return width.strip() * height\n"
    dry.answers(annotate='def area(width: int, height: int) -> int:\n    """The area."""\n    ...\n')
    help_ = await dry.wish("document", text, "def area")
    assert not help_.text
    assert "strip" in help_.said


async def test_a_comment_becomes_code_below_it(desk: Desk) -> None:
    text = (
        '"""Numbers."""\n\n# A function that says whether a number is even.\n# is_even(4) -> True\n\n\n'
        "def after() -> int:\n    return 1\n"
    )
    good = 'def is_even(number: int) -> bool:\n    """Whether it is even."""\n    return number % 2 == 0\n'
    wrong = good.replace("== 0", "== 1")
    desk.answers(comment=[wrong, good, wrong], checks="assert is_even(3) is False\n")
    help_ = await desk.wish("comment", text, "whether a number")
    assert help_.text == text.replace("# is_even(4) -> True\n", f"# is_even(4) -> True\n{good}")
    assert "Wrote `is_even` from the comment" in help_.said

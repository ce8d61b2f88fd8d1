"""The grammar of answers: code is taken from wherever it stands, and what is no answer says why."""

import pytest
from quantumlayer.engine.agents.answers import dropped_names, read_code, read_json
from quantumlayer.engine.errors import AnswerError
from quantumlayer.engine.llm.types import Answer, Finish

CODE = "def f() -> int:\n    return 1\n"


def answer(text: str, finish: Finish = "stop") -> Answer:
    return Answer(text=text, finish=finish, model="test")


@pytest.mark.parametrize(
    "text",
    [
        f"```python\n{CODE}```",
        f"Sure! Here it is:\n\n```py\n{CODE}```\nIt returns one.",
        f"~~~python\n{CODE}~~~\n",
        f"````python\n{CODE}````",
        f"```\n{CODE}```",
        f"```python\n{CODE}",
        f"  ```python\n{CODE}  ```",
        CODE,
        f"\n\n{CODE}\n\n",
        f"```python title=f.py\n{CODE}```",
        f"```python\n# f.py\n{CODE}```",
        f"```python\nf.py:\n{CODE}```",
        f"```bash\npip install something-with-a-very-long-name-indeed\n```\n```python\n{CODE}```",
        f"```python\nx = 1\n```\n\n```python\n# pkg/f.py\n{CODE}```",
        f"```python\nf()\n```\nis used so; the file:\n```python\n{CODE}```",
    ],
)
def test_the_code_is_found(text: str) -> None:
    path = "pkg/f.py" if "pkg/f.py" in text else "f.py"
    assert read_code(answer(text), path) == CODE


@pytest.mark.parametrize(
    ("text", "finish", "cause"),
    [
        ("", "stop", "empty"),
        (" \n\t\n", "stop", "empty"),
        ("```python\n```", "stop", "prose"),
        ("I would write a function that returns one.", "stop", "prose"),
        ("one", "stop", "prose"),
        ("I'm sorry, but I can't help with that.", "stop", "refused"),
        ("As an AI model, I have to decline.", "stop", "refused"),
        ("No.", "refused", "refused"),
        (f"```python\n{CODE}def g(:\n    x = ", "length", "cut off"),
        (f"```python\n{CODE}```", "loop", "repeated"),
    ],
)
def test_what_is_no_answer_says_why_and_what_to_do(text: str, finish: Finish, cause: str) -> None:
    with pytest.raises(AnswerError, match=cause) as caught:
        read_code(answer(text, finish), "f.py")
    assert caught.value.next_step


def test_a_cut_after_the_block_does_no_harm() -> None:
    assert read_code(answer(f"```python\n{CODE}```\nThis code is", "length"), "f.py") == CODE


@pytest.mark.parametrize(
    "line",
    [
        "# ... rest of the code",
        "# rest of the methods",
        "# existing code",
        "# Your code here",
        "# TODO: implement the logic",
        "# same as before",
        "# unchanged",
        "# Remaining functions",
    ],
)
def test_a_comment_in_place_of_code_is_refused_and_quoted(line: str) -> None:
    with pytest.raises(AnswerError, match="leaves out code") as caught:
        read_code(answer(f"```python\n{CODE}\n{line}\n```"), "f.py")
    assert line in caught.value.cause


@pytest.mark.parametrize(
    "line",
    [
        "# the rest of the words is joined",
        "# Add one to the total",
        "# others are ignored",
        "    ...",
        "x = 'rest of it'",
        "# remaining seconds",
        "# existing keys win",
        "# rest of the line",
    ],
)
def test_an_ordinary_comment_is_no_omission(line: str) -> None:
    code = f"class A:\n{line}\n    x = 1\n" if line.startswith(" ") else f"{CODE}{line}\n"
    assert read_code(answer(f"```python\n{code}```"), "f.py") == code


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, {"b": "}"}]}',
        '```json\n{"a": [1, {"b": "}"}]}\n```',
        'Here is the plan:\n{"a": [1, {"b": "}"}]}\nI hope it helps.',
        '\n\n{"a": [1, {"b": "}"}]}\n\n',
        'A plan.\n```\n{"a": [1, {"b": "}"}]}\n```\nDone.',
    ],
)
def test_the_json_is_found(text: str) -> None:
    assert read_json(answer(text)) == {"a": [1, {"b": "}"}]}


@pytest.mark.parametrize(
    ("text", "finish", "cause"),
    [
        ('{"a": 1,}', "stop", "not valid JSON"),
        ('{"a": ', "stop", "not valid JSON"),
        ("no plan today", "stop", "not valid JSON"),
        ('{"a": "half a character: \\ud83d"}', "stop", "not valid JSON"),
        ('{"a": 1', "length", "cut off"),
        ('{"a": 1}', "loop", "cut off"),
        ("", "stop", "empty"),
        ("I cannot do that.", "stop", "refused"),
        ("[" * 100_000, "stop", "not valid JSON"),
    ],
)
def test_broken_json_says_where(text: str, finish: Finish, cause: str) -> None:
    with pytest.raises(AnswerError, match=cause) as caught:
        read_json(answer(text, finish))
    assert caught.value.next_step


def test_lost_functions_classes_and_methods_are_named() -> None:
    before = "def f(): ...\nasync def g(): ...\nclass A:\n    def m(self): ...\n    def n(self): ...\n"
    after = "def g(): ...\nclass A:\n    def n(self): ...\n"
    assert dropped_names(before, after) == ("A.m", "f")
    assert dropped_names(before, before) == ()
    assert dropped_names(before, "def (") == ("A", "A.m", "A.n", "f", "g")

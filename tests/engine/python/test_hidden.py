"""Secrets in code that a model may see."""

import pytest
from quantumlayer.engine.python.hidden import without_secrets


@pytest.mark.parametrize(
    ("code", "secret"),
    [
        ('password = "hunter2horse"\n', "hunter2horse"),
        ("KEY = 'ghp_0123456789abcdefghij0123456789abcdef'\n", "ghp_0123456789abcdefghij0123456789abcdef"),
        ("# api_key: abcdef123456\nx = 1\n", "abcdef123456"),
        ('url = "https://me:s3cretpass@host/x"\n', "s3cretpass"),
        ('"""Words.\n\nauthorization: Bearer abcdef0123456789\n"""\n', "abcdef0123456789"),
        ('def f():\n    return connect(api_key="abc-123-def-456")\n', "abc-123-def-456"),
    ],
)
def test_secrets_are_hidden(code: str, secret: str) -> None:
    shown = without_secrets(code)
    assert secret not in shown
    assert "[hidden]" in shown
    assert shown.count("\n") == code.count("\n")


@pytest.mark.parametrize(
    "code",
    [
        "def login(user: str, password: str) -> bool:\n    return check(user, password=password)\n",
        'def token(text: str) -> str:\n    return text.split("-")[0]\n',
        "x = 'nothing'\n",
    ],
)
def test_names_and_signatures_stay(code: str) -> None:
    assert without_secrets(code) == code


def test_what_is_no_python_is_redacted_as_prose() -> None:
    assert "hunter2horse" not in without_secrets('password = "hunter2horse"\n"""')

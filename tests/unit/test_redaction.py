"""What is hidden in logs and messages, and what is ordinary text."""

from pathlib import Path

import pytest
from quantumlayer.redaction import redact


@pytest.mark.parametrize(
    "text",
    [
        "key sk-abcdefghijklmnop1234 refused",
        "Authorization: Bearer abcdefgh.12345678",
        "api_key='abcdefgh12345678'",
        "https://user:hunter22@example.org/x",
        "value-of-a-variable",
        "gsk_abcdefgh12345678",
        "github_pat_abcdefgh_12345678",
        "sk-ant-abcdefgh-12345678",
        "hf_abcdefghijklmnopqrstuvwxyzabcdefgh",
        "Authorization: Basic abcdefgh",
        "Incorrect API key provided: sk-abcdefgh****1234",
        "{'x-api-key': 'abcdefgh'}",
        "https://abcdefgh@example.org/simple",
        "db password=abcdefgh",
        "xai-abcdefgh12345678 and AKIAABCDEFGH12345678",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    shown = redact(text, environ={"MY_TOKEN": "value-of-a-variable", "PLAIN": "refused"})
    assert "[hidden]" in shown
    for secret in ("abcdefgh", "hunter22", "value-of"):
        assert secret not in shown.lower()


def test_a_given_secret_is_hidden_wherever_it_stands() -> None:
    shown = redact("refused: my key of words, my key", ["my key", "my key of words", "no"], environ={})
    assert shown == "refused: [hidden], [hidden]"


def test_ordinary_text_stays(tmp_path: Path) -> None:
    text = f"the task-manager in {tmp_path} says https://example.org:8080/a?b=c, mask-image, disk-usage-of-it"
    assert redact(text, environ={"SHORT_KEY": "a"}) == text


@pytest.mark.parametrize(
    "text",
    [
        "/home/u/skeleton-service/quantumlayer.toml:3: bad",
        "pkg_resources_backport is not installed",
        "basic usage of the bearer is shown below",
        "the API key is missing",
        "sketching_functions, hfile_of_the_table and rk_solver_of_order_four",
    ],
)
def test_names_that_begin_like_a_key_stay(text: str) -> None:
    assert redact(text, environ={}) == text

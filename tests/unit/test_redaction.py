"""What is hidden in logs and messages, and what is ordinary text."""

import time
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
        "npm_abcdefgh12345678abcdefgh123456789012",
        "//example.org/:_authToken=abcdefgh",
        "//example.org/:_auth=abcdefgh",
        "pypi-AgEIcHlwaS5vcmcabcdefgh12345678",
        "glpat-abcdefgh12345678",
        "eyJhbGciOiJIUzI1NiJ9.eyJabcdefgh.abcdefgh",
        "https://example.org/?token=abcdefgh1 and next",
        "refresh_token=abcdefgh.12345678",
        "client_secret=abcdefgh",
        "SECRET_KEY = 'abcdefgh'",
        "private_key: abcdefgh",
        "secret: abcdefgh1",
        "{'secret': 'abcdefgh1'}",
        'password="my abcdefgh pass"',
        "{'password': 'my own abcdefgh'}",
        "https://user:ab/abcdefgh@example.org/simple",
        "postgres://user:ab#abcdefgh@example.org/db",
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
        "SyntaxError: invalid token: expected an identifier",
        "unexpected token: 'Identifier'",
        "assert Lexer(token=None).take(token=previous_token_of_line_1()) == 3",
        "max_token=4096, eos_token=151643, secret: str = settings.secret",
        "npm_config_registry_of_the_user and npm_lifecycle_event",
        "pypi-attestations-0.0.21 and pypi-simple-index-parser-2",
        "https://example.org:8080/@scope/name, http://[::1]:8080/@scope and https://example.org/a:b@c",
        '--header="x-password=" and "another text"',
        "eyJustAName.attribute and eyJ",
        "sketching_functions, hfile_of_the_table and rk_solver_of_order_four",
    ],
)
def test_names_that_begin_like_a_key_stay(text: str) -> None:
    assert redact(text, environ={}) == text


@pytest.mark.parametrize(
    "part",
    [
        "sk-",
        "npm_",
        "pypi-AgE",
        "eyJ-",
        "eyJaaaaaaaa.",
        "://a:",
        "://",
        "token=1",
        "token=a(",
        "password='",
        "bearer ",
    ],
)
def test_a_text_four_times_as_long_takes_about_four_times_as_long(part: str) -> None:
    """Judged code prints what it likes, and an editor waits meanwhile."""

    def taken(times: int) -> float:
        text, best = part * times + "(", float("inf")
        for _ in range(3):
            started = time.thread_time()
            redact(text, environ={})
            best = min(best, time.thread_time() - started)
        return best

    assert taken(8000) / taken(2000) < 10, "where each place is looked at from each, it is sixteen"

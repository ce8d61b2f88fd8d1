"""Secrets in code that a model may see."""

import pytest
from quantumlayer.engine.python.hidden import secrets_in, without_secrets


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


@pytest.mark.parametrize(
    "code",
    [
        'password: str = "hunter2hunter2"\n',
        'password: str | None = "hunter2hunter2"\n',
        'API_KEY: Final = "hunter2hunter2"\n',
        'API_KEY: Final[str] = "hunter2hunter2"\n',
        'def f(password: str = "hunter2hunter2"):\n    pass\n',
        'def f(a, *, password: str = "hunter2hunter2", b=1):\n    pass\n',
        'API_KEY = b"hunter2hunter2"\n',
        'password = r"hunter2hunter2"\n',
        'password = f"hunter2hunter2{number}"\n',
        'API_KEY = (\n    "hunter2hunter2"\n)\n',
        'API_KEY = (  # from the shop\n    "nothing"\n    "hunter2hunter2"\n)\n',
        'password = \\\n    "hunter2hunter2"\n',
        'password = """\nhunter2hunter2\n"""\n',
        'password = "a\\\nhunter2hunter2"\n',
        'SETTINGS = {"user": "me", "password": "hunter2hunter2"}\n',
        'SETTINGS = {\n    "password":\n        b"hunter2hunter2",\n}\n',
        'connect(\n    host,\n    password=\n    "hunter2hunter2",\n)\n',
        'connect(host, password=b"hunter2hunter2")\n',
        'password = SecretStr("hunter2hunter2")\n',
        'os.environ.get("PASSWORD", "hunter2hunter2")\n',
        'password = os.environ.get("WORD") or "hunter2hunter2"\n',
        'user, password = "me", "hunter2hunter2"\n',
        'client.set_password("hunter2hunter2")\n',
        'settings["password"] = "hunter2hunter2"\n',
        'add_argument("--password", help="its word", default="hunter2hunter2")\n',
        'if password == "hunter2hunter2":\n    pass\n',
        'token = "hunter2hunter2"\n',
        'pairs = [("password", "hunter2hunter2")]\n',
        'password: str = "hunter2hunter2"\r\nx = 1\r\n',
    ],
)
def test_what_stands_between_name_and_text_does_not_save_a_secret(code: str) -> None:
    shown = without_secrets(code)
    assert "hunter2hunter2" not in shown
    assert "[hidden]" in shown
    assert shown.count("\n") == code.count("\n")
    assert any("hunter2hunter2" in text for text in secrets_in(code))


@pytest.mark.parametrize(
    "code",
    [
        'connect(password=b"hunter2hunter2",\n',
        'def f(password: str = "hunter2hunter2",\n',
        'connect(password: str = b"hunter2hunter2\n',
        '"""\npassword: str = (\n    "hunter2hunter2"',
    ],
)
def test_secrets_in_half_a_statement_are_hidden(code: str) -> None:
    assert "hunter2hunter2" not in without_secrets(code)


@pytest.mark.parametrize(
    "code",
    [
        'password = os.environ["PASSWORD"]\n',
        'password = os.getenv("PASSWORD")\n',
        'digest = sha256(password.encode("utf-8"))\n',
        'def login(password: str, mode: str = "fast") -> None:\n    """Words."""\n',
        'def check_password(kind: str = "plain") -> None:\n    raise ValueError("too short")\n',
        'SETTINGS = {"password": password, "mode": "fast"}\n',
        'FIELDS = ["user", "password", "email"]\n',
        'headers = {"Authorization": f"Bearer {token}"}\n',
        "",
    ],
)
def test_keys_and_other_arguments_stay(code: str) -> None:
    assert without_secrets(code) == code


def test_many_texts_in_one_list_are_soon_read() -> None:
    code = "words = [\n" + '    "word",\n' * 5000 + "]\n"
    assert without_secrets(code) == code

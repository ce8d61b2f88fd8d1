import pytest
from quantumlayer.engine.types import Severity, Stage


async def security(mesh, project):
    (result,) = await mesh.check(project, (Stage.SECURITY,))
    return result


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("S102", "def f(x):\n    exec(x)\n"),
        ("S307", "def f(x):\n    return eval(x)\n"),
        ("S602", "import subprocess\n\n\ndef f(x):\n    subprocess.run(x, shell=True)\n"),
        ("S605", "import os\n\n\ndef f(x):\n    os.system('rm ' + x)\n"),
        ("S301", "import pickle\n\n\ndef f(x):\n    return pickle.loads(x)\n"),
        ("S506", "import yaml\n\n\ndef f(x):\n    return yaml.load(x)\n"),
        ("S324", "import hashlib\n\n\ndef f(x):\n    return hashlib.md5(x).hexdigest()\n"),
        ("S501", "import requests\n\n\ndef f(u):\n    return requests.get(u, verify=False, timeout=3)\n"),
        ("S608", "def f(cur, x):\n    cur.execute(f\"select * from t where a = '{x}'\")\n"),
        ("S105", 'PASSWORD = "correct horse battery"\n'),
        ("S105", 'token = "ghp_16C7e42F292c6912E7710c838347"\n'),
        ("S107", 'def connect(password="hunter2"):\n    return password\n'),
        ("S202", "import tarfile\n\n\ndef f(p):\n    tarfile.open(p).extractall()\n"),
        ("S306", "import tempfile\n\nx = tempfile.mktemp()\n"),
    ],
)
async def test_a_dangerous_call_fails_the_gate(mesh, make, rule, text):
    result = await security(mesh, make({"a.py": text}))
    assert result.status == "failed"
    assert rule in {found.rule for found in result.findings if found.severity is Severity.ERROR}


@pytest.mark.parametrize(
    "text",
    [
        "import random\n\nx = random.random()\n",
        "import subprocess\n\nsubprocess.run(['ls'], check=True)\n",
        "import subprocess\n\nsubprocess.run('ls', shell=True)\n",
        "def f(token):\n    return token == '('\n",
        'PASSWORD_FIELD = "password_field"\n',
        'token_type = "bearer"\n',
        "def f(x):\n    assert x\n",
        "import hashlib\n\nx = hashlib.md5(b'', usedforsecurity=False)\n",
    ],
)
async def test_ordinary_code_passes(mesh, make, text):
    assert (await security(mesh, make({"a.py": text}))).status == "passed"


@pytest.mark.parametrize(
    ("before", "beside"),
    [
        ("# ruff: noqa", "# noqa: S307"),
        ("# flake8: noqa", "# noqa"),
        ("# ruff: file-ignore[S307]", "# ruff: ignore[S307]"),
        ("# ruff: disable[S307]", "# ruff: ignore[suspicious-eval-usage]"),
    ],
)
async def test_comments_cannot_switch_the_gate_off(mesh, make, before, beside):
    text = f"{before}\n\n\ndef f(x):\n    # ruff: ignore[S307]\n    return eval(x)  {beside}\n"
    assert (await security(mesh, make({"a.py": text}))).status == "failed"


async def test_asserts_and_passwords_of_tests_are_no_matter(mesh, make):
    text = "def test_login(client):\n    password = 'correct horse battery'\n    assert client(password)\n"
    result = await security(mesh, make({"tests/test_a.py": text}))
    assert result.status == "passed"
    assert "S101" not in {found.rule for found in result.findings}


async def test_a_file_that_cannot_be_read_cannot_be_called_secure(mesh, make):
    result = await security(mesh, make({"a.py": "def f(:\n    eval(x)\n"}))
    assert result.status == "failed"

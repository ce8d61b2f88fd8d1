"""Secrets in any text: found by kind, never repeated, and few false alarms."""

import json

import pytest
from quantumlayer.engine.types import OpenFile, Severity, Stage
from quantumlayer.engine.validation.live import LiveMesh
from quantumlayer.engine.validation.report import FORMATS, render

# In parts, so that whoever scans this repository finds nothing in it.
RANDOM = "q8Zr3LmT5vXw9YbN" + "2cKd7Hf4Gj6Ps1Qa"
GITHUB = "ghp" + "_" + "A1b2C3d4E5f6G7h8I9j0" + "K1l2M3n4O5p6Q7r8"
AWS = "AKIA" + "ZQ3DRSTUVWXY2345"
STRIPE = "sk" + "_live_" + "51HqLyjWDarjtT1zdp7dcXYZ"
WORD = "hunter2" + "xyz9"
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA9876543210ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvu\n"


async def security(mesh, project):
    (result,) = await mesh.check(project, (Stage.SECURITY,))
    return result


def secrets(result):
    return [
        (found.path, found.rule, str(found.severity)) for found in result.findings if found.tool == "secrets"
    ]


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("a.py", f'x = call("{GITHUB}")\n', "github-key"),
        (".env", f"AWS_ACCESS_KEY_ID={AWS}\n", "aws-key"),
        ("deploy.yaml", f"stripe: {STRIPE}\n", "stripe-key"),
        ("README.md", f"Log in with {GITHUB}.\n", "github-key"),
        ("keys/id_rsa", KEY, "private-key"),
        ("app.min.json", '{"a": "' + "x, " * 3000 + f'", "b": "{GITHUB}"}}', "github-key"),
    ],
)
async def test_an_issued_key_fails_the_stage_in_any_text(mesh, make, path, text, rule):
    result = await security(mesh, make({path: text}))
    assert result.status == "failed"
    assert secrets(result) == [(path, rule, "error")]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".env", f"DB_PASSWORD={WORD}\n"),
        (".env.production", f"API_KEY={RANDOM}\n"),
        ("Dockerfile", f"FROM scratch\nENV API_KEY={RANDOM}\n"),
        ("values.yaml", f"database:\n  password: {WORD}\n"),
        ("settings.toml", f'password = "{WORD}"\n'),
        ("config.json", f'{{"password": "{WORD}"}}\n'),
        ("main.js", f'const apiKey = "{RANDOM}";\n'),
        ("main.go", f'var apiKey = "{RANDOM}"\n'),
        ("run.sh", f'export API_TOKEN="{RANDOM}"\n'),
        ("a.py", f'api_key = "{RANDOM}"\n'),
        ("b.py", f'LOGIN = {{"password": "{WORD}"}}\n'),
        ("dsn.yaml", f"dsn: postgres://bob:{WORD}@db.internal/x\n"),
    ],
)
async def test_what_is_called_a_secret_is_a_warning(mesh, make, path, text):
    assert [severity for _, _, severity in secrets(await security(mesh, make({path: text})))] == ["warning"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".env.sample", "PASSWORD=changeme\nAPI_KEY=your-api-key-here1\nTOKEN=xxxxxxxxxxxx1234\nSECRET=\n"),
        ("a.yaml", "secretName: db-credentials-2\npassword: ${PASSWORD_1}\ntoken: '{{ token_1 }}'\n"),
        (
            "b.yaml",
            "password: !vault abc123\npassword_file: /run/secrets/db1\nsum: 9f86d081884c7d659a2feaa0c55a\n",
        ),
        ("c.sh", 'password=$1\ntoken="$(cat token1.txt)"\nread -p "Password 1: " password\n'),
        ("d.py", "token = request.headers['X-Token-1']\npassword = get_secret('db1')\n"),
        ("e.py", 'HEAD = "-----BEGIN ' + 'PRIVATE KEY-----"\n'),
        ("f.env", "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7" + "EXAMPLE\n"),
        (
            "g.json",
            '{"integrity": "sha512-' + RANDOM * 2 + '==", "id": "0b6a2c9e-9d0b-4b7e-8a3e-5b1c3a2d4e5f"}\n',
        ),
        ("h.md", f"password = {WORD}\n"),
        ("poetry.lock", f'token = "{RANDOM}"\n'),
    ],
)
async def test_placeholders_references_and_digests_are_none(mesh, make, path, text):
    assert secrets(await security(mesh, make({path: text}))) == []


async def test_what_tests_hold_weighs_less(mesh, make):
    text = f"password: {WORD}\n"
    result = await security(mesh, make({"tests/a.yaml": text, "tests/b.yaml": f"github: {GITHUB}\n"}))
    assert secrets(result) == [
        ("tests/a.yaml", "secret-by-name", "info"),
        ("tests/b.yaml", "github-key", "warning"),
    ]


async def test_the_secret_is_in_no_report_and_not_in_the_journal(mesh, make, settings):
    result = await security(mesh, make({"a.env": f"GITHUB={GITHUB}\nDB_PASSWORD={WORD}\n"}))
    assert len(secrets(result)) == 2
    for form in FORMATS:
        assert GITHUB not in render((result,), form)
        assert WORD not in render((result,), form)
    stored = [path.read_bytes() for path in settings.storage.data_dir.rglob("*") if path.is_file()]
    assert any(b"github-key" in content for content in stored)
    assert not any(GITHUB.encode() in content or WORD.encode() in content for content in stored)


async def test_its_place_is_that_of_the_secret(mesh, make):
    (found,) = (await security(mesh, make({"a.yaml": f"# é\nx: {GITHUB}  # why\n"}))).findings
    assert (found.range.start.line, found.range.start.column) == (1, 3)
    assert found.range.end.column == 3 + len(GITHUB)


@pytest.mark.parametrize(
    "text",
    [
        f'key = "{GITHUB}"  # pragma: allowlist secret\n',
        f'# pragma: allowlist nextline secret\nkey = "{GITHUB}"\n',
    ],
)
async def test_the_tools_own_comment_allows_a_line(mesh, make, text):
    """Told, so that a reviewer sees it, and no failure."""
    result = await security(mesh, make({"a.py": text}))
    assert result.status == "passed"
    assert secrets(result) == [("a.py", "github-key", "info")]


async def test_the_offered_comment_is_one_that_the_tool_obeys(mesh, make):
    for path, line in {"a.py": f'k = "{GITHUB}"', "b.ts": f'k("{GITHUB}")', "c.sql": f"-- {GITHUB}"}.items():
        (found,) = (await security(mesh, make({path: f"{line}\n"}))).findings
        (edit,) = found.suppress.edits
        assert edit.range.start.column == len(line)
        silenced = await security(mesh, make({path: f"{line}{edit.text}\n"}))
        assert [one.severity for one in silenced.findings if one.tool == "secrets"] == [Severity.INFO]
    (found,) = (await security(mesh, make({"d.json": json.dumps({"k": GITHUB})}))).findings
    assert found.suppress is None


async def test_where_only_secrets_were_looked_for_the_stage_is_not_passed(mesh, make):
    result = await security(mesh, make({"main.zig": "pub fn main() void {}\n"}))
    assert result.status == "skipped"
    assert result.reason == "no tool for zig; only secrets were looked for"


async def test_live_obeys_the_comment_and_finds_the_rest(settings):
    live = LiveMesh(settings)
    told = {}

    def hear(results):
        for result in results:
            told[result.tools[0].name if result.tools else ""] = result

    text = f'A = "{GITHUB}"  # pragma: allowlist secret\nB = "{AWS}"\n'
    try:
        await live.check(OpenFile(folder=str(settings.storage.cache_dir), path="a.py", text=text), hear)
    finally:
        await live.aclose()
    assert [(found.rule, found.range.start.line) for found in told["secrets"].findings] == [("aws-key", 1)]

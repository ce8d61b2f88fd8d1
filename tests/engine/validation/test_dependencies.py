"""Known vulnerabilities of what a project pins, from a database on loopback that answers as OSV does."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.journal import Journal
from quantumlayer.engine.types import SourceFile, Stage
from quantumlayer.engine.validation.adapters import dependencies
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.packages.pinned import pins
from quantumlayer.engine.validation.report import render
from quantumlayer.settings import Settings, ValidateSettings

GHSA: dict[str, Any] = {
    "id": "GHSA-aaaa",
    "aliases": ["CVE-2099-1"],
    "summary": "Old things\nleak",
    "database_specific": {"severity": "HIGH"},
    "affected": [
        {
            "package": {"name": "Old-Thing", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.3"}]}],
        }
    ],
}
PYSEC = {"id": "PYSEC-2099-1", "aliases": ["CVE-2099-1", "GHSA-aaaa"], "details": "The same."}
MILD = {"id": "GHSA-mild", "summary": "Slow", "database_specific": {"severity": "MODERATE"}}
GONE = {"id": "GHSA-gone", "summary": "Wrong", "withdrawn": "2099-01-01T00:00:00Z"}


@dataclass
class Database:
    url: str
    known: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    status: int = 200
    body: str | None = None
    asked: list[Any] = field(default_factory=list)
    passes: list[str | None] = field(default_factory=list)
    """Who asked, by the header that says so."""
    page: int = 1000
    """How many ids come at once."""

    def answer(self, path: str, query: Any) -> Any:
        if path == "/v1/querybatch":
            self.asked.append(query)
            return {"results": [self.listed(one) for one in query["queries"]]}
        every = {one["id"]: one for all_ in self.known.values() for one in all_}
        return every[path.removeprefix("/v1/vulns/")]

    def listed(self, query: Any) -> Any:
        known = self.known.get((query["package"]["name"], query["version"]), [])
        start = int(query.get("page_token", 0))
        found = {"vulns": [{"id": one["id"]} for one in known[start : start + self.page]]} if known else {}
        more = {"next_page_token": str(start + self.page)} if start + self.page < len(known) else {}
        return found | more


@pytest.fixture
def database() -> Iterator[Database]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self.reply(None)

        def reply(self, query: Any) -> None:
            made.passes.append(self.headers.get("Authorization"))
            body = made.body if made.body is not None else json.dumps(made.answer(self.path, query))
            self.send_response(made.status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Database(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def audited(settings: Settings, journal: Journal, database: Database) -> Mesh:
    return Mesh(settings, journal, None, advisories=database.url)


async def security(mesh, project):
    (result,) = await mesh.check(project, (Stage.SECURITY,))
    return result


def told(result):
    return [
        (found.path, found.range.start.line + 1, found.rule, str(found.severity))
        for found in result.findings
        if found.tool == "dependencies"
    ]


CODE = {"a.py": "X = 1\n"}


async def test_a_vulnerable_version_fails_the_stage_where_it_is_pinned(audited, database, make):
    database.known["old-thing", "1.2"] = [PYSEC, GHSA]
    files = {
        **CODE,
        "requirements.txt": "# ours\nfresh==2.0\nold_thing[fast]==1.2 ; python_version > '3'  # why\n",
    }
    result = await security(audited, make(files))
    assert result.status == "failed"
    assert told(result) == [("requirements.txt", 3, "GHSA-aaaa", "error")]
    (found,) = result.findings
    assert found.message == "old-thing 1.2 is vulnerable: Old things leak (mended in: 1.3)"
    assert found.url.endswith("GHSA-aaaa")


async def test_a_mild_one_warns_and_a_withdrawn_one_is_none(audited, database, make):
    database.known["slow", "1"] = [MILD, GONE]
    result = await security(audited, make({**CODE, "requirements.txt": "slow==1\n"}))
    assert result.status == "passed"
    assert told(result) == [("requirements.txt", 1, "GHSA-mild", "warning")]


async def test_only_names_and_versions_are_sent(audited, database, make):
    text = "fresh==2.0 --hash=sha256:00\n--index-url https://user:word@example.org/simple\nx @ https://y.example.org/x\n"
    await security(audited, make({**CODE, "requirements.txt": text}))
    assert database.asked == [
        {"queries": [{"package": {"name": "fresh", "ecosystem": "PyPI"}, "version": "2.0"}]}
    ]


async def test_what_is_not_pinned_is_said_not_to_be_looked_up(audited, database, make):
    result = await security(audited, make({**CODE, "requirements.txt": "fresh>=2\n"}))
    assert told(result) == [("requirements.txt", 1, "not-pinned", "info")]
    assert database.asked == []


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, "busy"), (200, "<html>"), (200, "{}"), (200, '{"results": []}'), (200, '{"results": 3}')],
)
async def test_without_an_answer_nothing_is_called_clean(audited, database, make, status, body):
    database.status, database.body = status, body
    result = await security(audited, make({**CODE, "requirements.txt": "fresh==2.0\n"}))
    assert result.status == "skipped"
    assert "dependencies were not looked up" in result.reason
    assert "skipped" in render((result,), "text")


async def test_a_database_that_cannot_be_reached_is_not_remembered(settings, journal, database, make):
    project = make({**CODE, "requirements.txt": "old-thing==1.2\n"})
    lost = await security(Mesh(settings, journal, None, advisories="http://127.0.0.1:9"), project)
    assert lost.status == "skipped"
    assert "ConnectError" in lost.reason
    database.known["old-thing", "1.2"] = [GHSA]
    found = await security(Mesh(settings, journal, None, advisories=database.url), project)
    assert found.status == "failed"


async def test_who_edits_code_does_not_have_the_database_asked_again(audited, database, make):
    database.known["old-thing", "1.2"] = [GHSA]
    pinned = "old-thing==1.2\n"
    for code in ("X = 1\n", "X = 2\n"):
        result = await security(audited, make({"a.py": code, "sub/requirements-dev.txt": pinned}))
        assert told(result) == [("sub/requirements-dev.txt", 1, "GHSA-aaaa", "error")]
    assert len(database.asked) == 1
    result = await security(audited, make({**CODE, "sub/requirements-dev.txt": f"# new\n{pinned}"}))
    assert told(result) == [("sub/requirements-dev.txt", 2, "GHSA-aaaa", "error")]
    assert len(database.asked) == 2


async def test_where_nothing_is_pinned_nobody_is_asked(settings, journal, make):
    result = await security(Mesh(settings, journal, None, advisories="http://127.0.0.1:9"), make(CODE))
    assert result.status == "passed"


async def test_a_password_in_its_address_is_not_told(settings, journal, database, make, caplog):
    caplog.set_level("DEBUG")
    project = make({**CODE, "requirements.txt": "fresh==2.0\n"})
    address = database.url.replace("http://", "http://user:token@")
    result = await security(Mesh(settings, journal, None, advisories=address), project)
    assert result.status == "passed"
    assert database.passes == ["Basic dXNlcjp0b2tlbg=="]
    database.status = 503
    project = make({**CODE, "requirements.txt": "fresh==2.1\n"})
    result = await security(Mesh(settings, journal, None, advisories=address), project)
    assert result.status == "skipped"
    assert "127.0.0.1 did not tell (status 503)" in result.reason
    assert "token" not in result.reason + caplog.text


async def test_what_comes_on_further_pages_is_told_too(audited, database, make):
    database.page = 1
    database.known["slow", "1"] = [MILD, {**MILD, "id": "GHSA-more"}, {**MILD, "id": "GHSA-last"}]
    result = await security(audited, make({**CODE, "requirements.txt": "fresh==2\nslow==1\n"}))
    assert {rule for _, _, rule, _ in told(result)} == {"GHSA-mild", "GHSA-more", "GHSA-last"}
    assert [len(one["queries"]) for one in database.asked] == [2, 1, 1]


async def test_of_very_many_the_ids_are_told(audited, database, make, monkeypatch):
    monkeypatch.setattr(dependencies, "_MOST_ADVISORIES", 2)
    database.known["old-thing", "1.2"] = [GHSA, MILD, PYSEC, {"id": "GHSA-x"}, {"id": "GHSA-y"}]
    result = await security(audited, make({**CODE, "requirements.txt": "old-thing==1.2\n"}))
    assert result.status == "failed"
    assert {rule for _, _, rule, _ in told(result)} == {"GHSA-aaaa", "GHSA-mild", "many-advisories"}
    (many,) = [found for found in result.findings if found.rule == "many-advisories"]
    assert "3 entries not read" in many.message
    assert "PYSEC-2099-1, GHSA-x, GHSA-y" in many.message


async def test_a_withdrawn_one_hides_none_that_stands(audited, database, make):
    gone = {**GONE, "id": "A-gone", "aliases": ["CVE-2099-1"]}
    database.known["old-thing", "1.2"] = [gone, GHSA]
    result = await security(audited, make({**CODE, "requirements.txt": "old-thing==1.2\n"}))
    assert [rule for _, _, rule, _ in told(result)] == ["GHSA-aaaa"]


def test_lock_files_and_pyproject_are_read():
    lock = (
        '[[package]]\nname = "Own"\nversion = "0.1"\nsource = { editable = "." }\n\n'
        '[[package]]\nname = "Some_Thing"\nversion = "4.5"\n'
    )
    project = (
        '[project]\nname = "own"\ndependencies = [\n  "some-thing>=4",\n  "other==1.*",\n  "exact===3",\n]\n'
    )
    texts = {
        "uv.lock": lock,
        "pyproject.toml": project,
        "notes.txt": "x==1\n",
        "sub/requirements-dev.txt": "dev==7\n",
    }
    exact, loose = pins([SourceFile(path=path, text=text) for path, text in texts.items()])
    assert [(pin.name, pin.version, pin.path, pin.line) for pin in exact] == [
        ("some-thing", "4.5", "uv.lock", 7),
        ("exact", "3", "pyproject.toml", 6),
        ("dev", "7", "sub/requirements-dev.txt", 1),
    ]
    assert [(pin.text, pin.line) for pin in loose] == [("other==1.*", 5)]


def test_extras_and_groups_are_read():
    project = (
        '[project]\ndependencies = ["a==1.0"]\n[project.optional-dependencies]\nfast = ["b==2", "c>=3"]\n'
        "[dependency-groups]\ndev = [\n  'a==1',\n  {include-group = 'x'},\n  'd==4',\n]\nx = 3\n"
    )
    exact, loose = pins([SourceFile(path="pyproject.toml", text=project)])
    assert [(pin.name, pin.version, pin.line, pin.column) for pin in exact] == [
        ("a", "1.0", 2, 17),
        ("b", "2", 4, 9),
        ("a", "1", 7, 3),
        ("d", "4", 9, 3),
    ]
    assert [(pin.text, pin.line) for pin in loose] == [("c>=3", 4)]


def test_each_version_in_a_lock_file_stands_at_its_own_place():
    lock = (
        '[[package]]\nname = "app"\nversion = "1"\n'
        'dependencies = [\n    { name = "num", version = "2" },\n]\n\n'
        '[[package]]\nname = "num"\nversion = "1"\n\n[[package]]\nname = "num"\nversion = "2"\n'
    )
    exact, _ = pins([SourceFile(path="uv.lock", text=lock)])
    assert [(pin.name, pin.version, pin.line, pin.column) for pin in exact] == [
        ("app", "1", 2, 0),
        ("num", "1", 9, 0),
        ("num", "2", 13, 0),
    ]
    assert {pin.text for pin in exact} == {'name = "app"', 'name = "num"'}


@pytest.mark.parametrize(
    ("path", "head"),
    [
        (
            "poetry.lock",
            "# This file is automatically @generated by Poetry 2.1.1 and should not be changed by hand.\n\n",
        ),
        (
            "pdm.lock",
            "# This file is @generated by PDM.\n# It is not intended for manual editing.\n\n[metadata]\n"
            'lock_version = "4.5.0"\n\n',
        ),
        ("uv.lock", "version = 1\n\n"),
    ],
)
async def test_what_tools_lock_is_looked_up(settings, database, path, head):
    """They say that they are generated; their pins are those that get installed."""
    database.known["old-thing", "1.2"] = [GHSA]
    text = f'{head}[[package]]\nname = "old-thing"\nversion = "1.2"\n'
    files = [SourceFile(path=name, text=said) for name, said in {**CODE, path: text}.items()]
    wanted = settings.model_copy(update={"validate_": ValidateSettings(advisories=database.url)})
    async with Engine(wanted) as engine:
        (result,) = await engine.validate(files, [Stage.SECURITY])
    assert told(result) == [(path, head.count("\n") + 2, "GHSA-aaaa", "error")]


@pytest.mark.parametrize(
    "text", ["[project\n", "[project]\ndependencies = 3\n", "project = 1\n", "[[package]]\nname = 3\n"]
)
def test_broken_files_pin_nothing(text):
    for path in ("pyproject.toml", "uv.lock"):
        assert pins([SourceFile(path=path, text=text)]) == ([], [])

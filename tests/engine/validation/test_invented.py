"""Packages that no registry has, as the real pip and npm tell of registries on loopback."""

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.journal import Journal
from quantumlayer.engine.types import SourceFile, Stage, StageResult
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.packages import registries
from quantumlayer.engine.validation.packages.declarations import declared, is_name, own_index
from quantumlayer.settings import CheckSettings, Off, Settings, ValidateSettings


@dataclass
class Registry:
    """Speaks for both kinds; `there` has the names that exist, `broken` those that it fails over."""

    there: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str) -> tuple[int, str, bytes]:
        of_pip = path.startswith("/simple/")
        name = unquote(path.removeprefix("/simple/" if of_pip else "/").rstrip("/"))
        self.asked.append(name)
        if name in self.broken:
            return 503, "text/plain", b"broken"
        if name not in self.there:
            return 404, "application/json", b"{}"
        if of_pip:
            file = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
            return 200, "text/html", f'<!DOCTYPE html><a href="/{file}">{file}</a>'.encode()
        about = {"name": name, "version": "1.0.0", "dist": {}}
        told = {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": about}}
        return 200, "application/json", json.dumps(told).encode()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Registry]:
    made = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, content = made.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    for name in [name for name in os.environ if name.lower().startswith(("pip_", "npm_config_", "uv_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "none"))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = here = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("PIP_INDEX_URL", f"{here}/simple")
        monkeypatch.setenv("npm_config_registry", here)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def needs_npm() -> None:
    if shutil.which("npm") is None:
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)("needs npm")


async def types(settings: Settings, journal: Journal, project: Any, wanted: str = "declared") -> StageResult:
    mesh = Mesh(settings, journal, None, registries=wanted)
    (result,) = await mesh.check(project, (Stage.TYPES,))
    return result


def told(result: StageResult) -> dict[str, tuple[str, int, str]]:
    """By the text that is marked: severity, line, and message."""
    return {
        one.message.split("`")[1]: (str(one.severity), one.range.start.line + 1, one.message)
        for one in result.findings
        if one.rule == "invented-package"
    }


async def test_a_declared_package_that_no_registry_has_is_an_error(settings, journal, make, registry):
    registry.there |= {"real-thing"}
    text = "real_thing>=1\nReqeusts[socks]>=2  # http\nzzq-nothing\ncv2\n"
    result = await types(settings, journal, make({"requirements.txt": text, "a.py": "x = 1\n"}))
    assert result.status == "failed"
    found = told(result)
    assert {name: (level, line) for name, (level, line, _) in found.items()} == {
        "reqeusts": ("error", 2),
        "zzq-nothing": ("error", 3),
        "cv2": ("error", 4),
    }
    assert "did you mean `requests`?" in found["reqeusts"][2]
    assert "opencv-python" in found["cv2"][2]
    assert "did you mean" not in found["zzq-nothing"][2]


async def test_the_misspelt_name_can_be_replaced_where_it_stands(settings, journal, make, registry):
    text = '[project]\nname = "x"\ndependencies = ["Reqeusts>=2"]\n'
    result = await types(settings, journal, make({"pyproject.toml": text}))
    (one,) = result.findings
    assert one.fix is not None
    (edit,) = one.fix.edits
    line = text.splitlines()[edit.range.start.line]
    mended = line[: edit.range.start.column] + edit.text + line[edit.range.end.column :]
    assert mended == 'dependencies = ["requests>=2"]'
    assert not one.fix.safe


async def test_npm_is_asked_about_what_package_json_declares(settings, journal, make, registry, needs_npm):
    registry.there |= {"left-thing", "@scope/real"}
    manifest = {
        "name": "own",
        "dependencies": {"left-thing": "1", "expresss": "^4", "@scope/real": "*", "@scope/none": "1"},
        "devDependencies": {
            "here": "file:../here",
            "own": "*",
            "fork": "someone/fork",
            "other": "npm:expres@1",
        },
    }
    text = json.dumps(manifest, indent=2)
    result = await types(settings, journal, make({"package.json": text, "a.js": "let a = 1;\n"}))
    found = told(result)
    assert {name: level for name, (level, _, _) in found.items()} == {
        "expresss": "error",
        "@scope/none": "warning",
        "expres": "error",
    }
    assert text.splitlines()[found["expresss"][1] - 1].strip() == '"expresss": "^4",'
    assert "private" in found["@scope/none"][2]
    assert set(registry.asked) == {"left-thing", "expresss", "@scope/real", "@scope/none", "expres"}


async def test_a_registry_that_fails_makes_nothing_invented(settings, journal, make, registry):
    registry.broken |= {"a-thing"}
    project = make({"requirements.txt": "a-thing\nzzq-nothing\n", "a.py": "x = 1\n"})
    result = await types(settings, journal, project)
    assert set(told(result)) == {"zzq-nothing"}
    assert "not checked: whether a-thing exists is not known" in result.reason
    registry.broken.clear()
    again = await types(settings, journal, project)
    assert set(told(again)) == {"zzq-nothing", "a-thing"}, "what was not known is asked again"


async def test_without_a_network_the_stage_passes_on_the_rest_and_says_so(
    settings, journal, make, registry, monkeypatch
):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    names = "\n".join(f"thing-{number}" for number in range(20))
    result = await types(settings, journal, make({"requirements.txt": names, "a.py": "x = 1\n"}))
    assert result.status == "passed"
    assert "not checked: whether thing-" in result.reason
    assert "17 more" in result.reason
    assert registry.asked == []


async def test_a_registry_that_keeps_silent_is_left_alone(settings, journal, make, registry):
    names = [f"thing-{number}" for number in range(20)]
    registry.broken |= set(names)
    result = await types(settings, journal, make({"requirements.txt": "\n".join(names), "a.py": "x = 1\n"}))
    assert result.status == "passed"
    assert "17 more" in result.reason
    assert len(set(registry.asked)) < 10


async def test_what_is_there_is_asked_once_and_what_is_not_again_later(
    settings, journal, make, registry, monkeypatch
):
    registry.there |= {"real-thing"}
    project = make({"requirements.txt": "real-thing\nzzq-nothing\n"})
    await types(settings, journal, project)
    assert sorted(registry.asked) == ["real-thing", "zzq-nothing"]
    await types(settings, journal, project)
    assert len(registry.asked) == 2
    now = registries._hour()
    monkeypatch.setattr(registries, "_hour", lambda: now + 2)
    registry.there |= {"zzq-nothing"}
    result = await types(settings, journal, project)
    assert told(result) == {}
    assert registry.asked[2:] == ["zzq-nothing"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements-dev.txt", "--extra-index-url https://example.invalid/simple\nprivate\n"),
        ("pyproject.toml", '[[tool.uv.index]]\nurl = "https://example.invalid"\n'),
        ("pyproject.toml", '[[tool.poetry.source]]\nname = "own"\nurl = "https://example.invalid"\n'),
        ("uv.toml", 'index-url = "https://example.invalid"\n'),
    ],
)
async def test_names_of_a_project_with_an_index_of_its_own_are_told_nobody(
    settings, journal, make, registry, path, text
):
    project = make({"requirements.txt": "corporate-secret\n", "a.py": "x = 1\n", path: text})
    result = await types(settings, journal, project)
    assert registry.asked == []
    assert told(result) == {}
    assert f"{path} names an index of its own" in result.reason


async def test_a_hidden_file_of_the_folder_counts_and_configures_nothing(
    settings, journal, make, registry, tmp_path
):
    (tmp_path / "work").mkdir()
    (tmp_path / "work/.npmrc").write_text("registry=https://example.invalid/\n")
    files = {"package.json": '{"dependencies": {"secret-thing": "1"}}', "a.js": "let a = 1;\n"}
    mesh = Mesh(settings, journal, None, registries="declared", root=str(tmp_path / "work"))
    (result,) = await mesh.check(make(files), (Stage.TYPES,))
    assert registry.asked == []
    assert ".npmrc names an index of its own" in result.reason


async def test_no_configuration_above_the_empty_folder_is_read(
    settings, journal, make, registry, tmp_path, monkeypatch, needs_npm
):
    """npm looks for a project from where it stands upwards, and takes its registry before the user's."""
    (tmp_path / "none").write_text(f"registry={registry.url}\n")
    monkeypatch.delenv("npm_config_registry")
    (tmp_path / "above/scratch").mkdir(parents=True)
    (tmp_path / "above/package.json").write_text("{}")
    (tmp_path / "above/.npmrc").write_text("registry=http://127.0.0.1:9/\n")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "above/scratch"))
    result = await types(settings, journal, make({"package.json": '{"dependencies": {"zzq-nothing": "1"}}'}))
    assert set(told(result)) == {"zzq-nothing"}
    assert registry.asked == ["zzq-nothing"]


async def test_the_judged_folder_brings_no_npm(settings, journal, make, registry, tmp_path, monkeypatch):
    places = tmp_path / "work/tools"
    places.mkdir(parents=True)
    for name in ("npm", "node"):
        (places / name).write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
        (places / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(places))
    mesh = Mesh(settings, journal, None, registries="declared", root=str(tmp_path / "work"))
    (result,) = await mesh.check(
        make({"package.json": '{"dependencies": {"zzq-nothing": "1"}}'}), (Stage.TYPES,)
    )
    assert not (tmp_path / "ran").exists()
    assert "npm is not on the PATH" in result.reason
    assert told(result) == {}


async def test_what_is_locked_installed_or_of_the_project_is_not_asked_about(
    settings, journal, make, registry, tmp_path, needs_npm
):
    work = tmp_path / "work"
    for folder in (".venv/lib/python3.12/site-packages/venv_thing-1.0.dist-info", "node_modules/node-thing"):
        (work / folder).mkdir(parents=True)
    files = {
        "pyproject.toml": (
            '[project]\nname = "Own-Thing"\ndependencies = ["locked-thing", "venv-thing", "pydantic", '
            '"beside @ file:///x"]\n[project.optional-dependencies]\nall = ["own-thing[extra]", "mate"]\n'
            "[tool.uv.sources]\nmate = { workspace = true }\n"
            '[tool.poetry.dependencies]\npython = "^3"\nnear = { path = "../near" }\n'
        ),
        "uv.lock": '[[package]]\nname = "locked-thing"\nversion = "1"\n',
        "package.json": '{"dependencies": {"node-thing": "1", "fixed-thing": "1"}}',
        "package-lock.json": '{"packages": {"": {}, "node_modules/fixed-thing": {"version": "1.0.0"}}}',
    }
    mesh = Mesh(settings, journal, None, registries="declared", root=str(work))
    (result,) = await mesh.check(make(files), (Stage.TYPES,))
    assert registry.asked == []
    assert told(result) == {}
    assert "not known" not in result.reason


async def test_unknown_imports_are_asked_about_only_where_the_user_wants_it(
    settings, journal, make, registry
):
    registry.there |= {"real-thing"}
    text = "import zzqnothing\nimport real_thing\nimport os\n"
    assert told(await types(settings, journal, make({"a.py": text}))) == {}
    assert registry.asked == []
    result = await types(settings, journal, make({"a.py": text}), "imported")
    assert {name: line for name, (_, line, _) in told(result).items()} == {"zzqnothing": 1}
    assert sorted(registry.asked) == ["real-thing", "zzqnothing"]


async def test_what_is_switched_off_is_not_asked_about(settings, registry):
    files = [
        SourceFile(path="requirements.txt", text="zzq-nothing\n"),
        SourceFile(path="a.py", text="x = 1\n"),
    ]
    for changed in (
        {"check": CheckSettings(off=(Off(paths=("requirements.txt",), tools=("packages",)),))},
        {"validate_": ValidateSettings(registries="none")},
    ):
        async with Engine(settings.model_copy(update=changed)) as engine:
            (result,) = await engine.validate(files, (Stage.TYPES,))
        assert told(result) == {}
    assert registry.asked == []
    async with Engine(settings) as engine:
        (result,) = await engine.validate(files, (Stage.TYPES,))
    assert set(told(result)) == {"zzq-nothing"}


async def test_what_npm_has_locked_is_not_asked_about_though_nobody_judges_the_lock(settings, registry):
    manifest = '{"dependencies": {"fixed-thing": "1"}}'
    for lock in ("package-lock.json", "npm-shrinkwrap.json"):
        texts = {
            "package.json": manifest,
            lock: '{"packages": {"": {}, "node_modules/fixed-thing": {"version": "1.0.0"}}}',
            "a.js": "let a = 1;\n",
        }
        async with Engine(settings) as engine:
            files = [SourceFile(path=path, text=text) for path, text in texts.items()]
            (result,) = await engine.validate(files, (Stage.TYPES,))
        assert told(result) == {}
        assert "not known" not in result.reason
    assert registry.asked == []


@pytest.mark.parametrize("where", ["work/web", "work", "."])
@pytest.mark.parametrize("repository", ["", "work", "."])
async def test_environments_and_indexes_count_beside_a_manifest_and_above_it(
    settings, journal, make, registry, tmp_path, where, repository, needs_npm
):
    """As far as the repository goes: what lies above it is another's."""
    registry.there |= {"here-thing"}
    base = tmp_path / "base"
    (base / "work/web").mkdir(parents=True)
    if repository:
        (base / repository / ".git").mkdir()
    (base / where / "node_modules/here-thing").mkdir(parents=True)
    (base / where / ".venv/lib/python3.12/site-packages/venv_thing-1.0.dist-info").mkdir(parents=True)
    files = {
        "web/package.json": '{"dependencies": {"here-thing": "1"}}',
        "web/requirements.txt": "venv-thing\n",
        "web/a.js": "let a = 1;\n",
    }
    mesh = Mesh(settings, journal, None, registries="declared", root=str(base / "work"))
    (result,) = await mesh.check(make(files), (Stage.TYPES,))
    beyond = repository == "work" and where == "."
    assert sorted(registry.asked) == (["here-thing", "venv-thing"] if beyond else [])
    (base / where / ".npmrc").write_text("registry=https://example.invalid/\n")
    (base / where / "uv.toml").write_text('index-url = "https://example.invalid"\n')
    registry.asked.clear()
    files |= {"web/package.json": '{"dependencies": {"a-secret": "1"}}', "web/requirements.txt": "b-secret\n"}
    (result,) = await mesh.check(make(files), (Stage.TYPES,))
    assert sorted(registry.asked) == (["a-secret", "b-secret"] if beyond else [])
    assert ("index of its own" in result.reason) is not beyond


@pytest.mark.parametrize("name", ["UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX"])
async def test_an_index_that_uv_is_sent_to_counts_unless_pip_is_too(
    settings, journal, make, registry, monkeypatch, name
):
    project = make({"requirements.txt": "corporate-secret\n", "a.py": "x = 1\n"})
    monkeypatch.setenv(name, "https://example.invalid/simple")
    result = await types(settings, journal, project)
    assert (told(result), registry.asked) == ({}, [])
    assert f"{name} names an index of its own" in result.reason
    monkeypatch.setenv(name, os.environ["PIP_INDEX_URL"])
    assert set(told(await types(settings, journal, project))) == {"corporate-secret"}


async def test_another_index_in_pips_configuration_is_asked_at_once(
    settings, journal, make, registry, tmp_path, monkeypatch
):
    registry.there |= {"own-thing"}
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    project = make({"requirements.txt": "own-thing\n", "a.py": "x = 1\n"})
    for path, found in (("wrong", {"own-thing"}), ("simple", set())):
        (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {registry.url}/{path}\n")
        assert set(told(await types(settings, journal, project))) == found


async def test_another_registry_in_npms_configuration_is_asked_at_once(
    settings, journal, make, registry, tmp_path, monkeypatch, needs_npm
):
    registry.there |= {"own-thing"}
    monkeypatch.delenv("npm_config_registry")
    project = make({"package.json": '{"dependencies": {"own-thing": "1"}}', "a.js": "let a = 1;\n"})
    for path, found in (("/wrong", {"own-thing"}), ("", set())):
        (tmp_path / "none").write_text(f"registry={registry.url}{path}\n")
        assert set(told(await types(settings, journal, project))) == found


@pytest.mark.parametrize("come", ["node_modules/own-thing/package.json", ".npmrc"])
async def test_what_was_missing_is_not_once_it_is_installed_or_of_another_index(
    settings, journal, make, registry, tmp_path, needs_npm, come
):
    (tmp_path / "work/node_modules/@other").mkdir(parents=True)
    mesh = Mesh(settings, journal, None, registries="declared", root=str(tmp_path / "work"))
    project = make({"package.json": '{"dependencies": {"own-thing": "1"}}', "a.js": "let a = 1;\n"})
    (result,) = await mesh.check(project, (Stage.TYPES,))
    assert set(told(result)) == {"own-thing"}
    (tmp_path / "work" / come).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "work" / come).write_text("registry=https://example.invalid/\n")
    (result,) = await mesh.check(project, (Stage.TYPES,))
    assert told(result) == {}


async def test_tools_that_choose_their_files_stand_beside_it(settings, registry):
    """Manifests of packages and of Kubernetes in one folder: each tool says in its own way what it is for."""
    texts = {
        "pyproject.toml": '[project]\nname = "a"\ndependencies = ["zzq-nothing"]\n',
        "deploy/web.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec: {}\n",
        "docs/list.yml": "- one\n",
        "a.py": "x = 1\n",
    }
    alone = settings.model_copy(update={"validate_": ValidateSettings(advisories="none")})
    async with Engine(alone) as engine:
        files = [SourceFile(path=path, text=text) for path, text in texts.items()]
        results = await engine.validate(files, (Stage.SYNTAX, Stage.STYLE, Stage.SECURITY, Stage.TYPES))
    assert [result.stage for result in results] == ["syntax", "style", "security", "types"]
    assert set(told(results[-1])) == {"zzq-nothing"}


async def test_only_so_many_are_asked_about_at_once(settings, journal, make, registry, monkeypatch):
    monkeypatch.setattr(registries, "_MOST_ASKED", 2)
    project = make({"requirements.txt": "one-thing\ntwo-thing\nthree-thing\n", "a.py": "x = 1\n"})
    result = await types(settings, journal, project)
    assert len(registry.asked) == 2
    assert "no more than 2 names are asked about at once" in result.reason
    await types(settings, journal, project)
    assert sorted(registry.asked) == ["one-thing", "three-thing", "two-thing"]


@pytest.mark.parametrize(
    ("client", "name", "fine"),
    [
        ("pip", "a-b.c_d", True),
        ("pip", "-r", False),
        ("pip", "--index-url=x", False),
        ("pip", "../up", False),
        ("pip", "a b", False),
        ("pip", "a;b", False),
        ("pip", "a\n", False),
        ("npm", "@scope/name.js", True),
        ("npm", "JSONStream", True),
        ("npm", "--registry=x", False),
        ("npm", "a@https://example.invalid", False),
        ("npm", "../up", False),
        ("npm", "./here", False),
        ("npm", "a/b", False),
        ("npm", "x" * 300, False),
    ],
)
def test_a_client_is_given_names_only(client, name, fine):
    assert is_name(client, name) is fine


def test_names_that_are_none_are_not_declared():
    manifest = json.dumps({"dependencies": {"--registry=x": "1", "a b": "1", "fine": "1"}})
    files = [SourceFile(path="package.json", text=manifest)]
    assert [one.name for one in declared(files)] == ["fine"]
    assert own_index("npm", files) == ""


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"dependencies": []}', '{"dependencies": {"a": {}}}', "[" * 9000]
)
def test_a_strange_manifest_declares_nothing(text):
    assert declared([SourceFile(path="package.json", text=text)]) == []


def test_a_range_that_begins_with_a_tilde_is_a_version_and_a_folder_of_ones_own_is_not():
    wanted = {"tilde": "~1.2.3", "caret": "^1", "any": "~1", "home": "~/here", "above": "../up", "root": "/x"}
    files = [SourceFile(path="package.json", text=json.dumps({"dependencies": wanted}))]
    assert [one.name for one in declared(files)] == ["tilde", "caret", "any"]


@pytest.mark.parametrize(
    ("path", "text", "shown"),
    [
        ("package.json", '{"name": "a",\n"dependencies": {"\\u0065xpresss": "1"}}', 2),
        ("package.json", '{"name": "a",\n"dependencies": {\n"other": "npm:expresss@1"}}', 3),
        ("pyproject.toml", '[project]\nname = "a"\ndependencies = ["\\u0072eqeusts"]\n', 1),
        ("pyproject.toml", '[tool.poetry]\nname = "a"\ndependencies = {reqeusts = "1"}\n', 1),
    ],
)
async def test_nothing_is_replaced_where_the_name_does_not_stand(
    settings, journal, make, registry, needs_npm, path, text, shown
):
    (one,) = (await types(settings, journal, make({path: text, "a.py": "x = 1\n"}))).findings
    assert "did you mean" in one.message
    assert (one.fix, one.range.start.line + 1) == (None, shown)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "package.json",
            '{"jspm": {"dependencies": {"expresss": "1"}, "x": ["expresss", {"dependencies": 1}]},\n'
            '"x": "expresss",\n"dependencies": {\n"expresss": "1"}}',
        ),
        (
            "pyproject.toml",
            '[tool.poetry.scripts]\nreqeusts = "a:b"\n\n[tool.poetry.dependencies]\nreqeusts = "1"\n',
        ),
    ],
)
async def test_the_name_is_replaced_where_it_is_declared_and_not_where_it_stands_first(
    settings, journal, make, registry, needs_npm, path, text
):
    (one,) = (await types(settings, journal, make({path: text, "a.py": "x = 1\n"}))).findings
    (edit,) = one.fix.edits
    assert edit.range.start.line == len(text.splitlines()) - 1

"""Packages for the sandbox: what exists is importable inside, what does not is told apart."""

import asyncio
import hashlib
import io
import json
import os
import platform
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from quantumlayer.engine.sandbox import (
    PackageMissing,
    PackageUnavailable,
    RequirementRefused,
    Sandbox,
    WheelMissing,
    known_wheels,
    resolve_wheels,
)
from quantumlayer.engine.sandbox.resolved import keep_report, read_kept
from quantumlayer.settings import Settings
from sandbox_programs import missing, program, settings_for

REFUSED = [
    "requests; rm -rf /",
    "requests && id",
    "$(id)",
    "-r /etc/passwd",
    "--index-url=x",
    "--pre",
    "./local",
    "../up",
    "/etc/passwd",
    "file:///etc/passwd",
    "evil @ file:///tmp/evil.whl",
    "evil @ git+ssh://host/evil",
    "git+ssh://host/evil",
    "https://host/evil.whl",
    "evil.whl @ https://host/evil.whl",
    "a===./local",
    "a===/../../../../tmp/evil",
    "a[b]===/../../../../tmp/evil; python_version > '3'",
    "a===evil.whl",
    "a!=1,===..",
    "a b",
    "a\n--pre",
    "",
    " ",
    "x" * 300,
]


def wheel(
    name: str, files: dict[str, str], tag: str = "py3-none-any", requires: str = ""
) -> tuple[str, bytes]:
    content = io.BytesIO()
    folder = f"{name}-1.0.dist-info"
    extra = f"Requires-Dist: {requires}\n" if requires else ""
    everything = {
        **files,
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{extra}",
        f"{folder}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},,\n" for path in (*everything, f"{folder}/RECORD"))
    with zipfile.ZipFile(content, "w") as archive:
        for path, text in {**everything, f"{folder}/RECORD": record}.items():
            archive.writestr(path, text)
    return f"{name}-1.0-{tag}.whl", content.getvalue()


def source(name: str, setup: str) -> tuple[str, bytes]:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for path, text in ((f"{name}-1.0/setup.py", setup), (f"{name}-1.0/PKG-INFO", f"Name: {name}\n")):
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return f"{name}-1.0.tar.gz", content.getvalue()


class Index:
    """A package index on loopback; `projects` maps names to files, `broken` ones answer 503."""

    def __init__(self) -> None:
        self.projects: dict[str, dict[str, bytes]] = {}
        self.broken: set[str] = set()
        self.asked: list[str] = []

    def add(self, project: str, *files: tuple[str, bytes]) -> None:
        self.projects.setdefault(project, {}).update(files)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        self.asked.append(path)
        _, kind, project, *name = path.split("/")
        files = self.projects.get(project)
        if project in self.broken:
            return 503, "text/plain", b"broken"
        if files is None:
            return 404, "text/plain", b"no such project"
        if kind == "files":
            return 200, "application/octet-stream", files[name[0]]
        links = (
            f'<a href="/files/{project}/{file}#sha256={hashlib.sha256(content).hexdigest()}">{file}</a>'
            for file, content in files.items()
        )
        return 200, "text/html", f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    index = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, content = index.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield index
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for("auto", tmp_path)


@pytest.mark.parametrize("requirement", REFUSED)
async def test_what_is_not_a_plain_requirement_is_refused(
    index: Index, settings: Settings, requirement: str
) -> None:
    with pytest.raises(RequirementRefused):
        await resolve_wheels([requirement], "3.11", settings)
    assert not index.asked


async def test_a_package_is_importable_inside_with_what_it_needs(
    sandbox: Sandbox, index: Index, settings: Settings
) -> None:
    index.add("upper", wheel("upper", {"upper/__init__.py": "from lower import value"}, requires="lower"))
    index.add("lower", wheel("lower", {"lower.py": "value = 42"}))
    packages = await resolve_wheels(["upper"], sandbox.python, settings)
    outcome = await sandbox.run(
        program("import upper; print(upper.value, upper.__file__)", packages=packages)
    )
    assert outcome.stdout == "42 /packages/upper/__init__.py\n", outcome


async def test_packages_cannot_be_changed_from_inside(
    sandbox: Sandbox, index: Index, settings: Settings
) -> None:
    index.add("lower", wheel("lower", {"lower.py": "value = 42"}))
    packages = await resolve_wheels(["lower"], sandbox.python, settings)
    await sandbox.run(
        program(
            "import os\nos.chmod('/packages/lower.py', 0o666)\nopen('/packages/lower.py', 'a')",
            packages=packages,
        )
    )
    outcome = await sandbox.run(program("open('/packages/new.py', 'w')", packages=packages))
    assert "Read-only file system" in outcome.stderr
    assert (packages / "lower.py").read_text() == "value = 42"
    assert not (packages / "new.py").exists()


async def test_an_invented_package_is_named_as_missing(index: Index, settings: Settings) -> None:
    index.add("real", wheel("real", {"real.py": ""}))
    with pytest.raises(PackageMissing) as caught:
        await resolve_wheels(["real", "Invented_Thing>=2"], "3.11", settings)
    assert caught.value.package == "invented-thing"
    assert "invented-thing" in caught.value.cause


async def test_a_package_whose_dependency_does_not_exist_names_the_dependency(
    index: Index, settings: Settings
) -> None:
    index.add("upper", wheel("upper", {"upper.py": ""}, requires="nowhere"))
    with pytest.raises(PackageMissing) as caught:
        await resolve_wheels(["upper"], "3.11", settings)
    assert caught.value.package == "nowhere"


async def test_a_package_without_a_wheel_is_not_built(
    index: Index, settings: Settings, tmp_path: Path
) -> None:
    marker = tmp_path / "was-executed"
    index.add("onlysource", source("onlysource", f"open({str(marker)!r}, 'w')"))
    with pytest.raises(WheelMissing) as caught:
        await resolve_wheels(["onlysource"], "3.11", settings)
    assert caught.value.package == "onlysource"
    assert not marker.exists()


async def test_a_folder_of_this_machine_is_not_built(
    index: Index, settings: Settings, tmp_path: Path
) -> None:
    marker = tmp_path / "was-executed"
    (tmp_path / "setup.py").write_text(f"open({str(marker)!r}, 'w')")
    up = "/.." * len((settings.storage.cache_dir / "wheels/new/tmp/name").parts)
    with pytest.raises(RequirementRefused):
        await resolve_wheels([f"name==={up}{tmp_path}"], "3.11", settings)
    assert not marker.exists()


async def test_every_way_to_name_a_version_is_understood(index: Index, settings: Settings) -> None:
    index.add("real", wheel("real", {"real.py": ""}))
    wanted = "real===1.0,==1.*,~=1.0,!=2.0.*,>=0.9.dev1,>0.1rc1,<=1!3"
    assert (await resolve_wheels([wanted], "3.11", settings) / "real.py").exists()


async def test_a_version_that_does_not_exist_is_told_with_those_that_do(
    index: Index, settings: Settings
) -> None:
    index.add("real", wheel("real", {"real.py": ""}))
    with pytest.raises(WheelMissing, match=r"there are 1\.0"):
        await resolve_wheels(["real==99"], "3.11", settings)


async def test_a_wheel_for_another_python_does_not_fit(index: Index, settings: Settings) -> None:
    machine = platform.machine()
    index.add("binary", wheel("binary", {"binary.py": ""}, f"cp312-cp312-manylinux_2_17_{machine}"))
    with pytest.raises(WheelMissing):
        await resolve_wheels(["binary"], "3.11", settings)
    assert (await resolve_wheels(["binary"], "3.12", settings) / "binary.py").exists()


async def test_a_broken_registry_is_not_taken_for_a_missing_package(index: Index, settings: Settings) -> None:
    index.broken.add("real")
    with pytest.raises(PackageUnavailable) as caught:
        await resolve_wheels(["real"], "3.11", settings)
    assert "could not be checked" in caught.value.cause


async def test_an_unreachable_registry_is_not_taken_for_a_missing_package(
    index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(PackageUnavailable) as caught:
        await resolve_wheels(["real"], "3.11", settings)
    assert caught.value.next_step


async def test_the_second_time_needs_no_network(
    index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("real", wheel("real", {"real.py": ""}))
    first = await resolve_wheels(["Real", "real"], "3.11", settings)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert await resolve_wheels(["real"], "3.11", settings) == first
    with pytest.raises(PackageUnavailable):
        await resolve_wheels(["real"], "3.12", settings)


async def test_what_was_resolved_is_known_by_version_and_digest_afterwards(
    index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    upper, lower = wheel("upper", {"upper.py": ""}, requires="lower"), wheel("lower", {"lower.py": ""})
    index.add("upper", upper)
    index.add("lower", lower)
    assert known_wheels(["upper"], "3.11", settings) == ()
    folder = await resolve_wheels(["upper"], "3.11", settings)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    found = known_wheels(["Upper"], "3.11", settings)
    assert [(one.name, one.version, one.requires) for one in found] == [
        ("lower", "1.0", ()),
        ("upper", "1.0", ("lower",)),
    ]
    assert [one.sha256 for one in found] == [hashlib.sha256(data).hexdigest() for _, data in (lower, upper)]
    kept = folder.with_name(f"{folder.name}.json").read_text()
    assert "127.0.0.1" not in kept, "where a wheel came from may be private"
    assert known_wheels(["upper"], "3.12", settings) == ()
    assert known_wheels(["./upper"], "3.11", settings) == ()


def test_what_a_wheel_needs_is_told_by_markers_and_extras(tmp_path: Path) -> None:
    metadata = {
        "name": "real",
        "version": "1.0",
        "requires_dist": ["plain>=1", "old; python_version < '3'", "more[x]; extra == 'all'", "not a name!"],
        "provides_extra": ["all"],
    }
    report = {"environment": {"python_version": "3.11"}, "install": [{"metadata": metadata}]}
    (tmp_path / "report.json").write_text(json.dumps(report))
    keep_report(tmp_path / "report.json", tmp_path / "folder")
    (one,) = read_kept(tmp_path / "folder")
    assert (one.requires, one.extras, one.sha256) == (("plain",), {"all": ("more[x]",)}, "")
    for broken in ("", "{}", '{"install":[{}]}', "[]"):
        (tmp_path / "broken.json").write_text(broken)
        keep_report(tmp_path / "broken.json", tmp_path / "other")
    assert read_kept(tmp_path / "other") == ()


async def test_many_who_want_the_same_download_it_once(index: Index, settings: Settings) -> None:
    index.add("real", wheel("real", {"real.py": ""}))
    folders = await asyncio.gather(*(resolve_wheels(["real"], "3.11", settings) for _ in range(4)))
    assert len(set(folders)) == 1
    assert sum(path.startswith("/files/") for path in index.asked) == 1


async def test_a_failed_or_cancelled_attempt_leaves_no_folder(index: Index, settings: Settings) -> None:
    with pytest.raises(PackageMissing):
        await resolve_wheels(["nowhere"], "3.11", settings)
    task = asyncio.create_task(resolve_wheels(["elsewhere"], "3.11", settings))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = [path for path in (settings.storage.cache_dir / "wheels").iterdir() if path.suffix != ".lock"]
    assert not left


async def test_what_a_killed_attempt_left_is_removed_and_a_living_one_is_not(settings: Settings) -> None:
    cache = settings.storage.cache_dir / "wheels"
    for name in (".new-left", ".new-living"):
        (cache / name / "packages").mkdir(parents=True)
        (cache / name / "packages/half.py").write_text("x = 1\n")
    long_ago = time.time() - 24 * 3600
    os.utime(cache / ".new-left", (long_ago, long_ago))
    await resolve_wheels([], "3.11", settings)
    assert [path.name for path in cache.glob(".new-*")] == [".new-living"]


async def test_too_many_requirements_are_refused(index: Index, settings: Settings) -> None:
    with pytest.raises(RequirementRefused):
        await resolve_wheels([f"p{n}" for n in range(100)], "3.11", settings)


async def test_no_requirements_give_an_empty_folder(index: Index, settings: Settings) -> None:
    folder = await resolve_wheels([], "3.11", settings)
    assert not list(folder.iterdir())


async def test_real_packages_pure_and_binary_work_inside(sandbox: Sandbox, settings: Settings) -> None:
    try:
        packages = await resolve_wheels(["iniconfig", "pydantic-core", "pytest"], sandbox.python, settings)
    except PackageUnavailable as error:
        missing(str(error))
    outcome = await sandbox.run(
        program(
            "import iniconfig, pydantic_core\n"
            "print(pydantic_core.from_json('[1, 2]'))\n"
            "def test_passes(): assert True\n"
            "def test_fails(): assert 1 == 2\n",
            packages=packages,
        )
    )
    assert outcome.stdout == "[1, 2]\n", outcome
    job = program("def test_passes(): pass\ndef test_fails(): assert 1 == 2\n", packages=packages)
    outcome = await sandbox.run(
        job.model_copy(update={"command": ("python", "-m", "pytest", "-q", "main.py")})
    )
    assert outcome.exit_code == 1, outcome
    assert "1 failed, 1 passed" in outcome.stdout

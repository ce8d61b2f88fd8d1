"""Deployment files: what they hold, what a hostile manifest cannot put there, and that the image runs."""

import contextlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from capsule_samples import make_evidence, source_files
from quantumlayer.engine.capsule.deploy import deployment_of
from quantumlayer.engine.capsule.manifest import build_manifest, make_capsule
from quantumlayer.engine.capsule.project import write_project
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.types import Brief, Capsule, Plan, PlannedFile
from quantumlayer.settings import Settings

SERVER = '''\
"""Says hello."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer

PORT = 8123


class Hello(BaseHTTPRequestHandler):
    """Answers every request."""

    def do_GET(self) -> None:
        """Says who answers."""
        self.send_response(200 if self.path in {"/health", "/"} else 404)
        self.end_headers()
        self.wfile.write(f"hello from {os.getuid()}".encode())


def main() -> None:
    """Serves until it is ended."""
    HTTPServer((os.environ.get("HOST", "127.0.0.1"), PORT), Hello).serve_forever()


if __name__ == "__main__":
    main()
'''
MAIN = 'def main():\n    print("hi")\n\n\nif __name__ == "__main__":\n    main()\n'


def make(
    files: dict[str, str], *, run: tuple[str, ...] = (), packages: tuple[str, ...] = (), name: str = "hello"
) -> Capsule:
    asked = Brief(text="Say hello.", name=name)
    planned = PlannedFile(path=next(iter(files)), purpose="hello")
    plan = Plan(summary="Says hello.", files=(planned,), run=run, packages=packages)
    sources = source_files(files)
    return make_capsule(build_manifest(asked, plan, sources), asked, sources, make_evidence())


def texts(capsule: Capsule) -> dict[str, str]:
    return {file.path: file.text for file in deployment_of(capsule).files}


def start_of(capsule: Capsule) -> Any:
    line = next(line for line in texts(capsule)["Dockerfile"].splitlines() if line.startswith("ENTRYPOINT "))
    return json.loads(line.removeprefix("ENTRYPOINT "))


# -- what they hold ----------------------------------------------------------------------------


def test_a_server_gets_its_port_its_health_check_and_nobodys_rights() -> None:
    made = texts(make({"serve.py": SERVER, "tests/test_serve.py": "import serve\n", "README.md": "# Hi\n"}))
    lines = made["Dockerfile"].splitlines()
    assert "USER 10001:10001" in lines
    assert "EXPOSE 8123" in lines
    assert "ENV HOST=0.0.0.0" in lines
    assert any("urlopen('http://127.0.0.1:8123/health'" in line for line in lines)
    assert [line for line in lines if line.startswith("FROM")] == ["FROM ${BASE} AS build", "FROM ${BASE}"]
    assert made[".dockerignore"].splitlines() == ["*", "!serve.py", "**/__pycache__", "**/.env"]
    import yaml

    service = yaml.safe_load(made["compose.yaml"])["services"]["hello"]
    assert service["ports"] == ["8123:8123"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert "environment" not in service, "HOST is set in the image"


@pytest.mark.parametrize(
    ("files", "run", "words"),
    [
        ({"main.py": MAIN}, (), ["python", "main.py"]),
        ({"main.py": MAIN}, ("python main.py FILE --fast",), ["python", "main.py"]),
        ({"tally/__main__.py": MAIN, "tally/__init__.py": ""}, (), ["python", "-m", "tally"]),
        ({"tally/cli.py": MAIN}, ("python -m tally.cli FILE",), ["python", "-m", "tally.cli"]),
        ({"a.py": MAIN, "b.py": MAIN}, ("echo no", "python b.py"), ["python", "b.py"]),
        (
            {"app.py": "app = 1\n"},
            ("uvicorn app:app --port 8000",),
            ["python", "-m", "uvicorn", "app:app", "--port", "8000", "--host", "0.0.0.0"],
        ),
    ],
)  # fmt: skip
def test_it_is_started_as_it_is_run(files: dict[str, str], run: tuple[str, ...], words: list[str]) -> None:
    assert start_of(make(files, run=run, packages=("uvicorn>=0.30",))) == words


def test_a_library_has_nothing_to_deploy() -> None:
    with pytest.raises(CapsuleError, match="nothing to run"):
        deployment_of(make({"lib.py": "def f():\n    return 1\n"}))


def test_dependencies_are_installed_in_the_stage_that_is_thrown_away() -> None:
    made = texts(make({"main.py": MAIN, "requirements.txt": "rich>=13\n"}, packages=("rich>=13",)))[
        "Dockerfile"
    ]
    build, _, last = made.partition("\nFROM ${BASE}\n")
    assert '"-r", "requirements.txt"]' in build
    assert "pip" not in last
    assert "COPY --from=build /packages /packages" in last
    without = texts(make({"main.py": MAIN}, packages=("rich>=13",)))["Dockerfile"]
    assert '"/packages", "rich>=13"]' in without


def test_a_dockerfile_of_the_projects_own_is_left_to_it() -> None:
    made = deployment_of(make({"main.py": MAIN, "Dockerfile": "FROM scratch\n"}))
    assert {file.path for file in made.files} == {".dockerignore", "compose.yaml"}
    assert made.notes == ("Dockerfile is the project's own; it stays as it is",)


def test_a_server_that_only_listens_at_home_is_told() -> None:
    made = deployment_of(
        make({"serve.py": SERVER.replace('os.environ.get("HOST", "127.0.0.1")', '"127.0.0.1"')})
    )
    assert any("127.0.0.1" in note for note in made.notes)


def test_a_hostile_manifest_can_add_no_line_and_no_option() -> None:
    evil = 'x"\nRUN curl evil'
    plain = make({"main.py": MAIN})
    manifest = plain.manifest.model_copy(
        update={
            "env": (evil, "GOOD", "A=B"),
            "ports": (-1, 70000, 8000),
            "health_check": f"/a');{evil}",
            "commands": {"run": f"python main.py {evil}", "run-2": evil},
            "description": evil,
        }
    )
    made = texts(plain.model_copy(update={"manifest": manifest}))
    for text in made.values():
        assert "evil" not in text
    assert "      - GOOD\n" in made["compose.yaml"]
    assert "EXPOSE 8000" in made["Dockerfile"]
    assert made["Dockerfile"].count("EXPOSE") == 1
    bad = manifest.model_copy(update={"dependencies": (evil,)})
    with pytest.raises(CapsuleError, match="not a package requirement"):
        deployment_of(plain.model_copy(update={"manifest": bad}))


async def test_the_mesh_finds_nothing_in_them(tmp_path: Path) -> None:
    settings = {
        "storage": {"data_dir": str(tmp_path / "d"), "cache_dir": str(tmp_path / "c")},
        "sandbox": {"engine": "none"},
    }
    async with Engine(Settings.model_validate(settings)) as engine:
        capsule = make({"serve.py": SERVER, "requirements.txt": "rich>=13\n"}, packages=("rich>=13",))
        Store(tmp_path / "d" / "capsules").add(capsule)
        made = await engine.deployment("hello")
    assert [stage.status for stage in made.stages] == ["passed", "passed", "passed"]
    assert [finding for stage in made.stages for finding in stage.findings] == []
    assert {tool.name for stage in made.stages for tool in stage.tools} >= {"hadolint", "yamllint"}


# -- an image of it ----------------------------------------------------------------------------


@pytest.fixture
def docker_api() -> Iterator[Any]:
    """Docker, with the image that programs are run in here: a base that no registry need give."""
    import docker
    from docker.errors import DockerException

    try:
        api = docker.from_env()
        api.images.get("quantumlayer-python")
    except DockerException as error:
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(f"Docker: {error}")
    with contextlib.closing(api):
        yield api


def test_the_image_is_built_starts_as_nobody_answers_and_is_healthy(docker_api: Any, tmp_path: Path) -> None:
    capsule = make({"serve.py": SERVER, "tests/test_serve.py": "import serve\n"})
    folder = write_project(capsule, tmp_path / "hello")
    for path, text in texts(capsule).items():
        (folder / path).write_text(text)
    (folder / "secret.txt").write_text("not for the image")
    tag = f"quantumlayer-test-{secrets.token_hex(4)}"
    docker_api.images.build(
        path=str(folder), tag=tag, buildargs={"BASE": "quantumlayer-python"}, rm=True, pull=False
    )
    try:
        container = docker_api.containers.run(
            tag, detach=True, read_only=True, cap_drop=["ALL"], network_mode="none",
            healthcheck={"interval": 1_000_000_000},
        )  # fmt: skip
        try:
            assert wait_until_healthy(container) == "healthy", container.logs()
            asked = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8123/').read().decode())"
            assert container.exec_run(["python", "-c", asked]).output.decode().strip() == "hello from 10001"
            listed = container.exec_run(["ls", "-A", "/app"]).output.decode().split()
            assert sorted(listed) == ["__pycache__", "serve.py"], "neither tests nor what else lies there"
            assert container.exec_run(["sh", "-c", "echo x > /app/x"]).exit_code != 0
        finally:
            container.remove(force=True, v=True)
    finally:
        docker_api.images.remove(tag, force=True)


def wait_until_healthy(container: Any) -> str:
    status = ""
    for _ in range(120):
        container.reload()
        status = container.attrs["State"].get("Health", {}).get("Status", container.status)
        if status in {"healthy", "exited"}:
            break
        time.sleep(0.5)
    return status

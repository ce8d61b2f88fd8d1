"""Programs of Node.js in each engine: what Python's are refused is refused to them, for real."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import Job, LanguageMissing, Outcome, Sandbox, check_sandbox
from quantumlayer.engine.sandbox.docker import DockerSandbox, connect
from quantumlayer.engine.sandbox.hosts import find_program
from quantumlayer.engine.sandbox.image import _add, _compose
from quantumlayer.engine.sandbox.roots import ROOTS, Root
from quantumlayer.engine.sandbox.versions import Versions
from quantumlayer.engine.types import SourceFile
from quantumlayer.settings import SandboxSettings, Settings
from sandbox_programs import ENGINES, Run, missing, opened, settings_for


@pytest.fixture(params=ENGINES)
async def node(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Run]:
    """Runs a program of JavaScript under small limits."""
    limits = {"memory_mb": 128, "pids": 32, "seconds": 20, "output_kb": 64, "work_mb": 17}
    sandbox = await opened(settings_for(request.param, tmp_path, **limits))
    try:
        await sandbox.version_of("node")
    except SandboxError as error:
        missing(str(error))

    async def run(text: str, *flags: str, **job: Any) -> Outcome:
        files = (SourceFile(path="main.mjs", text=text),)
        return await sandbox.run(
            Job(files=files, command=("node", *flags, "main.mjs"), language="node", **job)
        )

    yield run
    await sandbox.aclose()


async def test_it_runs_as_nobody_with_python_beside_it(node: Run) -> None:
    outcome = await node(
        "import { execFileSync } from 'node:child_process';\n"
        "const two = execFileSync('python3', ['-c', 'print(1 + 1)']).toString().trim();\n"
        "console.log(process.getuid(), process.cwd(), two);\n"
    )
    assert outcome.stdout == "65534 /work 2\n", outcome


async def test_there_is_no_network(node: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        outcome = await node(
            "import net from 'node:net'; import dgram from 'node:dgram';\n"
            "const tried = (host) => new Promise((resolve) => {\n"
            f"  const one = net.connect({port}, host, () => resolve('connected'));\n"
            "  one.on('error', () => resolve('refused'));\n"
            "});\n"
            "const hosts = ['127.0.0.1', '::1', '172.17.0.1', '192.0.2.1'];\n"
            "for (const host of hosts) console.log(await tried(host));\n"
            f"console.log(await fetch('http://127.0.0.1:{port}').then(() => 'fetched', () => 'refused'));\n"
            "const server = net.createServer(); server.on('error', () => console.log('refused'));\n"
            "server.listen(0, '127.0.0.1', () => console.log('listening'));\n"
        )
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert outcome.stdout.split() == ["refused"] * 6, outcome


async def test_nothing_of_the_host_can_be_seen_or_written(
    node: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the host's own words")
    monkeypatch.setenv("HOST_TOKEN", "the host's own words")
    outcome = await node(
        "import fs from 'node:fs';\n"
        f"for (const path of [{str(secret)!r}, '/etc/shadow', '/root/.ssh/id_rsa']) {{\n"
        "  try { fs.readFileSync(path); console.log('read', path); } catch {}\n"
        "}\n"
        "for (const path of ['/usr/x', '/etc/x', '/opt/x', '/x', '/packages/x']) {\n"
        "  try { fs.writeFileSync(path, ''); console.log('wrote', path); } catch {}\n"
        "}\n"
        "const known = JSON.stringify(process.env) + fs.readFileSync('/proc/1/environ');\n"
        "console.log(known.includes('own words'));\n"
    )
    assert outcome.stdout == "false\n", outcome


async def test_the_heap_ends_at_the_memory_limit(node: Run) -> None:
    grown = "const kept = []; for (;;) kept.push(new Array(1e5).fill(1.5));\n"
    outcome = await node(grown)
    assert outcome.exit_code != 0, outcome
    assert not outcome.timed_out
    outcome = await node("const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1));\n")
    assert outcome.exit_code != 0, outcome
    assert not outcome.timed_out


async def test_reserved_addresses_do_not_count_as_memory(node: Run) -> None:
    outcome = await node("console.log(new WebAssembly.Memory({ initial: 10 }).buffer.byteLength);\n")
    assert outcome.stdout == "655360\n", outcome


async def test_processes_and_threads_are_counted(node: Run) -> None:
    outcome = await node(
        "import { spawn } from 'node:child_process';\n"
        "let failed = 0;\n"
        "for (let i = 0; i < 60; i++) {\n"
        "  try { spawn('sleep', ['5']).on('error', () => { failed += 1; }); } catch { failed += 1; }\n"
        "}\n"
        "setTimeout(() => { console.log(failed > 20); process.exit(); }, 1000);\n"
    )
    assert outcome.stdout == "true\n" or outcome.exit_code not in {0, None}, outcome


async def test_a_loop_ends_at_the_time_limit_and_output_is_capped(node: Run) -> None:
    outcome = await node("for (;;) {}\n", seconds=2)
    assert (outcome.timed_out, outcome.exit_code) == (True, None)
    outcome = await node(
        "import fs from 'node:fs'; for (let i = 0; i < 2e4; i++) fs.writeSync(1, 'x'.repeat(99));\n"
    )
    assert outcome.truncated
    assert len(outcome.stdout) <= 64 * 1024


async def test_an_image_takes_the_program_of_another_one(docker_sandbox: Sandbox) -> None:
    name, base = "quantumlayer-test-composed", SandboxSettings().image
    other = ROOTS["node"].image

    def compose() -> tuple[str, int]:
        api = connect()
        try:
            root = Root("Node.js", "node", (), (), source=(other, "latest", "/usr/local/bin/node"))
            _compose(api, name, root, base, "3.11")
            labels = api.inspect_image(name)["Config"]["Labels"]
            container = api.create_container(name, command=["true"])["Id"]
            try:
                return labels["quantumlayer.made-from"], api.get_archive(container, "/usr/local/bin/node")[1][
                    "mode"
                ]
            finally:
                api.remove_container(container, v=True)
        finally:
            api.remove_image(name)
            api.close()

    made_from, mode = await asyncio.to_thread(compose)
    assert base in made_from
    assert other in made_from
    assert mode & 0o111


async def test_an_engine_without_node_says_how_to_get_it_and_runs_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    for program in ("bwrap", "setpriv"):
        if place := shutil.which(program):
            (tmp_path / "bin" / program).symlink_to(place)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    sandbox = await opened(settings_for("bubblewrap", tmp_path))
    try:
        with pytest.raises(LanguageMissing, match="no `node` on the PATH"):
            await sandbox.version_of("node")
        assert (await sandbox.run(Job(command=("python", "-c", "print(1)")))).stdout == "1\n"
    finally:
        await sandbox.aclose()


async def test_one_that_is_too_old_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("bwrap", "setpriv"):
        if place := shutil.which(program):
            (tmp_path / program).symlink_to(place)
    (tmp_path / "node").write_text("#!/bin/sh\necho 18.20.4\n")
    (tmp_path / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox = await opened(settings_for("bubblewrap", tmp_path))
    try:
        with pytest.raises(LanguageMissing, match=r"18\.20\.4 is too old, 20 is the least"):
            await sandbox.version_of("node")
    finally:
        await sandbox.aclose()


async def test_a_node_that_was_updated_is_asked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("bwrap", "setpriv"):
        if place := shutil.which(program):
            (tmp_path / program).symlink_to(place)
    node = tmp_path / "node"
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox = await opened(settings_for("bubblewrap", tmp_path))
    try:
        for version in ("20.1.0", "24.11.10"):
            node.write_text(f"#!/bin/sh\necho {version}\n")
            node.chmod(0o755)
            assert await sandbox.version_of("node") == version
    finally:
        await sandbox.aclose()


async def test_an_image_that_was_made_anew_is_asked_anew(tmp_path: Path) -> None:
    class Api:
        image = "sha256:first"

        def inspect_image(self, name: str) -> dict[str, str]:
            return {"Id": self.image}

        def close(self) -> None:
            pass

    class Asked(DockerSandbox):
        async def run(self, job: Job, on_output: object = None) -> Outcome:
            return Outcome(exit_code=0, stdout={"sha256:first": "20.1.0"}.get(self._images["node"], "24.2.0"))

    api = Api()
    sandbox = Asked(api, SandboxSettings(), "sha256:python", "29", 1)
    assert await sandbox.version_of("node") == "20.1.0"
    api.image = "sha256:second"
    assert await sandbox.version_of("node") == "24.2.0"
    await sandbox.aclose()


async def test_one_that_is_there_still_is_asked_once() -> None:
    asked: list[Job] = []

    async def run(job: Job) -> Outcome:
        asked.append(job)
        return Outcome(exit_code=0, stdout="24.2.0\n")

    versions = Versions(run)
    for mark in ("a", "a", "b", "b"):
        assert await versions.of("node", mark, "none") == "24.2.0"
    assert len(asked) == 2


async def test_without_pythons_image_it_is_said_which_to_make_first(
    docker_sandbox: Sandbox, tmp_path: Path
) -> None:
    with pytest.raises(SandboxError) as raised:
        _add("quantumlayer-test-absent", "quantumlayer-test-made", tmp_path / "node", "wheel")
    assert "quantumlayer-test-absent" in raised.value.cause
    assert "`quantumlayer sandbox build python`" in raised.value.next_step


async def test_the_check_names_what_each_engine_runs(tmp_path: Path) -> None:
    checks = {check.name: check for check in await check_sandbox(Settings())}
    for engine in ENGINES:
        if checks[engine].status == "ok":
            check = checks[f"{engine} node"]
            assert check.status == "ok" or check.next_step


def test_a_projects_own_node_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("project/tools", "user/node_modules/.bin", "user/bin"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "node").write_text("#!/bin/sh\n")
        (tmp_path / folder / "node").chmod(0o755)
    (tmp_path / "user/links").mkdir()
    (tmp_path / "user/links/node").symlink_to(tmp_path / "project/tools/node")
    monkeypatch.chdir(tmp_path / "project")
    places = [
        "tools",
        "",
        *(str(tmp_path / one) for one in ("project/tools", "user/links", "user/node_modules/.bin")),
    ]
    monkeypatch.setenv("PATH", ":".join(places))
    with pytest.raises(LanguageMissing):
        find_program("node")
    monkeypatch.setenv("PATH", ":".join([*places, str(tmp_path / "user/bin")]))
    assert find_program("node") == tmp_path / "user/bin/node"

"""Whatever happens to us, nothing keeps running and nothing is left."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import Sandbox, check_sandbox, open_sandbox
from quantumlayer.settings import SandboxSettings, Settings
from sandbox_programs import opened, program, settings_for

SLEEP = "print('begun')\nimport time; time.sleep(60)"
OWNER = """
import asyncio, sys
from quantumlayer.engine.sandbox import Job, open_sandbox
from quantumlayer.settings import SandboxSettings, Settings

async def main():
    sandbox = await open_sandbox(Settings(sandbox=SandboxSettings(engine=sys.argv[1])))
    await sandbox.run(
        Job(command=("python", "-c", "print('begun ' + 'MARK'); import time; time.sleep(60)")),
        lambda stream, text: print(text, end="", flush=True),
    )

asyncio.run(main())
"""


def containers(pid: int) -> list[str]:
    command = ["docker", "ps", "-aq", "--filter", f"label=quantumlayer.owner={pid}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def bubbles(work_mb: int) -> list[int]:
    """The living processes of bubblewrap that set up a work folder of this size."""
    size = str(work_mb * 1024 * 1024)
    processes = psutil.process_iter(["name", "cmdline"])
    return [p.pid for p in processes if p.info["name"] == "bwrap" and size in (p.info["cmdline"] or ())]


async def left_behind(engine: str, work_mb: int) -> list[int] | list[str]:
    """What is still there; the kernel gets half a second to end a namespace."""
    if engine == "docker":
        return containers(os.getpid())
    for _ in range(10):
        if not bubbles(work_mb):
            break
        await asyncio.sleep(0.05)
    return bubbles(work_mb)


async def started(sandbox: Sandbox, text: str) -> "asyncio.Task[object]":
    begun = asyncio.Event()
    task: asyncio.Task[object] = asyncio.create_task(
        sandbox.run(program(text), lambda *_: begun.set())  # type: ignore[arg-type]
    )
    await asyncio.wait_for(begun.wait(), 10)
    return task


async def test_cancelling_ends_the_program_within_a_second_and_leaves_nothing(
    sandbox: Sandbox, work_mb: int
) -> None:
    task = await started(sandbox, SLEEP)
    assert await left_behind(sandbox.name, work_mb)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 1
    assert not await left_behind(sandbox.name, work_mb)


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.2])
async def test_cancelling_at_any_moment_of_the_start_leaves_nothing(
    sandbox: Sandbox, work_mb: int, delay: float
) -> None:
    task = asyncio.create_task(sandbox.run(program(SLEEP)))
    await asyncio.sleep(delay)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 2
    assert not await left_behind(sandbox.name, work_mb)


async def test_closing_ends_what_runs(sandbox: Sandbox, work_mb: int) -> None:
    task = await started(sandbox, SLEEP)
    await asyncio.wait_for(sandbox.aclose(), 3)
    await asyncio.wait({task}, timeout=3)
    assert task.done()
    assert not await left_behind(sandbox.name, work_mb)


async def test_after_a_time_limit_nothing_is_left(sandbox: Sandbox, work_mb: int) -> None:
    outcome = await sandbox.run(program(SLEEP, seconds=1))
    assert outcome.timed_out
    assert not await left_behind(sandbox.name, work_mb)


async def test_when_its_owner_is_killed_the_program_ends_and_the_next_owner_sweeps(sandbox: Sandbox) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, sandbox.name], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    try:
        assert await asyncio.to_thread(owner.stdout.readline) == "begun MARK\n"
        family = psutil.Process(owner.pid).children(recursive=True)
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        owner.stdout.close()
    if sandbox.name == "bubblewrap":
        assert family
        _, alive = psutil.wait_procs(family, timeout=3)
        assert not alive
        return
    assert containers(owner.pid)
    await asyncio.sleep(1)
    command = ["docker", "ps", "-q", "--filter", f"label=quantumlayer.owner={owner.pid}"]
    assert not subprocess.run(command, capture_output=True, text=True, check=True).stdout, "it still runs"
    mine = await started(sandbox, SLEEP)
    other = await open_sandbox(Settings(sandbox=SandboxSettings(engine="docker")))
    assert not containers(owner.pid)
    assert containers(os.getpid()), "the sweep took a container whose owner lives"
    await other.aclose()
    mine.cancel()
    await asyncio.wait({mine})


async def test_the_loop_does_no_heavy_work_of_its_own(sandbox: Sandbox) -> None:
    """Measured in the loop thread's own processor time, which a busy machine does not lengthen."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.005)
            longest = max(longest, time.thread_time() - began)

    await sandbox.run(program("print(1)"))
    ticking = asyncio.create_task(tick())
    await asyncio.gather(*(sandbox.run(program("print('x' * 100000)")) for _ in range(3)))
    ticking.cancel()
    assert longest < 0.1


async def test_the_loop_goes_on_while_a_program_runs(sandbox: Sandbox) -> None:
    """A wait that blocked the loop would let nothing else run in these two seconds."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.02)
            ticks += 1

    ticking = asyncio.create_task(tick())
    outcome = await sandbox.run(program("import time; time.sleep(2)"))
    ticking.cancel()
    assert outcome.exit_code == 0
    assert ticks > 20


async def test_switched_off_means_none(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="switched off"):
        await open_sandbox(settings_for("none", tmp_path))


async def test_without_its_image_docker_says_how_to_make_it(tmp_path: Path) -> None:
    await (await opened(settings_for("docker", tmp_path))).aclose()
    with pytest.raises(SandboxError, match="quantumlayer sandbox build") as caught:
        await open_sandbox(settings_for("docker", tmp_path, image="no-such-image"))
    assert caught.value.setting == "sandbox.image"


async def test_auto_takes_bubblewrap_when_the_image_is_missing(tmp_path: Path) -> None:
    await (await opened(settings_for("bubblewrap", tmp_path))).aclose()
    sandbox = await open_sandbox(settings_for("auto", tmp_path, image="no-such-image"))
    assert sandbox.name == "bubblewrap"
    await sandbox.aclose()


@pytest.mark.parametrize("left", ["DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"])
async def test_auto_takes_bubblewrap_when_dockers_certificates_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    await (await opened(settings_for("bubblewrap", tmp_path))).aclose()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "gone"))
    monkeypatch.setenv(left, "1" if left == "DOCKER_TLS_VERIFY" else str(tmp_path / "gone"))
    with pytest.raises(SandboxError, match="no Docker engine answers") as caught:
        await open_sandbox(settings_for("docker", tmp_path))
    assert caught.value.setting == "sandbox.engine"
    sandbox = await open_sandbox(settings_for("auto", tmp_path))
    assert sandbox.name == "bubblewrap"
    await sandbox.aclose()


async def test_with_no_engine_at_all_each_is_named_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(SandboxError) as caught:
        await open_sandbox(settings_for("auto", tmp_path))
    assert "Docker" in caught.value.cause
    assert "bubblewrap" in caught.value.cause
    assert "Start Docker" in caught.value.next_step
    assert "Install" in caught.value.next_step


async def test_check_reports_each_engine_by_trying_it(sandbox: Sandbox, tmp_path: Path) -> None:
    checks = {check.name: check for check in await check_sandbox(settings_for("auto", tmp_path))}
    assert checks[sandbox.name].status == "ok"
    assert sandbox.version in checks[sandbox.name].detail
    assert checks[f"{sandbox.name} isolation"].status == "ok", checks


async def test_check_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    checks = {check.name: check for check in await check_sandbox(settings_for("auto", tmp_path))}
    assert checks["docker"].status == "missing"
    assert checks["docker"].next_step

"""The embedded model's host, with a real model: found, shared, watched, ended, replaced."""

import asyncio
import http.client
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from quantumlayer.engine.errors import ModelError
from quantumlayer.engine.llm.embedded import Endpoint, embedded_endpoint
from quantumlayer.engine.llm.embedded_state import HostState, is_running, read_state
from quantumlayer.engine.llm.models import pull_model
from quantumlayer.settings import Settings, StorageSettings
from support.models import SMALL_MODEL, settings_with_small_model, stop_hosts

STARTER = """
import asyncio, sys
from quantumlayer.engine.llm.embedded import embedded_endpoint
from quantumlayer.settings import Settings
endpoint = asyncio.run(embedded_endpoint(Settings.model_validate_json(sys.argv[1]), "{model}"))
print(endpoint.base_url, endpoint.token)
"""


@pytest.fixture
async def settings(model_cache: Path, tmp_path: Path) -> AsyncIterator[Settings]:
    settings = settings_with_small_model(model_cache, tmp_path)
    yield settings
    await asyncio.to_thread(stop_hosts, settings)


def host_state(settings: Settings) -> HostState:
    [path] = (settings.storage.cache_dir / "run").glob("host-*.json")
    state = read_state(path)
    assert state is not None
    return state


async def ask(endpoint: Endpoint, **fields: Any) -> httpx.Response:
    body = {"model": endpoint.model, "messages": [{"role": "user", "content": "Say hello."}], **fields}
    headers = {"Authorization": f"Bearer {endpoint.token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=120, headers=headers) as client:
        return await client.post(f"{endpoint.base_url}/chat/completions", json=body)


def busy_slots(endpoint: Endpoint) -> int:
    address = endpoint.base_url.removeprefix("http://").removesuffix("/v1")
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("GET", "/slots", headers={"Authorization": f"Bearer {endpoint.token}"})
    slots = json.load(connection.getresponse())
    connection.close()
    return sum(slot["is_processing"] for slot in slots)


async def until(condition: Any, seconds: float) -> float:
    """How long it took until `condition()` held; fails after `seconds`."""
    start = time.monotonic()
    while not await asyncio.to_thread(condition):
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        await asyncio.sleep(0.05)
    return time.monotonic() - start


async def test_it_answers_and_only_to_its_token(settings: Settings) -> None:
    endpoint = await embedded_endpoint(settings, "embedded/smollm2-135m")
    answer = (await ask(endpoint, max_tokens=8)).json()
    assert answer["choices"][0]["message"]["content"]
    assert answer["model"] == SMALL_MODEL
    stranger = replace(endpoint, token="guessed")
    assert (await ask(stranger, max_tokens=8)).status_code == 401
    assert endpoint.token not in repr(endpoint)


async def test_it_answers_by_a_json_schema(settings: Settings) -> None:
    endpoint = await embedded_endpoint(settings, SMALL_MODEL)
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    # The grammar lets a model put some blanks at each place; this many tokens are more than all of them.
    answer = (await ask(endpoint, max_tokens=160, temperature=0, response_format=form)).json()
    assert isinstance(json.loads(answer["choices"][0]["message"]["content"])["ok"], bool)


async def test_nothing_secret_can_be_read_by_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-private")
    endpoint = await embedded_endpoint(settings, SMALL_MODEL)
    host = psutil.Process(host_state(settings).pid)
    environment = host.environ()
    assert "sk-private" not in environment.values()
    assert endpoint.token not in " ".join([*host.cmdline(), *environment.values()])
    assert {place.laddr.ip for place in host.net_connections() if place.status == "LISTEN"} == {"127.0.0.1"}
    folder = settings.storage.cache_dir / "run"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.glob("*.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_two_programs_that_start_at_once_share_one_host(settings: Settings) -> None:
    program = STARTER.format(model=SMALL_MODEL)
    command = [sys.executable, "-c", program, settings.model_dump_json(by_alias=True)]
    programs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = [(await asyncio.to_thread(one.communicate, timeout=170))[0] for one in programs]
    assert first
    assert first == second
    state = host_state(settings)
    assert is_running(state), "it ended with the program that had started it"
    again = await embedded_endpoint(settings, SMALL_MODEL)
    assert f"{again.base_url} {again.token}" == first.strip()


async def test_it_does_not_hold_what_its_starter_had_open(settings: Settings, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    await embedded_endpoint(settings, SMALL_MODEL)
    os.close(writer)
    os.set_blocking(reader, False)
    assert os.read(reader, 1) == b""
    os.close(reader)


async def test_after_a_crash_the_next_call_starts_another(settings: Settings) -> None:
    first = await embedded_endpoint(settings, SMALL_MODEL)
    killed = host_state(settings)
    os.kill(killed.pid, signal.SIGKILL)
    await until(lambda: not is_running(killed), 10)
    second = await embedded_endpoint(settings, SMALL_MODEL)
    assert second.token != first.token
    assert (await ask(second, max_tokens=4)).status_code == 200


async def test_a_state_that_names_some_other_process_is_not_believed(settings: Settings) -> None:
    first = await embedded_endpoint(settings, SMALL_MODEL)
    state = host_state(settings)
    await asyncio.to_thread(stop_hosts, settings)
    forged = replace(state, pid=os.getpid(), started=psutil.Process().create_time())
    [lock] = (settings.storage.cache_dir / "run").glob("host-*.alive")
    path = lock.with_suffix(".json")
    path.write_text(json.dumps(asdict(forged)))
    path.chmod(0o600)
    second = await embedded_endpoint(settings, SMALL_MODEL)
    assert second.token != first.token
    assert host_state(settings).pid != os.getpid()


async def test_without_work_it_ends_by_itself(model_cache: Path, tmp_path: Path) -> None:
    settings = settings_with_small_model(model_cache, tmp_path, idle_minutes=0.05)
    endpoint = await embedded_endpoint(settings, SMALL_MODEL)
    state = host_state(settings)
    working = asyncio.create_task(ask(endpoint, max_tokens=3000, ignore_eos=True))
    await asyncio.sleep(8)
    assert is_running(state), "it ended in the middle of an answer"
    assert not working.done(), "the answer was too short to tell"
    working.cancel()
    await asyncio.to_thread(stop_hosts, settings)

    await embedded_endpoint(settings, SMALL_MODEL)
    state = host_state(settings)
    assert await until(lambda: not is_running(state), 60) > 2
    assert not list((settings.storage.cache_dir / "run").glob("host-*.json"))


async def test_it_ends_when_it_is_told_to_even_in_the_middle_of_an_answer(settings: Settings) -> None:
    endpoint = await embedded_endpoint(settings, SMALL_MODEL)
    state = host_state(settings)
    working = asyncio.create_task(ask(endpoint, max_tokens=3000, ignore_eos=True))
    await until(lambda: busy_slots(endpoint) > 0, 30)
    os.kill(state.pid, signal.SIGTERM)
    assert await until(lambda: not is_running(state), 10) < 5
    assert not list((settings.storage.cache_dir / "run").glob("host-*.json"))
    with pytest.raises(httpx.TransportError):
        await working


LONG = " ".join(str(number * 7919 % 10_007) for number in range(1200))


@pytest.mark.parametrize("prompt", ["Count to a thousand.", LONG], ids=["while writing", "while reading"])
async def test_closing_a_stream_stops_the_model(settings: Settings, prompt: str) -> None:
    endpoint = await embedded_endpoint(settings, SMALL_MODEL)
    host = psutil.Process(host_state(settings).pid)
    messages = [{"role": "user", "content": prompt}]
    stream = {"stream": True, "return_progress": True, "n": 4}
    fields = {"messages": messages, "max_tokens": 1500, "ignore_eos": True, **stream}
    working = asyncio.create_task(ask(endpoint, **fields))
    await until(lambda: busy_slots(endpoint) == 4, 60)
    working.cancel()
    spent = host.cpu_times().user
    await until(lambda: busy_slots(endpoint) == 0, 120)
    # Seconds of its one thread's work: what a clock would show on a machine with nothing else to do.
    assert host.cpu_times().user - spent < 2


async def test_a_model_that_is_not_here_names_the_command_that_gets_it(tmp_path: Path) -> None:
    settings = Settings(storage=StorageSettings(cache_dir=tmp_path, data_dir=tmp_path))
    with pytest.raises(ModelError, match=r"quantumlayer models pull qwen2\.5-coder-1\.5b"):
        await embedded_endpoint(settings, "embedded", pull=False)


async def test_a_damaged_model_file_is_named_with_llamas_own_words(tmp_path: Path) -> None:
    settings = Settings(storage=StorageSettings(cache_dir=tmp_path / "cache", data_dir=tmp_path / "data"))
    path = tmp_path / "damaged.gguf"
    path.write_bytes(b"GGUF" + bytes(5000))
    await pull_model(settings, str(path))
    with pytest.raises(ModelError, match=r"(?s)did not take the model file.*failed to load model"):
        await embedded_endpoint(settings, "embedded/damaged")


async def test_a_missing_library_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('no wheel for this machine')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ModelError, match="no wheel for this machine") as caught:
        await embedded_endpoint(settings, SMALL_MODEL)
    assert "pip install xllamacpp" in caught.value.next_step


@pytest.mark.skipif(sys.platform != "linux", reason="limits on memory are Linux's")
async def test_too_little_memory_is_said_so(settings: Settings) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (700_000_000, 700_000_000))\n"
    program = limit + STARTER.format(model=SMALL_MODEL)
    command = [sys.executable, "-c", program, settings.model_dump_json(by_alias=True)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=170)
    assert "There is not enough memory" in done.stderr


async def test_a_start_that_takes_too_long_is_given_up(settings: Settings) -> None:
    with pytest.raises(ModelError, match="did not answer within"):
        await embedded_endpoint(settings, SMALL_MODEL, deadline_s=0.05)
    endpoint = await embedded_endpoint(settings, SMALL_MODEL)
    assert (await ask(endpoint, max_tokens=4)).status_code == 200


async def test_a_host_that_hangs_is_replaced(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quantumlayer.engine.llm.embedded._HUNG_S", 1.0)
    first = await embedded_endpoint(settings, SMALL_MODEL)
    hung = host_state(settings)
    os.kill(hung.pid, signal.SIGSTOP)
    while not _is_stopped(hung.pid):
        await asyncio.sleep(0.02)
    second = await embedded_endpoint(settings, SMALL_MODEL)
    assert second.token != first.token
    assert not is_running(hung)


def _is_stopped(pid: int) -> bool:
    """All of its threads: one that runs on another core may still answer for a moment."""
    states = [path.read_text().rpartition(") ")[2][0] for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return set(states) <= {"T", "t"}

"""Work that outlives the request which asked for it."""

import asyncio
from pathlib import Path

import pytest
from quantumlayer.lsp.jobs import Ending, Job
from quantumlayer.lsp.server import QuantumLayerServer
from test_lsp_shown import PULLS, Written


async def shown(client: Written) -> str:
    """The first message that the user is shown."""
    async with asyncio.timeout(20):
        while "window/showMessage" not in client.methods():
            await asyncio.sleep(0.01)
    told = next(one for one in client.messages if one.get("method") == "window/showMessage")
    return str(told["params"]["message"])


async def test_a_job_that_is_cancelled_before_its_first_step_does_nothing() -> None:
    server, client = QuantumLayerServer(), Written()
    server.protocol.connect(client)
    begun: list[str] = []

    async def work(job: Job) -> Ending:
        begun.append(job.id)
        return Ending("done", "It ran.")

    job = server.jobs.start("some work", work)
    assert server.jobs.cancel(job.id)
    assert (await shown(client)).startswith("Cancelled: some work.")
    assert begun == []


async def test_a_run_of_tests_that_replaces_one_that_has_not_begun_tests_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"SANDBOX": "none", "DATA_DIR": str(tmp_path), "CACHE_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(f"QUANTUMLAYER_{name}", value)
    server, client = QuantumLayerServer(), Written()
    server.protocol.connect(client)
    client.tell(
        server, {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None} | PULLS}
    )
    file = tmp_path / "test_a.py"
    file.write_text("def test_a() -> None:\n    pass\n")
    server.tests.start(file.as_uri())
    newer = server.tests.start(file.as_uri())
    await shown(client)
    assert newer.running is not None
    ending = await newer.running
    await server.aclose()
    assert ending.message.startswith("Tests were not run: ")
